"""The types of a message's items: which values each accepts, and the reason for one that it refuses.

Encoder and decoder use the same types (`specs`). A type never changes a value, and a reason never repeats a long one.
"""

import math
from dataclasses import dataclass
from typing import Final, Protocol, TypeGuard

from gameserver.protocol.constants import MAX_COUNTER, RESERVATION_BYTES, Limits
from gameserver.protocol.payload import MAX_PAYLOAD_INTEGER, Problem, describe, payload_problem


class ItemType(Protocol):
    """A type of item."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None if it is accepted."""
        ...


def is_integer(value: object) -> TypeGuard[int]:
    """Return True for an int that is not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Int:
    """An integer from `lo` to `hi`."""

    lo: int = 0
    hi: int = MAX_COUNTER

    @property
    def expected(self) -> str:
        """What is accepted, in words."""
        return f"an integer {self.lo}..{self.hi}"

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if is_integer(value) and self.lo <= value <= self.hi:
            return None
        return Problem("", self.expected, describe(value))


@dataclass(frozen=True, slots=True)
class Number:
    """A finite integer or float, 0 or more."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if isinstance(value, float) and 0 <= value < math.inf:
            return None
        if is_integer(value) and 0 <= value <= MAX_PAYLOAD_INTEGER:
            return None
        return Problem("", "a finite number, 0 or more", describe(value))


@dataclass(frozen=True, slots=True)
class Bool:
    """A bool."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        return None if isinstance(value, bool) else Problem("", "a bool", describe(value))


@dataclass(frozen=True, slots=True)
class Text:
    """A str of 1 byte up to the limit that `limit` names in `Limits`; of any length without one."""

    limit: str | None = None

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if self.limit is None:
            return None if isinstance(value, str) else Problem("", "a str", describe(value))
        most: int = getattr(limits, self.limit)
        # A str has at most as many characters as bytes, so a long one is never encoded.
        if isinstance(value, str) and 0 < len(value) <= most and len(value.encode()) <= most:
            return None
        expected = "a str that is not empty" if most == MAX_COUNTER else f"a str of 1..{most} bytes"
        return Problem("", expected, describe(value))


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin, of exactly `size` bytes if `size` is given."""

    size: int | None = None

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if isinstance(value, bytes) and self.size in (None, len(value)):
            return None
        return Problem("", "a bin" if self.size is None else f"a {self.size}-byte bin", describe(value))


@dataclass(frozen=True, slots=True)
class OrNil:
    """Nil, or a value of another type."""

    type: ItemType

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        found = None if value is None else self.type.problem(value, limits)
        return found and found._replace(expected=f"{found.expected} or nil" if not found.path else found.expected)


@dataclass(frozen=True, slots=True)
class Payload:
    """Any value without extensions: nil, bool, 64-bit integer, finite float, str, bin, array, or map with str keys."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        return payload_problem(value, limits.max_depth)


@dataclass(frozen=True, slots=True)
class Map:
    """A map of payloads with str keys."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if isinstance(value, dict):
            return payload_problem(value, limits.max_depth)
        return Problem("", "a map", describe(value))


@dataclass(frozen=True, slots=True)
class AnyArray:
    """An array of anything: what STATE holds is checked where it is applied, since a fault in it asks for RESYNC."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        return None if isinstance(value, (list, tuple)) else Problem("", "an array", describe(value))


_ROOM_FORMS: Final = frozenset(
    map(frozenset, (("code",), ("create",), ("options",), ("where",), ("where", "options"), ("room", "reservation")))
)


@dataclass(frozen=True, slots=True)
class RoomChoice:
    """JOIN's room: nil, the id of a room, or a map of one of the forms of protocol.md §3."""

    expected = "a str, nil, or a map with code, create, options, where, reservation"

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        id_type = Text("max_room_id_bytes")
        if value is None or isinstance(value, str):
            return OrNil(id_type).problem(value, limits)
        if not isinstance(value, dict):
            return Problem("", self.expected, describe(value))
        if frozenset(value) not in _ROOM_FORMS:
            return Problem("", self.expected, describe(value))
        types: dict[str, ItemType] = {"code": id_type, "room": id_type, "reservation": Bin(RESERVATION_BYTES)}
        for name, chosen in value.items():
            if found := types.get(name, Map()).problem(chosen, limits):
                return found.under(f".{name}")
        return None


@dataclass(frozen=True, slots=True)
class Item:
    """A named item of a message, a row or a map."""

    name: str
    type: ItemType


@dataclass(frozen=True, slots=True)
class Array:
    """An array of any length whose parts have one type."""

    of: ItemType

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if not isinstance(value, (list, tuple)):
            return Problem("", "an array", describe(value))
        for index, part in enumerate(value):
            if found := self.of.problem(part, limits):
                return found.under(f"[{index}]")
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """An array of exactly these items, in this order."""

    items: tuple[Item, ...]

    @property
    def notation(self) -> str:
        """The items' names as protocol.md writes them: `[name, name, …]`."""
        return f"[{', '.join(item.name for item in self.items)}]"

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if not isinstance(value, (list, tuple)) or len(value) != len(self.items):
            return Problem("", self.notation, describe(value))
        for item, part in zip(self.items, value, strict=True):
            if found := item.type.problem(part, limits):
                return found.under(f".{item.name}")
        return None


@dataclass(frozen=True, slots=True)
class Keys:
    """A map that has these keys. It may have others, since a later server may add some."""

    items: tuple[Item, ...]
    may_lack: tuple[Item, ...] = ()
    """Keys that are there only where there is something to say."""

    def problem(self, value: object, limits: Limits) -> Problem | None:
        """Return what is wrong with `value`, or None."""
        if not isinstance(value, dict):
            return Problem("", "a map", describe(value))
        for item in (*self.items, *self.may_lack):
            if item.name not in value:
                if item in self.may_lack:
                    continue
                return Problem(f".{item.name}", "present", "nothing")
            if found := item.type.problem(value[item.name], limits):
                return found.under(f".{item.name}")
        return None
