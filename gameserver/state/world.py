"""`World`: the replicated entities of a room. Rules spawn and despawn them; they are captured once a tick.

Ids start at 1, ascend and are never reused. If a value cannot be captured, StateError names the entity and the field,
and the room has to end, since types before it are captured already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.columns import ColumnStore
from gameserver.state.entity import Entity
from gameserver.state.errors import StateError
from gameserver.state.resting_store import RestingStore
from gameserver.state.store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table

E = TypeVar("E", bound=Entity)
AnyStore: TypeAlias = ObjectStore | RestingStore | ColumnStore


class World:
    """All entities of one room."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._next_id = 1
        self._living: dict[int, Entity] = {}
        self._stores: dict[type[Entity], AnyStore] = {}
        for entity_type in schema.entities:
            if entity_type.columns:
                self._stores[entity_type.cls] = ColumnStore(entity_type, self._new_ids, self._living)
            elif entity_type.rests:
                self._stores[entity_type.cls] = RestingStore(entity_type, self._living)
            else:
                self._stores[entity_type.cls] = ObjectStore(entity_type, self._living)
        self._resting = [store for store in self._stores.values() if isinstance(store, RestingStore)]

    @property
    def ids_left(self) -> int:
        """How many entities can still be made: ids are never used twice."""
        return MAX_CODE + 1 - self._next_id

    @property
    def next_id(self) -> int:
        """The id of the entity that is made next."""
        return self._next_id

    @property
    def stores(self) -> tuple[AnyStore, ...]:
        """The entities of each type, in order of the schema."""
        return tuple(self._stores.values())

    def restore(self, next_id: int, living: Iterable[Entity]) -> None:
        """Go on with the entities of a checkpoint, instead of those that there are.

        Args:
            next_id: The id of the entity that is made next.
            living: Those that are kept as objects; their ids ascend in each type.
        """
        self._next_id = next_id
        for entity in list(self._living.values()):
            self.despawn(entity)
        for entity in sorted(living, key=_id_of):
            self._living[entity.id] = entity
            cast("ObjectStore | RestingStore", self._store(entity.entity_type.cls)).add(entity)

    def _new_ids(self, count: int) -> range:
        ids = range(self._next_id, self._next_id + count)
        if ids.stop - 1 > MAX_CODE:
            msg = f"the room has used up its {MAX_CODE} entity ids"
            raise StateError(msg)
        self._next_id = ids.stop
        return ids

    def spawn(self, cls: type[E], /, *, owner: Any = None, **fields: Any) -> E:
        """Create an entity and put it into the room.

        Raises:
            TypeError: A name in `fields` is not a field, or the type is kept in columns.
            KeyError: The room does not have this entity type.
            StateError: All ids are used up.
        """
        store = self._store(cls)
        if isinstance(store, ColumnStore):
            msg = f"{cls.__name__} is kept in columns: use self.table({cls.__name__}).spawn_many(…)"
            raise TypeError(msg)
        entity = cls(**fields) if cls in self._stores else cast("E", cls.entity_type.cls(**fields))
        entity.id = self._new_ids(1).start
        entity.owner = owner
        entity.alive = True
        self._living[entity.id] = entity
        store.add(entity)
        return entity

    def despawn(self, entity: Entity) -> None:
        """Remove an entity, if it is still in the room. References to it become None at the next capture."""
        if self._living.get(entity.id) is not entity:
            return
        del self._living[entity.id]
        cast("ObjectStore | RestingStore", self._store(entity.entity_type.cls)).remove(entity)
        entity.alive = False
        for store in self._resting:
            store.note_despawn(entity.id)

    def get(self, entity_id: int) -> Entity | None:
        """Return the entity of an id if it is in the room and kept as an object, else None."""
        return self._living.get(entity_id)

    def entities(self, cls: type[E]) -> tuple[E, ...]:
        """Return the entities of a type in order of id; the tuple does not change while rules spawn and despawn."""
        store = self._store(cls)
        if isinstance(store, ColumnStore):
            msg = f"{cls.__name__} is kept in columns: use self.table({cls.__name__})"
            raise TypeError(msg)
        return cast("tuple[E, ...]", store.entities())

    def owned_by(self, owner: object) -> list[Entity]:
        """Return the entities that are kept as objects and belong to `owner`, in order of id."""
        return [entity for entity in self._living.values() if entity.owner is owner]

    def table(self, cls: type[Entity]) -> ColumnStore:
        """Return the columns of a type declared with `columns=True`."""
        store = self._store(cls)
        if not isinstance(store, ColumnStore):
            msg = f"{cls.__name__} is kept as objects; declare class {cls.__name__}(Entity, columns=True) for a table"
            raise TypeError(msg)
        return store

    def _store(self, cls: type[Entity]) -> AnyStore:
        try:
            return self._stores[cls]
        except KeyError:
            index = self.schema.index(cls)  # raises, and lists the types that there are
            return self._stores[self.schema.entities[index].cls]  # cls is that of entities at rest

    def __len__(self) -> int:
        return sum(len(store) for store in self._stores.values())

    def capture(self) -> tuple[Table, ...]:
        """Encode all entities, and set their attributes to the values that are replicated.

        Returns:
            One table per entity type, in order of the schema.

        Raises:
            StateError: A value has no code.
        """
        return tuple([store.capture() for store in self._stores.values()])


def _id_of(entity: Entity) -> int:
    return entity.id
