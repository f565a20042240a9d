"""`where`: which rooms a client wants, by what their listings say (protocol.md §3, JOIN).

A filter is checked against what the kind's listing declares before any room is looked at, so a field that does not
exist, or a value that no room can have, is refused and not answered with every room or with none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from gameserver.escaping import escape_controls
from gameserver.room.listing import Value, types_of
from gameserver.room.options import MAX_SAID_CHARS, reason_of

if TYPE_CHECKING:
    from gameserver.room.listing import Listing, Values

Test: TypeAlias = "Callable[[Any], bool]"

_NUMBERS: Final = (inspect.IntType, inspect.FloatType)
_FORMS: Final = "a value, an array of values, or a map with min and max, or exists"


class WhereInvalid(ValueError):
    """The filter does not fit the listing; the text names the field."""


class Where:
    """Conditions on a listing; all must hold."""

    __slots__ = ("_tests",)

    def __init__(self, raw: Mapping[str, object], declared: Listing) -> None:
        """Check a filter.

        Args:
            raw: The condition on each field, by the field's name: a value (equal), an array of values (one of them), a
                map with `min`, `max` or both (a number from … to …), or `{"exists": bool}` (whether it is not nil).
            declared: The listing of the room class.

        Raises:
            WhereInvalid: There is no such field, it cannot have such a value, or the condition says nothing.
        """
        self._tests = tuple((name, _test(name, wanted, declared)) for name, wanted in raw.items())

    def holds(self, values: Values) -> bool:
        """Return whether a room with these listed values is wanted."""
        return all(test(values.get(name)) for name, test in self._tests)


def likely_listing(raw: Mapping[str, Any], declared: Listing) -> Values:
    """Return what a room will probably list that is made for a filter, as long as it is not known."""
    values: Values = msgspec.to_builtins(declared)
    for name, wanted in raw.items():
        match wanted:
            case {"min": bound} | {"max": bound}:
                values[name] = bound
            case [first, *_]:
                values[name] = first
            case bool() | int() | float() | str():
                values[name] = wanted
    return values


def _test(name: str, wanted: object, declared: Listing) -> Test:
    fields = {field.name: field.type for field in msgspec.structs.fields(declared)}
    if name not in fields:
        said = escape_controls(name[:MAX_SAID_CHARS])
        raise WhereInvalid(f"where: no field {said!r}; there are: {', '.join(fields) or 'none'}")
    match wanted:
        case {"exists": bool(exists), **others} if not others:
            return lambda value: (value is not None) is exists
        case Mapping() if wanted and wanted.keys() <= {"min", "max"}:
            return _range(name, wanted, declared)
        case Sequence() if not isinstance(wanted, str | bytes):
            allowed = frozenset(_value(name, one, fields[name]) for one in wanted)
            if not allowed:
                raise WhereInvalid(f"where: '{name}': an empty array, which no room fits")
            return lambda value: value in allowed
        case Mapping():
            raise WhereInvalid(f"where: '{name}': expected {_FORMS}")
    equal = _value(name, wanted, fields[name])
    return lambda value: bool(value == equal)


def _value(name: str, value: object, field_type: Any) -> Value:
    """Return a value that a field may have, as it is listed."""
    if value is None:
        raise WhereInvalid(f"where: '{name}': nil; write a map with exists")
    try:
        found: Value = msgspec.to_builtins(msgspec.convert(value, field_type))
    except msgspec.ValidationError as error:
        raise WhereInvalid(reason_of(f"where: '{name}'", str(error))) from None
    return found


def _range(name: str, wanted: Mapping[str, object], declared: Listing) -> Test:
    if not any(isinstance(one, _NUMBERS) for one in types_of(declared)[name]):
        raise WhereInvalid(f"where: '{name}': it is no number, so it has no min and max")
    lo, hi = (_bound(name, wanted, end, default) for end, default in (("min", -math.inf), ("max", math.inf)))
    if lo > hi:
        raise WhereInvalid(f"where: '{name}': min is above max")
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and lo <= value <= hi


def _bound(name: str, wanted: Mapping[str, object], end: str, default: float) -> float:
    bound = wanted.get(end, default)
    if isinstance(bound, int | float) and not isinstance(bound, bool) and bound == bound:
        return bound
    raise WhereInvalid(f"where: '{name}': {end} must be a number")
