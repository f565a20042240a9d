"""What others may see of a room, and filter by: declared by the author, set by the rules, checked when a tick ends."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from gameserver.protocol.payload import MAX_PAYLOAD_INTEGER
from gameserver.room.options import reason_of

MAX_LISTING_BYTES: Final = 512
"""The values of one listing as JSON: a lobby holds the listings of all rooms of its kind."""
MAX_LISTING_FIELDS: Final = 32

Value: TypeAlias = bool | int | float | str | None
"""What a field of a listing holds on the wire; an Enum's member is its value."""
Values: TypeAlias = dict[str, Any]
"""A listing's values by name, each a `Value`."""


class Listing(msgspec.Struct, forbid_unknown_fields=True):
    """Base of what others may see of a room, and filter by. Each field has a type and a default:

        class RaceListing(Listing):
            track: Literal["ice", "sand"] = "sand"
            laps_left: int = 3

        class Race(Room):
            listing = RaceListing()

            def on_tick(self):
                self.listing.laps_left = 2

    A field is a bool, an int, a float, a str, a Literal or an Enum of these, or may be None.
    """


class ListedRoom(msgspec.Struct, frozen=True):
    """One room that strangers may see, as a lobby gets it."""

    id: str
    players: int
    """Seats taken or reserved, those of players whose link is lost included."""
    max_players: int
    spectators: int
    max_spectators: int
    locked: bool
    listing: dict[str, bool | int | float | str | None]
    """What the room lists, by name."""


class ListingInvalid(ValueError):
    """What the rules have set is not what the listing declares; the text names the field."""


def listed_values(listing: object, declared: Listing) -> Values:
    """Return the values that others may see.

    Args:
        listing: What the rules have set.
        declared: The room class's own, whose class says what may be.

    Raises:
        ListingInvalid: A field cannot have its value, or the listing is too long.
    """
    if not isinstance(listing, type(declared)):
        raise ListingInvalid(f"listing: expected {type(declared).__name__}, got {type(listing).__name__}")
    try:
        values: Values = msgspec.to_builtins(msgspec.convert(msgspec.to_builtins(listing), type(declared)))
    except (msgspec.ValidationError, TypeError) as error:
        raise ListingInvalid(reason_of("listing", str(error))) from None
    for name, value in values.items():
        if (wanted := _not_listable(value)) is not None:
            raise ListingInvalid(f"listing: '{name}': expected {wanted}")
    size = len(msgspec.json.encode(values))
    if size > MAX_LISTING_BYTES:
        raise ListingInvalid(f"listing: {size} bytes; at most {MAX_LISTING_BYTES}")
    return values


def _not_listable(value: object) -> str | None:
    """Return what a value must be that the wire or JSON cannot carry; None for one that is right."""
    match value:
        case bool() | None:
            return None
        case int():
            return None if abs(value) <= MAX_PAYLOAD_INTEGER else f"an integer within ±{MAX_PAYLOAD_INTEGER}"
        case float():
            return None if math.isfinite(value) else "a finite number"
        case str():
            return None if _is_utf8(value) else "a text that UTF-8 can hold"
    return "a bool, an int, a float, a str or None"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_LISTABLE_TYPES: Final = (
    inspect.BoolType,
    inspect.IntType,
    inspect.FloatType,
    inspect.StrType,
    inspect.NoneType,
    inspect.LiteralType,
    inspect.EnumType,
)


def types_of(listing: Listing) -> dict[str, tuple[inspect.Type, ...]]:
    """Return the types that each field of a listing may have, by name."""
    info = inspect.type_info(type(listing))
    assert isinstance(info, inspect.StructType)
    return {
        field.name: field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        for field in info.fields
    }


def is_listing(value: object) -> bool | str:
    """Return whether a class can have this value as its `listing`, or why it cannot: rules that set nothing show just
    these."""
    if not isinstance(value, Listing):
        return False
    try:
        types = types_of(value)
        listed_values(value, value)
    except (ListingInvalid, TypeError, NameError) as error:  # msgspec looks at the annotations now
        return " ".join(str(error).split())
    return len(types) <= MAX_LISTING_FIELDS and all(
        isinstance(one, _LISTABLE_TYPES) for some in types.values() for one in some
    )
