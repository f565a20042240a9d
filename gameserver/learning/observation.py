"""From what a client has received of its room to arrays of fixed sizes, one row per entity.

An observation has, for each entity type, an array of rows and a mask of the rows that are filled:

    observation["entities"]["Dot"]   float32, shape (rows, columns)
    observation["mask"]["Dot"]       int8, shape (rows,)

The columns are `@own`, which is 1 for the own avatar and the own entry in the roster, then the numeric fields in order
of their declaration, then the items of lists. Values are those that rules read: metres stay metres. A Flag is 0 or 1, a
Choice the index of its name, a Ref 0 for nobody, 1 for the own avatar and -1 for another entity. Texts and `Jumps` are
left out.

The own entity comes first, then the others, nearest to the own avatar first where both have `x` and `y`, and by id
where they do not. What is beyond the last row is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gameserver.state.entity import PLAYERS, ROOM
from gameserver.state.fields import Jumps, List, Ref

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.decode.view_state import ViewState

Observation: TypeAlias = dict[str, dict[str, Any]]
"""The arrays by type: `{"entities": {"Dot": …}, "mask": {"Dot": …}}`."""
MaxEntities: TypeAlias = int | Mapping[str, int]
"""How many rows the entity types have: one number for all, or by name of the type."""

DEFAULT_MAX_ENTITIES: Final = 16
OWN: Final = "@own"
"""The name of the first column. No field can have it."""
PLACE: Final = ("x", "y")
NOBODY: Final = 0
"""No entity has this id."""


@dataclass(frozen=True, slots=True)
class _ListColumns:
    """Where the items of a list are."""

    index: int
    """The field, by its index among the object fields."""
    first: int
    """The column of its length; those of its items follow."""
    step: float


class EntityRows:
    """The rows of one entity type.

    Args:
        entity_type: The type.
        count: How many rows there are.
    """

    def __init__(self, entity_type: EntityType, count: int) -> None:
        numeric = list(entity_type.numeric.values())
        taken = [index for index, field in enumerate(numeric) if not isinstance(field, Jumps)]
        names = list(entity_type.numeric)
        self.count = count
        self._taken = np.array(taken, np.intp)
        self._step = entity_type.step[taken]
        self._refs = [place for place, index in enumerate(taken) if isinstance(numeric[index], Ref)]
        self._place = [names.index(name) for name in PLACE if name in names]
        self._place_step = entity_type.step[self._place]
        self._own_by = names.index("avatar") if entity_type.use == PLAYERS else None
        columns = [(OWN, 0.0, 1.0)]
        columns += [(names[index], *_range(numeric[index])) for index in taken]
        self._lists: list[_ListColumns] = []
        for index, (name, field) in enumerate(entity_type.objects.items()):
            if isinstance(field, List):
                self._lists.append(_ListColumns(index, len(columns), field.of.step))
                columns.append((f"len({name})", 0.0, float(field.max_items)))
                columns += [(f"{name}[{item}]", *_range(field.of)) for item in range(field.max_items)]
        self.columns = tuple([name for name, _, _ in columns])
        """The names of the columns."""
        # A row that is not filled has zeros.
        self.low: NDArray[np.float32] = np.array([min(0.0, low) for _, low, _ in columns], np.float32)
        self.high: NDArray[np.float32] = np.array([max(0.0, high) for _, _, high in columns], np.float32)

    def place_of(self, table: Table, avatar_id: int) -> NDArray[np.float64] | None:
        """Return where the avatar is, shape (2, 1); None if it is not of this type, or has no place."""
        row = table.row(avatar_id) if self._has_place else None
        return None if row is None else table.codes[self._place, row : row + 1] * self._place_step

    @property
    def _has_place(self) -> bool:
        return len(self._place) == len(PLACE)

    def read(
        self, table: Table, avatar_id: int, viewpoint: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Return the rows, shape (count, columns), and which are filled, shape (count,)."""
        values = np.zeros((self.count, len(self.columns)), np.float32)
        mask = np.zeros(self.count, np.int8)
        if not len(table):
            return values, mask
        own = (table.ids if self._own_by is None else table.codes[self._own_by]) == avatar_id
        if avatar_id == NOBODY:
            own[:] = False
        chosen = self._order(table, own, viewpoint)
        filled = len(chosen)
        mask[:filled] = 1
        values[:filled, 0] = own[chosen]
        numeric = table.codes[np.ix_(self._taken, chosen)] * self._step
        for place in self._refs:
            numeric[place] = _relation(numeric[place], avatar_id)
        values[:filled, 1 : 1 + len(numeric)] = numeric.T
        self._read_lists(table, chosen, values)
        return values, mask

    def _order(self, table: Table, own: NDArray[np.bool_], viewpoint: NDArray[np.float64] | None) -> NDArray[np.intp]:
        """Return the rows of the table that are read, in order."""
        if viewpoint is None or not self._has_place:
            distances2 = np.zeros(len(table))
        else:
            distances2 = ((table.codes[self._place] * self._place_step - viewpoint) ** 2).sum(axis=0)
        return np.lexsort((table.ids, distances2, ~own))[: self.count]

    def _read_lists(self, table: Table, chosen: NDArray[np.intp], values: NDArray[np.float32]) -> None:
        for each in self._lists:
            column: Any = table.objects[each.index]
            for row, entity in enumerate(chosen.tolist()):
                codes = column[entity]
                values[row, each.first] = len(codes)
                values[row, each.first + 1 : each.first + 1 + len(codes)] = np.multiply(codes, each.step)


