"""From the attributes of entities to codes and back, one attribute at a time, for the compiled build.

Each attribute is read once. It is written only where it does not hold the value of its code yet: most whole numbers,
flags and references do. The interpreter has faster ways (`gameserver.state.generated`), with the same codes and values
(tests/state/test_attribute_loops.py).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import i64, u8

from gameserver.state.grids import CHOICE, CODE_BYTES, FLAG, REAL, WHOLE
from gameserver.state.loops import floor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.state.grids import Grids

_DOUBLE: Final = struct.Struct("<d")


def read(entities: Sequence[object], grids: Grids, living: dict[int, Any]) -> tuple[bytes, bytes] | None:
    """Return the codes nearest to the attributes of entities. An attribute of a wrong type raises any exception.

    Args:
        entities: The entities.
        grids: The numeric fields of their type.
        living: The entities that references can lead to, by id.

    Returns:
        The codes, see `Table.packed_codes`, and in the same order a byte for each attribute, which is not 0 where it
        is not the very value of its code. None: a value is infinite, NaN, or an angle too large to wrap.
    """
    codes, inexact = BytesWriter(), BytesWriter()
    for field, kind in enumerate(grids.kinds):
        name = grids.names[field]
        if kind in (REAL, WHOLE):
            numbers_are_valid = _read_numbers(codes, inexact, entities, grids, field)
            if not numbers_are_valid:
                return None
        elif kind == FLAG:
            _read_flags(codes, inexact, entities, name)
        elif kind == CHOICE:
            _read_choices(codes, inexact, entities, name, grids.fields[field])
        else:
            _read_references(codes, inexact, entities, name, grids.fields[field], living)
    return codes.getvalue(), inexact.getvalue()


def _read_numbers(
    codes: BytesWriter, inexact: BytesWriter, entities: Sequence[object], grids: Grids, field: int
) -> bool:
    """Append the codes of one field; False if one has none."""
    name, step, turn = grids.names[field], grids.step[field], float(grids.turn[field])
    lo, hi, is_real = float(grids.lo[field]), float(grids.hi[field]), grids.kinds[field] == REAL
    for entity in entities:
        found: Any = getattr(entity, name)
        is_plain = type(found) is float if is_real else type(found) is int
        value = _double(found) if not is_plain else _of_float(found) if is_real else _of_int(found)
        place = floor(value / step + 0.5)
        if turn != 0.0:
            place %= turn
        if value - value != 0.0 or place != place:
            return False
        if place < lo:
            place = lo
        elif place > hi:
            place = hi
        write_i64_le(codes, i64(place))
        # -0.0 equals 0.0, and a rule that divides by it, or calls atan2, gets something else.
        is_exact = is_plain and place * step == value and (place != 0.0 or not is_real)
        inexact.append(u8(0 if is_exact else 1))
    return True


def _of_float(found: float) -> float:
    return found


def _of_int(found: int) -> float:
    return float(found)


def _double(found: object) -> float:
    """Return what is not a plain number as a double; raises for what is no number, a text for example."""
    value: float = _DOUBLE.unpack(_DOUBLE.pack(found))[0]
    return value


def _read_flags(codes: BytesWriter, inexact: BytesWriter, entities: Sequence[object], name: str) -> None:
    for entity in entities:
        found: object = getattr(entity, name)
        write_i64_le(codes, i64(1 if found else 0))
        inexact.append(u8(0 if type(found) is bool else 1))


def _read_choices(codes: BytesWriter, inexact: BytesWriter, entities: Sequence[object], name: str, field: Any) -> None:
    for entity in entities:
        found: Any = getattr(entity, name)
        code: int = field.codes[found]
        write_i64_le(codes, i64(code))
        inexact.append(u8(0 if field.values[code] is found else 1))


def _read_references(
    codes: BytesWriter,
    inexact: BytesWriter,
    entities: Sequence[object],
    name: str,
    field: Any,
    living: dict[int, Any],
) -> None:
    for entity in entities:
        found: Any = getattr(entity, name)
        code: int = field.code_in(found, living)
        write_i64_le(codes, i64(code))
        inexact.append(u8(0 if living.get(code) is found else 1))


def write_back(entities: Sequence[object], codes: bytes, inexact: bytes, grids: Grids, living: dict[int, Any]) -> None:
    """Set the attributes that are not the very value of their code.

    Args:
        entities: Those of `read`.
        codes: What `read` has returned.
        inexact: The same.
        grids: As for `read`.
        living: As for `read`.
    """
    row: i64 = 0
    for field, name in enumerate(grids.names):
        kind, step = grids.kinds[field], grids.step[field]
        for entity in entities:
            if inexact[row] != 0:
                code = read_i64_le(codes, row * CODE_BYTES)
                if kind == REAL:
                    setattr(entity, name, float(code) * step)
                else:
                    setattr(entity, name, _value(kind, code, grids.fields[field], living))
            row += 1


def _value(kind: int, code: int, field: Any, living: dict[int, Any]) -> object:
    """Return what a code stands for in a field whose values are no real numbers."""
    if kind == WHOLE:
        return code
    if kind == FLAG:
        return code != 0
    return field.values[code] if kind == CHOICE else living.get(code)
