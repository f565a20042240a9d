"""The immutable, quantised state of a room at a tick; the last of them; and the state between two."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgpack
import numpy as np

from gameserver.state.fields import Float
from gameserver.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One table an entity type, in order of the schema."""

    tick: int
    tables: tuple[Table, ...]

    def hash(self) -> int:
        """Return 64 bits that depend on the tick and all of the state, the same in every process and machine."""
        digest = hashlib.blake2b(self.tick.to_bytes(8, "little"), digest_size=8)
        for table in self.tables:
            digest.update(len(table).to_bytes(8, "little"))
            digest.update(table.ids.astype("<i8").tobytes())
            digest.update(table.codes.astype("<i8").tobytes())
            if table.objects:
                digest.update(msgpack.packb(table.objects))
        return int.from_bytes(digest.digest(), "little")

    def same(self, other: Snapshot) -> bool:
        """Whether both hold the same state at the same tick."""
        return self.tick == other.tick and all(a.same(b) for a, b in zip(self.tables, other.tables, strict=True))


def first_difference(schema: Schema, a: Snapshot, b: Snapshot) -> str | None:
    """Say in words where `b` first differs from `a`, for people who look for a desync; None when it does not."""
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


class History:
    """A ring of snapshots. A slot carries its tick, so a lookup can never return another tick's state."""

    __slots__ = ("_slots", "newest")

    def __init__(self, size: int) -> None:
        """Keep the snapshots of the last `size` ticks, at least one."""
        self._slots: list[Snapshot | None] = [None] * max(1, size)
        self.newest: Snapshot | None = None

    def put(self, snapshot: Snapshot) -> None:
        """Take in a snapshot that is newer than all others. Raises ValueError for one that is not."""
        if self.newest is not None and snapshot.tick <= self.newest.tick:
            msg = f"tick {snapshot.tick} after {self.newest.tick}: history goes forward only"
            raise ValueError(msg)
        self._slots[snapshot.tick % len(self._slots)] = snapshot
        self.newest = snapshot

    def get(self, tick: int) -> Snapshot | None:
        """Return the snapshot of `tick`, or None when there was none, or it is too long ago."""
        slot = self._slots[tick % len(self._slots)]
        return slot if slot is not None and slot.tick == tick else None


def between(schema: Schema, before: Sequence[Table], after: Sequence[Table], share: float) -> tuple[Table, ...]:
    """Return the entities of `before` at the share 0 … 1 of the way to `after`, on the grid: floats on a line, angles
    the short way round, everything else, who leaves, and who is put elsewhere, as before."""
    return tuple(
        [_blend(kind, one, other, share) for kind, one, other in zip(schema.entities, before, after, strict=True)]
    )


def _blend(entity_type: EntityType, before: Table, after: Table, share: float) -> Table:
    stay = np.isin(before.ids, after.ids, assume_unique=True)
    rows = np.searchsorted(after.ids, before.ids[stay])
    way = np.zeros_like(before.codes)
    way[:, stay] = after.codes[:, rows] - before.codes[:, stay]
    angles = entity_type.angles
    steps = entity_type.steps[angles]
    way[angles] = (way[angles] + steps // 2) % steps - steps // 2
    moves = [i for i, field in enumerate(entity_type.numeric.values()) if isinstance(field, Float) or i in angles]
    if entity_type.jumps is not None:
        way[:, way[entity_type.jumps] != 0] = 0
    codes = before.codes.copy()
    codes[moves] += np.rint(share * way[moves]).astype(np.int64)
    codes[angles] %= steps
    return Table(before.ids, codes, before.objects)
