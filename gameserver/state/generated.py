"""Functions generated for the fields of one class, as dataclasses do it. They move values between instances and codes
without looking up fields by name.

None of them reads an instance's `__dict__`: up to Python 3.12, reading it once makes every later access to that
instance's attributes about 1.5 times as slow, in the author's rules too.

Field names become part of the source; `declare` accepts plain identifiers only.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from gameserver.state.fields import Angle, Choice, Flag, Float, Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.declare import AnyField

    Fields = dict[str, AnyField]


def _function(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    exec(compile(source, f"<gameserver {name}>", "exec"), names)
    made: Callable[..., Any] = names[name]
    return made


def compile_fill(fields: Fields) -> Callable[..., None]:
    """Return `fill(entity, values)`: sets every field of a new entity, to its value in `values` or to its default."""
    names: dict[str, Any] = {f"initial{index}": field.initial for index, field in enumerate(fields.values())}
    lines = [
        f"    e.{name} = values[{name!r}] if {name!r} in values else initial{index}()\n"
        for index, name in enumerate(fields)
    ]
    return _function(f"def fill(e, values):\n{''.join(lines) or '    pass'}", "fill", names)


def compile_copy(cls: type, fields: Fields) -> Callable[[Any], Any]:
    """Return `copy(entity)`: creates another entity of the class with the same id and field values."""
    lines = [f"    made.{name} = e.{name}\n" for name in ("id", *fields)]
    return _function(
        f"def copy(e):\n    made = new(cls)\n{''.join(lines)}    return made\n",
        "copy",
        {"new": object.__new__, "cls": cls},
    )


def compile_gather(numeric: Fields) -> Callable[..., bytes]:
    """Return `gather(entities, living) -> bytes`: one row per entity, one little-endian double per numeric field.

    `struct` is the fastest way from attributes to an array, and it refuses other types than numbers. An attribute of a
    wrong type makes the gather raise any exception; the caller then finds which one it was.
    """
    names: dict[str, Any] = {"pack": struct.Struct(f"<{len(numeric)}d").pack, "join": b"".join}
    parts = []
    for index, (name, field) in enumerate(numeric.items()):
        value = f"e.{name}"
        if isinstance(field, Flag):
            value = f"1.0 if {value} else 0.0"
        elif isinstance(field, Choice):
            names[f"codes{index}"] = field.codes
            value = f"codes{index}[{value}]"
        elif isinstance(field, Ref):
            names[f"code_in{index}"] = field.code_in
            value = f"code_in{index}({value}, living)"
        parts.append(value)
    source = f"def gather(entities, living):\n    return join([pack({', '.join(parts)}) for e in entities])\n"
    return _function(source, "gather", names)


def compile_scatter(numeric: Fields) -> Callable[..., None]:
    """Return `scatter(entities, values, codes, living)`: sets the numeric attributes of each entity.

    `values` iterates over one list of floats for each Float and Angle, in order; `codes` over one list of ints for each
    other numeric field.
    """
    if not numeric:
        return lambda *_: None
    names: dict[str, Any] = {}
    columns = []
    for index, field in enumerate(numeric.values()):
        column = "next(values)" if isinstance(field, Float | Angle) else "next(codes)"
        if isinstance(field, Flag):
            column = f"[c != 0 for c in {column}]"
        elif isinstance(field, Choice):
            names[f"of{index}"] = field.values
            column = f"[of{index}[c] for c in {column}]"
        elif isinstance(field, Ref):
            column = f"[living.get(c) for c in {column}]"
        columns.append(column)
    targets = ", ".join([f"e.{name}" for name in numeric])
    source = (
        "def scatter(entities, values, codes, living):\n"
        f"    for e, {targets} in zip(entities, {', '.join(columns)}):\n        pass\n"
    )
    return _function(source, "scatter", names)


def compile_load(numeric: Fields) -> Callable[..., None]:
    """Return `load(entities, columns, living)`: sets the numeric attributes of each entity to the values of its codes.

    `columns` are the codes of each field, in order.
    """
    if not numeric:
        return lambda *_: None
    names: dict[str, Any] = {}
    values = [_value(index, field, names) for index, field in enumerate(numeric.values())]
    lines = [f"        e.{name} = {value}\n" for name, value in zip(numeric, values, strict=True)]
    codes = ", ".join([f"c{index}" for index in range(len(numeric))])
    source = f"def load(entities, columns, living):\n    for e, {codes} in zip(entities, *columns):\n{''.join(lines)}"
    return _function(source, "load", names)


def _value(index: int, field: AnyField, names: dict[str, Any]) -> str:
    """Return the expression for a field's value from its code `c{index}`, and add what it needs to `names`."""
    if isinstance(field, Float | Angle):
        names[f"step{index}"] = field.step
        return f"c{index} * step{index}"
    if isinstance(field, Flag):
        return f"c{index} != 0"
    if isinstance(field, Choice):
        names[f"of{index}"] = field.values
        return f"of{index}[c{index}]"
    return f"living.get(c{index})" if isinstance(field, Ref) else f"c{index}"


def compile_decode(cls: type, fields: Fields) -> Callable[..., Any]:
    """Return `decode(codes)`: creates an instance of the class from one code per field."""
    names: dict[str, Any] = {"new": object.__new__, "cls": cls}
    lines = [f"    made.{name} = {_value(index, field, names)}\n" for index, (name, field) in enumerate(fields.items())]
    unpack = f"    {', '.join(f'c{i}' for i in range(len(fields)))}, = codes\n" if fields else ""
    source = f"def decode(codes):\n    made = new(cls)\n{unpack}{''.join(lines)}    return made\n"
    return _function(source, "decode", names)
