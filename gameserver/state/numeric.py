"""The kinds of fields whose value is one integer code: Float, Angle, Int, Flag, Choice, Ref.

What a rule assigns is brought into range: Float and Int clamp, Angle wraps, Flag takes the truth of the value, a
Ref to what is gone is None. NaN, infinities, unknown choices and values of another type are errors.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, overload

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.errors import DeclarationError
from gameserver.state.field import Field, is_int, nearest, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

K = TypeVar("K")
E = TypeVar("E")

TURN: Final = 6.283185307179586  # radians; this very double, in every language
MAX_CHOICES: Final = 256  # a choice is a small set of names; a larger one is an Int or a Text
FINEST_STEP: Final = 1e-9  # with MAX_CODE, a range of ±1 at this step
COARSEST_STEP: Final = 1e9


class Float(Field[float]):
    """A number on a grid of `step`, between `min` and `max`. `rate_of` names the field whose change a second it is."""

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
        """Whether the declaration limits the value on both sides."""
        return self.min is not None and self.max is not None

    def bind(self, where: str) -> None:
        """Check the step, and find the codes that lie between `min` and `max`."""
        if not (is_int(self.step) or isinstance(self.step, float)) or not FINEST_STEP <= self.step <= COARSEST_STEP:
            msg = f"{where}: step is {self.step!r}; give the spacing of the grid, such as Float(step=1 / 16)"
            raise DeclarationError(msg)
        self.step = float(self.step)
        self.lo, self.hi = self._range(where)
        if self.lo > self.hi:
            msg = f"{where}: no multiple of step {self.step:g} lies between min {self.min} and max {self.max}"
            raise DeclarationError(msg)
        self.default = self.decode(_default_code(self, self._default, 0.0, where))
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
        if abs(quotient) > MAX_CODE:
            msg = f"{where} {limit} is more than {MAX_CODE} steps of {self.step:g} from 0; take a larger step"
            raise DeclarationError(msg)
        meant = round(quotient)  # 0.3 / 0.1 is 2.9999999999999996, and 3 is meant
        return meant if abs(quotient - meant) < 1e-6 else inwards(quotient)

    def encode(self, value: float) -> int:
        """Return the nearest code, clamped."""
        return nearest(value, self.step, self.lo, self.hi)

    def decode(self, code: int) -> float:
        """Return the code times the step."""
        return code * self.step

    def spec(self) -> dict[str, object]:
        """Return step and range."""
        return {"kind": self.type_name, "step": self.step, "lo": self.lo, "hi": self.hi}


class Angle(Field[float]):
    """A direction in radians, wrapped into 0 … 2π, with `steps` values to the full turn."""

    type_name = "angle"

    def __init__(self, steps: int, *, default: float = 0.0) -> None:
        self.steps = steps
        self._default = default

    def bind(self, where: str) -> None:
        """Check the number of steps."""
        if not is_int(self.steps) or not 2 <= self.steps <= MAX_CODE:
            msg = f"{where}: steps is {self.steps!r}; say how many directions there are, such as Angle(steps=1024)"
            raise DeclarationError(msg)
        self.step = TURN / self.steps
        self.hi = self.steps - 1
        self.default = self.decode(_default_code(self, self._default, 0.0, where))

    def encode(self, value: float) -> int:
        """Return the nearest code, wrapped."""
        quotient = number(value) / self.step + 0.5
        if math.isinf(quotient):
            msg = f"is {value!r}, too large for an angle"
            raise ValueError(msg)
        return math.floor(quotient) % self.steps

    def decode(self, code: int) -> float:
        """Return radians, at least 0 and less than a turn."""
        return code * self.step

    def spec(self) -> dict[str, object]:
        """Return the number of steps."""
        return {"kind": self.type_name, "steps": self.steps}


class Int(Field[int]):
    """A whole number between `min` and `max`; a float that a rule leaves in it is rounded."""

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

    def decode(self, code: int) -> int:
        """Return the code itself."""
        return code

    def spec(self) -> dict[str, object]:
        """Return the range."""
        return {"kind": self.type_name, "lo": self.lo, "hi": self.hi}


class Flag(Field[bool]):
    """True or False."""

    type_name = "flag"
    hi = 1

    def __init__(self, *, default: bool = False) -> None:
        self.default = bool(default)

    def encode(self, value: bool) -> int:
        """Return 1 for whatever is true."""
        return 1 if value else 0

    def decode(self, code: int) -> bool:
        """Return a bool."""
        return code != 0


class Choice(Field[K]):
    """One of a few names: `Choice("idle", "run")` holds a str, `Choice(Mood)` a member of the Enum `Mood`."""

    type_name = "choice"

    @overload
    def __init__(self: Choice[str], *names: str, default: str | None = None) -> None: ...
    @overload
    def __init__(self, names: type[K], /, *, default: K | None = None) -> None: ...
    def __init__(self, *names: Any, default: Any = None) -> None:
        first = names[0] if len(names) == 1 else None
        self.values: tuple[Any, ...] = tuple(first) if isinstance(first, type) and issubclass(first, Enum) else names
        self.names: tuple[Any, ...] = tuple([v.name if isinstance(v, Enum) else v for v in self.values])
        self.codes: dict[Any, int] = {}
        self._default = default

    def bind(self, where: str) -> None:
        """Check the names and number them."""
        if not 1 <= len(self.names) <= MAX_CHOICES or not all(isinstance(name, str) and name for name in self.names):
            msg = f'{where}: give 1 to {MAX_CHOICES} names, as Choice("idle", "run"), or an Enum class, as Choice(Mood)'
            raise DeclarationError(msg)
        if len(set(self.names)) < len(self.names):
            msg = f"{where}: a name stands twice in {', '.join(self.names)}"
            raise DeclarationError(msg)
        self.codes = {value: code for code, value in enumerate(self.values)}
        self.hi = len(self.values) - 1
        self.default = self.decode(_default_code(self, self._default, self.values[0], where))

    def encode(self, value: K) -> int:
        """Return the value's place in the list."""
        try:
            return self.codes[value]
        except (KeyError, TypeError):
            msg = f"is {value!r}, not one of {', '.join(self.names)}"
            raise ValueError(msg) from None

    def decode(self, code: int) -> K:
        """Return the name, or the member of the Enum."""
        return cast("K", self.values[code])

    def spec(self) -> dict[str, object]:
        """Return the names, in order."""
        return {"kind": self.type_name, "names": list(self.names)}


