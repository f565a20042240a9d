"""Expected codes are those of the page's formula to the bit, in both directions."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from gameserver.state.entity import Entity, EntityType
from gameserver.state.fields import TURN, Angle, Float, Int
from gameserver.sync.motion import Motion


class Mover(Entity):
    """Rates of clamped fields and of an angle, with other fields between them."""

    hp = Int(0, 9)
    x = Float(step=1 / 3, min=-1000, max=1000)
    heading = Angle(steps=360)
    vx = Float(step=0.7, rate_of="x")
    y = Float(step=1 / 16)
    spin = Float(step=0.1, rate_of="heading")
    vy = Float(step=1 / 16, rate_of="y")


TYPE = Mover.entity_type
NAMES = list(TYPE.numeric)
RATE_OF = {"x": "vx", "heading": "spin", "y": "vy"}
SMALL = st.integers(-40_000, 40_000)


def expected(
    entity_type: EntityType, before: dict[str, int], after: dict[str, int], name: str, span: int, tick_hz: int
) -> int:
    """Return what protocol.md §5 says, word by word, in plain Python floats."""
    field, rate = entity_type.numeric[name], entity_type.numeric[RATE_OF[name]]
    step = TURN / field.steps if field.steps else field.step
    k = (rate.step / step) / tick_hz
    v0, v1 = before[RATE_OF[name]], after[RATE_OF[name]]
    code = before[name] + math.floor(k * v1 + 0.5) + (span - 1) * math.floor(k * ((v0 + v1) / 2) + 0.5)
    return code % field.steps if field.steps else max(field.lo, min(field.hi, code))


def codes_of(values: list[int]) -> dict[str, int]:
    """Bring some integers into the fields' ranges."""
    fields = TYPE.numeric.items()
    return {
        name: field.lo + (v - field.lo) % (field.hi - field.lo + 1)
        for (name, field), v in zip(fields, values, strict=True)
    }


def column(codes: dict[str, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([[codes[name]] for name in NAMES])


ANY_CODES = st.lists(SMALL, min_size=len(NAMES), max_size=len(NAMES)).map(codes_of)


@given(ANY_CODES, ANY_CODES, st.integers(1, 300), st.integers(1, 240))
def test_the_residual_is_what_the_page_says(
    before: dict[str, int], after: dict[str, int], span: int, tick_hz: int
) -> None:
    residuals = dict(
        zip(NAMES, Motion(TYPE, tick_hz).residuals(column(before), column(after), span)[:, 0].tolist(), strict=True)
    )
    for name in NAMES:
        start = expected(TYPE, before, after, name, span, tick_hz) if name in RATE_OF else before[name]
        if name == "heading":
            assert (start + residuals[name]) % 360 == after[name]
            assert -180 <= residuals[name] < 180, "the shorter way round"
        else:
            assert start + residuals[name] == after[name]


@given(ANY_CODES, ANY_CODES, st.integers(1, 300), st.integers(1, 240))
def test_advance_undoes_residuals(before: dict[str, int], after: dict[str, int], span: int, tick_hz: int) -> None:
    motion = Motion(TYPE, tick_hz)
    residuals = motion.residuals(column(before), column(after), span)
    assert np.array_equal(motion.advance(column(before), residuals, span), column(after))


@given(ANY_CODES, st.integers(1, 50))
def test_no_residuals_and_residuals_of_0_are_the_same(before: dict[str, int], span: int) -> None:
    motion = Motion(TYPE, 20)
    zeros = np.zeros((len(NAMES), 1), np.int64)
    assert np.array_equal(motion.advance(column(before), None, span), motion.advance(column(before), zeros, span))


def test_a_field_that_reaches_its_limit_stays_there() -> None:
    before = codes_of([0, 2995, 0, 100, 0, 0, 0])
    after = Motion(TYPE, 10).advance(column(before), None, 5)
    assert after[NAMES.index("x"), 0] == TYPE.numeric["x"].hi


def test_the_codes_of_a_type_without_rates_stay_the_same_array() -> None:
    class Still(Entity):
        x = Float(step=1)

    codes = np.array([[1, 2]])
    assert Motion(Still.entity_type, 20).advance(codes, None, 3) is codes
