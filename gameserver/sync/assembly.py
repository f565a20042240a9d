"""Puts together the bodies of viewers with views of their own and the same base, from rows that were packed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgpack

from gameserver.sync.gaps import gaps
from gameserver.sync.pairs import Named, Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gameserver.sync.typedelta import EnterRows, TypeDelta

    Flags = NDArray[np.bool_]
    Item = list[object]
    Rows = NDArray[np.intp]

NOTHING: Final = b"\x90\x90\x90\x90"
"""The body when nothing happened that the viewer could not foresee."""

_pack = msgpack.Packer().pack


def body(leaves: Sequence[int], enters: Sequence[Item], changes: Sequence[Item], values: Sequence[Item]) -> bytes:
    """Return the four items one after the other. `leaves` are ids in any order."""
    if not (leaves or enters or changes or values):
        return NOTHING
    items = (gaps(sorted(leaves)) if leaves else (), enters, changes, values)
    return _pack(items)[1:]  # without the header of the array around them


def take(rows: NDArray[np.uint8], chosen: Rows) -> bytes:
    """Return the bytes of some rows of a matrix, in order."""
    size = rows.shape[1]
    return rows.view(f"V{size}")[:, 0].take(chosen).tobytes() if size else b""


class Assembly:
    """The items of `count` viewers' bodies, added type by type."""

    def __init__(self, count: int) -> None:
        self._leaves: list[list[int]] = [[] for _ in range(count)]
        self._enters: list[list[Item]] = [[] for _ in range(count)]
        self._changes: list[list[Item]] = [[] for _ in range(count)]
        self._values: list[list[Item]] = [[] for _ in range(count)]

    def bodies(self) -> list[bytes]:
        """Return one body a viewer."""
        return list(map(body, self._leaves, self._enters, self._changes, self._values))

    def add_leaves(self, ids: NDArray[np.int64], leaving: Pairs) -> None:
        """Add those whose rows in `ids` are named to each viewer's leaves."""
        left = ids[leaving.rows].tolist()
        for viewer, first, end in leaving.shares():
            self._leaves[viewer] += left[first:end]

    def add_enters(self, index: int, rows: EnterRows, entering: Pairs) -> None:
        """Add rows of the new snapshot to each viewer's enters."""
        if not len(entering):
            return
        ids = entering.gaps(rows.table.ids[entering.rows])
        size = rows.rows.shape[1]
        data = take(rows.rows, entering.rows)
        for viewer, first, end in entering.shares():
            self._enters[viewer].append([index, ids[first:end], rows.widths, data[first * size : end * size]])

    def add_changes(self, index: int, delta: TypeDelta, staying: Pairs) -> None:
        """Add the residuals of staying rows to each viewer's changes."""
        for block in delta.blocks:
            named = Named(staying, block.present[staying.rows])
            size = block.rows.shape[1]
            data = take(block.rows, named.pairs.rows)
            for viewer, first, end, who in named.shares():
                self._changes[viewer].append([index, who, block.widths, data[first * size : end * size]])

    def add_values(self, index: int, place: int, column: Sequence[object], now: Pairs, told: Flags) -> None:
        """Add the values of one object field, of those pairs of `now` that are told, to each viewer's values."""
        named = Named(now, told)
        values = [column[row] for row in named.pairs.rows.tolist()]
        for viewer, first, end, who in named.shares():
            self._values[viewer].append([index, place, who, values[first:end]])
