"""Blocks add up to the residuals, and a few wide values do not widen the rows of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from gameserver.sync.bits import unpack, widths_of
from gameserver.sync.encode.blocks import REFRESH_EVERY, Block, WidthCache, split_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Residuals = NDArray[np.uint64]

MATRICES = arrays(
    np.uint64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    elements=st.integers(0, 3) | st.integers(0, 2**32 - 1),
    fill=st.just(1),
)


def unpacked(block: Block, count: int) -> Residuals:
    return unpack(block.rows.tobytes(), block.widths, count)


def row_sizes(blocks: list[Block]) -> list[int]:
    return [block.rows.shape[1] for block in blocks]


def calm(count: int = 100) -> Residuals:
    """Return residuals of one field that all fit 2 bits."""
    return np.full((1, count), 3, np.uint64)


def with_jump(row: int = 7) -> Residuals:
    """Return the same with one wide value."""
    residuals = calm()
    residuals[0, row] = 2**30
    return residuals


@given(MATRICES)
def test_the_blocks_add_up_to_the_residuals(residuals: Residuals) -> None:
    blocks = split_blocks(residuals)
    assert len(blocks) <= 2
    total = np.zeros_like(residuals)
    for block in blocks:
        values = unpacked(block, residuals.shape[1])
        assert block.present.tolist() == values.any(axis=0).tolist()
        assert block.indexes.tolist() == np.flatnonzero(block.present).tolist()
        total += values
    assert np.array_equal(total, residuals)


@pytest.mark.parametrize("shape", [(2, 3), (0, 3), (2, 0)])
def test_residuals_of_0_need_no_block(shape: tuple[int, int]) -> None:
    assert split_blocks(np.zeros(shape, np.uint64)) == []


def test_a_wide_value_goes_into_a_second_block() -> None:
    common, wide = split_blocks(with_jump())
    assert (row_sizes([common, wide]), wide.indexes.tolist()) == ([1, 4], [7])
    assert not common.present[7]


def test_a_second_block_that_would_save_nothing_is_not_made() -> None:
    (block,) = split_blocks(np.array([[3, 3, 2**10]], np.uint64))
    assert block.widths == bytes([11])


def test_usual_widths_are_kept_for_some_snapshots_and_then_worked_out_again() -> None:
    """Meanwhile a value that does not fit is an exception, even if all values have become wide."""
    cache = WidthCache()
    narrow, wide = with_jump(), calm() << np.uint64(20)
    assert cache.usual(narrow, widths_of(narrow), 1) == [2]
    kept = [cache.usual(wide, widths_of(wide), 1) for _ in range(REFRESH_EVERY)]
    assert kept == [[2]] * REFRESH_EVERY
    assert cache.usual(wide, widths_of(wide), 1) == [22]


def test_usual_widths_are_never_above_those_that_are_needed() -> None:
    cache = WidthCache()
    split_blocks(with_jump(), cache)
    assert cache.usual(np.ones((1, 100), np.uint64), [1], 1) == [1]


def test_another_span_gets_widths_of_its_own_and_leaves_the_kept_ones() -> None:
    cache = WidthCache()
    residuals, wide = with_jump(), with_jump() << np.uint64(1)
    assert cache.usual(residuals, widths_of(residuals), 1) == [2]
    assert cache.usual(wide, widths_of(wide), 2) == [3]
    assert cache.usual(wide, widths_of(wide), 1) == [2]
