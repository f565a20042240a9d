"""Ascending lists of ids and indexes on the wire: gaps, and `who` (protocol.md §2, §5)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def gaps(ascending: Sequence[int]) -> list[int]:
    """Return the first value, then the difference of each to the one before."""
    return [*ascending[:1], *[b - a for a, b in pairwise(ascending)]]


def who(places: NDArray[np.intp], count: int) -> list[int] | bytes | None:
    """Name `places` in a list of `count`: None for all, else gaps or a bit string, whichever is likely to be shorter."""
    if len(places) == count:
        return None
    if prefers_gaps(len(places), count):
        return gaps(places.tolist())
    named = np.zeros(count, np.bool_)
    named[places] = True
    return np.packbits(named, bitorder="little").tobytes()


def prefers_gaps(named: int, count: int) -> bool:
    """Whether gaps, of about a byte each, are shorter than one bit for each of `count` and a longer header."""
    return named <= (count + 7) >> 3
