"""What names in a shared function can mean: constants, other shared functions, and the few built-in ones.

`scope` looks names up once, when the function is declared. Their value counts, not their spelling: `math.sqrt`,
`from math import sqrt` and `gameserver.shared_math.sqrt` are the same.
"""

from __future__ import annotations

import builtins
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gameserver.shared_step.ir import SharedFunction, ValueType

if TYPE_CHECKING:
    from types import FunctionType

# An attribute of the function instead of a registry, which would keep the function alive.
_MARK = "__shared_step__"

# Up to here doubles represent every integer, so that both languages agree.
MAX_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A built-in function that a step can call.

    Args:
        javascript: The function that the translation calls; a helper if the name begins with `$`.
        least: The fewest arguments.
        most: The most arguments.
        gives: The type of its value.
    """

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

_OWN = "write `from gameserver.shared_math import {0}`, which is equal on both sides"
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
    id(math.pow): "write the product, `x * x`, or compute the value once at module level",
    id(builtins.pow): "write the product, `x * x`, or compute the value once at module level",
    id(math.exp): "compute the value once at module level, `DRAG = math.exp(-k / 60)`, and use the constant",
    id(math.radians): "write `x * (tau / 360)` with gameserver.shared_math's tau",
    id(math.degrees): "write `x * (360 / tau)` with gameserver.shared_math's tau",
    id(math.isnan): "write `x != x`",
    id(builtins.round): "write `floor(x + 0.5)`: Python rounds halves to even, JavaScript does not",
    id(builtins.divmod): "write `//` and `%`",
    id(builtins.sum): "write the additions, or a `for` over range() with `+=`",
    id(builtins.range): "use range() in `for i in range(...)` only",
    id(builtins.len): "write the length as a constant at module level",
    id(builtins.print): "leave output to the room's hooks, since a client runs a step many times",
}


def shared_function(value: object) -> SharedFunction | None:
    """Return what `@shared` found about a function, None if the function is not marked."""
    found = getattr(value, "__dict__", {}).get(_MARK)
    return found if isinstance(found, SharedFunction) else None


def mark(function: FunctionType, shared: SharedFunction) -> None:
    """Keep what `@shared` found as an attribute of the function."""
    function.__dict__[_MARK] = shared


def intrinsic_name(value: object) -> str | None:
    """Return the key in `INTRINSICS` of a built-in function, or None."""
    return _INTRINSIC_NAMES.get(id(value))


def replacement(value: object) -> str | None:
    """Return what to write instead of a function that a step cannot call, None if nothing is known."""
    return _REPLACEMENTS.get(id(value))
