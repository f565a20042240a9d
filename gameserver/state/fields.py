"""The kinds of fields that a class can declare, and how a value of each becomes an integer code and comes back.

A field stands in a class body (`x = Float(step=1 / 16)`) and describes; the values themselves are plain attributes of the instances,
so that rules run at full speed. For type checkers a field is a descriptor: `Ship.x` is a `Float`, `ship.x` a `float`.

Rules kept here:
- A code is an integer in `lo … hi`, within ±MAX_CODE; `value = code × step`. The nearest code is `floor(value / step + 0.5)`.
- Every value has a stated result. Float and Int clamp, Angle wraps, Flag takes the truth of the value, Text is cut at a character,
  a Ref to what is gone is None; NaN, infinities, unknown choices and wrong types are errors (`ValueError` here; whoever captures
  adds which entity).
- Parameters are checked in `bind`, when the class is made, since only then is the field's name known.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast, overload

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from gameserver.state.entity import Entity

T = TypeVar("T")
K = TypeVar("K")
E = TypeVar("E")

TURN: Final = 6.283185307179586  # radians; this very double, in every language
MAX_CHOICES: Final = 256  # a choice is a small set of names; more is text or an Int
MAX_LIST_ITEMS: Final = 1024  # lists are sent whole whenever they change, so they are small
MAX_TEXT_BYTES: Final = 65_535  # the same holds for text


class Field(Generic[T]):
    """What all kinds share. `lo`, `hi`, `step` and `default` hold once the field is bound."""

    kind: ClassVar[str]
    """The kind's name on the wire."""
    numeric: ClassVar[bool] = True
    """Whether a value is one integer code; otherwise it is an object, text or a list."""

    lo: int = 0
    hi: int = MAX_CODE
    step: float = 1.0
    """The value of one code."""
    steps: int = 0
    """Codes in a full turn, for an angle; else 0."""
    rate_of: str | None = None
    """The name of the field whose change a second this one is."""
    default: T

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object | None, owner: type) -> Self | T: ...
        def __set__(self, instance: object, value: T) -> None: ...

    def bind(self, where: str) -> None:
        """Check the parameters; `where` names the class and field. Raises DeclarationError. May be called again."""

    def initial(self) -> T:
        """Return the first value of a new instance."""
        return self.default

    def encode(self, value: T) -> int:
        """Return the code of the nearest value that the field can hold. Raises ValueError for what is no such value at all."""
        raise NotImplementedError

    def decode(self, code: int) -> T:
        """Return the value of a code in `lo … hi`."""
        raise NotImplementedError

    def snap(self, value: T) -> T:
        """Return the value that is replicated when an attribute holds `value`."""
        return self.decode(self.encode(value))

    def spec(self) -> dict[str, object]:
        """Return the keys that protocol.md §4 asks for, besides `name` and `rate`."""
        return {"kind": self.kind}


def _number(value: object) -> float:
    """Return `value` as a float; ValueError for what is no number, NaN or infinite. An int too large counts as the largest float."""
    if not isinstance(value, int | float) and not hasattr(value, "__float__"):
        msg = f"is {value!r}, not a number"
        raise ValueError(msg)
    try:
        number = float(value)
    except OverflowError:
        return math.copysign(1.7976931348623157e308, 1 if cast("int", value) > 0 else -1)
    if not math.isfinite(number):
        msg = f"is {number}; a rule divides by zero or overflows"
        raise ValueError(msg)
    return number


