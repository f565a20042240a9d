"""What viewers of a room must hold: the room's state after a tick, and the part of it that each one is to see.

Made from the room's snapshots and the author's declaration alone, by plain loops; the encoder's own code has no part in
it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gameserver.state.fields import Ref
from gameserver.state.table import Table
from gameserver.sync.snapshot import Snapshot, first_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from gameserver.room.engine import RoomEngine
    from gameserver.room.room import Room
    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema

    Position = tuple[float, float]

LEAVE_RATIO = 1.1
ROUNDING = 4e-7
"""Positions are compared in 32-bit floats: so far, relative to its coordinates, an entity may be off."""


class Found(Exception):
    """Something that must not happen.

    Args:
        kind: In a word or two, the same for all traces that show the same fault.
        text: What happened, for a reader.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text


@dataclass(frozen=True)
class Truth:
    """The state of a room after a tick, in arrays of its own."""

    tick: int
    tables: tuple[Table, ...]

    @staticmethod
    def of(engine: RoomEngine) -> Truth:
        """Copy the newest snapshot of a room, and check that it is what the entities' attributes say."""
        snapshot = engine.history.newest
        assert snapshot is not None
        tables = tuple([Table(t.ids.copy(), t.codes.copy(), t.objects) for t in snapshot.tables])
        schema = engine.kind.schema
        living = [_read_attributes(engine.room, entity_type) for entity_type in schema.entities]
        if not all(a.same(b) for a, b in zip(tables, living, strict=True)):
            difference = first_difference(schema, Snapshot(0, tables), Snapshot(0, tuple(living)))
            raise Found("capture", f"the snapshot of tick {snapshot.tick} is not what rules see: {difference}")
        return Truth(snapshot.tick, tables)

    def part(self, ids: Collection[int]) -> tuple[Table, ...]:
        """Return the tables with these entities only."""
        return tuple([t.part(np.flatnonzero([i in ids for i in t.ids.tolist()])) for t in self.tables])

    @property
    def ids(self) -> set[int]:
        """The ids of all entities."""
        return {i for table in self.tables for i in table.ids.tolist()}


def _read_attributes(room: Room[Any], entity_type: EntityType) -> Table:
    """Return the table that rules see, read entity by entity."""
    if entity_type.columns:
        store = room.table(entity_type.cls)
        columns = [getattr(store, name) for name in entity_type.numeric]
        codes = [np.floor(c / s + 0.5) for c, s in zip(columns, entity_type.step[:, 0].tolist(), strict=True)]
        return Table(store.ids.copy(), np.array(codes, np.int64).reshape(len(codes), len(store)), ())
    entities = room.all(entity_type.cls)
    rows = [[_code(field, getattr(e, name)) for e in entities] for name, field in entity_type.numeric.items()]
    objects = [[f.freeze(getattr(e, name)) for e in entities] for name, f in entity_type.objects.items()]
    ids = np.array([e.id for e in entities], np.int64)
    return Table(ids, np.array(rows, np.int64).reshape(len(rows), len(ids)), tuple(map(tuple, objects)))


def _code(field: Any, value: Any) -> int:
    if isinstance(field, Ref):
        return 0 if value is None else int(value.id)
    code: int = field.encode(value)
    return code


class Sees(NamedTuple):
    """What a viewer is to see of a snapshot."""

    must: set[int]
    may: set[int]
    """`must`, and what is so near to a border that rounding decides."""


@dataclass(frozen=True)
class Perspective:
    """One viewer in a room with `interest`, at one tick."""

    avatar: int
    """The id of its avatar, 0 for none."""
    viewpoint: Position
    """Where it looks from if the avatar has no position."""
    saw: Collection[int]
    """What it sees of the state that the message starts from."""
    narrow: Callable[[int, bool], bool] | None
    """The author's own rule: id, whether it is near enough, to whether it is visible."""


def position_of(schema: Schema, truth: Truth, entity_id: int, place: Sequence[str]) -> Position | None:
    """Return where an entity is; None for one that does not exist or has no position."""
    for entity_type, table in zip(schema.entities, truth.tables, strict=True):
        row = table.row(entity_id)
        if row is not None and all(name in entity_type.numeric for name in place):
            names = list(entity_type.numeric)
            x, y = (float(table.codes[i, row] * entity_type.step[i, 0]) for i in map(names.index, place))
            return x, y
    return None


def should_see(schema: Schema, near: dict[str, Any], truth: Truth, perspective: Perspective) -> Sees:
    """Return what a player is to see in a room with `interest`; `near` has the keys of `Near`, types by name."""
    must, may = set[int](), set[int]()
    viewpoint = position_of(schema, truth, perspective.avatar, near["place"]) or perspective.viewpoint
    for entity_type, table in zip(schema.entities, truth.tables, strict=True):
        reach = _reach(near, entity_type)
        for entity_id in table.ids.tolist():
            place = None if reach is None else position_of(schema, truth, entity_id, near["place"])
            sure, perhaps = (
                (True, True)
                if place is None or reach is None
                else _near(place, viewpoint, reach, entity_id in perspective.saw)
            )
            if perspective.narrow is not None:
                sure, perhaps = perspective.narrow(entity_id, sure), perspective.narrow(entity_id, perhaps)
            if sure or entity_id == perspective.avatar:
                must.add(entity_id)
            if perhaps or entity_id == perspective.avatar:
                may.add(entity_id)
    return Sees(must, may)


def _reach(near: dict[str, Any], entity_type: EntityType) -> tuple[float, float] | None:
    """Return within what distance a type enters a view and beyond what it leaves; None when it is always visible."""
    if not all(name in entity_type.numeric for name in near["place"]):
        return None
    if entity_type.name in near["types"]:
        radius = near["types"][entity_type.name]
        return None if radius is None else (radius, radius * LEAVE_RATIO)
    radius, leave = near["radius"], near["leave_radius"]
    return radius, radius * LEAVE_RATIO if leave is None else leave


def _near(place: Position, viewpoint: Position, reach: tuple[float, float], saw: bool) -> tuple[bool, bool]:
    """Return whether an entity is surely near enough, and whether it may be, however positions are rounded."""
    if math.isnan(viewpoint[0]):
        return False, False
    distance = math.hypot(place[0] - viewpoint[0], place[1] - viewpoint[1])
    radius = reach[1] if saw else reach[0]
    slack = ROUNDING * (radius + sum(map(abs, (*place, *viewpoint))))
    return distance <= radius - slack, distance <= radius + slack
