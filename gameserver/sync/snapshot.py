"""The immutable, quantised state of a room at one tick."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Protocol

import msgpack
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table


HASH_VERSION: Final = 2
"""Counts the ways in which the hash has been made; the format of recordings counts up with it."""
HASH_BYTES: Final = 8
HASH_VALUES: Final = 256**HASH_BYTES


class Captured(Protocol):
    """What a snapshot is taken of: a room's world, or a recording that a room shows."""

    def capture(self) -> tuple[Table, ...]:
        """Return the quantised state, one table an entity type.

        Raises:
            StateError: A value has no code.
        """


class Snapshot:
    """The state of a room after a tick. Immutable."""

    __slots__ = ("tables", "tick")

    def __init__(self, tick: int, tables: tuple[Table, ...]) -> None:
        self.tick: Final = tick
        self.tables: Final = tables
        """One table an entity type, in order of the schema."""

    @staticmethod
    def capture(tick: int, state: Captured) -> Snapshot:
        """Take the snapshot of a tick. A world's attributes are set to the values that it holds.

        Raises:
            StateError: A value has no code.
        """
        return Snapshot(tick, state.capture())

    def hash(self) -> int:
        """Return 64 bits that depend on the tick and all of the state, the same in every process and on every
        machine."""
        return StateHash().of(self)

    def same(self, other: Snapshot) -> bool:
        """Return whether both hold the same state at the same tick."""
        return self.tick == other.tick and all(a.same(b) for a, b in zip(self.tables, other.tables, strict=True))


class StateHash:
    """Hashes the snapshots of one room, one after the other. Of the object fields it hashes what has changed since the
    last one: a full board has more than a megabyte of them.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Table, int]] = {}
        """By the index of a type: its last table, and the sum over its entities' object fields."""

    def of(self, snapshot: Snapshot) -> int:
        """Return the hash of a snapshot; it is the same whatever was hashed before."""
        digest = hashlib.blake2b(snapshot.tick.to_bytes(8, "little"), digest_size=HASH_BYTES)
        for index, table in enumerate(snapshot.tables):
            digest.update(len(table).to_bytes(8, "little"))
            digest.update(table.ids.astype("<i8").tobytes())
            digest.update(table.codes.astype("<i8").tobytes())
            if table.object_count:
                total = self._sum_of_objects(index, table)
                self._known[index] = table, total
                digest.update(total.to_bytes(HASH_BYTES, "little"))
        return int.from_bytes(digest.digest(), "little")

    def _sum_of_objects(self, index: int, table: Table) -> int:
        every_row = range(len(table))
        if index not in self._known:
            return _sum_of(table, every_row)
        before, total = self._known[index]
        changed = _changed_rows(before, table)
        if changed is None:
            return _sum_of(table, every_row)
        rows_before, rows = changed
        if len(rows_before) + len(rows) > len(table):
            return _sum_of(table, every_row)
        return (total - _sum_of(before, rows_before) + _sum_of(table, rows)) % HASH_VALUES


def _changed_rows(before: Table, table: Table) -> tuple[list[int], list[int]] | None:
    """Return the rows of each of two tables whose object fields may differ from those of the other; None: nothing is
    known of that."""
    if table is before:
        return [], []
    changed = table.changed_since(before)
    if changed is not None:
        return _rows_of(before, changed), _rows_of(table, changed)
    if table.change is None and np.array_equal(table.ids, before.ids):
        rows = _different_rows(before, table)
        return rows, rows
    return None


def _different_rows(before: Table, table: Table) -> list[int]:
    """Return the rows whose object fields differ, of two tables of the same entities. Captures share what they can, so
    most values are the same object."""
    rows: set[int] = set()
    for old, new in zip(before.objects, table.objects, strict=True):
        if new is not old:
            rows.update([row for row, value in enumerate(new) if value is not old[row] and value != old[row]])
    return sorted(rows)


def _rows_of(table: Table, ids: NDArray[np.int64]) -> list[int]:
    """Return where those of some entities are that a table has."""
    return [row for entity_id in ids.tolist() if (row := table.row(entity_id)) is not None]


def _sum_of(table: Table, rows: Sequence[int]) -> int:
    """Return the sum of 64 bits for each of some entities, which depend on its id and its object fields."""
    columns = [table.values_of(column, rows) for column in range(table.object_count)]
    total = 0
    for row, *values in zip(rows, *columns, strict=True):
        packed = msgpack.packb((int(table.ids[row]), values))
        total += int.from_bytes(hashlib.blake2b(packed, digest_size=HASH_BYTES).digest(), "little")
    return total % HASH_VALUES


def first_difference(schema: Schema, a: Snapshot, b: Snapshot) -> str | None:
    """Describe where `b` first differs from `a`, for people who look for the cause of a desync; None when both are the
    same."""
    for entity_type, one, other in zip(schema.entities, a.tables, b.tables, strict=True):
        for entity_id in sorted({*one.ids.tolist(), *other.ids.tolist()}):
            left, right = one.row(entity_id), other.row(entity_id)
            if left is None or right is None:
                return f"{entity_type.name} {entity_id} is only in the {'second' if left is None else 'first'}"
            names = (*entity_type.numeric, *entity_type.objects)
            for name, x, y in zip(names, one.values_at(left), other.values_at(right), strict=True):
                if x != y:
                    return f"{entity_type.name} {entity_id}: {name} is {x!r} in the first, {y!r} in the second"
    return None