class Observer:
    """Makes the observations of one room's clients.

    Args:
        schema: The room's.
        max_entities: How many rows the types have: one number for all, or by name of the type, 16 for those that are
            not named; 0 leaves a type out. The room's own state has one row.

    Raises:
        ValueError: A number is below 0, or the room has no type of that name.
    """

    def __init__(self, schema: Schema, max_entities: MaxEntities = DEFAULT_MAX_ENTITIES) -> None:
        counts = _counts(schema, max_entities)
        rows = [EntityRows(entity_type, counts[entity_type.name]) for entity_type in schema.entities]
        self._places = tuple(rows)
        self.rows = {entity_type.name: each for entity_type, each in zip(schema.entities, rows, strict=True)}
        """By name of the type. Those without rows are in no observation."""

    def observe(self, view: ViewState, avatar_id: int | None) -> Observation:
        """Return what a client sees.

        Args:
            view: What it has received.
            avatar_id: The id of its avatar; None while it has none.

        Returns:
            New arrays.
        """
        avatar_id = NOBODY if avatar_id is None else avatar_id
        places = (each.place_of(table, avatar_id) for each, table in zip(self._places, view.tables, strict=True))
        viewpoint = next((place for place in places if place is not None), None)
        entities, masks = {}, {}
        for (name, each), table in zip(self.rows.items(), view.tables, strict=True):
            if each.count:
                entities[name], masks[name] = each.read(table, avatar_id, viewpoint)
        return {"entities": entities, "mask": masks}


def _counts(schema: Schema, max_entities: MaxEntities) -> dict[str, int]:
    """Return the number of rows of each type.

    Raises:
        ValueError: A number is below 0, or the room has no type of that name.
    """
    default = max_entities if isinstance(max_entities, int) else DEFAULT_MAX_ENTITIES
    given = {} if isinstance(max_entities, int) else dict(max_entities)
    types = {entity_type.name: entity_type for entity_type in schema.entities}
    for name, count in {"of each type": default, **given}.items():
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"max_entities {name} is {count!r}; write how many rows there are, 0 or more")
    for name in given:
        if name not in types:
            raise ValueError(f"max_entities has {name!r}; the room's types are {', '.join(types)}")
    return {name: given.get(name, 1 if each.use == ROOM else default) for name, each in types.items()}


def _range(field: Any) -> tuple[float, float]:
    """Return the lowest and highest value in the column of a field."""
    return (-1.0, 1.0) if isinstance(field, Ref) else (field.lo * field.step, field.hi * field.step)


def _relation(ids: NDArray[np.float64], avatar_id: int) -> NDArray[np.float64]:
    """Return what references lead to: 0 for nobody, 1 for the own avatar, -1 for another entity."""
    return np.where(ids == NOBODY, 0.0, np.where(ids == avatar_id, 1.0, -1.0))
