"""`Field`, the base class of all field types.

A field is declared in a class body (`x = Float(step=1 / 16)`). As with dataclasses, the class attribute is then
replaced by the value that a new instance begins with. Values are plain attributes of the instances, so rules run at
full speed.
For type checkers a field is a descriptor: `ship.x` is a `float`, and only a float can be assigned to it.

Rules that every field type keeps:
- A code is an integer in `lo … hi`, within ±MAX_CODE.
- Every value has a defined result: the nearest code, or a `ValueError` that says what is wrong with it. The caller adds
  the names of the entity and the field.
- Parameters are checked in `bind`, when the class is created, because only then is the field's name known.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

LARGEST_FLOAT: Final = 1.7976931348623157e308


class Field(Generic[T]):
    """One replicated attribute. `lo`, `hi`, `step` and `default` are valid once the field is bound."""

    type_name: ClassVar[str]
    """The field type's name on the wire: the key `kind` of protocol.md §4."""
    numeric: ClassVar[bool] = True
    """True if a value is encoded as one integer code; False if it is sent as an object, a text or a list."""

    lo: int = 0
    """The lowest code."""
    hi: int = MAX_CODE
    """The highest code, included."""
    step: float = 1.0
    """The distance between the values of two neighbouring codes, in the field's own unit."""
    steps: int = 0
    """The number of codes in a full turn for an angle, 0 for other fields."""
    rate_of: str | None = None
    """The name of the field whose rate of change per second this field holds, or None."""
    default: T
    """The value of a new instance."""

    if TYPE_CHECKING:

        def __get__(self, instance: object | None, owner: type) -> T: ...
        def __set__(self, instance: object, value: T) -> None: ...

    def bind(self, where: str) -> None:
        """Check the parameters and compute `lo`, `hi`, `step` and `default`. May be called more than once.

        Args:
            where: The class and the field, as error messages name them: `"Ship.x"`.

        Raises:
            DeclarationError: A parameter is invalid.
        """

    def initial(self) -> T:
        """Return the value of a new instance.

        Returns:
            `default`, or a new object where values are mutable.
        """
        return self.default

    def encode(self, value: T) -> int:
        """Return the code of the value nearest to `value`.

        Args:
            value: Any value of the field's type, in range or not.

        Returns:
            A code in `lo … hi`.

        Raises:
            ValueError: `value` is of another type, infinite or NaN.
        """
        raise NotImplementedError

    def decode(self, code: int) -> T:
        """Return the value of a code.

        Args:
            code: In `lo … hi`.

        Returns:
            The value, in the field's own unit.
        """
        raise NotImplementedError

    def encode_all(self, values: Sequence[T]) -> tuple[int, ...]:
        """Return the codes of some values, as `encode` does.

        Args:
            values: Any values of the field's type, in range or not.

        Returns:
            One code per value.

        Raises:
            ValueError: One of them is of another type, infinite or NaN.
        """
        return tuple([self.encode(value) for value in values])

    def decode_all(self, codes: Sequence[int]) -> list[T]:
        """Return the values of some codes.

        Args:
            codes: Each in `lo … hi`.

        Returns:
            One value per code, in a new list.
        """
        return [self.decode(code) for code in codes]

    def snap(self, value: T) -> T:
        """Return the value that is replicated when the attribute holds `value`.

        Args:
            value: Any value of the field's type, in range or not.

        Returns:
            The nearest value that has a code.

        Raises:
            ValueError: `value` is of another type, infinite or NaN.
        """
        return self.decode(self.encode(value))

    def spec(self) -> dict[str, object]:
        """Return the field as WELCOME's schema describes it.

        Returns:
            The keys of protocol.md §4, without `name` and `rate`.
        """
        return {"kind": self.type_name}


def number(value: object) -> float:
    """Return `value` as a finite float; an int beyond a float's range becomes the largest float of its sign.

    Raises:
        ValueError: `value` is not a number, infinite or NaN.
    """
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
    """Return the code nearest to a number, clamped to `lo … hi`.

    Raises:
        ValueError: `value` is not a finite number.
    """
    quotient = number(value) / step + 0.5
    if math.isinf(quotient):
        return hi if quotient > 0 else lo
    return max(lo, min(hi, math.floor(quotient)))


def is_int(value: object) -> bool:
    """Return True for an int that is not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def default_code(field: Field[Any], given: object, otherwise: object, where: str) -> int:
    """Return the code of a field's default.

    Args:
        field: The field.
        given: What its declaration gives; None if nothing.
        otherwise: The default of a declaration that gives none.
        where: The class and the field, for errors.

    Raises:
        DeclarationError: The value has no code.
    """
    try:
        return field.encode(otherwise if given is None else given)
    except ValueError as error:
        msg = f"{where}: default {error}"
        raise DeclarationError(msg) from None
