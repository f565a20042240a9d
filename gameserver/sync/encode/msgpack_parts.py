"""Parts of msgpack values, from which the bodies of single viewers are put together without packing anything twice.

Values that many viewers share are packed once; a viewer's part of them is a slice behind a header of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgpack
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NIL: Final = b"\xc0"
ARRAY_OF_FOUR: Final = b"\x94"
ARRAY_OF_FIVE: Final = b"\x95"

_INT_FORMS: Final = ((1 << 7, 1, 0), (1 << 8, 2, 0xCC), (1 << 16, 3, 0xCD), (1 << 32, 5, 0xCE))
"""Msgpack's forms of an unsigned integer: the lowest value that is too large, how many bytes the form takes, and its
first byte (0: the value is its own first byte)."""

pack_value: Final = msgpack.Packer().pack


def array_header(count: int) -> bytes:
    """Return the header of an array of `count` items."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 1 << 16 else b"\xdd" + count.to_bytes(4, "big")


def bin_header(size: int) -> bytes:
    """Return the header of a bin of `size` bytes."""
    if size < 1 << 8:
        return bytes((0xC4, size))
    return b"\xc5" + size.to_bytes(2, "big") if size < 1 << 16 else b"\xc6" + size.to_bytes(4, "big")


class PackedInts:
    """Integers from 0 to 2³² - 1, each in its shortest form, so that any run of them is a slice of bytes."""

    __slots__ = ("_bytes", "_starts")

    def __init__(self, values: NDArray[np.int64]) -> None:
        if not len(values) or values.max() < _INT_FORMS[0][0]:  # the usual case: one byte each
            self._bytes = values.astype(np.uint8).tobytes()
            self._starts: list[int] | None = None
            return
        form = np.searchsorted([limit for limit, _, _ in _INT_FORMS], values, side="right")
        starts = np.zeros(len(values) + 1, np.intp)
        np.cumsum(np.array([size for _, size, _ in _INT_FORMS])[form], out=starts[1:])
        packed = np.empty(starts[-1], np.uint8)
        for number, (_, size, first) in enumerate(_INT_FORMS):
            chosen = form == number
            at, rest = starts[:-1][chosen], values[chosen]
            for place in range(size - 1, -1 if size == 1 else 0, -1):
                packed[at + place] = rest & 0xFF
                rest = rest >> 8
            if first:
                packed[at] = first
        self._bytes = packed.tobytes()
        self._starts = starts.tolist()

    def array(self, first: int, end: int) -> bytes:
        """Return the packed array of the integers from index `first` up to but not including `end`."""
        if self._starts is None:
            return array_header(end - first) + self._bytes[first:end]
        return array_header(end - first) + self._bytes[self._starts[first] : self._starts[end]]
