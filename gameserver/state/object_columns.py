"""Captures the object fields of one type's entities: only the values that changed since the last capture are frozen.

Rules change a list in place, so nothing says that it changed. Each value is compared with a copy of it that the last
capture kept. A list at rest has the very items of its copy, which makes comparing them much cheaper than freezing it.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, cast

from gameserver.state.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.state.entity import Entity
    from gameserver.state.objects import List, Text

    Changes = list[dict[int, object]]
    Known = dict[int, tuple[Sequence[object], Sequence[object]]]

NEW: Final = object()
"""Stands for what was kept of an entity that the last capture did not have; equal to no value."""


class ObjectColumns:
    """The object fields of one type's entities, as the last capture left them.

    Args:
        type_name: The entity type, for errors.
        fields: The object fields, by name.
    """

    def __init__(self, type_name: str, fields: dict[str, Text | List[Any]]) -> None:
        self._type_name = type_name
        self._fields = list(fields.items())
        self._getters = [attrgetter(name) for name in fields]
        self._ids: list[int] = []
        self._kept: list[tuple[object, ...]] = [()] * len(self._fields)
        """For each field, a copy of each entity's value."""
        self._frozen: list[tuple[object, ...]] = [()] * len(self._fields)
        """For each field, each entity's frozen value."""
        self._columns: tuple[tuple[object, ...], ...] = tuple(self._frozen)
        """The same, as the last capture returned it."""

    def align(self, ids: list[int], known: Known | None = None) -> None:
        """Take over other entities; what is known of those that stay is kept.

        Args:
            ids: The ids, ascending.
            known: By id, what else is known of some: for each field a copy of its value, and the frozen value.
        """
        rows = {entity_id: row for row, entity_id in enumerate(self._ids)}
        places = [rows.get(entity_id) for entity_id in ids]
        for kept in (self._kept, self._frozen):
            kept[:] = [tuple([NEW if row is None else column[row] for row in places]) for column in kept]
        self._ids = ids
        if known:
            self._take_over([(row, *known[entity_id]) for row, entity_id in enumerate(ids) if entity_id in known])
        self._columns = tuple(self._frozen)

    def _take_over(self, rows: list[tuple[int, Sequence[object], Sequence[object]]]) -> None:
        """Set what is known of some rows."""
        for index in range(len(self._fields)):
            kept, frozen = list(self._kept[index]), list(self._frozen[index])
            for row, copies, values in rows:
                kept[row], frozen[row] = copies[index], values[index]
            self._kept[index], self._frozen[index] = tuple(kept), tuple(frozen)

    def differing(self, changes: Changes) -> Changes:
        """Return those of the changes whose frozen value is another than before."""
        return [
            {row: value for row, value in changed.items() if value != frozen[row]}
            for changed, frozen in zip(changes, self._frozen, strict=True)
        ]

    def freeze(self, entities: Sequence[Entity]) -> Changes:
        """Freeze the values that changed.

        Args:
            entities: The entities of `align`, in that order.

        Returns:
            For each field, the new frozen values by row.

        Raises:
            StateError: A value cannot be frozen. Nothing is changed.
        """
        return [self._freeze_field(index, entities) for index in range(len(self._fields))]

    def commit(self, entities: Sequence[Entity], changes: Changes) -> tuple[tuple[object, ...], ...]:
        """Set the attributes that changed to the values that are replicated.

        Args:
            entities: The entities of `freeze`.
            changes: What `freeze` returned.

        Returns:
            For each field, the frozen values of all entities. It is the tuple of the last capture if all are the same,
            and so is each field's.
        """
        if any(changes):
            for index, changed in enumerate(changes):
                if changed:
                    self._commit_field(index, entities, changed)
            self._columns = tuple(self._frozen)
        return self._columns

    def _freeze_field(self, index: int, entities: Sequence[Entity]) -> dict[int, object]:
        values = tuple(map(self._getters[index], entities))
        kept = self._kept[index]
        if _equal(values, kept):
            return {}
        name, field = self._fields[index]
        changed: dict[int, object] = {}
        for row, (value, before) in enumerate(zip(values, kept, strict=True)):
            if not _equal(value, before):
                try:
                    changed[row] = _freeze(field, value, before, self._frozen[index][row])
                except ValueError as error:
                    msg = f"{self._type_name}.{name} of entity {self._ids[row]} {error}"
                    raise StateError(msg) from None
        return changed

    def _commit_field(self, index: int, entities: Sequence[Entity], changed: dict[int, object]) -> None:
        name, field = self._fields[index]
        kept, frozen = list(self._kept[index]), list(self._frozen[index])
        for row, value in changed.items():
            entity = entities[row]
            _thaw(field, entity, name, value, kept[row])
            kept[row] = field.copy(getattr(entity, name))
            frozen[row] = value
        self._kept[index] = tuple(kept)
        now = tuple(frozen)
        if now != self._frozen[index]:
            self._frozen[index] = now


def _freeze(field: Text | List[Any], value: Any, kept: object, frozen: Any) -> object:
    """Return the frozen value; of a list that only grew at its end the new items alone are frozen.

    Args:
        field: The field.
        value: The attribute.
        kept: A copy of what it was at the last capture.
        frozen: The frozen value of then.

    Raises:
        ValueError: The value cannot be frozen.
    """
    try:
        known = field.known_items(value, kept)
    except Exception:  # as in `_equal`
        known = 0
    return (*frozen, *cast("tuple[int, ...]", field.freeze(value[known:]))) if known else field.freeze(value)


def _thaw(field: Text | List[Any], entity: Entity, name: str, value: Any, kept: object) -> None:
    """Set an attribute to what its frozen value stands for, if it is not that already."""
    current: Any = getattr(entity, name)
    known = field.known_items(current, kept)
    thawed = field.thaw(value[known:])
    if not known and current != thawed:
        setattr(entity, name, thawed)
    elif known and current[known:] != thawed:
        setattr(entity, name, [*current[:known], *thawed])


def _equal(value: object, kept: object) -> bool:
    """Return whether two values are of one type and equal; False for values that cannot be compared, such as arrays."""
    if type(value) is not type(kept):
        return False
    try:
        return bool(value == kept)
    except Exception:  # an item's own comparison may raise anything; freezing then says what is wrong with it
        return False
