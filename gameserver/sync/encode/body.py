"""Puts together the bodies of viewers with views of their own and the same base, from rows that were packed once.

A body is made of bytes only: what is done for each viewer is to cut slices and to join them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgpack

from gameserver.sync.encode.pairs import Named, Pairs
from gameserver.sync.row_ids import array_header, bin_header, gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gameserver.sync.encode.type_delta import Block, EnterRows

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]

ARRAY_OF_FOUR: Final = b"\x94"  # every block of enters, changes and values is an array of four

_pack = msgpack.Packer().pack


class _Blocks:
    """One item of each viewer's body, an array of blocks."""

    __slots__ = ("_counts", "_packed")

    def __init__(self, count: int) -> None:
        self._counts = [0] * count
        self._packed = [b""] * count

    def add(self, viewer: int, block: bytes) -> None:
        self._counts[viewer] += 1
        self._packed[viewer] += block

    def items(self) -> list[bytes]:
        """Return the packed item of each viewer."""
        headers = [array_header(count) for count in range(max(self._counts, default=0) + 1)]
        return [headers[count] + packed for count, packed in zip(self._counts, self._packed, strict=True)]


class BodyWriter:
    """The items of `count` viewers' bodies, added type by type."""

    def __init__(self, count: int) -> None:
        self._leaves: dict[int, list[int]] = {}
        self._enters = _Blocks(count)
        self._changes = _Blocks(count)
        self._values = _Blocks(count)
        self._count = count

    def bodies(self) -> list[bytes]:
        """Return one body a viewer."""
        leaves = [array_header(0)] * self._count
        for viewer, ids in self._leaves.items():
            leaves[viewer] = _pack(gaps(sorted(ids)))
        items = zip(leaves, self._enters.items(), self._changes.items(), self._values.items(), strict=True)
        return [b"".join(each) for each in items]

    def add_leaves(self, ids: NDArray[np.int64], leaving: Pairs) -> None:
        """Add those whose rows in `ids` are named to each viewer's leaves."""
        left = ids[leaving.rows].tolist()
        for viewer, first, end in leaving.shares():
            self._leaves.setdefault(viewer, []).extend(left[first:end])

    def add_enters(self, index: int, rows: EnterRows, entering: Pairs) -> None:
        """Add rows of the new snapshot to each viewer's enters."""
        if not len(entering):
            return
        ids = entering.gaps(rows.table.ids[entering.rows])
        start, widths = ARRAY_OF_FOUR + _pack(index), _pack(rows.widths)
        data = _Cut(rows.rows, entering.rows)
        for viewer, first, end in entering.shares():
            self._enters.add(viewer, start + ids.array(first, end) + widths + data.packed(first, end))

    def add_changes(self, index: int, blocks: Sequence[Block], staying: Pairs, told: Flags | None = None) -> None:
        """Add the residuals of those who stay to each viewer's changes; where `told` is given, of those only.

        The rows of `staying` are those of the blocks.
        """
        start = ARRAY_OF_FOUR + _pack(index)
        for block in blocks:
            present = block.present[staying.rows]
            named = Named(staying, present if told is None else present & told)
            widths = _pack(block.widths)
            data = _Cut(block.rows, named.pairs.rows)
            for viewer, first, end, who in named.shares():
                self._changes.add(viewer, start + who + widths + data.packed(first, end))

    def add_values(self, index: int, place: int, column: Sequence[object], now: Pairs, told: Flags) -> None:
        """Add the values of one object field, of those pairs of `now` that are told, to each viewer's values."""
        named = Named(now, told)
        start = ARRAY_OF_FOUR + _pack(index) + _pack(place)
        values = [_pack(column[row]) for row in named.pairs.rows.tolist()]
        for viewer, first, end, who in named.shares():
            self._values.add(viewer, start + who + array_header(end - first) + b"".join(values[first:end]))


class _Cut:
    """Some rows of a matrix of bytes, in order; any run of them is a slice."""

    __slots__ = ("_bytes", "_size")

    def __init__(self, rows: NDArray[np.uint8], chosen: Rows) -> None:
        self._size = rows.shape[1]
        self._bytes = rows.view(f"V{self._size}")[:, 0].take(chosen).tobytes() if self._size else b""

    def packed(self, first: int, end: int) -> bytes:
        """Return the bin of the rows from index `first` to `end`."""
        cut = self._bytes[first * self._size : end * self._size]
        return bin_header(len(cut)) + cut
