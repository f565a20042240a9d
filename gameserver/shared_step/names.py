"""What the names in a shared function stand for: constants, other shared functions, and the few built-in ones.

Names are looked up once, when the function is declared, as Python would: closure, module, builtins. What they stand
for counts, not how they are spelled, so `math.sqrt`, `from math import sqrt` and `gameserver.shared_math.sqrt` are one.
"""

from __future__ import annotations

import builtins
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gameserver.shared_step.ir import SharedFunction, ValueType

if TYPE_CHECKING:
    from types import FunctionType

# An attribute of the function itself: no registry that would outlive it, and the function stays what it was.
_MARK = "__shared_step__"

# Doubles count exactly up to here; beyond, Python's integers would go on alone.
MAX_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A function of Python's that a step may call. `javascript` names what is called instead (`$…`: a helper)."""

    javascript: str
    least: int = 1
    most: int = 1
    gives: ValueType = ValueType.NUMBER


INTRINSICS: dict[str, Intrinsic] = {
    "abs": Intrinsic("Math.abs"),
    "min": Intrinsic("$min", 2, 16, ValueType.EITHER),
    "max": Intrinsic("$max", 2, 16, ValueType.EITHER),
    "floor": Intrinsic("$floor"),
    "ceil": Intrinsic("$ceil"),
    "sqrt": Intrinsic("$sqrt"),
    "int": Intrinsic("$int"),
    "float": Intrinsic("Number"),
    "bool": Intrinsic("", gives=ValueType.TRUTH),
}

_INTRINSIC_NAMES: dict[int, str] = {
    id(builtins.abs): "abs",
    id(math.fabs): "abs",
    id(builtins.min): "min",
    id(builtins.max): "max",
    id(math.floor): "floor",
    id(math.ceil): "ceil",
    id(math.sqrt): "sqrt",
    id(builtins.int): "int",
    id(math.trunc): "int",
    id(builtins.float): "float",
    id(builtins.bool): "bool",
}

_OWN = "write `from gameserver.shared_math import {0}`, which is exact on both sides"
_REPLACEMENTS: dict[int, str] = {
    id(math.sin): _OWN.format("sin"),
    id(math.cos): _OWN.format("cos"),
    id(math.atan2): _OWN.format("atan2"),
    id(math.hypot): _OWN.format("hypot"),
    id(math.atan): "write `atan2(y, 1.0)` with gameserver.shared_math's",
    id(math.tan): "write `sin(x) / cos(x)` with gameserver.shared_math's",
    id(math.dist): "write `hypot(ax - bx, ay - by)` with gameserver.shared_math's",
    id(math.copysign): "write `abs(x) if y >= 0 else -abs(x)`",
    id(math.fmod): "write `%` (which has the sign of the divisor)",
    id(math.pow): "write the product, `x * x`, or work the value out once at module level",
    id(builtins.pow): "write the product, `x * x`, or work the value out once at module level",
    id(math.exp): "work the value out once at module level, `DRAG = math.exp(-k / 60)`, and use the constant",
    id(math.radians): "write `x * (tau / 360)` with gameserver.shared_math's tau",
    id(math.degrees): "write `x * (360 / tau)` with gameserver.shared_math's tau",
    id(math.isnan): "write `x != x`",
    id(builtins.round): "write `floor(x + 0.5)`: Python rounds halves to even, JavaScript does not",
    id(builtins.divmod): "write `//` and `%`",
    id(builtins.sum): "write the additions, or a `for` over range() with `+=`",
    id(builtins.range): "use range() in `for i in range(...)` only",
    id(builtins.len): "write the length as a constant at module level",
    id(builtins.print): "leave output to the room's hooks: a step is replayed many times",
}


def shared_function(value: object) -> SharedFunction | None:
    """What `@shared` learned about a function, or `None` if it is not marked."""
    found = getattr(value, "__dict__", {}).get(_MARK)
    return found if isinstance(found, SharedFunction) else None


def mark(function: FunctionType, shared: SharedFunction) -> None:
    function.__dict__[_MARK] = shared


def intrinsic_name(value: object) -> str | None:
    return _INTRINSIC_NAMES.get(id(value))


def replacement(value: object) -> str | None:
    return _REPLACEMENTS.get(id(value))
