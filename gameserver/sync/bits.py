"""Rows of bits: the zigzag residuals of an entity's fields one after the other, in as many bits as each field needs
(protocol.md §5).

Matrices of codes have one row a field and one column an entity, like a table's; packed rows have one row an entity.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_WIDTH: Final = 32  # bits of one field: zigzag of any difference of two codes
WORD_BITS: Final = 64
_ONE: Final = np.uint64(1)


def zigzag(residuals: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return `2r` for `r ≥ 0` and `-2r - 1` below."""
    return ((residuals << 1) ^ (residuals >> 63)).view(np.uint64)


def unzigzag(codes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the residuals that `zigzag` turned into these codes."""
    signed = codes.view(np.int64)
    return (signed >> 1) ^ -(signed & 1)


def widths_of(codes: NDArray[np.uint64]) -> list[int]:
    """Return how many bits the largest code of each field needs."""
    return [bits.bit_length() for bits in np.bitwise_or.reduce(codes, axis=1).tolist()]


def row_bytes(widths: Sequence[int]) -> int:
    """Return how many bytes a row of these widths has."""
    return (sum(widths) + 7) >> 3


def pack(codes: NDArray[np.uint64], widths: Sequence[int]) -> NDArray[np.uint8]:
    """Return the packed rows.

    Args:
        codes: Shape (fields, entities).
        widths: In bits, one a field; every code must fit its field's.

    Returns:
        Shape (entities, row_bytes(widths)).
    """
    total = sum(widths)
    if total <= WORD_BITS:
        words = np.bitwise_or.reduce(codes << _offsets(widths)[:, None], axis=0)[:, None]
    else:
        words = _pack_words(codes, widths, total)
    rows = words.astype("<u8", copy=False).view(np.uint8)
    return np.ascontiguousarray(rows[:, : (total + 7) >> 3])


def _offsets(widths: Sequence[int]) -> NDArray[np.uint64]:
    """Return the bit at which each field starts."""
    return np.array(list(accumulate(widths, initial=0))[:-1], np.uint64)


def _pack_words(codes: NDArray[np.uint64], widths: Sequence[int], total: int) -> NDArray[np.uint64]:
    """Return rows of more than 64 bits as words, shape (entities, words)."""
    words = np.zeros((codes.shape[1], (total + WORD_BITS - 1) // WORD_BITS), np.uint64)
    for code, width, offset in zip(codes, widths, accumulate(widths, initial=0), strict=False):
        word, shift = divmod(offset, WORD_BITS)
        if width:
            words[:, word] |= code << shift
        if shift + width > WORD_BITS:
            words[:, word + 1] |= code >> (WORD_BITS - shift)
    return words


def unpack(rows: bytes, widths: Sequence[int], count: int) -> NDArray[np.uint64]:
    """Return the codes of packed rows.

    Args:
        rows: The rows one after the other, `count * row_bytes(widths)` bytes.
        widths: In bits, one a field.
        count: How many rows.

    Returns:
        Shape (fields, count).
    """
    total = sum(widths)
    words = _words(rows, row_bytes(widths), count, total // WORD_BITS + 1)
    width = np.array(list(widths), np.uint64)[:, None]
    offsets = _offsets(widths)[:, None]
    codes: NDArray[np.uint64] = words[0] >> offsets if total <= WORD_BITS else _read_words(words, offsets, width)
    codes &= (_ONE << width) - _ONE
    return codes


def _words(rows: bytes, size: int, count: int, n_words: int) -> NDArray[np.uint64]:
    """Return rows of `size` bytes as words, shape (n_words, count); bytes beyond a row are 0."""
    padded = np.zeros((count, n_words * 8), np.uint8)
    padded[:, :size] = np.frombuffer(rows, np.uint8).reshape(count, size)
    return padded.view("<u8").T.astype(np.uint64, copy=False)


def _read_words(
    words: NDArray[np.uint64], offsets: NDArray[np.uint64], width: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Return the codes that start at `offsets`; bits above a field's `width` are those of the fields behind it."""
    place = (offsets[:, 0] // WORD_BITS).astype(np.intp)
    shift = offsets % WORD_BITS
    codes = words[place] >> shift
    crossing = np.flatnonzero((shift + width)[:, 0] > WORD_BITS)
    codes[crossing] |= words[place[crossing] + 1] << (WORD_BITS - shift[crossing])
    return codes
