"""Reads a class body: finds the fields, checks their names and the fields that they refer to by `rate_of`."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final

from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Choice, Field, Flag, Float, Int, Jumps, List, Ref, Text
from gameserver.state.slips import FIELD_FOR, annotations_of, hint, refuse_bare_fields, slip_of

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_FIELDS: Final = 128  # of one class: each delta of its entities carries one width per field
MAX_RATE_RATIO: Final = 2**20  # of a rate's step to its target's: keeps what one tick adds exact in a double
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
RESERVED: Final = frozenset(
    {"id", "owner", "alive", "entity_type", "inputs_type", "type", "isNew", "constructor", "prototype"}
)
"""Attributes that every entity has already, in Python or in JavaScript."""

TABLE_NAMES: Final = frozenset({"capture", "despawn", "entity_type", "ids", "rows", "spawn_many"})
"""What the table of a type kept in columns (`state/columns.py`) has besides its fields."""

_TAKEN: Final = "__gameserver_fields__"
"""The class attribute under which `take_fields` keeps the fields that it took out of the class."""

_FIELD_TYPES: Final = tuple(cls.__name__ for cls in (Angle, Choice, Flag, Float, Int, Jumps, List, Ref, Text))

_PLAIN_TYPES: Final = (float, int, bool, str)

AnyField = Field[Any]


def is_field_name(name: str) -> bool:
    """Return True if a field can have this name: it becomes an attribute in generated code, here and in browsers."""
    return bool(NAME.fullmatch(name)) and name not in RESERVED and not iskeyword(name)


def take_fields(cls: type, *, fields_only: bool = False) -> dict[str, AnyField]:
    """Bind the fields of a class, and replace each on the class by the value that a new instance begins with.

    The fields do not stay on the class because up to Python 3.12 the interpreter reads an instance's attribute slowly
    when the class has an object of a Python class under the same name.

    Args:
        cls: The class.
        fields_only: Whether it has no attributes that are not fields, so that a plain annotation was meant as one.

    Returns:
        The bound fields of `cls` and its bases by name, those of bases first.

    Raises:
        DeclarationError: A field is declared wrongly, has an invalid name, or is hidden by another attribute.
    """
    fields = _collect_fields(cls)
    refuse_bare_fields(cls, _FIELD_TYPES, fields, fields_only=fields_only)
    _bind(cls.__name__, fields)
    for name, field in fields.items():
        setattr(cls, name, field.initial())
    setattr(cls, _TAKEN, fields)
    return fields


def _collect_fields(cls: type) -> dict[str, AnyField]:
    found: dict[str, AnyField] = {}
    for base in reversed(cls.__mro__):
        for name, value in {**vars(base), **vars(base).get(_TAKEN, {})}.items():
            if isinstance(value, Field):
                found[name] = value
            elif isinstance(value, type) and issubclass(value, Field):
                msg = f"{cls.__name__}.{name}: write {name} = {value.__name__}(…), with parentheses"
                raise DeclarationError(msg)
            elif isinstance(value, type) and value in _PLAIN_TYPES:
                meant = FIELD_FOR[value.__name__]
                raise DeclarationError(
                    f"{cls.__name__}.{name}: {value.__name__} is no field; write {name} = {meant}(…)"
                )
            elif name in found:
                msg = f"{cls.__name__}.{name}: hides the field {name}; take another name, or declare a field here too"
                raise DeclarationError(msg)
    return found


def _bind(owner: str, fields: dict[str, AnyField]) -> None:
    if len(fields) > MAX_FIELDS:
        msg = f"{owner}: has {len(fields)} fields; at most {MAX_FIELDS} fit"
        raise DeclarationError(msg)
    for name, field in fields.items():
        if not is_field_name(name):
            msg = f"{owner}.{name}: a field cannot have this name; take another, of letters, digits and _"
            raise DeclarationError(msg)
        field.bind(f"{owner}.{name}")
    counters = [name for name, field in fields.items() if isinstance(field, Jumps)]
    if len(counters) > 1:
        msg = f"{owner}.{counters[1]}: {owner} counts its jumps in {counters[0]} already; remove one of the two"
        raise DeclarationError(msg)
    for name, field in fields.items():
        if field.rate_of is not None:
            _check_rate(owner, name, field, fields)


def _check_rate(owner: str, name: str, rate: AnyField, fields: dict[str, AnyField]) -> None:
    where = f"{owner}.{name}: rate_of is {rate.rate_of!r}"
    target = fields.get(rate.rate_of or "")
    if not isinstance(target, Float | Angle) or target is rate:
        can = [other for other, field in fields.items() if isinstance(field, Float | Angle) and field is not rate]
        msg = f"{where}; name a Float or Angle of {owner}: {', '.join(can) or 'there is none'}"
    elif target.rate_of is not None:
        msg = f"{where}, which is a rate itself; remove one of the two"
    elif any(field.rate_of == rate.rate_of for other, field in fields.items() if other != name):
        msg = f"{where}, which has another rate already; remove one of the two"
    elif rate.step / target.step > MAX_RATE_RATIO:
        msg = f"{where}; its step is more than {MAX_RATE_RATIO} times that of {rate.rate_of}: take a finer one"
    else:
        return
    raise DeclarationError(msg)


def check_class_arguments(cls: type, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse arguments of a `class` statement that are nearly one of ours, as `class Boid(Entity, colums=True)`.

    Raises:
        DeclarationError: Names the class and the argument, and says what to write.
    """
    for name in given:
        meant = slip_of(name, known)
        if meant is not None:
            raise DeclarationError(f"{cls.__name__}: {name} means nothing to an entity; write {meant}=True")


def unknown_field(cls: type, given: dict[str, object], fields: dict[str, AnyField]) -> TypeError:
    """Return the error for a call that names a field that does not exist.

    Args:
        cls: The class that was called.
        given: The call's keyword arguments, by name.
        fields: The fields of the class, by name.
    """
    name = next(name for name in given if name not in fields)
    for base in cls.__mro__:
        if name in (annotated := annotations_of(base)):
            meant = FIELD_FOR.get(annotated[name])
            instead = f"{name} = {meant}(…)" if meant else f"{name} = Float(…), or another field"
            return TypeError(f"{cls.__name__}.{name} is an annotation, no field; write {instead}")
    return TypeError(f"{cls.__name__} has no field {name!r}; it has {', '.join(fields) or 'none'}{hint(name, fields)}")
