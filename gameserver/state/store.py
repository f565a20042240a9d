"""Keeps the entities of one type in a room as objects, and captures them: from attributes to codes and back."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.compiled import COMPILED
from gameserver.state import plain_loops
from gameserver.state.errors import StateError
from gameserver.state.fields import Ref
from gameserver.state.object_columns import ObjectColumns
from gameserver.state.table import FEW_ROWS, Table

if COMPILED:
    from gameserver.state import attribute_loops, loops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.state.entity import Entity, EntityType


def quantise(entity_type: EntityType, values: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Return the codes nearest to values.

    Args:
        entity_type: The type whose numeric fields the values are of.
        values: Shape (numeric fields, n).

    Returns:
        Codes of the same shape; None if a value is infinite, NaN, or an angle too large to wrap.
    """
    if not np.isfinite(values).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # an infinite quotient is clamped; that of an angle becomes NaN
        codes = np.divide(values, entity_type.step, order="C")
        codes += 0.5
        np.floor(codes, out=codes)
        for angle in entity_type.angles.tolist():
            codes[angle] %= entity_type.steps[angle]
            if np.isnan(codes[angle]).any():
                return None
    np.maximum(codes, entity_type.lo, out=codes)
    np.minimum(codes, entity_type.hi, out=codes)
    return codes.astype(np.int64)


def quantise_rows(entity_type: EntityType, rows: bytes, count: int) -> NDArray[np.int64] | None:
    """Return the codes nearest to values, as `quantise` does.

    Args:
        entity_type: The type whose numeric fields the values are of.
        rows: What `EntityType.gather` returns: one row of doubles per entity.
        count: The number of rows.
    """
    fields = len(entity_type.numeric)
    if not COMPILED:
        return quantise(entity_type, np.frombuffer(rows, "<f8").reshape(count, fields).T)
    codes = loops.quantise(rows, count, entity_type.grids)
    return None if codes is None else np.frombuffer(codes, np.int64).reshape(fields, count)


def codes_of(entity_type: EntityType, entities: Sequence[Entity], living: dict[int, Any]) -> NDArray[np.int64]:
    """Return the codes of entities' numeric fields, shape (numeric fields, entities).

    Args:
        entity_type: Their type.
        entities: The entities.
        living: Every entity of the room that is kept as an object, by id; references are looked up there.

    Raises:
        StateError: A value has no code.
    """
    try:
        rows = entity_type.gather(entities, living)
    except Exception:  # an attribute of a wrong type can raise anything: find which one it is
        return _codes_one_by_one(entity_type, entities, living)
    codes = quantise_rows(entity_type, rows, len(entities))
    return _codes_one_by_one(entity_type, entities, living) if codes is None else codes


def few_codes_of(entity_type: EntityType, entities: Sequence[Entity], living: dict[int, Any]) -> bytes:
    """Return what `codes_of` does as packed codes, see `Table.packed_codes`; faster for few entities.

    Args:
        entity_type: Their type.
        entities: The entities, at least one.
        living: Every entity of the room that is kept as an object, by id; references are looked up there.

    Raises:
        StateError: A value has no code.
    """
    codes: bytes | None = None
    with suppress(Exception):  # as in `codes_of`
        rows = entity_type.gather(entities, living)
        count, grids = len(entities), entity_type.grids
        codes = loops.quantise(rows, count, grids) if COMPILED else plain_loops.quantise(rows, count, grids)
    if codes is None:
        codes = _codes_one_by_one(entity_type, entities, living).astype("<i8", copy=False).tobytes()
    return codes


def _codes_one_by_one(entity_type: EntityType, entities: Sequence[Entity], living: dict[int, Any]) -> NDArray[np.int64]:
    """Return the codes slowly: raises an error that names the value, and clamps ints that no double holds."""
    codes = [[_code(entity_type, entity, name, living) for entity in entities] for name in entity_type.numeric]
    return np.array(codes, np.int64).reshape(len(entity_type.numeric), len(entities))


def _code(entity_type: EntityType, entity: Entity, name: str, living: dict[int, Any]) -> int:
    field = entity_type.numeric[name]
    try:
        value = getattr(entity, name)
        return field.code_in(value, living) if isinstance(field, Ref) else field.encode(value)
    except ValueError as error:
        msg = f"{entity_type.name}.{name} of entity {entity.id} {error}"
    raise StateError(msg) from None


class ObjectStore:
    """The entities of one type as Python objects, ascending by id.

    Args:
        entity_type: The type.
        living: Every entity of the room that is kept as an object, by id; references are looked up there.
    """

    def __init__(self, entity_type: EntityType, living: dict[int, Any]) -> None:
        self.entity_type = entity_type
        self._living = living
        self._entities: dict[int, Entity] = {}
        self._list: tuple[Entity, ...] | None = ()
        self._same_ids = True  # no entity was added or removed since the last capture
        self._objects = ObjectColumns(entity_type.name, entity_type.objects)
        self._none = entity_type.empty_table()
        self._captured = self._none

    def __len__(self) -> int:
        return len(self._entities)

    def add(self, entity: Entity) -> None:
        """Add an entity whose id is above all others."""
        self._entities[entity.id] = entity
        self._list = None
        self._same_ids = False

    def remove(self, entity: Entity) -> None:
        """Remove an entity of this store."""
        del self._entities[entity.id]
        self._list = None
        self._same_ids = False

    def entities(self) -> tuple[Entity, ...]:
        """Return all entities, ascending by id; the tuple does not change while rules spawn and despawn."""
        if self._list is None:
            self._list = tuple(self._entities.values())
        return self._list

    def capture(self) -> Table:
        """Encode every entity, and set its attributes to the values that are replicated.

        Raises:
            StateError: A value has no code. Nothing is changed.
        """
        entities = self.entities()
        if not entities:
            self._captured = self._none
            return self._none
        ids = self._ids(entities)
        codes, inexact = self._codes(entities)
        if not self._same_ids:
            self._objects.align(list(self._entities))
        changes = self._objects.freeze(entities)
        if inexact is None:
            self.entity_type.load(entities, codes, self._living)
        else:
            attribute_loops.write_back(entities, codes, inexact, self.entity_type.grids, self._living)
        self._captured = Table(ids, codes, self._objects.commit(entities, changes))
        self._same_ids = True
        return self._captured

    def _codes(self, entities: tuple[Entity, ...]) -> tuple[Any, bytes | None]:
        """Return the codes of the numeric fields, as a table takes them, and in the compiled build which attributes are
        not the very values of those."""
        entity_type, living = self.entity_type, self._living
        if COMPILED:
            try:
                read = attribute_loops.read(entities, entity_type.grids, living)
            except Exception:  # as in `codes_of`
                read = None
            if read is not None:
                return read
        encode = few_codes_of if len(entities) <= FEW_ROWS else codes_of
        return encode(entity_type, entities, living), None

    def _ids(self, entities: tuple[Entity, ...]) -> NDArray[np.int64]:
        """Return the ids: the array of the last capture if they are the same, which makes comparing the two free."""
        before = self._captured.ids
        if self._same_ids:
            return before
        ids = np.fromiter(self._entities, np.int64, len(entities))
        return before if np.array_equal(ids, before) else ids
