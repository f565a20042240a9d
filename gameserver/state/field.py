"""`Field`, what all kinds of fields share.

A field stands in a class body (`x = Float(step=1 / 16)`) and describes; as with dataclasses, what is found on the class
later is the value that a new instance begins with. The values are plain attributes of the instances, so that rules run
at full speed. For type checkers a field is a descriptor: `ship.x` is a `float`, and only a float can be assigned to it.

Rules kept by every kind:
- A code is an integer in `lo … hi`, within ±MAX_CODE.
- Every value has a stated result: the nearest code, or a `ValueError` that says what is wrong with it. Whoever
  captures adds which entity and field it was.
- Parameters are checked in `bind`, when the class is made, since only then is the field's name known.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from gameserver.protocol.constants import MAX_CODE

T = TypeVar("T")

LARGEST_FLOAT: Final = 1.7976931348623157e308


class Field(Generic[T]):
    """One replicated attribute. `lo`, `hi`, `step` and `default` hold once the field is bound."""

    type_name: ClassVar[str]
    """The kind's name on the wire."""
    numeric: ClassVar[bool] = True
    """Whether a value is one integer code; otherwise it is an object: text or a list."""

    lo: int = 0
    hi: int = MAX_CODE
    step: float = 1.0
    """The value of one code."""
    steps: int = 0
    """How many codes make a full turn, for an angle; else 0."""
    rate_of: str | None = None
    """The name of the field whose change a second this one is."""
    default: T

    if TYPE_CHECKING:

        def __get__(self, instance: object | None, owner: type) -> T: ...
        def __set__(self, instance: object, value: T) -> None: ...

    def bind(self, where: str) -> None:
        """Check the parameters; `where` names class and field. Raises DeclarationError. May be called again."""

    def initial(self) -> T:
        """Return the first value of a new instance."""
        return self.default

    def encode(self, value: T) -> int:
        """Return the code of the nearest value that the field holds. Raises ValueError for what is no value at all."""
        raise NotImplementedError

    def decode(self, code: int) -> T:
        """Return the value of a code in `lo … hi`."""
        raise NotImplementedError

    def snap(self, value: T) -> T:
        """Return the value that is replicated when the attribute holds `value`."""
        return self.decode(self.encode(value))

    def spec(self) -> dict[str, object]:
        """Return the keys that protocol.md §4 asks for, besides `name` and `rate`."""
        return {"kind": self.type_name}


def number(value: object) -> float:
    """Return a finite float, the largest for an int that no float holds. Raises ValueError for anything else."""
    if isinstance(value, str) or not hasattr(value, "__float__"):
        msg = f"is {value!r}, not a number"
        raise ValueError(msg)
    try:
        real = float(value)
    except OverflowError:
        return LARGEST_FLOAT if isinstance(value, int) and value > 0 else -LARGEST_FLOAT
    if not math.isfinite(real):
        msg = f"is {real}: a rule divided by zero, or grew without bound"
        raise ValueError(msg)
    return real


def nearest(value: object, step: float, lo: int, hi: int) -> int:
    """Return the code nearest to a number, clamped. Raises ValueError for what is no finite number."""
    quotient = number(value) / step + 0.5
    if math.isinf(quotient):
        return hi if quotient > 0 else lo
    return max(lo, min(hi, math.floor(quotient)))


def is_int(value: object) -> bool:
    """Whether `value` is an int and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)