def _nearest(value: object, step: float, lo: int, hi: int) -> int:
    """Return the code nearest to `value`, clamped."""
    quotient = _number(value) / step + 0.5
    return max(lo, min(hi, math.floor(quotient))) if math.isfinite(quotient) else (hi if quotient > 0 else lo)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Float(Field[float]):
    """A number on a grid of `step`, between `min` and `max` (clamped). `rate_of` names the field whose change a second this one is."""

    kind = "float"

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

    def bind(self, where: str) -> None:
        """Turn `min` and `max` into the codes that lie between them."""
        if not isinstance(self.step, int | float) or not 1e-9 <= self.step <= 1e9:
            msg = f"{where}: step is {self.step!r}; give the grid's spacing between 1e-9 and 1e9, such as Float(step=1 / 16)"
            raise DeclarationError(msg)
        self.step = float(self.step)
        self.lo = -MAX_CODE if self.min is None else self._limit(where, "min", self.min, math.ceil)
        self.hi = MAX_CODE if self.max is None else self._limit(where, "max", self.max, math.floor)
        if self.lo > self.hi:
            msg = f"{where}: no multiple of step {self.step:g} lies between min {self.min} and max {self.max}"
            raise DeclarationError(msg)
        wanted = 0.0 if self._default is None else self._default
        try:
            self.default = self.snap(wanted)
        except ValueError as error:
            msg = f"{where}: default {error}"
            raise DeclarationError(msg) from None
        if self._default is not None and abs(self.default - wanted) > self.step:
            msg = f"{where}: default {wanted} lies outside of min {self.min} … max {self.max}"
            raise DeclarationError(msg)

    def _limit(self, where: str, name: str, limit: float, inwards: Any) -> int:
        try:
            quotient = _number(limit) / self.step
        except ValueError as error:
            msg = f"{where}: {name} {error}"
            raise DeclarationError(msg) from None
        if abs(quotient) > MAX_CODE:
            msg = f"{where}: {name} {limit} is more than {MAX_CODE} steps of {self.step:g} from 0; take a larger step"
            raise DeclarationError(msg)
        nearest = round(quotient)  # 0.3 / 0.1 is 2.9999999999999996, and 3 is meant
        return nearest if abs(quotient - nearest) < 1e-6 else int(inwards(quotient))

    def encode(self, value: float) -> int:
        """Return the nearest code, clamped."""
        return _nearest(value, self.step, self.lo, self.hi)

    def decode(self, code: int) -> float:
        """Return `code × step`."""
        return code * self.step

    def spec(self) -> dict[str, object]:
        """Return step and range."""
        return {"kind": self.kind, "step": self.step, "lo": self.lo, "hi": self.hi}


class Angle(Field[float]):
    """A direction in radians, wrapped into 0 … 2π, with `steps` values to the full turn."""

    kind = "angle"

    def __init__(self, steps: int, *, default: float = 0.0) -> None:
        self.steps = steps
        self._default = default

    def bind(self, where: str) -> None:
        """Check the number of steps."""
        if not _is_int(self.steps) or not 2 <= self.steps <= MAX_CODE:
            msg = f"{where}: steps is {self.steps!r}; give how many directions there are, such as Angle(steps=1024)"
            raise DeclarationError(msg)
        self.step = TURN / self.steps
        self.hi = self.steps - 1
        try:
            self.default = self.snap(self._default)
        except ValueError as error:
            msg = f"{where}: default {error}"
            raise DeclarationError(msg) from None

    def encode(self, value: float) -> int:
        """Return the nearest code, wrapped."""
        quotient = _number(value) / self.step + 0.5
        if not math.isfinite(quotient):
            msg = f"is {value!r}, too large for an angle"
            raise ValueError(msg)
        return math.floor(quotient) % self.steps

    def decode(self, code: int) -> float:
        """Return radians, 0 ≤ value < 2π."""
        return code * self.step

    def spec(self) -> dict[str, object]:
        """Return the number of steps."""
        return {"kind": self.kind, "steps": self.steps}


class Int(Field[int]):
    """A whole number between `min` and `max` (clamped); a float that lands in it is rounded."""

    kind = "int"

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
        if not (_is_int(self.lo) and _is_int(self.hi) and -MAX_CODE <= self.lo <= self.hi <= MAX_CODE):
            msg = f"{where}: the range is {self.lo!r} to {self.hi!r}; give whole numbers within ±{MAX_CODE}, such as Int(0, 100)"
            raise DeclarationError(msg)
        nearest_to_zero = max(self.lo, min(self.hi, 0))
        self.default = nearest_to_zero if self._default is None else self._default
        if not _is_int(self.default) or not self.lo <= self.default <= self.hi:
            msg = f"{where}: default {self.default!r} is not a whole number from {self.lo} to {self.hi}"
            raise DeclarationError(msg)

    def encode(self, value: int) -> int:
        """Return the nearest whole number in the range."""
        if isinstance(value, int):
            return max(self.lo, min(self.hi, int(value)))
        return _nearest(value, 1.0, self.lo, self.hi)

    def decode(self, code: int) -> int:
        """Return the code itself."""
        return code

    def spec(self) -> dict[str, object]:
        """Return the range."""
        return {"kind": self.kind, "lo": self.lo, "hi": self.hi}


