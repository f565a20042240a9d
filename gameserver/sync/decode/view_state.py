"""What a client holds of its room at one tick: the tables of what it sees, and the entities made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from gameserver.state.entity import Entity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table

E = TypeVar("E", bound=Entity)


class ViewState:
    """The state at one tick, a collection of entities. It never changes.

    Entities are made from the tables when they are first read.
    """

    __slots__ = ("_by_id", "_entities", "schema", "tables", "tick")

    def __init__(self, schema: Schema, tick: int, tables: tuple[Table, ...]) -> None:
        self.schema = schema
        self.tick = tick
        self.tables = tables
        self._by_id: dict[int, Entity] | None = None
        self._entities: list[list[Entity]] = []

    def __len__(self) -> int:
        return sum(len(table) for table in self.tables)

    def __contains__(self, entity_id: int) -> bool:
        return any(table.row(entity_id) is not None for table in self.tables)

    def __iter__(self) -> Iterator[Entity]:
        """Iterate over all entities, type by type, ascending by id."""
        return iter(self._all().values())

    def get(self, entity_id: int) -> Entity | None:
        """Return the entity with this id, or None."""
        return self._all().get(entity_id)

    @overload
    def entities(self, which: type[E]) -> list[E]: ...
    @overload
    def entities(self, which: str) -> list[Any]: ...
    def entities(self, which: type[Entity] | str) -> list[Any]:
        """Return the entities of one type, ascending by id.

        Args:
            which: The type, as its class or by name.

        Raises:
            KeyError: The room has no such type.
        """
        index = self.schema.named(which) if isinstance(which, str) else self.schema.index(which)
        self._all()
        return self._entities[index]

    def _all(self) -> dict[int, Entity]:
        """Return all entities by id, made from the tables at the first call."""
        if self._by_id is None:
            by_id: dict[int, Entity] = {}
            self._entities = [
                [self._blank(entity_type.cls, entity_id, by_id) for entity_id in table.ids.tolist()]
                for entity_type, table in zip(self.schema.entities, self.tables, strict=True)
            ]
            for entity_type, table, made in zip(self.schema.entities, self.tables, self._entities, strict=True):
                entity_type.load(made, table.codes, by_id)
                for (name, field), column in zip(entity_type.objects.items(), table.objects, strict=True):
                    for entity, frozen in zip(made, column, strict=True):
                        setattr(entity, name, field.thaw(frozen))
            self._by_id = by_id
        return self._by_id

    @staticmethod
    def _blank(cls: type[Entity], entity_id: int, by_id: dict[int, Any]) -> Entity:
        """Return a new entity without field values, and add it to `by_id`."""
        entity = object.__new__(cls)
        entity.id = entity_id
        entity.alive = True
        by_id[entity_id] = entity
        return entity
