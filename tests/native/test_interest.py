"""The native comparison of distances finds what the one in numpy finds, bit by bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gameserver.sync.encode.interest import near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.native import interest
else:
    interest = pytest.importorskip("gameserver.native.interest", reason="the compiled build has it")

PLACES = st.floats(-1000, 1000, width=32) | st.sampled_from([0.0, 3.0, 4.0, 5.0, math.nan, math.inf])


@given(st.data(), st.integers(0, 5), st.integers(0, 40), st.booleans())
def test_both_find_the_same(data: st.DataObject, viewers: int, entities: int, has_seen: bool) -> None:
    x, y = data.draw(arrays(np.float32, entities, elements=PLACES)), data.draw(arrays(np.float32, entities))
    viewpoints = data.draw(arrays(np.float32, (viewers, 2), elements=PLACES))
    saw = data.draw(arrays(np.bool_, (viewers, entities))) if has_seen else None
    with np.errstate(all="ignore"):
        expected = near(x, y, viewpoints, 25.0, 30.25, saw)
    found = interest.near(x, y, viewpoints, 25.0, 30.25, saw)
    assert found.dtype == np.bool_
    assert np.array_equal(found, expected)


def test_the_border_belongs_to_the_view_and_what_was_seen_stays_up_to_the_larger_radius() -> None:
    x = np.array([3, 3, 3], np.float32)
    y = np.array([4, 4.4, 4.7], np.float32)
    here = np.zeros((1, 2), np.float32)
    assert interest.near(x, y, here, 25.0, 30.25, None).tolist() == [[True, False, False]]
    assert interest.near(x, y, here, 25.0, 30.25, np.ones((1, 3), np.bool_)).tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    ("y", "viewpoints", "saw"),
    [
        (np.zeros(2, np.float32), np.zeros((1, 2), np.float32), None),
        (np.zeros(3, np.float32), np.zeros((1, 3), np.float32), None),
        (np.zeros(3, np.float32), np.zeros((1, 2), np.float32), np.zeros((2, 3), np.bool_)),
        (np.zeros(3, np.float64), np.zeros((1, 2), np.float32), None),
    ],
)
def test_sizes_and_types_that_do_not_fit_are_refused(
    y: NDArray[np.float32], viewpoints: NDArray[np.float32], saw: NDArray[np.bool_] | None
) -> None:
    with pytest.raises(ValueError, match=r"sizes|viewpoint|mismatch"):
        interest.near(np.zeros(3, np.float32), y, viewpoints, 1.0, 1.0, saw)
