"""Reads fields from a schema on the wire (protocol.md §4).

The input may be anything: what is no field raises `ProtocolError` and nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from gameserver.protocol.constants import MAX_CODE, CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.state.declare import MAX_FIELDS, is_field_name
from gameserver.state.fields import MAX_CHOICES, Angle, Choice, Flag, Float, Int, Jumps, List, Ref, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.declare import AnyField

    Spec = dict[str, object]


def refuse(where: str, what: str) -> ProtocolError:
    """Return the error for an invalid part of a schema; `where` names the part."""
    return ProtocolError(CloseCode.INVALID_FIELD, f"{where}: {what}")


def read_map(raw: object, where: str) -> Spec:
    """Return `raw` if it is a map with str keys.

    Raises:
        ProtocolError: It is not.
    """
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise refuse(where, "not a map")
    return raw


def read_array(raw: object, where: str, limit: int) -> list[object]:
    """Return `raw` if it is an array of at most `limit` items.

    Raises:
        ProtocolError: It is not.
    """
    if not isinstance(raw, list | tuple) or len(raw) > limit:
        raise refuse(where, f"not an array of at most {limit}")
    return list(raw)


def _int(spec: Spec, key: str, where: str, lo: int = -MAX_CODE, hi: int = MAX_CODE) -> int:
    value = spec.get(key)
    if type(value) is not int or not lo <= value <= hi:
        raise refuse(where, f"{key} is not a whole number from {lo} to {hi}")
    return value


def _float(spec: Spec, where: str) -> Float:
    step = spec.get("step")
    if isinstance(step, bool) or not isinstance(step, int | float) or not math.isfinite(step):
        raise refuse(where, "step is not a number")
    return _WireFloat(float(step), _int(spec, "lo", where), _int(spec, "hi", where))


class _WireFloat(Float):
    """A Float whose range is given in codes, as the wire has it."""

    bounded = True

    def __init__(self, step: float, lo: int, hi: int) -> None:
        super().__init__(step)
        self._codes = lo, hi

    def _range(self, where: str) -> tuple[int, int]:
        return self._codes


def _whole(spec: Spec, where: str) -> Int:
    if "jump" not in spec:
        return Int(_int(spec, "lo", where), _int(spec, "hi", where))
    made = Jumps()
    if spec["jump"] is not True or (spec.get("lo"), spec.get("hi")) != (made.lo, made.hi):
        raise refuse(where, f"a counter of jumps has jump true, lo {made.lo} and hi {made.hi}")
    return made


def _choice(spec: Spec, where: str) -> Choice[str]:
    names = read_array(spec.get("names"), where, MAX_CHOICES)
    if not all(isinstance(name, str) for name in names):
        raise refuse(where, "names are not all str")
    return Choice(*[str(name) for name in names])


def _list(spec: Spec, where: str) -> List[Any]:
    return List(read_field(spec.get("of"), f"{where}.of"), _int(spec, "max_items", where))


READERS: Final[dict[str, Callable[[Spec, str], AnyField]]] = {
    "float": _float,
    "angle": lambda spec, where: Angle(_int(spec, "steps", where)),
    "int": _whole,
    "flag": lambda _spec, _where: Flag(),
    "choice": _choice,
    "ref": lambda _spec, _where: Ref(),
    "text": lambda spec, where: Text(_int(spec, "max_bytes", where)),
    "list": _list,
}


def read_field(raw: object, where: str) -> AnyField:
    """Return the field that a map describes, not bound yet.

    Raises:
        ProtocolError: The map describes no field.
    """
    spec = read_map(raw, where)
    type_name = spec.get("kind")
    reader = READERS.get(type_name) if isinstance(type_name, str) else None
    if reader is None:
        raise refuse(where, "unknown type of field")
    return reader(spec, where)


def read_fields(raw: object, where: str) -> dict[str, AnyField]:
    """Return the fields of a type by name, not bound yet, with `rate_of` set.

    Raises:
        ProtocolError: `raw` is not an array of fields with different names, or a rate is wrong.
    """
    specs = [read_map(item, where) for item in read_array(raw, where, MAX_FIELDS)]
    fields: dict[str, AnyField] = {}
    for spec in specs:
        name = spec.get("name")
        if not isinstance(name, str) or name in fields or not is_field_name(name):
            raise refuse(where, "a field has no proper name of its own")
        fields[name] = read_field(spec, f"{where}.{name}")
    for spec, name in zip(specs, fields, strict=True):
        if spec.get("rate") is not None:
            _set_rate(list(fields.values()), _int(spec, "rate", where, 0, len(fields) - 1), name, where)
    return fields


def _set_rate(fields: list[AnyField], rate: int, target: str, where: str) -> None:
    field = fields[rate]
    if not isinstance(field, Float) or field.rate_of is not None:
        raise refuse(where, f"the rate of {target} cannot be field {rate}")
    field.rate_of = target
