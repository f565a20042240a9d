"""The loops over numbers, compiled and plain, give the same codes as numpy, bit by bit."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.state import loops, plain_loops
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Flag, Float, Int
from gameserver.state.store import quantise


class Thing(Entity):
    x = Float(step=1 / 16, min=-100.0, max=100.0)
    y = Float(step=0.1)
    turn = Angle(steps=1024)
    third = Angle(steps=3)
    hp = Int(-5, 100)
    lit = Flag()


KIND = Thing.entity_type
FIELDS = len(KIND.numeric)

reals = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-200, 200),
    st.integers(-4000, 4000).map(lambda n: n / 32),  # on the grids and halfway between
    st.sampled_from([-0.0, math.nextafter(-0.05, 0), math.nextafter(-0.05, -1), -1.0000000000000002, 2.0**52, 2.0**63]),
)


@given(st.lists(st.lists(reals, min_size=FIELDS, max_size=FIELDS), max_size=8))
def test_the_codes_are_numpys(rows: list[list[float]]) -> None:
    data = b"".join([struct.pack(f"<{FIELDS}d", *row) for row in rows])
    expected = quantise(KIND, np.array(rows, np.float64).reshape(len(rows), FIELDS).T)
    codes = loops.quantise(data, len(rows), KIND.grids)
    assert (codes is None) == (expected is None)
    if codes is not None and expected is not None:
        assert np.frombuffer(codes, np.int64).tolist() == expected.ravel().tolist()
    plain = plain_loops.quantise(data, len(rows), KIND.grids)
    assert plain == codes or (plain is None and has_infinite_quotient(rows))


def has_infinite_quotient(rows: list[list[float]]) -> bool:
    return any(math.isinf(value / step) for row in rows for value, step in zip(row, KIND.grids.step, strict=True))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", range(FIELDS))
def test_what_is_no_number_has_no_code(value: float, field: int) -> None:
    row = [0.0] * FIELDS
    row[field] = value
    data = struct.pack(f"<{FIELDS}d", *row)
    assert loops.quantise(data, 1, KIND.grids) is None
    assert plain_loops.quantise(data, 1, KIND.grids) is None


@given(st.floats())
def test_floor_is_floor(value: float) -> None:
    found = loops.floor(value)
    assert found == math.floor(value) if math.isfinite(value) else repr(found) == repr(value)
