"""Keeps the entities of a type that rests (`class Wall(Entity, rests=True)`) and captures those that are awake.

An entity is awake from its spawn on, and again from the moment at which anything may change it. What a capture finds
unchanged a few times rests (`gameserver.state.resting`): it costs the next captures nothing, and its rows in the table
are shared with those of the tables before. The table's `Change` names the entities that changed.

An entity that a client extrapolates never rests: its expected position changes while its own does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gameserver.state.fields import Ref
from gameserver.state.object_columns import ObjectColumns
from gameserver.state.resting import holds_alone, put_to_rest, release, wake
from gameserver.state.store import codes_of
from gameserver.state.table import Change, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.entity import Entity, EntityType

    Codes = NDArray[np.int64]
    Rows = NDArray[np.intp]
    ObjectChanges = list[dict[int, object]]

RESTS_AFTER: Final = 2
"""Captures that an entity stays awake without a change. To fall asleep and wake costs about as much as two captures."""

UNCAPTURED: Final = -1
"""Stands for the captures since its last change of an entity that the last table does not have."""

MAX_RESTING: Final = 1024
"""How many entities fall asleep in one capture at most: about a millisecond."""


class RestingStore:
    """The entities of one type as Python objects, ascending by id.

    Args:
        entity_type: The type, declared with `rests=True`.
        living: Every entity of the room that is kept as an object, by id; references are looked up there.
    """

    def __init__(self, entity_type: EntityType, living: dict[int, Any]) -> None:
        self.entity_type = entity_type
        self._living = living
        self._entities: dict[int, Entity] = {}
        self._list: tuple[Entity, ...] | None = ()
        self._captured = entity_type.empty_table()
        self._captured.change = Change(self._captured.ids, np.empty(0, np.intp))
        self._removed: list[int] = []
        self._object_fields = list(entity_type.objects.items())
        self._rates = [rate for _, rate in entity_type.rates]
        self._ref_rows = [row for row, field in enumerate(entity_type.numeric.values()) if isinstance(field, Ref)]
        self._referring: dict[int, set[int]] = {}
        """By the id of an entity, the ids of entities at rest that refer to it."""

        self._awake: dict[int, Entity] = {}
        self._same_awake = True
        self._copies: dict[int, list[object]] = {}
        """By id, copies of the object fields of entities that woke since the last capture."""
        self._objects = ObjectColumns(entity_type.name, entity_type.objects)
        # Those awake at the last capture, ascending by id: the entities, their ids, rows in the table, codes, and for
        # how many captures they have not changed.
        self._order: tuple[Entity, ...] = ()
        self._ids = self._captured.ids
        self._rows: Rows = np.empty(0, np.intp)
        self._codes = self._captured.codes
        self._idle: list[int] = []
        self._has_new = False
        self.saved_rows: dict[int, bytes] = {}
        """By id, what a checkpoint has of the fields of entities that rest: they stay the same until those wake."""

    def __len__(self) -> int:
        return len(self._entities)

    def __deepcopy__(self, _memo: dict[int, object]) -> RestingStore:
        """Return the store itself: a copy of an entity is not in the room."""
        return self

    def add(self, entity: Entity) -> None:
        """Add an entity whose id is above all others."""
        self._entities[entity.id] = entity
        self._list = None
        self._awake[entity.id] = entity
        self._same_awake = False

    def remove(self, entity: Entity) -> None:
        """Remove an entity of this store."""
        if entity.id not in self._awake:
            wake(entity)
        release(entity)
        del self._entities[entity.id]
        del self._awake[entity.id]
        self._copies.pop(entity.id, None)
        self._list = None
        self._same_awake = False
        if self._captured.row(entity.id) is not None:
            self._removed.append(entity.id)

    def entities(self) -> tuple[Entity, ...]:
        """Return all entities, ascending by id; the tuple does not change while rules spawn and despawn."""
        if self._list is None:
            self._list = tuple(self._entities.values())
        return self._list

    def rests(self, entity: Entity) -> bool:
        """Return whether an entity of this store rests."""
        return entity.id not in self._awake

    def note_awake(self, entity: Entity) -> None:
        """Capture an entity again, which has just woken; one that is not of this store, such as a copy, is left out."""
        if self._entities.get(entity.id) is not entity or entity.id in self._awake:
            return
        self._awake[entity.id] = entity
        self.saved_rows.pop(entity.id, None)
        self._same_awake = False
        if self._object_fields:
            self._copies[entity.id] = [field.copy(getattr(entity, name)) for name, field in self._object_fields]

    def note_despawn(self, entity_id: int) -> None:
        """Wake the entities that refer to one that was just despawned, since that reference becomes None."""
        for referring in sorted(self._referring.pop(entity_id, ())):
            if referring in self._entities and referring not in self._awake:
                wake(self._entities[referring])

    def capture(self) -> Table:
        """Encode every entity that is awake, and set its attributes to the values that are replicated.

        Returns:
            The captured table; the one of the last capture when nothing has changed.

        Raises:
            StateError: A value has no code. Nothing is changed.
        """
        if not self._same_awake:
            self._align()
        if not self._order and not self._removed:
            return self._captured
        codes = codes_of(self.entity_type, self._order, self._living)
        frozen = self._objects.freeze(self._order)
        objects = self._objects.differing(frozen)
        changed = self._changed(codes, objects)
        self.entity_type.load(self._order, codes, self._living)
        self._objects.commit(self._order, frozen)
        self._codes = codes
        if changed or self._removed:
            self._take(codes, objects, changed)
        self._rest_idle(changed)
        return self._captured

    def _align(self) -> None:
        """Take over which entities are awake now."""
        chosen = sorted(self._awake)
        table, ids = self._captured, np.array(chosen, np.int64)
        rows = np.searchsorted(table.ids, ids)
        known = np.flatnonzero(rows < len(table))
        known = known[table.ids[rows[known]] == ids[known]]
        codes = np.zeros((len(self._codes), len(ids)), np.int64)
        codes[:, known] = table.codes_at(rows[known])
        idle = dict(zip(self._ids.tolist(), self._idle, strict=True))
        is_known = {chosen[place] for place in known.tolist()}
        self._idle = [idle.get(i, 0) if i in is_known else UNCAPTURED for i in chosen]
        self._has_new = len(is_known) < len(chosen)
        at = dict(zip(chosen, rows.tolist(), strict=True))
        self._objects.align(chosen, {i: (copies, self._frozen(at[i])) for i, copies in self._copies.items()})
        self._copies.clear()
        self._order = tuple([self._awake[entity_id] for entity_id in chosen])
        self._ids, self._rows, self._codes = ids, rows, codes
        self._same_awake = True

    def _frozen(self, row: int) -> list[object]:
        """Return the frozen values of an entity of the last table."""
        return [self._captured.values_of(column, [row])[0] for column in range(len(self.entity_type.objects))]

    def _changed(self, codes: Codes, objects: ObjectChanges) -> list[int]:
        """Return which of those awake have other values than in the last table, are not in it, or move by a rate."""
        flags = (codes != self._codes).any(axis=0)
        if self._rates:
            flags |= codes[self._rates].any(axis=0)
        places: list[int] = np.flatnonzero(flags).tolist()
        if not self._has_new and not any(objects):
            return places
        changed = set(places).union(*objects)
        if self._has_new:
            changed.update([place for place, idle in enumerate(self._idle) if idle == UNCAPTURED])
        return sorted(changed)

    def _take(self, codes: Codes, objects: ObjectChanges, changed: list[int]) -> None:
        """Make the table of this capture."""
        before = self._captured
        if self._has_new or self._removed:
            table, change = self._with_others(codes, objects, changed)
        else:
            rows = self._rows.tolist() if any(objects) else []
            values = [{rows[place]: value for place, value in each.items()} for each in objects]
            table = before.replaced(self._rows, codes, values)
            if len(changed) == len(self._order):
                change = Change(self._ids, self._rows)
            else:
                change = Change(self._ids[changed], self._rows[changed])
        table.change = change
        assert before.change is not None
        before.change.following = change
        self._captured = table

    def _with_others(self, codes: Codes, objects: ObjectChanges, changed: list[int]) -> tuple[Table, Change]:
        """Return a table without the entities that were removed and with the new ones, and its change."""
        table, rows = self._captured, self._rows.tolist()
        new = [place for place, idle in enumerate(self._idle) if idle == UNCAPTURED]
        old = [place for place in changed if self._idle[place] != UNCAPTURED]
        if old:
            values = [{rows[i]: value for i, value in each.items() if self._idle[i] != UNCAPTURED} for each in objects]
            table = table.replaced(self._rows[old], codes[:, old], values)
        gone = np.array(sorted(self._removed), np.int64)
        added = [[each[place] for place in new] for each in objects]
        table = table.without(np.searchsorted(table.ids, gone), self._ids[new], codes[:, new], added)
        self._removed.clear()
        self._rows = np.searchsorted(table.ids, self._ids)
        self._has_new = False
        return table, Change(np.sort(np.concatenate([self._ids[changed], gone])), self._rows[:0])

    def _rest_idle(self, changed: list[int]) -> None:
        """Count for how long those awake have not changed, and put those to rest that nothing changes unnoticed."""
        if len(changed) == len(self._order):
            self._idle = [0] * len(changed)
            return
        idle = self._idle = [max(0, captures + 1) for captures in self._idle]
        for place in changed:
            idle[place] = 0
        if max(idle, default=0) < RESTS_AFTER:
            return
        resting = [place for place, captures in enumerate(idle) if captures >= RESTS_AFTER][:MAX_RESTING]
        lists, at_rest = self.entity_type.list_names, self.entity_type.at_rest
        for place in resting:
            entity = self._order[place]
            if not holds_alone(entity, lists):
                idle[place] = 0
                continue
            put_to_rest(entity, at_rest, self)
            del self._awake[entity.id]
            self._same_awake = False
            for target in filter(None, self._codes[self._ref_rows, place].tolist()):
                self._referring.setdefault(target, set()).add(entity.id)
