"""Checks what rules assign to entities at the line that assigns it, for development and tests.

In a game that is served, attributes are plain and a wrong value is found at the end of its tick: a check at each
assignment would make rules several times as slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.state.errors import StateError
from gameserver.state.fields import List, Ref, Text
from gameserver.state.slips import slip_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.state.declare import AnyField
    from gameserver.state.entity import Entity, EntityType


def check_assignments(entity_types: Iterable[EntityType]) -> None:
    """Have assignments to entities of these types checked from now on, in the whole process. Idempotent.

    A value that its field cannot hold is a StateError where it is assigned, and so is a new attribute whose name is
    nearly that of a field. A class with a `__setattr__` of its own is left alone.

    Args:
        entity_types: The types; those that are kept in columns have no attributes to check.
    """
    for entity_type in entity_types:
        cls: Any = entity_type.cls
        if not entity_type.columns and cls.__setattr__ is object.__setattr__:
            cls.__setattr__ = _checked_setattr


def _checked_setattr(entity: Entity, name: str, value: object) -> None:
    cls = type(entity)
    field = cls.entity_type.fields.get(name)
    if field is not None:
        _check_value(f"{cls.__name__}.{name}", field, value)
    elif not name.startswith("_") and not hasattr(entity, name):
        meant = slip_of(name, cls.entity_type.fields)
        if meant is not None:
            raise StateError(f"{cls.__name__}.{name} is no field of this type; write {meant}, or another name")
    object.__setattr__(entity, name, value)


def _check_value(where: str, field: AnyField, value: Any) -> None:
    """Refuse a value that has no code.

    Raises:
        StateError: Names class, field and value.
    """
    try:
        if isinstance(field, Text | List):
            field.freeze(value)
        elif isinstance(field, Ref):
            if value is not None and not (hasattr(value, "alive") and field.accepts(value)):
                raise ValueError(f"is {value!r}, which is no {field.target}")
        else:
            field.encode(value)
    except (TypeError, ValueError) as error:
        raise StateError(f"{where} {error}") from None
