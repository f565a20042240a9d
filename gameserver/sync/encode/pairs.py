"""Pairs (viewer, row) that say which rows of a table each viewer sees, for all viewers at once.

Pairs are sorted by viewer and then by row, so the pairs of one viewer are a slice. There are far fewer of them than
cells in a matrix, viewers by rows, so the work for all viewers is done on pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gameserver.sync.encode.msgpack_parts import NIL, PackedInts, bin_header
from gameserver.sync.row_ids import gaps_are_shorter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]

Scalar = TypeVar("Scalar", bound=np.generic)


class Pairs:
    """Pairs of `count` viewers. Never written to after it was made."""

    def __init__(self, viewers: Rows, rows: Rows, count: int) -> None:
        self.viewers = viewers
        self.rows = rows
        self.count = count
        self._counts: Rows | None = None
        self._bounds: Rows | None = None

    @staticmethod
    def of(mask: Flags) -> Pairs:
        """Return the pairs whose cell in a matrix, viewers by rows, is True."""
        count, width = mask.shape
        cells = true_cells(mask)
        viewers = cells // max(1, width)  # divmod takes five times as long
        return Pairs(viewers, cells - viewers * width, count)

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, flags: Flags) -> Pairs:
        """Return the pairs that are flagged; this very object when all are."""
        chosen = np.flatnonzero(flags)
        if len(chosen) == len(self):
            return self
        return Pairs(self.viewers.take(chosen), self.rows.take(chosen), self.count)

    def mapped(self, rows: Rows | None) -> Pairs:
        """Return the pairs with each row `r` replaced by `rows[r]`; None: this very object."""
        return self if rows is None else Pairs(self.viewers, rows.take(self.rows), self.count)

    def look_up(self, matrix: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return each pair's cell of a matrix, viewers by rows; 0 or False for a row of -1."""
        width = matrix.shape[1]
        if not width:
            return np.zeros(len(self), matrix.dtype)
        found = matrix.ravel().take(self.viewers * width + self.rows, mode="wrap")
        return np.where(self.rows >= 0, found, matrix.dtype.type(0))

    def mask(self, width: int) -> Flags:
        """Return the matrix, viewers by `width` rows, whose cells are True for these pairs."""
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
        """Where the viewers' slices begin: viewer `v` has the pairs from `bounds[v]` to `bounds[v + 1]`."""
        if self._bounds is None:
            self._bounds = np.zeros(self.count + 1, np.intp)
            np.cumsum(self.counts, out=self._bounds[1:])
        return self._bounds

    def slices(self) -> Iterator[tuple[int, int, int]]:
        """Yield viewer, first pair and end for each viewer who has any pairs."""
        some = np.flatnonzero(self.counts)
        return zip(some.tolist(), self.bounds[some].tolist(), self.bounds[some + 1].tolist(), strict=True)

    def gaps(self, values: NDArray[np.int64]) -> PackedInts:
        """Return the gaps of one value a pair, which ascend within each viewer: a viewer's slice is its own gaps."""
        steps = np.diff(values, prepend=0)
        first = self.bounds[:-1][self.counts > 0]
        steps[first] = values[first]
        return PackedInts(steps)


class Selection:
    """Some of a list of pairs, and for each viewer the packed `who` that picks them from the viewer's own list."""

    def __init__(self, of: Pairs, flags: Flags) -> None:
        """Select the pairs of `of` that are flagged."""
        self._of = of
        self._chosen = np.flatnonzero(flags)
        self.pairs = of if len(self._chosen) == len(of) else of.where(flags)
        self._gaps: PackedInts | None = None
        self._bit_strings: tuple[bytes, list[int]] | None = None

    def slices(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Yield viewer, first selected pair, end and `who` for each viewer who has any selected pairs."""
        lengths = self._of.counts.tolist()
        for viewer, first, end in self.pairs.slices():
            if end - first == lengths[viewer]:
                yield viewer, first, end, NIL
            elif gaps_are_shorter(end - first, lengths[viewer]):
                yield viewer, first, end, self._pack_gaps().array(first, end)
            else:
                yield viewer, first, end, self._bit_string(viewer)

    def _pack_gaps(self) -> PackedInts:
        """Return all viewers' gaps."""
        if self._gaps is None:
            self._gaps = self.pairs.gaps(self._chosen - self._of.bounds[self.pairs.viewers])
        return self._gaps

    def _bit_string(self, viewer: int) -> bytes:
        """Return the packed bit string of one viewer."""
        strings, starts = self._pack_bit_strings()
        first, end = starts[viewer], starts[viewer + 1]
        return bin_header(end - first) + strings[first:end]

    def _pack_bit_strings(self) -> tuple[bytes, list[int]]:
        """Return all viewers' bit strings one after the other, each from a whole byte on, and where each begins."""
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
    """Return the indexes of the True cells of a flattened mask: `np.flatnonzero`, four times as fast for most views.

    Numpy 2 takes a loop with a branch per cell where at most a tenth of the cells is True, and processors predict the
    branches of a view badly. Enough True cells after the end make it take its loop without branches.
    """
    count = int(np.count_nonzero(mask))
    if not mask.size / 50 < count <= mask.size / 10:
        return np.flatnonzero(mask)
    padded = np.ones(mask.size + mask.size // 8, np.bool_)
    padded[: mask.size] = mask.ravel()
    return np.flatnonzero(padded)[:count]
