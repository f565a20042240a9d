"""Ascending lists of ids and of indexes on the wire, there and back: gaps, and `who` (protocol.md §2, §5)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.sync.errors import require

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
