"""The loops over numbers, compiled and plain, give the bytes that numpy gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Float, Int
from gameserver.sync import loops, plain_loops
from gameserver.sync.bits import widths_of, zigzag
from gameserver.sync.encode import blocks
from gameserver.sync.encode.blocks import (
    Block,
    WidthCache,
    _cheapest_in_loops,
    _cheapest_in_numpy,
    _split_in_loops,
    _split_in_numpy,
    split_blocks,
    split_few,
)
from gameserver.sync.motion import Motion
from gameserver.sync.rate_table import rate_table_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Thing(Entity):
    x = Float(step=1 / 16, min=-1000.0, max=1000.0)
    vx = Float(step=1 / 64, rate_of="x")
    y = Float(step=1e-3)
    vy = Float(step=3.0, rate_of="y")
    angle = Angle(steps=1000)
    spin = Float(step=0.01, rate_of="angle")
    hp = Int(0, 100)


vars(blocks)["loops"] = loops  # only the compiled build imports them there

TYPE = Thing.entity_type
LOWEST, HIGHEST = TYPE.lo[:, 0].tolist(), TYPE.hi[:, 0].tolist()
FIELDS = len(LOWEST)


@st.composite
def tables(draw: st.DrawFn, count: int) -> NDArray[np.int64]:
    near = draw(st.booleans())
    rows = [
        st.lists(
            st.integers(max(lo, -2000), min(hi, 2000)) if near else st.integers(lo, hi), min_size=count, max_size=count
        )
        for lo, hi in zip(LOWEST, HIGHEST, strict=True)
    ]
    return np.array([draw(row) for row in rows], np.int64).reshape(FIELDS, count)


@given(st.data(), st.integers(0, 6), st.sampled_from([1, 2, 3, 40, 65_535]), st.sampled_from([1, 20, 240]))
def test_residuals_are_those_of_numpy(data: st.DataObject, count: int, span: int, tick_hz: int) -> None:
    before, after = data.draw(tables(count)), data.draw(tables(count))
    expected = zigzag(Motion(TYPE, tick_hz).residuals(before, after, span))
    codes = before.tobytes(), after.tobytes()
    found = loops.residuals(*codes, count, span, rate_table_of(TYPE, tick_hz))
    assert np.frombuffer(found, np.uint64).tolist() == expected.ravel().tolist()
    if count:
        assert plain_loops.residuals(*codes, count, span, rate_table_of(TYPE, tick_hz)) == found


codes = st.one_of(st.integers(0, 3), st.integers(0, 2 * MAX_CODE + 1))


@st.composite
def matrices(draw: st.DrawFn) -> NDArray[np.uint64]:
    fields, count = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    numbers = draw(st.lists(codes, min_size=fields * count, max_size=fields * count))
    return np.array(numbers, np.uint64).reshape(fields, count)


def parts(made: list[Block]) -> list[tuple[bytes, list[int], list[bool], list[list[int]]]]:
    return [(b.widths, b.indexes.tolist(), b.present.tolist(), b.rows.tolist()) for b in made]


@given(matrices(), st.data())
def test_blocks_are_those_of_numpy(residuals: NDArray[np.uint64], data: st.DataObject) -> None:
    widest = widths_of(residuals)
    usual = [data.draw(st.sampled_from(sorted({0, width // 2, width}))) for width in widest]
    if any(widest):
        assert parts(_split_in_loops(residuals, usual)) == parts(_split_in_numpy(residuals, usual, widest))


@given(matrices(), st.integers(1, 40))
def test_the_cheapest_widths_are_those_of_numpy(residuals: NDArray[np.uint64], repeats: int) -> None:
    """Repeated rows make exceptions pay."""
    residuals = np.ascontiguousarray(np.concatenate([residuals, residuals[:, :1].repeat(repeats, axis=1)], axis=1))
    widest = widths_of(residuals)
    expected = _cheapest_in_numpy(residuals, widest)
    assert _cheapest_in_loops(residuals, widest) == _cheapest_in_loops(residuals.tobytes(), widest) == expected


def test_of_two_widths_that_cost_the_same_the_smaller_one_is_taken() -> None:
    residuals = np.array([[1] + [0] * 12, [1] * 13], np.uint64)  # 13 rows of a bit, or an exception of 13 bits
    expected = _cheapest_in_numpy(residuals, [1, 1])
    assert expected[0] == [0, 1]
    assert _cheapest_in_loops(residuals, [1, 1]) == expected


@given(matrices(), st.data())
def test_plain_loops_pack_what_the_compiled_ones_do(residuals: NDArray[np.uint64], data: st.DataObject) -> None:
    """And what numpy packs, since the compiled ones do."""
    packed, count = residuals.tobytes(), residuals.shape[1]
    widest = widths_of(residuals)
    assert plain_loops.widths_of(packed, count, [0] * len(widest)) == widest
    usual = [data.draw(st.sampled_from(sorted({0, width // 2, width}))) for width in widest]
    wide = loops.widths_of(packed, count, usual)
    assert plain_loops.widths_of(packed, count, usual) == wide
    for widths, is_wide in ((usual, False), (wide, True)):
        found = plain_loops.pack(packed, count, widths, usual, wide=is_wide)
        assert found == loops.pack(packed, count, widths, usual, wide=is_wide)


@given(matrices())
def test_a_block_of_few_rows_is_the_block_of_many(residuals: NDArray[np.uint64]) -> None:
    count = residuals.shape[1]
    many, few = split_blocks(residuals), split_few(residuals.tobytes(), count, WidthCache(), 1)
    assert len(many) == len(few)
    for a, b in zip(many, few, strict=True):
        assert (a.widths, a.who(count), a.packed()) == (b.widths, b.who(count), b.packed())
        assert (a.present.tolist(), a.rows.tolist()) == (b.present.tolist(), b.rows.tolist())
