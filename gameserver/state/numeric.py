"""The field types whose value is a number: Float, Angle, Int.

Assigned values are brought into range: Float and Int clamp, Angle wraps. NaN, infinities and values of another type are
errors.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.errors import DeclarationError
from gameserver.state.field import Field, default_code, is_int, nearest, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TURN: Final = 6.283185307179586  # radians; the same double in every language
FINEST_STEP: Final = 1e-9  # with MAX_CODE, a range of ±1 at this step
COARSEST_STEP: Final = 1e9
ROUNDING_STEPS: Final = 1e-6  # 0.3 / 0.1 is 2.9999999999999996, where 3 is meant


class Float(Field[float]):
    """A real number on a grid: a multiple of `step` between `min` and `max`, both included.

    What is assigned is rounded to the nearest multiple and clamped.

    Args:
        step: The spacing of the grid, in the field's own unit, from 1e-9 to 1e9. Smaller steps cost more bits.
        min: The lowest value; by default as low as codes reach, `-step * (2**30 - 1)`.
        max: The highest value; by default as high as codes reach, `step * (2**30 - 1)`.
        rate_of: The name of the Float or Angle of the same class whose rate of change per second this field holds.
            The server then sends the other field only where this rate does not predict it, and clients extrapolate
            with it.
        default: The value of a new entity; by default the one nearest to 0.
    """

    type_name = "float"

    def __init__(
        self,
        step: float,
        *,
        min: float | None = None,  # noqa: A002 - the word an author expects
        max: float | None = None,  # noqa: A002
        rate_of: str | None = None,
        default: float | None = None,
    ) -> None:
        self.step = step
        self.min = min
        self.max = max
        self.rate_of = rate_of
        self._default = default

    @property
    def bounded(self) -> bool:
        """True if the declaration gives both `min` and `max`."""
        return self.min is not None and self.max is not None

    def bind(self, where: str) -> None:
        """Check the step, and compute the codes of `min` and `max`."""
        if not (is_int(self.step) or isinstance(self.step, float)) or not FINEST_STEP <= self.step <= COARSEST_STEP:
            msg = f"{where}: step is {self.step!r}; give the spacing of the grid, such as Float(step=1 / 16)"
            raise DeclarationError(msg)
        self.step = float(self.step)
        self.lo, self.hi = self._range(where)
        if self.lo > self.hi:
            msg = f"{where}: no multiple of step {self.step:g} lies between min {self.min} and max {self.max}"
            raise DeclarationError(msg)
        self.default = self.decode(default_code(self, self._default, 0.0, where))
        if self._default is not None and abs(self.default - self._default) > self.step:
            msg = f"{where}: default {self._default} is not between min {self.min} and max {self.max}"
            raise DeclarationError(msg)

    def _range(self, where: str) -> tuple[int, int]:
        lo = -MAX_CODE if self.min is None else self._limit(f"{where}: min", self.min, math.ceil)
        hi = MAX_CODE if self.max is None else self._limit(f"{where}: max", self.max, math.floor)
        return lo, hi

    def _limit(self, where: str, limit: float, inwards: Callable[[float], int]) -> int:
        try:
            quotient = number(limit) / self.step
        except ValueError as error:
            msg = f"{where} {error}"
            raise DeclarationError(msg) from None
        if abs(quotient) > MAX_CODE + ROUNDING_STEPS:
            msg = f"{where} {limit} is more than {MAX_CODE} steps of {self.step:g} from 0; take a larger step"
            raise DeclarationError(msg)
        meant = round(quotient)
        return meant if abs(quotient - meant) <= ROUNDING_STEPS else inwards(quotient)

    def encode(self, value: float) -> int:
        """Return the nearest code, clamped."""
        return nearest(value, self.step, self.lo, self.hi)

    def encode_all(self, values: Sequence[float]) -> tuple[int, ...]:
        """Return the nearest codes; quickly where all are floats in the range."""
        if {*map(type, values)} == {float}:
            step = self.step
            try:
                codes = tuple([math.floor(value / step + 0.5) for value in values])
            except (ValueError, OverflowError):  # NaN or an infinity: `encode` says so
                codes = ()
            if codes and self.lo <= min(codes) and max(codes) <= self.hi:
                return codes
        return super().encode_all(values)

    def decode(self, code: int) -> float:
        """Return the code times the step."""
        return code * self.step

    def decode_all(self, codes: Sequence[int]) -> list[float]:
        """Return the codes times the step."""
        step = self.step
        return [code * step for code in codes]

    def spec(self) -> dict[str, object]:
        """Return step and range."""
        return {"kind": self.type_name, "step": self.step, "lo": self.lo, "hi": self.hi}


class Angle(Field[float]):
    """A direction in radians, from 0 up to but not including 2π.

    What is assigned is wrapped into that range and rounded to the nearest of `steps` directions.

    Args:
        steps: The number of directions in a full turn, 2 to 2**30 - 1. 1024 are about a third of a degree each.
        default: The direction of a new entity, in radians.
    """

    type_name = "angle"

    def __init__(self, steps: int, *, default: float = 0.0) -> None:
        self.steps = steps
        self._default = default

    def bind(self, where: str) -> None:
        """Check the number of directions."""
        if not is_int(self.steps) or not 2 <= self.steps <= MAX_CODE:
            msg = f"{where}: steps is {self.steps!r}; say how many directions there are, such as Angle(steps=1024)"
            raise DeclarationError(msg)
        self.step = TURN / self.steps
        self.hi = self.steps - 1
        self.default = self.decode(default_code(self, self._default, 0.0, where))

    def encode(self, value: float) -> int:
        """Return the nearest code, wrapped."""
        quotient = number(value) / self.step + 0.5
        if math.isinf(quotient):
            msg = f"is {value!r}, too large for an angle"
            raise ValueError(msg)
        return math.floor(quotient) % self.steps

    def decode(self, code: int) -> float:
        """Return radians, at least 0 and less than 2π."""
        return code * self.step

    def spec(self) -> dict[str, object]:
        """Return the number of steps."""
        return {"kind": self.type_name, "steps": self.steps}


class Int(Field[int]):
    """A whole number between `min` and `max`, both included.

    What is assigned is clamped; a float is rounded first.

    Args:
        min: The lowest value, at least -(2**30 - 1).
        max: The highest value, at most 2**30 - 1.
        default: The value of a new entity; by default the one nearest to 0.
    """

    type_name = "int"

    def __init__(
        self,
        min: int = -MAX_CODE,  # noqa: A002 - the word an author expects
        max: int = MAX_CODE,  # noqa: A002
        *,
        default: int | None = None,
    ) -> None:
        self.lo = min
        self.hi = max
        self._default = default

    def bind(self, where: str) -> None:
        """Check the range."""
        if not (is_int(self.lo) and is_int(self.hi) and -MAX_CODE <= self.lo <= self.hi <= MAX_CODE):
            msg = f"{where}: the range is {self.lo!r} to {self.hi!r}; give ints within ±{MAX_CODE}, such as Int(0, 100)"
            raise DeclarationError(msg)
        self.default = max(self.lo, min(self.hi, 0)) if self._default is None else self._default
        if not is_int(self.default) or not self.lo <= self.default <= self.hi:
            msg = f"{where}: default {self.default!r} is not a whole number from {self.lo} to {self.hi}"
            raise DeclarationError(msg)

    def encode(self, value: int) -> int:
        """Return the nearest whole number in the range."""
        if isinstance(value, int):
            return max(self.lo, min(self.hi, int(value)))
        return nearest(value, 1.0, self.lo, self.hi)

    def encode_all(self, values: Sequence[int]) -> tuple[int, ...]:
        """Return the nearest whole numbers; quickly where all are ints in the range."""
        if {*map(type, values)} == {int} and self.lo <= min(values) and max(values) <= self.hi:
            return tuple(values)
        return super().encode_all(values)

    def decode(self, code: int) -> int:
        """Return the code itself."""
        return code

    def decode_all(self, codes: Sequence[int]) -> list[int]:
        """Return the codes themselves."""
        return list(codes)

    def spec(self) -> dict[str, object]:
        """Return the range."""
        return {"kind": self.type_name, "lo": self.lo, "hi": self.hi}
