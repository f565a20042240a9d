"""Pairs (viewer, row) of many viewers' views, sorted by viewer and then by row: a viewer's share is always a slice.

Work on all viewers at once is work on these pairs: there are far fewer of them than cells in a matrix of views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from gameserver.sync.row_ids import PackedInts, bin_header, prefers_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]

Scalar = TypeVar("Scalar", bound=np.generic)

NIL: Final = b"\xc0"


class Pairs:
    """Some pairs, of `count` viewers."""

    def __init__(self, viewers: Rows, rows: Rows, count: int) -> None:
        self.viewers = viewers
        self.rows = rows
        self.count = count
        self._counts: Rows | None = None
        self._bounds: Rows | None = None

    @staticmethod
    def of(mask: Flags) -> Pairs:
        """Return the pairs that a matrix, viewers by rows, names."""
        count, width = mask.shape
        cells = true_cells(mask)
        viewers = cells // max(1, width)  # divmod takes five times as long
        return Pairs(viewers, cells - viewers * width, count)

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, flags: Flags) -> Pairs:
        """Return the pairs that are flagged; these very ones when all are."""
        chosen = np.flatnonzero(flags)
        if len(chosen) == len(self):
            return self
        return Pairs(self.viewers.take(chosen), self.rows.take(chosen), self.count)

    def at(self, rows: Rows | None) -> Pairs:
        """Return the pairs with each row looked up in `rows`; None: they stay what they are."""
        return self if rows is None else Pairs(self.viewers, rows.take(self.rows), self.count)

    def among(self, mask: Flags) -> Flags:
        """Return which pairs a matrix, viewers by rows, names; none whose row is -1."""
        return self.look_up(mask)

    def look_up(self, matrix: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return what stands in a matrix, viewers by rows, for each pair; 0 for a row of -1."""
        width = matrix.shape[1]
        if not width:
            return np.zeros(len(self), matrix.dtype)
        found = matrix.ravel().take(self.viewers * width + self.rows, mode="wrap")
        return np.where(self.rows >= 0, found, matrix.dtype.type(0))

    def mask(self, width: int) -> Flags:
        """Return the matrix, viewers by `width` rows, that names these pairs."""
        mask = np.zeros((self.count, width), np.bool_)
        mask[self.viewers, self.rows] = True
        return mask

    @property
    def counts(self) -> Rows:
        """How many pairs each viewer has."""
        if self._counts is None:
            self._counts = np.bincount(self.viewers, minlength=self.count)
        return self._counts

    @property
    def bounds(self) -> Rows:
        """Viewer `v` has the pairs from `bounds[v]` to `bounds[v + 1]`."""
        if self._bounds is None:
            self._bounds = np.zeros(self.count + 1, np.intp)
            np.cumsum(self.counts, out=self._bounds[1:])
        return self._bounds

    def shares(self) -> Iterator[tuple[int, int, int]]:
        """Yield viewer, first pair and end for each viewer who has any."""
        some = np.flatnonzero(self.counts)
        return zip(some.tolist(), self.bounds[some].tolist(), self.bounds[some + 1].tolist(), strict=True)

    def gaps(self, values: NDArray[np.int64]) -> PackedInts:
        """Return one value a pair, ascending within each viewer, as gaps: a viewer's share of them is its gaps."""
        steps = np.diff(values, prepend=0)
        first = self.bounds[:-1][self.counts > 0]
        steps[first] = values[first]
        return PackedInts(steps)


class Named:
    """Some of a list of pairs, and how each viewer's share of them is named in the viewer's list: its packed `who`."""

    def __init__(self, of: Pairs, flags: Flags) -> None:
        """Name the pairs of `of` that are flagged."""
        self._of = of
        self._chosen = np.flatnonzero(flags)
        self.pairs = of if len(self._chosen) == len(of) else of.where(flags)
        self._gaps: PackedInts | None = None
        self._bit_strings: tuple[bytes, list[int]] | None = None

    def shares(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Yield viewer, first pair, end and `who` for each viewer who has any."""
        lengths = self._of.counts.tolist()
        for viewer, first, end in self.pairs.shares():
            if end - first == lengths[viewer]:
                yield viewer, first, end, NIL
            elif prefers_gaps(end - first, lengths[viewer]):
                yield viewer, first, end, self._pack_gaps().array(first, end)
            else:
                yield viewer, first, end, self._bit_string(viewer)

    def _pack_gaps(self) -> PackedInts:
        if self._gaps is None:
            self._gaps = self.pairs.gaps(self._chosen - self._of.bounds[self.pairs.viewers])
        return self._gaps

    def _bit_string(self, viewer: int) -> bytes:
        strings, bounds = self._pack_bit_strings()
        first, end = bounds[viewer], bounds[viewer + 1]
        return bin_header(end - first) + strings[first:end]

    def _pack_bit_strings(self) -> tuple[bytes, list[int]]:
        """All viewers' bit strings in one, and where each begins: every one starts at a whole byte."""
        if self._bit_strings is not None:
            return self._bit_strings
        of = self._of
        starts = np.zeros(of.count + 1, np.intp)
        np.cumsum((of.counts + 7) >> 3, out=starts[1:])
        bits = np.zeros(int(starts[-1]) * 8, np.bool_)
        bits[self._chosen + (starts[:-1] * 8 - of.bounds[:-1])[self.pairs.viewers]] = True
        self._bit_strings = np.packbits(bits, bitorder="little").tobytes(), starts.tolist()
        return self._bit_strings


def true_cells(mask: Flags) -> Rows:
    """Return the indexes of what is True in a flattened mask, as `np.flatnonzero` does, in a quarter of the time.

    Numpy 2 has two loops for this, and takes the one that branches where at most a tenth is True: views are such masks,
    and nothing foresees its branches. Some more True cells at the end make it take the other.
    """
    count = int(np.count_nonzero(mask))
    if not mask.size / 50 < count <= mask.size / 10:
        return np.flatnonzero(mask)
    padded = np.ones(mask.size + mask.size // 8, np.bool_)
    padded[: mask.size] = mask.ravel()
    return np.flatnonzero(padded)[:count]
