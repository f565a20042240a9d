"""What a class body declares: finding the fields, checking their names and how they refer to each other."""

from __future__ import annotations

import re
from typing import Any, Final

from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Field, Float

MAX_FIELDS: Final = 128  # of one class: a row's widths are sent in every message that changes it
MAX_RATE_RATIO: Final = 2**20  # of a rate's step to its target's: k × v stays exact in a double whatever the span
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
RESERVED: Final = frozenset(
    {"id", "owner", "alive", "type", "isNew", "constructor", "prototype", "entity_type", "inputs_type"}
)
"""Names that an entity has anyway, in Python or in JavaScript."""

AnyField = Field[Any]


def collect_fields(cls: type) -> dict[str, AnyField]:
    """Return the fields of `cls` and its bases by name, those of bases first, each bound. Raises DeclarationError."""
    found: dict[str, AnyField] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Field):
                found[name] = value
            elif isinstance(value, type) and issubclass(value, Field):
                msg = f"{cls.__name__}.{name}: write {name} = {value.__name__}(…), with parentheses"
                raise DeclarationError(msg)
            elif name in found:
                msg = (
                    f"{cls.__name__}.{name}: hides the field of that name; give it another name, or a field of its own"
                )
                raise DeclarationError(msg)
    bind_fields(cls.__name__, found)
    return found


def bind_fields(owner: str, fields: dict[str, AnyField]) -> None:
    """Check the names and parameters of all fields, and their rates. Raises DeclarationError."""
    if len(fields) > MAX_FIELDS:
        msg = f"{owner}: has {len(fields)} fields; at most {MAX_FIELDS} fit"
        raise DeclarationError(msg)
    for name, field in fields.items():
        if name in RESERVED or not NAME.fullmatch(name):
            msg = f"{owner}.{name}: a field cannot have this name; take another one, of letters, digits and _"
            raise DeclarationError(msg)
        field.bind(f"{owner}.{name}")
    for name, field in fields.items():
        if field.rate_of is not None:
            _check_rate(owner, name, field, fields)


def _check_rate(owner: str, name: str, rate: AnyField, fields: dict[str, AnyField]) -> None:
    target = fields.get(rate.rate_of or "")
    where = f"{owner}.{name}"
    if not isinstance(target, Float | Angle):
        known = ", ".join(n for n, f in fields.items() if isinstance(f, Float | Angle) and n != name) or "none"
        msg = f"{where}: rate_of is {rate.rate_of!r}; name a Float or Angle of {owner}: {known}"
        raise DeclarationError(msg)
    if target.rate_of is not None or target is rate:
        msg = f"{where}: rate_of names {rate.rate_of!r}, which is a rate itself; only one of the two can be told by the other"
        raise DeclarationError(msg)
    if any(f.rate_of == rate.rate_of for n, f in fields.items() if n != name):
        msg = f"{where}: {rate.rate_of!r} has another rate already"
        raise DeclarationError(msg)
    if any(f.rate_of == name for f in fields.values()):
        msg = f"{where}: has a rate itself, so it cannot be one"
        raise DeclarationError(msg)
    if rate.step / target.step > MAX_RATE_RATIO:
        msg = f"{where}: its step is more than {MAX_RATE_RATIO} times that of {rate.rate_of!r}; take a finer one"
        raise DeclarationError(msg)


def unknown_field(cls: type, given: dict[str, object], fields: dict[str, AnyField]) -> TypeError:
    """Return the error for a call that names a field which does not exist."""
    name = next(name for name in given if name not in fields)
    return TypeError(f"{cls.__name__} has no field {name!r}; it has {', '.join(fields) or 'none'}")