class Flag(Field[bool]):
    """True or False."""

    kind = "flag"
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

    kind = "choice"

    @overload
    def __init__(self: Choice[str], *names: str, default: str | None = None) -> None: ...
    @overload
    def __init__(self, names: type[K], /, *, default: K | None = None) -> None: ...
    def __init__(self, *names: Any, default: Any = None) -> None:
        enum = names[0] if len(names) == 1 and isinstance(names[0], type) else None
        self.values: tuple[Any, ...] = tuple(enum) if enum is not None and issubclass(enum, Enum) else names
        self.names: tuple[str, ...] = tuple(v.name if isinstance(v, Enum) else v for v in self.values)
        self._default = default
        self.codes: dict[Any, int] = {}

    def bind(self, where: str) -> None:
        """Check the names and number them."""
        if not 1 <= len(self.names) <= MAX_CHOICES or not all(isinstance(name, str) and name for name in self.names):
            msg = f'{where}: give 1 to {MAX_CHOICES} names, Choice("idle", "run"), or an Enum class, Choice(Mood)'
            raise DeclarationError(msg)
        if len(set(self.names)) < len(self.names):
            msg = f"{where}: a name stands twice in {self.names}"
            raise DeclarationError(msg)
        self.codes = {value: code for code, value in enumerate(self.values)}
        self.hi = len(self.values) - 1
        self.default = self.values[0] if self._default is None else self._default
        if self.default not in self.codes:
            msg = f"{where}: default {self.default!r} is not one of {self.names}"
            raise DeclarationError(msg)

    def encode(self, value: K) -> int:
        """Return the value's place in the list."""
        try:
            return self.codes[value]
        except (KeyError, TypeError):
            msg = f"is {value!r}, not one of {', '.join(self.names)}"
            raise ValueError(msg) from None

    def decode(self, code: int) -> K:
        """Return the name or the Enum's member."""
        return cast("K", self.values[code])

    def spec(self) -> dict[str, object]:
        """Return the names, in order."""
        return {"kind": self.kind, "names": list(self.names)}


class Ref(Field["E | None"], Generic[E]):
    """Another entity of the room, or None: `Ref(Ship)`, `Ref("Ship")` where the class comes later, `Ref()` for any.

    On the wire it is the id. When the entity is despawned the reference becomes None.
    """

    kind = "ref"

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
            msg = f'{where}: Ref takes an Entity class or its name, Ref(Ship) or Ref("Ship"), not {self.to!r}'
            raise DeclarationError(msg)

    def accepts(self, value: object) -> bool:
        """Whether `value` is of the declared class."""
        if isinstance(self.to, str):
            return any(cls.__name__ == self.to for cls in type(value).__mro__)
        return self.to is None or isinstance(value, self.to)

    def code_in(self, value: Any, living: Mapping[int, Entity]) -> int:
        """Return the id of `value` if it lives here, 0 for None and for what was despawned; ValueError for anything else."""
        if value is None or getattr(value, "alive", None) is False:
            return 0
        code = getattr(value, "id", 0)
        if living.get(code) is not value or not self.accepts(value):
            msg = f"is {value!r}, which is not {'an entity' if self.to is None else f'a {self.target}'} of this room"
            raise ValueError(msg)
        return int(code)

    @property
    def target(self) -> str:
        """The name of the declared class, or "Entity"."""
        return self.to if isinstance(self.to, str) else getattr(self.to, "__name__", "Entity")

    def encode(self, value: E | None) -> int:
        """Return the id, 0 for None and for what does not live."""
        return int(getattr(value, "id", 0)) if getattr(value, "alive", False) else 0


