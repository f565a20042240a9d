"""The field types whose value is an object: Text and List. A value that changes is sent whole, so they are for small
ones.

`freeze` makes a value into the immutable form that a snapshot holds and the wire carries; `thaw` makes that into what
rules and clients read.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeVar, cast

from gameserver.state.discrete import Choice, Flag
from gameserver.state.errors import DeclarationError
from gameserver.state.field import Field, is_int
from gameserver.state.jumps import Jumps
from gameserver.state.numeric import Angle, Float, Int

T = TypeVar("T")

MAX_TEXT_BYTES: Final = 65_535
MAX_LIST_ITEMS: Final = 1024


class Text(Field[str]):
    """A short text. A longer one is cut at the last character that fits.

    Args:
        max_bytes: The most bytes of its UTF-8, 1 to 65,535.
        default: The text of a new entity.
    """

    type_name = "text"
    numeric = False
    empty: ClassVar[str] = ""
    """The frozen value that a client assumes for a new entity."""

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
        """Return the text that is replicated: cut to `max_bytes`, lone surrogates replaced by question marks.

        Args:
            value: A str.

        Returns:
            The text.

        Raises:
            ValueError: `value` is not a str.
        """
        if not isinstance(value, str):
            msg = f"is {value!r}, not a str"
            raise ValueError(msg)
        return value.encode("utf-8", "replace")[: self.max_bytes].decode("utf-8", "ignore")

    def thaw(self, frozen: object) -> str:
        """Return the text itself.

        Args:
            frozen: What `freeze` returned.

        Returns:
            The text.
        """
        return cast("str", frozen)

    def copy(self, value: str) -> str:
        """Return the text itself: nothing can change it.

        Args:
            value: A text.

        Returns:
            The same text.
        """
        return value

    def known_items(self, value: object, copy: object) -> int:
        """Return 0: a text is frozen whole.

        Args:
            value: A text.
            copy: A copy of what it was.

        Returns:
            0.
        """
        return 0

    def read(self, raw: object) -> str:
        """Check a value that came over the wire.

        Args:
            raw: Any value that msgpack can carry.

        Returns:
            The text, frozen.

        Raises:
            ValueError: `raw` is not a str of at most `max_bytes` bytes.
        """
        if not isinstance(raw, str) or len(raw.encode("utf-8", "replace")) > self.max_bytes:
            msg = f"is not a text of at most {self.max_bytes} bytes"
            raise ValueError(msg)
        return raw

    def spec(self) -> dict[str, object]:
        """Return the most bytes."""
        return {"kind": self.type_name, "max_bytes": self.max_bytes}


class List(Field[list[T]]):
    """A short list of numbers, flags or choices. Items beyond `max_items` are cut off.

    A new entity begins with an empty list of its own. Changing the list in place is replicated like assigning one.

    Args:
        of: The field type of each item: a Float, Angle, Int, Flag or Choice without `rate_of`.
        max_items: The most items, 1 to 1024.
    """

    type_name = "list"
    numeric = False
    empty: ClassVar[tuple[int, ...]] = ()
    """The frozen value that a client assumes for a new entity."""

    def __init__(self, of: Field[T], max_items: int) -> None:
        self.of = of
        self.max_items = max_items

    def bind(self, where: str) -> None:
        """Check the items' field type and the length."""
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
        """Return a new empty list."""
        return []

    def freeze(self, value: object) -> tuple[int, ...]:
        """Return the items' codes.

        Args:
            value: A list or tuple of items.

        Returns:
            One code per item, at most `max_items`.

        Raises:
            ValueError: `value` is not a list or tuple, or an item has no code.
        """
        if not isinstance(value, list | tuple):
            hint = "; write .tolist() behind the array" if hasattr(value, "tolist") else ""
            msg = f"is {value!r}, not a list{hint}"
            raise ValueError(msg)
        return self.of.encode_all(value[: self.max_items])

    def thaw(self, frozen: Any) -> list[T]:
        """Return a new list of the items' values.

        Args:
            frozen: What `freeze` returned.

        Returns:
            A list that the caller may change.
        """
        return self.of.decode_all(frozen)

    def copy(self, value: list[T]) -> list[T]:
        """Return a copy that does not follow changes of the list.

        Args:
            value: A list.

        Returns:
            A new list of the same items.
        """
        return value.copy()

    def known_items(self, value: object, copy: object) -> int:
        """Return how many items a list begins with that need not be frozen again, since it only grew at its end.

        Args:
            value: A list.
            copy: A copy of what it was when it was frozen.

        Returns:
            The number of items of the copy; 0 if the list begins otherwise.
        """
        if type(value) is not list or type(copy) is not list or not len(copy) < len(value) <= self.max_items:
            return 0
        return len(copy) if value[: len(copy)] == copy else 0

    def read(self, raw: object) -> tuple[int, ...]:
        """Check a value that came over the wire.

        Args:
            raw: Any value that msgpack can carry.

        Returns:
            The codes, frozen.

        Raises:
            ValueError: `raw` is not an array of at most `max_items` codes.
        """
        if not isinstance(raw, list | tuple) or len(raw) > self.max_items:
            msg = f"is not an array of at most {self.max_items} items"
            raise ValueError(msg)
        lo, hi = self.of.lo, self.of.hi
        if raw and ({*map(type, raw)} != {int} or min(raw) < lo or max(raw) > hi):
            msg = f"has an item that is no code from {lo} to {hi}"
            raise ValueError(msg)
        return tuple(raw)

    def spec(self) -> dict[str, object]:
        """Return the items' field type and the most items."""
        return {"kind": self.type_name, "of": describe(self.of, None), "max_items": self.max_items}


def describe(field: Field[Any], rate: int | None) -> dict[str, object]:
    """Return a field as protocol.md §4 describes it, without its name.

    Args:
        field: A bound field.
        rate: The index of the field that is its rate, None if it has none.
    """
    return {**field.spec(), **({"rate": rate} if isinstance(field, Float | Angle) else {})}
