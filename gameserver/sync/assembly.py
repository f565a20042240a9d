"""Puts together the bodies of many viewers who have the same base and views of their own, from rows that were packed once.

Nothing here is done viewer by viewer that can be done for all of them in one array: the pairs (viewer, row) that a matrix of views
names come sorted by viewer, so each viewer's share of anything is a slice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgpack
import numpy as np

from gameserver.sync.gaps import gaps, prefers_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gameserver.sync.typedelta import EnterRows, TypeDelta

    Mask = NDArray[np.bool_]
    Item = list[object]
    Rows = NDArray[np.intp]

NOTHING: Final = b"\x90\x90\x90\x90"
"""The body when nothing happened that the viewer could not foresee."""

_pack = msgpack.Packer().pack


def body(leaves: Sequence[int], enters: list[Item], changes: list[Item], values: list[Item]) -> bytes:
    """Return the four items one after the other. `leaves` are ids in any order."""
    if not (leaves or enters or changes or values):
        return NOTHING
    return _pack([gaps(sorted(leaves)), enters, changes, values])[1:]  # without the header of the array around them


class Pairs:
    """The pairs (viewer, row) that a matrix names, by viewer, then by row."""

    __slots__ = ("bounds", "counts", "rows", "viewers")

    def __init__(self, viewers: Rows, rows: Rows, count: int) -> None:
        self.viewers = viewers
        self.rows = rows
        self.counts = np.bincount(viewers, minlength=count)
        """How many pairs each viewer has."""
        self.bounds = np.zeros(count + 1, np.intp)
        """Viewer `v` has the pairs from `bounds[v]` to `bounds[v + 1]`."""
        np.cumsum(self.counts, out=self.bounds[1:])

    @staticmethod
    def of(mask: Mask) -> Pairs:
        """Return the pairs of a matrix viewers × rows."""
        count, width = mask.shape
        viewers, rows = np.divmod(np.flatnonzero(mask), max(1, width))
        return Pairs(viewers, rows, count)

    def shares(self) -> Iterator[tuple[int, int, int]]:
        """Yield viewer, first pair and end for each viewer who has any."""
        bounds = self.bounds.tolist()
        for viewer in np.flatnonzero(self.counts).tolist():
            yield viewer, bounds[viewer], bounds[viewer + 1]

    def gaps(self, values: NDArray[np.int64]) -> list[int]:
        """Return one value a pair, ascending within each viewer, as gaps: a viewer's share of the result are its gaps."""
        steps = np.diff(values, prepend=0)
        first = self.bounds[:-1][self.counts > 0]
        steps[first] = values[first]
        found: list[int] = steps.tolist()
        return found


class Named:
    """Some pairs of a list of pairs, and how each viewer's share is named within the viewer's list: its `who`."""

    __slots__ = ("_flags", "_gaps", "_of", "_strings", "pairs")

    def __init__(self, of: Pairs, flags: Mask) -> None:
        """Name those pairs of `of` whose flag is set."""
        chosen = np.flatnonzero(flags)
        viewers = of.viewers[chosen]
        self._of = of
        self._flags = flags
        self.pairs = Pairs(viewers, of.rows[chosen], len(of.counts))
        self._gaps = self.pairs.gaps(chosen - of.bounds[viewers])
        self._strings: tuple[bytes, list[int]] | None = None

    def shares(self) -> Iterator[tuple[int, int, int, object]]:
        """Yield viewer, first pair, end and `who` for each viewer who has any."""
        lengths = self._of.counts.tolist()
        for viewer, first, end in self.pairs.shares():
            if end - first == lengths[viewer]:
                yield viewer, first, end, None
            elif prefers_gaps(end - first, lengths[viewer]):
                yield viewer, first, end, self._gaps[first:end]
            else:
                yield viewer, first, end, self._bit_string(viewer)

    def _bit_string(self, viewer: int) -> bytes:
        if self._strings is None:
            self._strings = self._bit_strings()
        strings, bounds = self._strings
        return strings[bounds[viewer] : bounds[viewer + 1]]

    def _bit_strings(self) -> tuple[bytes, list[int]]:
        """Return all viewers' bit strings in one, and where each begins; each starts at a whole byte."""
        of = self._of
        starts = np.zeros(len(of.counts) + 1, np.intp)
        np.cumsum((of.counts + 7) >> 3, out=starts[1:])
        bits = np.zeros(int(starts[-1]) * 8, np.bool_)
        bits[np.arange(len(of.rows)) + (starts[:-1] * 8 - of.bounds[:-1])[of.viewers]] = self._flags
        return np.packbits(bits, bitorder="little").tobytes(), starts.tolist()


def take(rows: NDArray[np.uint8], chosen: Rows) -> bytes:
    """Return the bytes of some rows of a matrix, in order."""
    size = rows.shape[1]
    return rows.view(f"V{size}")[chosen, 0].tobytes() if size else b""


class Assembly:
    """The items of `count` viewers' bodies, added type by type."""

    def __init__(self, count: int) -> None:
        self._leaves: list[list[int]] = [[] for _ in range(count)]
        self._enters: list[list[Item]] = [[] for _ in range(count)]
        self._changes: list[list[Item]] = [[] for _ in range(count)]
        self._values: list[list[Item]] = [[] for _ in range(count)]

    def bodies(self) -> list[bytes]:
        """Return one body a viewer."""
        return [body(*items) for items in zip(self._leaves, self._enters, self._changes, self._values, strict=True)]

    def add_leaves(self, delta: TypeDelta, leaving: Mask) -> None:
        """Add those rows of the base that `leaving` names to each viewer's leaves."""
        pairs = Pairs.of(leaving)
        ids = delta.before.ids[pairs.rows].tolist()
        for viewer, first, end in pairs.shares():
            self._leaves[viewer] += ids[first:end]

    def add_enters(self, index: int, rows: EnterRows, entering: Mask) -> None:
        """Add those rows of the new snapshot that `entering` names to each viewer's enters."""
        pairs = Pairs.of(entering)
        if not pairs.rows.size:
            return
        ids = pairs.gaps(rows.table.ids[pairs.rows])
        size = rows.rows.shape[1]
        data = take(rows.rows, pairs.rows)
        for viewer, first, end in pairs.shares():
            self._enters[viewer].append([index, ids[first:end], rows.widths, data[first * size : end * size]])

    def add_changes(self, index: int, delta: TypeDelta, staying: Mask) -> None:
        """Add the residuals of the staying rows that `staying` names to each viewer's changes."""
        if not delta.blocks:
            return
        pairs = Pairs.of(staying)
        for block in delta.blocks:
            named = Named(pairs, block.present[pairs.rows])
            size = block.rows.shape[1]
            data = take(block.rows, named.pairs.rows)
            for viewer, first, end, who in named.shares():
                self._changes[viewer].append([index, who, block.widths, data[first * size : end * size]])

    def add_values(self, index: int, place: int, column: tuple[object, ...], now: Pairs, told: Mask) -> None:
        """Add the values of one object field to each viewer's values: those pairs of `now` that `told` flags."""
        named = Named(now, told)
        values = [column[row] for row in named.pairs.rows.tolist()]
        for viewer, first, end, who in named.shares():
            self._values[viewer].append([index, place, who, values[first:end]])
