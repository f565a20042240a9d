"""Msgpack by hand, for messages that are put together of pieces: headers, and arrays of numbers for all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMS: Final = ((1 << 7, 1, 0), (1 << 8, 2, 0xCC), (1 << 16, 3, 0xCD), (1 << 32, 5, 0xCE))
"""Msgpack's forms of an unsigned integer: below what, in how many bytes, after which first byte (0: none)."""


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
    """Many integers from 0 to 2³² - 1, each in its shortest form: any run of them is a slice of the bytes."""

    __slots__ = ("_bytes", "_starts")

    def __init__(self, values: NDArray[np.int64]) -> None:
        if not len(values) or values.max() < _FORMS[0][0]:  # all in a byte of their own: the usual case
            self._bytes = values.astype(np.uint8).tobytes()
            self._starts: list[int] | None = None
            return
        form = np.searchsorted([limit for limit, _, _ in _FORMS], values, side="right")
        starts = np.zeros(len(values) + 1, np.intp)
        np.cumsum(np.array([size for _, size, _ in _FORMS])[form], out=starts[1:])
        packed = np.empty(starts[-1], np.uint8)
        for number, (_, size, first) in enumerate(_FORMS):
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
        """Return the array of the integers from index `first` to `end`."""
        if self._starts is None:
            return array_header(end - first) + self._bytes[first:end]
        return array_header(end - first) + self._bytes[self._starts[first] : self._starts[end]]
