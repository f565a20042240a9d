"""Writes the bodies of STATE messages for viewers who have the same base and views of their own.

Rows were packed before, once for all viewers. What is done for each viewer is to cut slices of bytes and to join them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gameserver.sync.encode.msgpack_parts import ARRAY_OF_FIVE, ARRAY_OF_FOUR, array_header, bin_header, pack_value
from gameserver.sync.encode.pairs import Pairs, Selection
from gameserver.sync.row_ids import encode_gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gameserver.sync.encode.blocks import AnyBlock
    from gameserver.sync.encode.type_delta import EnterRows

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]


class _BlockArrays:
    """One item of each viewer's body: an array of packed blocks."""

    __slots__ = ("_counts", "_packed")

    def __init__(self, count: int) -> None:
        self._counts = [0] * count
        self._packed = [b""] * count

    def add(self, viewer: int, block: bytes) -> None:
        """Append a packed block to a viewer's array."""
        self._counts[viewer] += 1
        self._packed[viewer] += block

    def items(self) -> list[bytes]:
        """Return the packed item of each viewer."""
        headers = [array_header(count) for count in range(max(self._counts, default=0) + 1)]
        return [headers[count] + packed for count, packed in zip(self._counts, self._packed, strict=True)]


class BodyWriter:
    """The bodies of `count` viewers, to which entity types are added in order of the schema."""

    def __init__(self, count: int) -> None:
        self._leaves: dict[int, list[int]] = {}
        self._enters = _BlockArrays(count)
        self._changes = _BlockArrays(count)
        self._values = _BlockArrays(count)
        self._count = count

    def bodies(self) -> list[bytes]:
        """Return one body a viewer: its packed leaves, enters, changes and values."""
        leaves = [array_header(0)] * self._count
        for viewer, ids in self._leaves.items():
            leaves[viewer] = pack_value(encode_gaps(sorted(ids)))
        items = zip(leaves, self._enters.items(), self._changes.items(), self._values.items(), strict=True)
        return [b"".join(each) for each in items]

    def add_leaves(self, ids: NDArray[np.int64], leaving: Pairs) -> None:
        """Add entities to each viewer's leaves.

        Args:
            ids: The ids of the type's entities in the base.
            leaving: Who leaves; its rows are indexes of `ids`.
        """
        left = ids[leaving.rows].tolist()
        for viewer, first, end in leaving.slices():
            self._leaves.setdefault(viewer, []).extend(left[first:end])

    def add_enters(self, index: int, rows: EnterRows, entering: Pairs) -> None:
        """Add a block to each viewer's enters.

        Args:
            index: The entity type.
            rows: The type's entities in the new snapshot.
            entering: Who enters; its rows are those of the new snapshot.
        """
        if not len(entering):
            return
        ids = entering.gaps(rows.table.ids[entering.rows])
        start, widths = ARRAY_OF_FOUR + pack_value(index), pack_value(rows.widths)
        data = _RowBytes(rows.rows, entering.rows)
        for viewer, first, end in entering.slices():
            self._enters.add(viewer, start + ids.array(first, end) + widths + data.packed(first, end))

    def add_changes(self, index: int, blocks: Sequence[AnyBlock], staying: Pairs, chosen: Flags | None = None) -> None:
        """Add blocks of residuals to each viewer's changes.

        Args:
            index: The entity type.
            blocks: The residuals.
            staying: Who stays in each view; its rows are those of the blocks.
            chosen: Which of `staying` to send; None: all.
        """
        start = ARRAY_OF_FOUR + pack_value(index)
        for block in blocks:
            present = block.present[staying.rows]
            selection = Selection(staying, present if chosen is None else present & chosen)
            widths = pack_value(block.widths)
            data = _RowBytes(block.rows, selection.pairs.rows)
            for viewer, first, end, who in selection.slices():
                self._changes.add(viewer, start + who + widths + data.packed(first, end))

    def add_values(
        self,
        index: int,
        field: int,
        column: Sequence[object],
        seen: Pairs,
        chosen: Flags,
        grown: dict[int, int] | None = None,
        enters: Flags | None = None,
    ) -> None:
        """Add a block to each viewer's values.

        Args:
            index: The entity type.
            field: The object field, by its index in the type's fields.
            column: The field's values in the new snapshot.
            seen: Who is in each view; its rows are those of the new snapshot.
            chosen: Which of `seen` to send.
            grown: By row, how many items the lists had that grew at their end and nothing else.
            enters: Which of `seen` enter, and get all items.
        """
        selection = Selection(seen, chosen)
        if grown and enters is not None:
            self._add_grown(index, field, column, selection, grown, enters[chosen].tolist())
            return
        start = ARRAY_OF_FOUR + pack_value(index) + pack_value(field)
        values = [pack_value(column[row]) for row in selection.pairs.rows.tolist()]
        for viewer, first, end, who in selection.slices():
            self._values.add(viewer, start + who + array_header(end - first) + b"".join(values[first:end]))

    def _add_grown(
        self,
        index: int,
        field: int,
        column: Sequence[object],
        selection: Selection,
        grown: dict[int, int],
        enters: list[bool],
    ) -> None:
        """Add a block of lists some of which only grew, to viewers who have most of their items."""
        start = pack_value(index) + pack_value(field)
        rows = selection.pairs.rows.tolist()
        kept = [0 if new else grown.get(row, 0) for row, new in zip(rows, enters, strict=True)]
        lists = cast("Sequence[tuple[int, ...]]", column)
        values = [pack_value(lists[row][n:]) for row, n in zip(rows, kept, strict=True)]
        for viewer, first, end, who in selection.slices():
            added = start + who + array_header(end - first) + b"".join(values[first:end])
            if any(kept[first:end]):
                self._values.add(viewer, ARRAY_OF_FIVE + added + pack_value(kept[first:end]))
            else:
                self._values.add(viewer, ARRAY_OF_FOUR + added)


class _RowBytes:
    """Some rows of a matrix of bytes one after the other, so that any run of them is a slice."""

    __slots__ = ("_bytes", "_size")

    def __init__(self, rows: NDArray[np.uint8], chosen: Rows) -> None:
        self._size = rows.shape[1]
        self._bytes = rows.view(f"V{self._size}")[:, 0].take(chosen).tobytes() if self._size else b""

    def packed(self, first: int, end: int) -> bytes:
        """Return the packed bin of the rows from index `first` up to but not including `end`."""
        cut = self._bytes[first * self._size : end * self._size]
        return bin_header(len(cut)) + cut
