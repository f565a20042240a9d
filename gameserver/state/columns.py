"""A type's entities as numpy columns, for thousands of them: `class Boid(Entity, columns=True)`. Rules run
vectorised.

    boids = world.table(Boid)
    boids.spawn_many(1000, x=xs, y=ys)
    boids.x += boids.vx * dt

On the wire they look like any other entities. Columns are in order of id. A column's array is replaced when
entities come or go: take it from the table anew after that. Float and Angle columns are float64, Int int64, Flag
bool; a Choice column holds places in its list of names, a Ref column ids of entities kept as objects (0 for none),
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
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from gameserver.state.declare import AnyField
    from gameserver.state.entity import EntityType


def _dtype(field: AnyField) -> type[np.generic]:
    if isinstance(field, Float | Angle):
        return np.float64
    return np.bool_ if isinstance(field, Flag) else np.int64


class ColumnStore:
    """The columns of one type. A field's column is the attribute of its name; assigning to it copies the values in."""

    def __init__(self, entity_type: EntityType, new_ids: Callable[[int], range], living: dict[int, Any]) -> None:
        """`new_ids(n)` allocates ids in the room; `living` holds everything in it that is kept as objects, by id."""
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
        """The ids, ascending; do not write to it."""
        return self._ids

    def __getattr__(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] | None = self.__dict__.get("_columns", {}).get(name)
        if column is None:
            msg = f"{name!r} is neither a field of this type nor a method of its table"
            raise AttributeError(msg)
        return column

    def __setattr__(self, name: str, value: Any) -> None:
        columns = self.__dict__.get("_columns")
        if columns is None or name not in columns:
            object.__setattr__(self, name, value)
        elif columns[name] is not value:
            columns[name][:] = value

    def spawn_many(self, count: int, **values: ArrayLike) -> NDArray[np.int64]:
        """Add `count` entities with `values`, each an array of that length or one value for all; return their ids,
        ascending.

        Raises TypeError for an unknown name, ValueError for a length that does not fit; then nothing was added.
        """
        fields = self.entity_type.numeric
        if not values.keys() <= fields.keys():
            raise unknown_field(self.entity_type.cls, dict(values), fields)
        grown = {}
        for name, field in fields.items():
            column = self._columns[name]
            given = values.get(name, field.default if isinstance(field, Float | Angle) else field.encode(field.default))
            grown[name] = np.concatenate([column, np.broadcast_to(np.asarray(given, column.dtype), count)])
        ids = np.array(self._new_ids(count), np.int64)
        self._columns.update(grown)
        self._ids = np.concatenate([self._ids, ids])
        return ids

    def rows(self, ids: ArrayLike) -> NDArray[np.intp]:
        """Return where in the columns the entities `ids` are; those that do not live here are left out."""
        wanted = np.asarray(ids, np.int64)
        places = np.searchsorted(self._ids, wanted)
        here = places < len(self._ids)
        here[here] = self._ids[places[here]] == wanted[here]
        found: NDArray[np.intp] = places[here]
        return found

    def despawn(self, ids: ArrayLike) -> None:
        """Take the entities `ids` out; those that are gone already are no error."""
        stay = np.ones(len(self._ids), np.bool_)
        stay[self.rows(ids)] = False
        self._ids = self._ids[stay]
        self._columns.update({name: column[stay] for name, column in self._columns.items()})

    def capture(self) -> Table:
        """Quantise all columns, snap them, and return what was captured. Raises StateError; then nothing changed."""
        entity_type = self.entity_type
        values = np.empty((len(entity_type.numeric), len(self._ids)), np.float64)
        for row, column in zip(values, self._columns.values(), strict=True):
            row[:] = column
        codes = quantise(entity_type, values)
        if codes is None:
            raise self._culprit(values)
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

    def _culprit(self, values: NDArray[np.float64]) -> StateError:
        """Return the error for the first value that has no code."""
        entity_type = self.entity_type
        for (name, field), row in zip(entity_type.numeric.items(), values, strict=True):
            for entity_id, value in zip(self._ids.tolist(), row.tolist(), strict=True):
                if isinstance(field, Float | Angle) and (problem := _problem(field, value)):
                    return StateError(f"{entity_type.name}.{name} of entity {entity_id} {problem}")
        return StateError(f"{entity_type.name} cannot be captured")


def _problem(field: Float | Angle, value: float) -> str:
    """Return what is wrong with a value, empty for nothing."""
    try:
        field.encode(value)
    except ValueError as error:
        return str(error)
    return ""
