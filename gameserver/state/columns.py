"""Keeps a type's entities in numpy columns, for thousands of them: `class Boid(Entity, columns=True)`. Rules are
vectorised.

    boids = world.table(Boid)
    boids.spawn_many(1000, x=xs, y=ys)
    boids.x += boids.vx * dt

On the wire they are like any other entities. Columns are in order of id. Spawning and despawning replace a column's
array: read it from the table again after that. Float and Angle columns are float64, Int columns int64, Flag columns
bool. A Choice column holds indexes in its list of names, a Ref column ids of entities kept as objects (0 for none),
both int64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.state.declare import unknown_field
from gameserver.state.errors import StateError
from gameserver.state.fields import Angle, Flag, Float, Ref
from gameserver.state.store import quantise
from gameserver.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from gameserver.state.declare import AnyField
    from gameserver.state.entity import EntityType


def _dtype(field: AnyField) -> type[np.generic]:
    if isinstance(field, Float | Angle):
        return np.float64
    return np.bool_ if isinstance(field, Flag) else np.int64


class ColumnStore:
    """The columns of one type. Each field's column is an attribute of its name; assigning to that copies values in.

    Args:
        entity_type: The type, declared with `columns=True`.
        new_ids: Allocates a number of ids in the room.
        living: Every entity of the room that is kept as an object, by id; references are looked up there.
    """

    def __init__(self, entity_type: EntityType, new_ids: Callable[[int], range], living: dict[int, Any]) -> None:
        self.entity_type = entity_type
        self._new_ids = new_ids
        self._living = living
        self._captured = entity_type.empty_table()
        self._ids: NDArray[np.int64] = self._captured.ids
        self._columns: dict[str, NDArray[Any]] = {
            name: np.empty(0, _dtype(field)) for name, field in entity_type.numeric.items()
        }

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The ids, ascending, shape (n,). Do not write to it."""
        return self._ids

    def __getattr__(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] | None = self.__dict__.get("_columns", {}).get(name)
        if column is None:
            msg = f"{name!r} is neither a field of this type nor a method of its table"
            raise AttributeError(msg)
        return column

    def __setattr__(self, name: str, value: Any) -> None:
        columns = self.__dict__.get("_columns")
        if columns is None or name.startswith("_"):
            object.__setattr__(self, name, value)
        elif name not in columns:
            msg = f"{self.entity_type.name} has no field {name!r}; it has {', '.join(columns) or 'none'}"
            raise AttributeError(msg)
        elif columns[name] is not value:
            columns[name][:] = self._fitting(name, value, len(self._ids))

    def spawn_many(self, count: int, /, **values: ArrayLike) -> NDArray[np.int64]:
        """Add entities.

        Args:
            count: How many.
            values: First values of fields, by name: an array of shape (count,), or one value for all. Fields that are
                not named begin with their default.

        Returns:
            The ids of the new entities, ascending, shape (count,).

        Raises:
            TypeError: One of the names is not a field. Nothing is added.
            ValueError: An array has another length, or what is no number. Nothing is added.
        """
        fields = self.entity_type.numeric
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
            msg = f"count is {count!r}; write how many {self.entity_type.name} to add, a whole number from 0 up"
            raise ValueError(msg)
        if not values.keys() <= fields.keys():
            raise unknown_field(self.entity_type.cls, dict(values), fields)
        grown = {}
        for name, field in fields.items():
            column = self._columns[name]
            given = values.get(name, field.default if isinstance(field, Float | Angle) else field.encode(field.default))
            grown[name] = np.concatenate([column, np.broadcast_to(self._fitting(name, given, count), count)])
        ids = np.array(self._new_ids(count), np.int64)
        self._columns.update(grown)
        self._ids = np.concatenate([self._ids, ids])
        return ids

    def _fitting(self, name: str, values: Any, count: int) -> NDArray[Any]:
        """Return values for a column of `count` entities: an array of that length, or with one value.

        Raises:
            ValueError: They are not numbers, or have another shape.
        """
        try:
            array = np.asarray(values, self._columns[name].dtype)
        except (TypeError, ValueError):
            msg = f"{self.entity_type.name}.{name}: {values!r:.60} is no array of numbers"
            raise ValueError(msg) from None
        if array.shape not in ((), (1,), (count,)):
            msg = f"{self.entity_type.name}.{name}: values of shape {array.shape} for {count} entities"
            raise ValueError(msg)
        return array

    def rows(self, ids: ArrayLike) -> NDArray[np.intp]:
        """Return where in the columns entities are.

        Args:
            ids: The ids to look for; ids that are not in the table are skipped.

        Returns:
            Indexes into the columns, in the order of `ids`.
        """
        wanted = np.asarray(ids, np.int64)
        places = np.searchsorted(self._ids, wanted)
        here = places < len(self._ids)
        here[here] = self._ids[places[here]] == wanted[here]
        found: NDArray[np.intp] = places[here]
        return found

    def despawn(self, ids: ArrayLike) -> None:
        """Remove entities.

        Args:
            ids: Their ids; ids that are not in the table are skipped.
        """
        stay = np.ones(len(self._ids), np.bool_)
        stay[self.rows(ids)] = False
        self._ids = self._ids[stay]
        self._columns.update({name: column[stay] for name, column in self._columns.items()})

    def capture(self) -> Table:
        """Encode all columns, and set them to the values that are replicated.

        Returns:
            The captured table.

        Raises:
            StateError: A value has no code. Nothing is changed.
        """
        entity_type = self.entity_type
        values = np.empty((len(entity_type.numeric), len(self._ids)), np.float64)
        for row, column in zip(values, self._columns.values(), strict=True):
            row[:] = column
        codes = quantise(entity_type, values)
        if codes is None:
            raise self._error_of(values)
        self._drop_dead_references(codes)
        decoded = codes * entity_type.step
        for row, exact, column in zip(decoded, codes, self._columns.values(), strict=True):
            column[:] = row if column.dtype == np.float64 else exact
        ids = self._captured.ids
        self._captured = Table(ids if np.array_equal(ids, self._ids) else self._ids, codes, ())
        return self._captured

    def _drop_dead_references(self, codes: NDArray[np.int64]) -> None:
        for row, field in zip(codes, self.entity_type.numeric.values(), strict=True):
            if isinstance(field, Ref) and row.any():
                living = self._living
                row[:] = [code if code in living else 0 for code in row.tolist()]

    def _error_of(self, values: NDArray[np.float64]) -> StateError:
        """Return the error that names the first value without a code."""
        entity_type = self.entity_type
        for (name, field), row in zip(entity_type.numeric.items(), values, strict=True):
            for entity_id, value in zip(self._ids.tolist(), row.tolist(), strict=True):
                if isinstance(field, Float | Angle) and (problem := _problem(field, value)):
                    return StateError(f"{entity_type.name}.{name} of entity {entity_id} {problem}")
        return StateError(f"{entity_type.name} cannot be captured")


def restore_columns(store: ColumnStore, ids: NDArray[np.int64], columns: Mapping[str, NDArray[Any]]) -> None:
    """Have a table go on with the columns of a checkpoint, instead of those that it has.

    Args:
        store: The table.
        ids: The ids, ascending.
        columns: By name, each of the length of `ids`.

    Raises:
        KeyError: A column is missing.
    """
    store._ids = ids
    store._columns = {name: columns[name].astype(column.dtype) for name, column in store._columns.items()}


def _problem(field: Float | Angle, value: float) -> str:
    """Return what is wrong with a value, an empty text for nothing."""
    try:
        field.encode(value)
    except ValueError as error:
        return str(error)
    return ""
