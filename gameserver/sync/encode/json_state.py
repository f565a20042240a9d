"""Snapshots as JSON, for viewers that do not decode the protocol's own deltas (docs/transports.md).

A full state has every entity with every field. A change has what differs from an earlier snapshot: of an entity that is
new all fields, of one that was there those that are different, and the ids of those that are gone. Ids are never used
again, so an entity that the viewer does not know is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from gameserver.state.discrete import Choice, Flag, Ref
from gameserver.state.numeric import Angle, Float, Int
from gameserver.state.objects import List

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.state.field import Field
    from gameserver.state.objects import Text
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.snapshot import Snapshot

    Column: TypeAlias = Callable[[NDArray[np.int64]], list[Any]]
    """Returns the values of a numeric field's codes."""
    Rows: TypeAlias = list[dict[str, Any]]


class JsonState:
    """Encodes the snapshots of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._types = [_TypeEncoder(entity_type) for entity_type in schema.entities]

    def full(self, snapshot: Snapshot) -> bytes:
        """Return a whole state.

        Args:
            snapshot: The state.

        Returns:
            A JSON object: the entities of each type, by its name.
        """
        pairs = zip(self._types, snapshot.tables, strict=True)
        return b"{" + b",".join([each.key + each.packed(table) for each, table in pairs]) + b"}"

    def advance(self, snapshot: Snapshot) -> None:
        """Forget what is kept of entities that have changed. A table that was kept for long would keep all changes
        since."""
        for each, table in zip(self._types, snapshot.tables, strict=True):
            each.advance(table)

    def change(self, base: Snapshot, snapshot: Snapshot) -> tuple[bytes, bytes] | None:
        """Return what leads from one snapshot to a later one.

        Args:
            base: What the viewer has.
            snapshot: What it is to have.

        Returns:
            Two JSON objects, by the names of the types: the entities that are new or different, and the ids of those
            that are gone. None: both states are equal.
        """
        changed: dict[str, Rows] = {}
        gone: dict[str, list[int]] = {}
        for each, before, after in zip(self._types, base.tables, snapshot.tables, strict=True):
            if before is after:
                continue
            rows, ids = each.difference(before, after)
            if rows:
                changed[each.name] = rows
            if ids:
                gone[each.name] = ids
        if not changed and not gone:
            return None
        return msgspec.json.encode(changed), msgspec.json.encode(gone)


class _TypeEncoder:
    """Encodes the entities of one type."""

    def __init__(self, entity_type: EntityType) -> None:
        self.name = entity_type.name
        self.key = msgspec.json.encode(entity_type.name) + b":"
        """How an object that has the type's entities begins with them."""
        self._kept = _KeptRows() if entity_type.rests else None
        self._numeric = [(name, _column_of(field)) for name, field in entity_type.numeric.items()]
        self._objects = [(name, _thaw_of(field)) for name, field in entity_type.objects.items()]

    def packed(self, table: Table) -> bytes:
        """Return a JSON array of all entities with all fields; of a type that rests what has not changed is kept."""
        if self._kept is None:
            return msgspec.json.encode(self.all(table))
        self._kept.advance(table)
        missing = self._kept.missing(table)
        if len(missing):
            self._kept.add(table.ids[missing].tolist(), self.all(table.part(missing)))
        return self._kept.packed(table)

    def advance(self, table: Table) -> None:
        """Forget what is kept of entities that have changed."""
        if self._kept is not None and not self._kept.is_empty:
            self._kept.advance(table)

    def all(self, table: Table) -> Rows:
        """Return all entities with all fields."""
        rows: Rows = [{"id": entity_id} for entity_id in table.ids.tolist()]
        for (name, decode), codes in zip(self._numeric, table.codes, strict=True):
            for row, value in zip(rows, decode(codes), strict=True):
                row[name] = value
        for (name, thaw), column in zip(self._objects, table.objects, strict=True):
            for row, frozen in zip(rows, column, strict=True):
                row[name] = thaw(frozen)
        return rows

    def difference(self, before: Table, after: Table) -> tuple[Rows, list[int]]:
        """Return the entities that are new or different, and the ids of those that are gone."""
        ids = after.changed_since(before)
        if ids is not None:
            old, new = _find(before.ids, ids), _find(after.ids, ids)
            rows = self._changed(before, after, old[(old >= 0) & (new >= 0)], new[(old >= 0) & (new >= 0)])
            entered, gone = new[(old < 0) & (new >= 0)], ids[(old >= 0) & (new < 0)].tolist()
            return [*rows.values(), *(self.all(after.part(entered)) if len(entered) else ())], gone
        if np.array_equal(before.ids, after.ids):
            every = np.arange(len(after.ids))
            return list(self._changed(before, after, every, every).values()), []
        _, old, new = np.intersect1d(before.ids, after.ids, assume_unique=True, return_indices=True)
        rows = self._changed(before, after, old, new)
        entered = np.setdiff1d(np.arange(len(after.ids)), new)
        gone = np.setdiff1d(before.ids, after.ids, assume_unique=True).tolist()
        return [*rows.values(), *(self.all(after.part(entered)) if len(entered) else ())], gone

    def _changed(
        self, before: Table, after: Table, old: NDArray[np.intp], new: NDArray[np.intp]
    ) -> dict[int, dict[str, Any]]:
        """Return the changed fields of entities that are in both tables, by id.

        Args:
            before: The earlier table.
            after: The later one.
            old: Where the entities are in the earlier one.
            new: Where the same ones are in the later one.
        """
        rows: dict[int, dict[str, Any]] = {}
        ids = after.ids[new]
        for (name, decode), was, codes in zip(self._numeric, before.codes_at(old), after.codes_at(new), strict=True):
            places = np.flatnonzero(was != codes)
            if len(places):
                for entity_id, value in zip(ids[places].tolist(), decode(codes[places]), strict=True):
                    rows.setdefault(entity_id, {"id": entity_id})[name] = value
        for column, (name, thaw) in enumerate(self._objects):
            values = zip(before.values_of(column, old.tolist()), after.values_of(column, new.tolist()), strict=True)
            for entity_id, (earlier, later) in zip(ids.tolist(), values, strict=True):
                if earlier != later:
                    rows.setdefault(entity_id, {"id": entity_id})[name] = thaw(later)
        return rows


