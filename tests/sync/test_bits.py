"""Every packed code comes back, in as many bytes as the widths say and laid out as protocol.md §5 says."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from gameserver.sync.bits import MAX_WIDTH, pack, row_bytes, unpack, unzigzag, widths_of, zigzag

LARGEST = 2**31 - 2  # the difference of two codes
RESIDUALS = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=24),
    elements=st.integers(-LARGEST, LARGEST) | st.integers(-3, 3),
)


@given(RESIDUALS)
def test_what_was_packed_comes_back(residuals: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
    codes = zigzag(residuals)
    widths = widths_of(codes)
    rows = pack(codes, widths)
    assert max(widths, default=0) <= MAX_WIDTH
    assert rows.shape == (residuals.shape[1], row_bytes(widths))
    unpacked = unzigzag(unpack(rows.tobytes(), bytes(widths), residuals.shape[1]))
    assert np.array_equal(unpacked, residuals)


@given(RESIDUALS)
def test_a_row_has_its_fields_one_after_the_other_from_bit_0(
    residuals: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> None:
    codes = zigzag(residuals)
    widths = widths_of(codes)
    rows = pack(codes, widths)
    for entity in range(codes.shape[1]):
        row, offset = 0, 0
        for code, width in zip(codes[:, entity].tolist(), widths, strict=True):
            row |= code << offset
            offset += width
        assert bytes(rows[entity]) == row.to_bytes(row_bytes(widths), "little")


@given(st.integers(-LARGEST, LARGEST))
def test_zigzag_is_the_page_s(residual: int) -> None:
    expected = 2 * residual if residual >= 0 else -2 * residual - 1
    assert zigzag(np.array([residual])).tolist() == [expected]


def test_a_width_is_that_of_the_largest_code() -> None:
    codes = np.array([[0, 0], [1, 0], [3, 4], [2**32 - 1, 0]], np.uint64)
    assert widths_of(codes) == [0, 1, 3, 32]


@pytest.mark.parametrize("widths", [[32, 32], [32, 32, 1], [31, 31, 31, 31, 31], [0, 32, 0, 32, 0, 32, 0]])
def test_fields_may_cross_words(widths: list[int]) -> None:
    codes = np.array([[2**width - 1, 0, 1 if width else 0] for width in widths], np.uint64)
    rows = pack(codes, widths)
    assert np.array_equal(unpack(rows.tobytes(), widths, 3), codes)


def test_widths_wider_than_the_codes_are_read_too() -> None:
    codes = np.array([[1, 2], [0, 3]], np.uint64)
    rows = pack(codes, [7, 32])
    assert np.array_equal(unpack(rows.tobytes(), [7, 32], 2), codes)