class Ref(Field["E | None"], Generic[E]):
    """Another entity of the room, or None: `Ref(Ship)`, `Ref("Ship")` where that class comes later, `Ref()` for any.

    For a type checker the middle one is any entity, unless one writes `target: Ref[Ship] = Ref("Ship")`. On the
    wire it is the entity's id. A reference to an entity that was despawned becomes None.
    """

    type_name = "ref"

    @overload
    def __init__(self: Ref[Any], to: str | None = None) -> None: ...
    @overload
    def __init__(self, to: type[E]) -> None: ...
    def __init__(self, to: Any = None) -> None:
        self.to = to
        self.default = None

    def bind(self, where: str) -> None:
        """Check that the target is a class or the name of one."""
        if self.to is not None and not isinstance(self.to, str) and not hasattr(self.to, "alive"):
            msg = f'{where}: name an Entity class, as Ref(Ship) or Ref("Ship"), not {self.to!r}'
            raise DeclarationError(msg)

    @property
    def target(self) -> str:
        """The name of the declared class, or "entity"."""
        return self.to if isinstance(self.to, str) else getattr(self.to, "__name__", "entity")

    def accepts(self, value: object) -> bool:
        """Whether `value` is of the declared class."""
        return self.to is None or any(self.to in (cls, cls.__name__) for cls in type(value).__mro__)

    def code_in(self, value: Any, living: Mapping[int, object]) -> int:
        """Return the id of an entity of `living`, 0 for None and what was despawned. Raises ValueError otherwise."""
        if value is None or getattr(value, "alive", None) is False:
            return 0
        code = getattr(value, "id", 0)
        if living.get(code) is not value or not self.accepts(value):
            msg = f"is {value!r}, which is no {self.target} of this room"
            raise ValueError(msg)
        return int(code)

    def encode(self, value: E | None) -> int:
        """Return the id, 0 for None and for what does not live."""
        return int(getattr(value, "id", 0)) if getattr(value, "alive", False) else 0


def _default_code(field: Field[Any], given: object, otherwise: object, where: str) -> int:
    try:
        return field.encode(otherwise if given is None else given)
    except ValueError as error:
        msg = f"{where}: default {error}"
        raise DeclarationError(msg) from None
