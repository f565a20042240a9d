"""Rows of bits: the zigzag residuals of an entity's fields, one after the other in as many bits as each column needs (protocol.md §5).

A matrix here has one row a field and one column an entity, like a table's codes; packed rows have one row an entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_WIDTH: Final = 32  # bits of one field: zigzag of any difference of two codes
WORD: Final = 64


def zigzag(residuals: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return `2r` for `r ≥ 0` and `−2r − 1` below."""
    return ((residuals << 1) ^ (residuals >> 63)).view(np.uint64)


def unzigzag(codes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return what `zigzag` was given."""
    signed = codes.view(np.int64)
    return (signed >> 1) ^ -(signed & 1)


def widths_of(codes: NDArray[np.uint64]) -> list[int]:
    """Return for each field how many bits its largest code needs."""
    return [bits.bit_length() for bits in np.bitwise_or.reduce(codes, axis=1).tolist()]


def row_bytes(widths: Sequence[int]) -> int:
    """Return how many bytes a row of these widths has."""
    return (sum(widths) + 7) >> 3


def pack(codes: NDArray[np.uint64], widths: Sequence[int]) -> NDArray[np.uint8]:
    """Return the rows, shape (entities, row_bytes). Every code must fit its width."""
    total = sum(widths)
    if total <= WORD:
        words = np.bitwise_or.reduce(codes << _offsets(widths)[:, None], axis=0)[:, None]
    else:
        words = _pack_words(codes, widths, total)
    return np.ascontiguousarray(words.astype("<u8", copy=False)).view(np.uint8)[:, : (total + 7) >> 3]


def _offsets(widths: Sequence[int]) -> NDArray[np.uint64]:
    """Return the bit at which each field starts; one of width 0 at the end starts at a bit that there is."""
    offsets = np.zeros(len(widths), np.uint64)
    np.cumsum(widths[:-1], out=offsets[1:])
    return np.minimum(offsets, sum(widths) - 1 if any(widths) else 0)


def _pack_words(codes: NDArray[np.uint64], widths: Sequence[int], total: int) -> NDArray[np.uint64]:
    """Return rows of more than 64 bits as words, shape (entities, words)."""
    words = np.zeros((codes.shape[1], (total + WORD - 1) // WORD), np.uint64)
    offset = 0
    for code, width in zip(codes, widths, strict=True):
        word, shift = divmod(offset, WORD)
        if width:
            words[:, word] |= code << shift
        if shift + width > WORD:
            words[:, word + 1] |= code >> (WORD - shift)
        offset += width
    return words


def unpack(rows: bytes, widths: Sequence[int], count: int) -> NDArray[np.uint64]:
    """Return the codes of `count` rows. `rows` must have `count × row_bytes(widths)` bytes."""
    size = row_bytes(widths)
    n_words = max(1, (size + 7) >> 3)
    padded = np.zeros((count, n_words * 8), np.uint8)
    padded[:, :size] = np.frombuffer(rows, np.uint8).reshape(count, size)
    words = padded.view("<u8").T.astype(np.uint64)
    offsets = _offsets(widths)
    place = offsets >> 6
    shift = (offsets & 63)[:, None]
    width = np.array(widths, np.uint64)[:, None]
    codes = words[place] >> shift
    crossing = np.flatnonzero(shift[:, 0] + width[:, 0] > WORD)
    if crossing.size:
        codes[crossing] |= words[place[crossing] + 1] << (WORD - shift[crossing])
    return codes & ((np.uint64(1) << width) - np.uint64(1))