class Text(Field[str]):
    """A str of at most `max_bytes` bytes of UTF-8; a longer one is cut at a character. Sent whole when it changes."""

    kind = "text"
    numeric = False
    empty: ClassVar[str] = ""
    """Frozen, of an entity about which nothing was said yet."""

    def __init__(self, max_bytes: int, *, default: str = "") -> None:
        self.max_bytes = max_bytes
        self.default = default

    def bind(self, where: str) -> None:
        """Check the length."""
        if not _is_int(self.max_bytes) or not 1 <= self.max_bytes <= MAX_TEXT_BYTES:
            msg = f"{where}: max_bytes is {self.max_bytes!r}; give 1 to {MAX_TEXT_BYTES}, such as Text(max_bytes=24)"
            raise DeclarationError(msg)
        if not isinstance(self.default, str) or self.freeze(self.default) != self.default:
            msg = f"{where}: default {self.default!r} is not a str of at most {self.max_bytes} bytes"
            raise DeclarationError(msg)

    def freeze(self, value: object) -> str:
        """Return what is replicated of `value`; ValueError when it is no str. A lone surrogate becomes a question mark."""
        if not isinstance(value, str):
            msg = f"is {value!r}, not a str"
            raise ValueError(msg)
        return value.encode("utf-8", "replace")[: self.max_bytes].decode("utf-8", "ignore")

    def thaw(self, frozen: Any) -> str:
        """Return the value of what `freeze` or `read` gave."""
        return cast("str", frozen)

    def read(self, raw: object) -> str:
        """Check what came over the wire; ValueError when it is no text of this field."""
        if not isinstance(raw, str) or len(raw.encode("utf-8", "replace")) > self.max_bytes:
            msg = f"is not a text of at most {self.max_bytes} bytes"
            raise ValueError(msg)
        return raw

    def spec(self) -> dict[str, object]:
        """Return the length."""
        return {"kind": self.kind, "max_bytes": self.max_bytes}


class List(Field[list[T]]):
    """A short list of numeric values, at most `max_items`; what is beyond is cut off. Sent whole when it changes."""

    kind = "list"
    numeric = False
    empty: ClassVar[tuple[int, ...]] = ()
    """Frozen, of an entity about which nothing was said yet."""

    def __init__(self, of: Field[T], max_items: int) -> None:
        self.of = of
        self.max_items = max_items

    def initial(self) -> list[T]:
        """Return an empty list of its own."""
        return []

    def bind(self, where: str) -> None:
        """Check the items' field and the length."""
        if not isinstance(self.of, Float | Angle | Int | Flag | Choice) or self.of.rate_of is not None:
            msg = f"{where}: a list holds Float, Angle, Int, Flag or Choice, such as List(Int(0, 9), max_items=8), not {self.of!r}"
            raise DeclarationError(msg)
        if not _is_int(self.max_items) or not 1 <= self.max_items <= MAX_LIST_ITEMS:
            msg = f"{where}: max_items is {self.max_items!r}; give 1 to {MAX_LIST_ITEMS}"
            raise DeclarationError(msg)
        self.of.bind(f"{where}[]")

    def freeze(self, value: object) -> tuple[int, ...]:
        """Return the codes of the items; ValueError when it is no list or tuple, or an item does not fit its field."""
        if not isinstance(value, list | tuple):
            msg = f"is {value!r}, not a list"
            raise ValueError(msg)
        return tuple([self.of.encode(item) for item in value[: self.max_items]])

    def thaw(self, frozen: Any) -> list[T]:
        """Return a new list of the values of `frozen`."""
        return [self.of.decode(code) for code in frozen]

    def read(self, raw: object) -> tuple[int, ...]:
        """Check what came over the wire; ValueError when it is no list of this field's codes."""
        if not isinstance(raw, list | tuple) or len(raw) > self.max_items:
            msg = f"is not an array of at most {self.max_items} items"
            raise ValueError(msg)
        lo, hi = self.of.lo, self.of.hi
        if not all(type(code) is int and lo <= code <= hi for code in raw):
            msg = f"has an item that is not a code from {lo} to {hi}"
            raise ValueError(msg)
        return tuple(raw)

    def spec(self) -> dict[str, object]:
        """Return the items' field and the length."""
        return {"kind": self.kind, "of": {**self.of.spec(), **_no_rate(self.of)}, "max_items": self.max_items}


def _no_rate(field: Field[Any]) -> dict[str, object]:
    return {"rate": None} if isinstance(field, Float | Angle) else {}
