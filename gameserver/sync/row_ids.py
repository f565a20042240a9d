"""Ascending lists of ids and of indexes on the wire, there and back: gaps, and `who` (protocol.md §2, §5)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gameserver.protocol.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.intp]


def gaps(ascending: Sequence[int]) -> list[int]:
    """Return the first value, then the difference of each to the one before."""
    return [*ascending[:1], *[b - a for a, b in pairwise(ascending)]]


def who(places: Rows, count: int) -> list[int] | bytes | None:
    """Name `places` in a list of `count`: None for all, else gaps or a bit string."""
    if len(places) == count:
        return None
    if prefers_gaps(len(places), count):
        return gaps(places.tolist())
    named = np.zeros(count, np.bool_)
    named[places] = True
    return np.packbits(named, bitorder="little").tobytes()


def prefers_gaps(named: int, count: int) -> bool:
    """Whether gaps, of about a byte each, are shorter than one bit for each of `count`."""
    return named <= (count + 7) >> 3


def read_array(raw: object, what: str, length: int | None = None) -> Sequence[Any]:
    """Return an array of the wire, of a given length. Raises DeltaError."""
    require(isinstance(raw, list | tuple), f"{what}: not an array")
    items: Sequence[Any] = raw  # type: ignore[assignment]  # checked on the line above
    require(length is None or len(items) == length, f"{what}: not an array of {length}")
    return items


def read_gaps(raw: object, what: str, lowest: int, highest: int) -> NDArray[np.int64]:
    """Return the ascending integers for which gaps stand, all in `lowest … highest`. Raises DeltaError."""
    items = read_array(raw, what)
    if not items:
        return np.empty(0, np.int64)
    require({*map(type, items)} == {int}, f"{what}: not integers")
    require(min(items[1:], default=1) >= 1, f"{what}: does not ascend")
    require(lowest <= items[0] and sum(items) <= highest, f"{what}: out of range")
    return np.cumsum(np.array(items, np.int64))


def read_who(raw: object, what: str, count: int) -> Rows | None:
    """Return which of a list of `count` are named, None for all of them. Raises DeltaError."""
    if raw is None:
        return None
    if not isinstance(raw, bytes):
        return read_gaps(raw, what, 0, count - 1)
    require(len(raw) == (count + 7) >> 3, f"{what}: not a bit for each of {count}")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    require(not bits[count:].any(), f"{what}: names more than the {count} there are")
    return np.flatnonzero(bits)


_INT_FORMS: Final = ((1 << 7, 1, 0), (1 << 8, 2, 0xCC), (1 << 16, 3, 0xCD), (1 << 32, 5, 0xCE))
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
        if not len(values) or values.max() < _INT_FORMS[0][0]:  # all in a byte of their own: the usual case
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
        """Return the array of the integers from index `first` to `end`."""
        if self._starts is None:
            return array_header(end - first) + self._bytes[first:end]
        return array_header(end - first) + self._bytes[self._starts[first] : self._starts[end]]
