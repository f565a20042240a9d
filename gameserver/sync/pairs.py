"""Pairs (viewer, row) of many viewers' views, sorted by viewer and then by row, so that each viewer's share of
anything is a slice.

Work on all viewers at once is work on these pairs: there are far fewer of them than cells in the matrix of viewers
and rows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gameserver.sync.gaps import prefers_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]


class Pairs:
    """Some pairs, of `count` viewers."""

    def __init__(self, viewers: Rows, rows: Rows, count: int) -> None:
        self.viewers = viewers
        self.rows = rows
        self.count = count

    @staticmethod
    def of(mask: Flags) -> Pairs:
        """Return the pairs that a matrix, viewers by rows, names."""
        count, width = mask.shape
        viewers, rows = np.divmod(np.flatnonzero(mask), max(1, width))
        return Pairs(viewers, rows, count)

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, flags: Flags) -> Pairs:
        """Return the pairs that are flagged."""
        return Pairs(self.viewers[flags], self.rows[flags], self.count)

    def among(self, mask: Flags) -> Flags:
        """Return which pairs a matrix names; a row of -1 is none of the matrix."""
        if not mask.shape[1]:
            return np.zeros(len(self), np.bool_)
        named: Flags = mask[self.viewers, self.rows]
        return named & (self.rows >= 0)

    @cached_property
    def counts(self) -> Rows:
        """How many pairs each viewer has."""
        return np.bincount(self.viewers, minlength=self.count)

    @cached_property
    def bounds(self) -> Rows:
        """Viewer `v` has the pairs from `bounds[v]` to `bounds[v + 1]`."""
        bounds = np.zeros(self.count + 1, np.intp)
        np.cumsum(self.counts, out=bounds[1:])
        return bounds

    def shares(self) -> Iterator[tuple[int, int, int]]:
        """Yield viewer, first pair and end for each viewer who has any."""
        some = np.flatnonzero(self.counts)
        yield from zip(some.tolist(), self.bounds[some].tolist(), self.bounds[some + 1].tolist(), strict=True)

    def gaps(self, values: NDArray[np.int64]) -> list[int]:
        """Return one value a pair, ascending within each viewer, as gaps: a viewer's share of them is its gaps."""
        if not len(values):
            return []
        steps = np.empty_like(values)
        np.subtract(values[1:], values[:-1], out=steps[1:])
        first = self.bounds[:-1][self.counts > 0]
        steps[first] = values[first]
        found: list[int] = steps.tolist()
        return found


class Named:
    """Some pairs of a list of pairs, and how each viewer's share is named within the viewer's list: its `who`."""

    def __init__(self, of: Pairs, flags: Flags) -> None:
        """Name the pairs of `of` that are flagged."""
        self._of = of
        self._flags = flags
        self._chosen = np.flatnonzero(flags)
        self.pairs = (
            of if len(self._chosen) == len(of) else Pairs(of.viewers[self._chosen], of.rows[self._chosen], of.count)
        )

    def shares(self) -> Iterator[tuple[int, int, int, list[int] | bytes | None]]:
        """Yield viewer, first pair, end and `who` for each viewer who has any."""
        if self.pairs is self._of:
            for viewer, first, end in self.pairs.shares():
                yield viewer, first, end, None
            return
        lengths = self._of.counts.tolist()
        for viewer, first, end in self.pairs.shares():
            if end - first == lengths[viewer]:
                yield viewer, first, end, None
            elif prefers_gaps(end - first, lengths[viewer]):
                yield viewer, first, end, self._gaps[first:end]
            else:
                yield viewer, first, end, self._bit_string(viewer)

    @cached_property
    def _gaps(self) -> list[int]:
        return self.pairs.gaps(self._chosen - self._of.bounds[self.pairs.viewers])

    def _bit_string(self, viewer: int) -> bytes:
        strings, bounds = self._bit_strings
        return strings[bounds[viewer] : bounds[viewer + 1]]

    @cached_property
    def _bit_strings(self) -> tuple[bytes, list[int]]:
        """All viewers' bit strings in one, and where each begins: every one starts at a whole byte."""
        of = self._of
        starts = np.zeros(of.count + 1, np.intp)
        np.cumsum((of.counts + 7) >> 3, out=starts[1:])
        bits = np.zeros(int(starts[-1]) * 8, np.bool_)
        bits[self._chosen + (starts[:-1] * 8 - of.bounds[:-1])[self.pairs.viewers]] = True
        return np.packbits(bits, bitorder="little").tobytes(), starts.tolist()
