"""Ascending lists of entity ids and row indexes, written and read: the wire's *gaps* and *who* (protocol.md §2, §5).

Reading accepts anything and checks everything: what is no such list raises `DeltaError`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.protocol.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.intp]


def encode_gaps(ascending: Sequence[int]) -> list[int]:
    """Return the first value, then the difference of each value to the one before."""
    return [*ascending[:1], *[b - a for a, b in pairwise(ascending)]]


def encode_who(rows: Rows, count: int) -> list[int] | bytes | None:
    """Return the `who` that picks `rows` from a list of `count`: None for all, else gaps or a bit string."""
    if len(rows) == count:
        return None
    if gaps_are_shorter(len(rows), count):
        return encode_gaps(rows.tolist())
    picked = np.zeros(count, np.bool_)
    picked[rows] = True
    return np.packbits(picked, bitorder="little").tobytes()


def who_of_few(rows: list[int], count: int) -> list[int] | bytes | None:
    """Return the same for few rows, without numpy."""
    if len(rows) == count:
        return None
    if gaps_are_shorter(len(rows), count):
        return encode_gaps(rows)
    return sum([1 << row for row in rows]).to_bytes((count + 7) >> 3, "little")


def gaps_are_shorter(picked: int, count: int) -> bool:
    """Return whether gaps of about a byte each take at most as many bytes as a bit for each of `count`."""
    return picked <= (count + 7) >> 3


def require_array(raw: object, what: str, length: int | None = None) -> Sequence[Any]:
    """Return `raw` as an array.

    Args:
        raw: A value of the wire, unchecked.
        what: The item of the message that it belongs to, for the error.
        length: How many items it must have; None: any number.

    Raises:
        DeltaError: It is no array, or one of another length.
    """
    require(isinstance(raw, list | tuple), f"{what}: not an array")
    items: Sequence[Any] = raw  # type: ignore[assignment]  # checked on the line above
    require(length is None or len(items) == length, f"{what}: not an array of {length}")
    return items


def decode_gaps(raw: object, what: str, lowest: int, highest: int) -> NDArray[np.int64]:
    """Return the ascending integers that gaps stand for.

    Raises:
        DeltaError: `raw` is no array of gaps, or an integer is not in `lowest … highest`.
    """
    items = require_array(raw, what)
    if not items:
        return np.empty(0, np.int64)
    require({*map(type, items)} == {int}, f"{what}: not integers")
    require(min(items[1:], default=1) >= 1, f"{what}: does not ascend")
    require(lowest <= items[0] and sum(items) <= highest, f"{what}: out of range")
    return np.cumsum(np.array(items, np.int64))


def decode_who(raw: object, what: str, count: int) -> Rows | None:
    """Return the rows that a `who` picks from a list of `count`, ascending; None for all of them.

    Raises:
        DeltaError: `raw` is no `who`, or picks a row that the list does not have.
    """
    if raw is None:
        return None
    if not isinstance(raw, bytes):
        return decode_gaps(raw, what, 0, count - 1)
    require(len(raw) == (count + 7) >> 3, f"{what}: not a bit for each of {count}")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    require(not bits[count:].any(), f"{what}: names more than the {count} there are")
    return np.flatnonzero(bits)
