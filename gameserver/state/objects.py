"""The kinds of fields whose value is no number: Text and List. They are sent whole when they change, so they are
small.

A value is *frozen* into what a snapshot holds and the wire carries, which never changes, and *thawed* into what a
rule or a client reads.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeVar, cast

from gameserver.state.errors import DeclarationError
from gameserver.state.field import Field, is_int
from gameserver.state.jumps import Jumps
from gameserver.state.numeric import Angle, Choice, Flag, Float, Int

T = TypeVar("T")

MAX_TEXT_BYTES: Final = 65_535
MAX_LIST_ITEMS: Final = 1024


class Text(Field[str]):
    """A str of at most `max_bytes` bytes of UTF-8; a longer one is cut at a character."""

    type_name = "text"
    numeric = False
    empty: ClassVar[str] = ""
    """What an entity holds, frozen, about which nothing was said yet."""

    def __init__(self, max_bytes: int, *, default: str = "") -> None:
        self.max_bytes = max_bytes
        self.default = default

    def bind(self, where: str) -> None:
        """Check the length and the default."""
        if not is_int(self.max_bytes) or not 1 <= self.max_bytes <= MAX_TEXT_BYTES:
            msg = f"{where}: max_bytes is {self.max_bytes!r}; give 1 to {MAX_TEXT_BYTES}, such as Text(max_bytes=24)"
            raise DeclarationError(msg)
        if not isinstance(self.default, str) or self.freeze(self.default) != self.default:
            msg = f"{where}: default {self.default!r} is not a str of at most {self.max_bytes} bytes"
            raise DeclarationError(msg)

    def freeze(self, value: object) -> str:
        """Return what is replicated; a lone surrogate becomes a question mark. Raises ValueError for what is no str."""
        if not isinstance(value, str):
            msg = f"is {value!r}, not a str"
            raise ValueError(msg)
        return value.encode("utf-8", "replace")[: self.max_bytes].decode("utf-8", "ignore")

    def thaw(self, frozen: object) -> str:
        """Return the value."""
        return cast("str", frozen)

    def read(self, raw: object) -> str:
        """Freeze what came over the wire. Raises ValueError for what is no text of this field."""
        if not isinstance(raw, str) or len(raw.encode("utf-8", "replace")) > self.max_bytes:
            msg = f"is not a text of at most {self.max_bytes} bytes"
            raise ValueError(msg)
        return raw

    def spec(self) -> dict[str, object]:
        """Return the length."""
        return {"kind": self.type_name, "max_bytes": self.max_bytes}


class List(Field[list[T]]):
    """A short list of numeric values, at most `max_items`; what is beyond is cut off."""

    type_name = "list"
    numeric = False
    empty: ClassVar[tuple[int, ...]] = ()
    """What an entity holds, frozen, about which nothing was said yet."""

    def __init__(self, of: Field[T], max_items: int) -> None:
        self.of = of
        self.max_items = max_items

    def bind(self, where: str) -> None:
        """Check the items' field and the length."""
        holds = isinstance(self.of, Float | Angle | Int | Flag | Choice) and not isinstance(self.of, Jumps)
        if not holds or self.of.rate_of is not None:
            msg = (
                f"{where}: a list holds Float, Angle, Int, Flag or Choice values, such as List(Int(0, 9), max_items=8)"
            )
            raise DeclarationError(msg)
        if not is_int(self.max_items) or not 1 <= self.max_items <= MAX_LIST_ITEMS:
            msg = f"{where}: max_items is {self.max_items!r}; give 1 to {MAX_LIST_ITEMS}"
            raise DeclarationError(msg)
        self.of.bind(f"{where}[]")

    def initial(self) -> list[T]:
        """Return an empty list of its own."""
        return []

    def freeze(self, value: object) -> tuple[int, ...]:
        """Return the items' codes. Raises ValueError for what is no list or tuple, and for items that do not fit."""
        if not isinstance(value, list | tuple):
            msg = f"is {value!r}, not a list"
            raise ValueError(msg)
        return tuple([self.of.encode(item) for item in value[: self.max_items]])

    def thaw(self, frozen: Any) -> list[T]:
        """Return a new list of the values."""
        return [self.of.decode(code) for code in frozen]

    def read(self, raw: object) -> tuple[int, ...]:
        """Freeze what came over the wire. Raises ValueError for what is no list of this field's codes."""
        if not isinstance(raw, list | tuple) or len(raw) > self.max_items:
            msg = f"is not an array of at most {self.max_items} items"
            raise ValueError(msg)
        lo, hi = self.of.lo, self.of.hi
        if any(type(code) is not int or not lo <= code <= hi for code in raw):
            msg = f"has an item that is no code from {lo} to {hi}"
            raise ValueError(msg)
        return tuple(raw)

    def spec(self) -> dict[str, object]:
        """Return the items' field and the length."""
        return {"kind": self.type_name, "of": describe(self.of, None), "max_items": self.max_items}


def describe(field: Field[Any], rate: int | None) -> dict[str, object]:
    """Return a field without its name as protocol.md §4 describes it; `rate` is the index of its rate."""
    return {**field.spec(), **({"rate": rate} if isinstance(field, Float | Angle) else {})}
