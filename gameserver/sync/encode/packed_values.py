"""Keeps the object values of a type that rests as the bytes that a full state sends.

To pack 5,000 lists of 200 items takes some 50 ms, too long for the tick in which somebody joins. Such entities rest, so
their values are packed once, some in every tick, and a full state joins what is there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gameserver.sync.encode.msgpack_parts import array_header, pack_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gameserver.state.table import Table

MAX_ENTITIES_A_TICK: Final = 256
MAX_ITEMS_A_TICK: Final = 8192
"""How many entities are packed in one tick ahead of need, and until how many items of lists and characters of texts:
about half a millisecond."""

SETTLES_AFTER: Final = 8
"""Ticks without a change after which an entity's values are packed ahead of need: one that changes in every tick would
be packed in every tick."""


class PackedValues:
    """The packed object values of one type, by id."""

    def __init__(self) -> None:
        self._table: Table | None = None
        self._tick = 0
        self._packed: dict[int, list[bytes]] = {}
        self._stale: dict[int, int] = {}
        """The entities whose values are not packed, and when they changed; ascending by that."""

    @property
    def unpacked(self) -> int:
        """How many entities a full state would have to pack."""
        return len(self._stale)

    def advance(self, table: Table) -> None:
        """Take over the table of another tick, and pack some values ahead of need.

        Args:
            table: The newest of a type that rests.
        """
        self._tick += 1
        self._take_over(table)
        first = islice(self._stale.items(), MAX_ENTITIES_A_TICK)
        items = MAX_ITEMS_A_TICK
        for entity_id, values in _values_of(table, [i for i, since in first if self._tick - since >= SETTLES_AFTER]):
            self._pack(entity_id, values)
            items -= sum(map(len, values))
            if items <= 0:
                return

    def columns(self, table: Table) -> list[bytes]:
        """Return each object field of all entities as a packed array.

        Args:
            table: The newest.
        """
        self._take_over(table)
        for entity_id, values in _values_of(table, list(self._stale)):
            self._pack(entity_id, values)
        rows = [self._packed[entity_id] for entity_id in table.ids.tolist()]
        header = array_header(len(rows))
        return [header + b"".join([row[column] for row in rows]) for column in range(table.object_count)]

    def _pack(self, entity_id: int, values: Sequence[Any]) -> None:
        del self._stale[entity_id]
        self._packed[entity_id] = list(map(pack_value, values))

    def _take_over(self, table: Table) -> None:
        """Note which entities have changed since the last table."""
        before, self._table = self._table, table
        if before is table:
            return
        changed = None if before is None else table.changed_since(before)
        if changed is None:
            self._packed.clear()
            self._stale = dict.fromkeys(table.ids.tolist(), self._tick)
            return
        for entity_id in changed.tolist():
            self._packed.pop(entity_id, None)
            self._stale.pop(entity_id, None)
            if table.row(entity_id) is not None:
                self._stale[entity_id] = self._tick


def _values_of(table: Table, ids: list[int]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield entities of a table with their object values.

    Args:
        table: The table.
        ids: Whose.
    """
    rows: list[int] = np.searchsorted(table.ids, np.array(ids, np.int64)).tolist()
    columns = [table.values_of(column, rows) for column in range(table.object_count)]
    return zip(ids, zip(*columns, strict=True), strict=True)
