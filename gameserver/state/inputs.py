"""`Inputs`, the base class of a player's controls for one tick, and `InputsType`, the fields of one such class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gameserver.state.declare import take_fields, unknown_field
from gameserver.state.errors import DeclarationError, StateError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Jumps, describe
from gameserver.state.generated import compile_decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.state.declare import AnyField


class InputsType:
    """The fields of an input class in the order of the wire, and their codes."""

    def __init__(self, cls: type[Inputs], fields: dict[str, AnyField]) -> None:
        for name, field in fields.items():
            self._check(f"{cls.__name__}.{name}", field)
        self.cls = cls
        self.fields = fields
        self.ranges: list[tuple[int, int]] = [(field.lo, field.hi) for field in fields.values()]
        """The lowest and highest code of each field, both included."""
        self.neutral_codes: tuple[int, ...] = tuple(max(lo, min(hi, 0)) for lo, hi in self.ranges)
        """The codes of a player who does nothing: the code nearest to 0 in each field."""
        self.from_codes: Callable[[Sequence[int]], Any] = compile_decode(cls, fields)
        """Returns the controls of these codes, which the caller has checked against `ranges`."""

    @staticmethod
    def _check(where: str, field: AnyField) -> None:
        if not isinstance(field, Float | Angle | Int | Flag | Choice) or isinstance(field, Jumps):
            msg = f"{where}: inputs are Float, Angle, Int, Flag or Choice, not {type(field).__name__}"
            raise DeclarationError(msg)
        if field.rate_of is not None:
            msg = f"{where}: rate_of has no meaning in inputs; remove it"
            raise DeclarationError(msg)
        if isinstance(field, Float) and not field.bounded:
            msg = f"{where}: a client can send anything; give min and max, such as Float(step=1 / 256, min=-1, max=1)"
            raise DeclarationError(msg)

    def to_codes(self, controls: Inputs) -> tuple[int, ...]:
        """Return one code per field, each the nearest to its value.

        Raises:
            StateError: A value has no code.
        """
        codes = []
        for name, field in self.fields.items():
            try:
                codes.append(field.encode(getattr(controls, name)))
            except ValueError as error:
                msg = f"{self.cls.__name__}.{name} {error}"
                raise StateError(msg) from None
        return tuple(codes)

    def spec(self) -> list[dict[str, object]]:
        """Return the fields as WELCOME's schema describes them."""
        return [{"name": name, **describe(field, None)} for name, field in self.fields.items()]


class Inputs:
    """A player's controls for one tick. Subclass it and declare fields: `turn = Int(-1, 1)`, `fire = Flag()`.

    Fields are Float (with `min` and `max`), Angle, Int, Flag and Choice. Two of one class with equal values are equal.

    Args:
        values: Values of fields, by name; fields that are not named are neutral: the number nearest to 0,
            False, the first name of a Choice.

    Raises:
        TypeError: One of the names is not a field.
    """

    inputs_type: ClassVar[InputsType]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the declaration and set the class's `inputs_type`.

        Args:
            kwargs: Passed on to the next class.

        Raises:
            DeclarationError: A field is declared wrongly, or of a type that inputs cannot have.
        """
        super().__init_subclass__(**kwargs)
        cls.inputs_type = InputsType(cls, take_fields(cls, fields_only=True))

    def __init__(self, /, **values: Any) -> None:
        inputs_type = type(self).inputs_type
        if not values.keys() <= inputs_type.fields.keys():
            raise unknown_field(type(self), values, inputs_type.fields)
        for (name, field), code in zip(inputs_type.fields.items(), inputs_type.neutral_codes, strict=True):
            setattr(self, name, values[name] if name in values else field.decode(code))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


Inputs.inputs_type = InputsType(Inputs, {})
