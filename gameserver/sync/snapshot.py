"""The immutable, quantised state of a room at one tick."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgpack

if TYPE_CHECKING:
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table


class Captured(Protocol):
    """What a snapshot is taken of: a room's world, or a recording that a room shows."""

    def capture(self) -> tuple[Table, ...]:
        """Return the quantised state, one table an entity type.

        Raises:
            StateError: A value has no code.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The state of a room after a tick."""

    tick: int
    tables: tuple[Table, ...]
    """One table an entity type, in order of the schema."""

    @classmethod
    def capture(cls, tick: int, state: Captured) -> Snapshot:
        """Take the snapshot of a tick. A world's attributes are set to the values that it holds.

        Raises:
            StateError: A value has no code.
        """
        return cls(tick, state.capture())

    def hash(self) -> int:
        """Return 64 bits that depend on the tick and all of the state, the same in every process and on every
        machine."""
        digest = hashlib.blake2b(self.tick.to_bytes(8, "little"), digest_size=8)
        for table in self.tables:
            digest.update(len(table).to_bytes(8, "little"))
            digest.update(table.ids.astype("<i8").tobytes())
            digest.update(table.codes.astype("<i8").tobytes())
            if table.objects:
                digest.update(msgpack.packb(table.objects))
        return int.from_bytes(digest.digest(), "little")

    def same(self, other: Snapshot) -> bool:
        """Return whether both hold the same state at the same tick."""
        return self.tick == other.tick and all(a.same(b) for a, b in zip(self.tables, other.tables, strict=True))


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