class _KeptRows:
    """The entities of a type that rests as JSON, by id: a full state of thousands of lists takes 30 ms to encode, which
    whoever asks for one again and again would take from each tick."""

    def __init__(self) -> None:
        self._table: Table | None = None
        self._rows: dict[int, bytes] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody has asked for a full state yet."""
        return self._table is None

    def advance(self, table: Table) -> None:
        """Take over a newer table, and forget the entities that have changed since the one before."""
        changed = None if self._table is None else table.changed_since(self._table)
        self._table = table
        if changed is None:
            self._rows.clear()
            return
        for entity_id in changed.tolist():
            self._rows.pop(entity_id, None)

    def missing(self, table: Table) -> NDArray[np.intp]:
        """Return the rows of the table whose entities are not kept."""
        kept = self._rows
        return np.array([row for row, entity_id in enumerate(table.ids.tolist()) if entity_id not in kept], np.intp)

    def add(self, ids: list[int], rows: Rows) -> None:
        """Keep some entities."""
        self._rows.update(zip(ids, map(msgspec.json.encode, rows), strict=True))

    def packed(self, table: Table) -> bytes:
        """Return a JSON array of all entities of the table."""
        return b"[" + b",".join([self._rows[entity_id] for entity_id in table.ids.tolist()]) + b"]"


def _find(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return where `wanted` are among `ids`, both ascending; -1 for those that are not there."""
    if not len(ids):
        return np.full(len(wanted), -1, np.intp)
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[rows] == wanted, rows, -1)


def _column_of(field: Field[Any]) -> Column:
    """Return what decodes the codes of a numeric field, as `Field.decode` does one."""
    if isinstance(field, Float | Angle):
        step = field.step
        return lambda codes: (codes * step).tolist()
    if isinstance(field, Flag):
        return lambda codes: (codes != 0).tolist()
    if isinstance(field, Choice):
        names = field.names
        return lambda codes: [names[code] for code in codes.tolist()]
    if isinstance(field, Ref):
        return lambda codes: [code or None for code in codes.tolist()]
    return lambda codes: codes.tolist()


def _thaw_of(field: Text | List[Any]) -> Callable[[Any], Any]:
    """Return what makes a value of a frozen object that JSON can hold."""
    if isinstance(field, List):
        if isinstance(field.of, Int):
            return lambda codes: codes
        decode = _column_of(field.of)
        return lambda codes: decode(np.array(codes, np.int64))
    return field.thaw
