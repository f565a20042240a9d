"""The field types whose value is one integer code: Float, Angle, Int, Flag, Choice, Ref.

Assigned values are brought into range: Float and Int clamp, Angle wraps, Flag takes the truth of the value, and a Ref
to a despawned entity becomes None. NaN, infinities, unknown choices and values of another type are errors.
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

TURN: Final = 6.283185307179586  # radians; the same double in every language
MAX_CHOICES: Final = 256  # all names are in the schema; use an Int or a Text for larger sets
FINEST_STEP: Final = 1e-9  # with MAX_CODE, a range of ±1 at this step
COARSEST_STEP: Final = 1e9


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
        meant = round(quotient)  # 0.3 / 0.1 is 2.9999999999999996, where 3 is meant
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
        self.default = self.decode(_default_code(self, self._default, 0.0, where))

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

    def decode(self, code: int) -> int:
        """Return the code itself."""
        return code

    def spec(self) -> dict[str, object]:
        """Return the range."""
        return {"kind": self.type_name, "lo": self.lo, "hi": self.hi}


class Flag(Field[bool]):
    """True or False; what is assigned counts by its truth.

    Args:
        default: The value of a new entity.
    """

    type_name = "flag"
    hi = 1

    def __init__(self, *, default: bool = False) -> None:
        self.default = bool(default)

    def encode(self, value: bool) -> int:
        """Return 1 for a true value, 0 for a false one."""
        return 1 if value else 0

    def decode(self, code: int) -> bool:
        """Return True for 1."""
        return code != 0


class Choice(Field[K]):
    """One of a few names: `Choice("idle", "run")` holds a str, `Choice(Mood)` a member of the Enum `Mood`.

    Args:
        names: The names, 1 to 256 different ones, or one Enum class.
        default: The value of a new entity; by default the first.
    """

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
        """Check the names and give each its code."""
        if not 1 <= len(self.names) <= MAX_CHOICES or not all(isinstance(name, str) and name for name in self.names):
            msg = f'{where}: give 1 to {MAX_CHOICES} names, as Choice("idle", "run"), or an Enum class, as Choice(Mood)'
            raise DeclarationError(msg)
        if len(set(self.names)) < len(self.names):
            msg = f"{where}: a name is repeated in {', '.join(self.names)}"
            raise DeclarationError(msg)
        self.codes = {value: code for code, value in enumerate(self.values)}
        self.hi = len(self.values) - 1
        self.default = self.decode(_default_code(self, self._default, self.values[0], where))

    def encode(self, value: K) -> int:
        """Return the index of the name."""
        try:
            return self.codes[value]
        except (KeyError, TypeError):
            msg = f"is {value!r}, not one of {', '.join(self.names)}"
            raise ValueError(msg) from None

    def decode(self, code: int) -> K:
        """Return the name or the member of the Enum."""
        return cast("K", self.values[code])

    def spec(self) -> dict[str, object]:
        """Return the names, in order."""
        return {"kind": self.type_name, "names": list(self.names)}


class Ref(Field["E | None"], Generic[E]):
    """Another entity of the room, or None. A reference to an entity that is despawned becomes None at that tick's end.

    For type checkers `Ref("Ship")` is any entity; write `target: Ref[Ship] = Ref("Ship")` to be precise. On the wire
    it is the entity's id, 0 for None. It cannot refer to a type that is kept in columns.

    Args:
        to: The class, `Ref(Ship)`, its name where it is defined later, `Ref("Ship")`, or None for any entity.
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
        """Check that the target is an entity class or a name."""
        if self.to is not None and not isinstance(self.to, str) and not hasattr(self.to, "alive"):
            msg = f'{where}: name an Entity class, as Ref(Ship) or Ref("Ship"), not {self.to!r}'
            raise DeclarationError(msg)

    @property
    def target(self) -> str:
        """The name of the declared class, `"entity"` if there is none."""
        return self.to if isinstance(self.to, str) else getattr(self.to, "__name__", "entity")

    def accepts(self, value: object) -> bool:
        """Return True if an entity is of the declared class.

        Args:
            value: Any object.

        Returns:
            True for an instance of the class or of a subclass, and for everything where no class is declared.
        """
        return self.to is None or any(self.to in (cls, cls.__name__) for cls in type(value).__mro__)

    def code_in(self, value: Any, living: Mapping[int, object]) -> int:
        """Return the code of a reference.

        Args:
            value: An entity, or None.
            living: The entities of the room that are kept as objects, by id.

        Returns:
            The entity's id; 0 for None and for an entity that was despawned.

        Raises:
            ValueError: `value` is no entity of this room, or of another class than the declared one.
        """
        if value is None or getattr(value, "alive", None) is False:
            return 0
        code = getattr(value, "id", 0)
        if living.get(code) is not value or not self.accepts(value):
            msg = f"is {value!r}, which is no {self.target} of this room"
            raise ValueError(msg)
        return int(code)

    def encode(self, value: E | None) -> int:
        """Return the id, 0 for None and for an entity that is not in a room."""
        return int(getattr(value, "id", 0)) if getattr(value, "alive", False) else 0


def _default_code(field: Field[Any], given: object, otherwise: object, where: str) -> int:
    try:
        return field.encode(otherwise if given is None else given)
    except ValueError as error:
        msg = f"{where}: default {error}"
        raise DeclarationError(msg) from None
