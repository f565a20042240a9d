"""Checks the settings of a room class, each when the class is made: a wrong one must not be found out by a tick."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from gameserver.protocol.constants import MAX_TICK_HZ
from gameserver.room.accepted_commands import are_commands
from gameserver.room.listing import MAX_LISTING_BYTES, MAX_LISTING_FIELDS, is_listing
from gameserver.room.options import are_options
from gameserver.room.player_views import Near
from gameserver.room.roster import RoomState, Roster
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.touch import Touch

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REWIND_S: Final = 0.9
"""A room keeps its snapshots for a second."""
MAX_SEATS: Final = 1_000_000
MAX_GRACE_S: Final = 1_000_000
"""Eleven days. Timers of browsers reach 24."""
MAX_KIND_BYTES: Final = 64
VISIBILITIES: Final = ("public", "unlisted", "private")
KIND_NAMES: Final = f"1 to {MAX_KIND_BYTES} of the characters A-Z a-z 0-9 . _ -, beginning with a letter or a digit"
_KIND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_setting(owner: str, name: str, value: object) -> None:
    """Check one setting of a room class; any other attribute is the author's own.

    Args:
        owner: The name of the class.
        name: The name of the attribute.
        value: Its value.

    Raises:
        DeclarationError: Names class, attribute and value, and says what to write.
    """
    known = _SETTINGS.get(name)
    if known is None:
        return
    is_valid, wanted = known
    found = is_valid(value)
    if found is not True:
        why = f": {found}" if found else ""
        raise DeclarationError(f"{owner}.{name} is {value!r}{why}; write {wanted}")


def check_settings(cls: type[Any]) -> None:
    """Check every setting of a room class, inherited ones included.

    Raises:
        DeclarationError: As `check_setting`.
    """
    for name in _SETTINGS:
        check_setting(cls.__name__, name, getattr(cls, name))
    if cls.durable and not cls.lasting:
        raise DeclarationError(f"{cls.__name__}.durable: write lasting = True beside it")
    if cls.single and cls.visibility == "private":
        raise DeclarationError(
            f'{cls.__name__}: single, and visibility is "private": the first who asks would have it; write "unlisted"'
        )


def _is_whole(value: object, lo: int, hi: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lo <= value <= hi


def _is_number(value: object, lo: float, hi: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and lo <= value <= hi  # False for NaN


def is_kind_name(name: str) -> bool:
    """Return whether a kind can have this name: it is part of URLs, file names and command lines."""
    return len(name) <= MAX_KIND_BYTES and bool(_KIND.fullmatch(name))


def _is_kind(value: object) -> bool:
    return isinstance(value, str) and (not value or is_kind_name(value))


def _are_entities(value: object) -> bool:
    if not isinstance(value, tuple | list):
        return False
    return all(isinstance(part, type) and issubclass(part, Entity) for part in value)


_Setting = tuple["Callable[[Any], bool | str]", str]
"""What is true for a valid value, and false, or text that says why, for another one; and what to write."""
_STEP: Final[_Setting] = (lambda value: value is None or callable(value), "the name of a @shared function, or None")
_GRACE: Final[_Setting] = (
    lambda value: value is None or _is_number(value, 0.0, MAX_GRACE_S),
    f"0 to {MAX_GRACE_S} seconds, or None for the server's setting",
)

_PER_ADDRESS: Final[_Setting] = (
    lambda value: value is None or _is_whole(value, 1, MAX_SEATS),
    f"a whole number from 1 up, at most {MAX_SEATS}, or None",
)

_SETTINGS: Final[dict[str, _Setting]] = {
    "kind": (_is_kind, KIND_NAMES),
    "tick_hz": (lambda value: _is_whole(value, 1, MAX_TICK_HZ), f"a whole number from 1 to {MAX_TICK_HZ}"),
    "snapshot_hz": (
        lambda value: value is None or _is_whole(value, 1, MAX_TICK_HZ),
        f"a whole number from 1 to {MAX_TICK_HZ}, or None",
    ),
    "max_players": (lambda value: _is_whole(value, 1, MAX_SEATS), f"a whole number from 1 up, at most {MAX_SEATS}"),
    "max_spectators": (lambda value: _is_whole(value, 0, MAX_SEATS), f"a whole number from 0 up, at most {MAX_SEATS}"),
    "max_players_per_address": _PER_ADDRESS,
    "max_spectators_per_address": _PER_ADDRESS,
    "empty_close_s": (
        lambda value: _is_number(value, 0.0, math.inf),
        "0 seconds or more; math.inf keeps an empty room for ever",
    ),
    "max_rewind_s": (lambda value: _is_number(value, 0.0, MAX_REWIND_S), f"0 to {MAX_REWIND_S} seconds"),
    "resume_grace_s": _GRACE,
    "going_away_grace_s": _GRACE,
    "entities": (_are_entities, "a tuple of Entity classes, such as (Ship, Shot)"),
    "predict": _STEP,
    "predict_contact": _STEP,
    "predict_world": (
        lambda value: value is None or isinstance(value, Touch),
        "Touch(300, steps={Ball: roll}, contacts=[(Ship, Ball, kick)]), or None",
    ),
    "options": (
        are_options,
        "an instance of your subclass of Options, whose fields all have a type and a fitting default",
    ),
    "listing": (
        is_listing,
        "an instance of your subclass of Listing, whose fields are bool, int, float, str, Literal, Enum or None, each "
        f"with a fitting default; at most {MAX_LISTING_FIELDS}, and {MAX_LISTING_BYTES} bytes",
    ),
    "lists": (lambda value: value is None or _is_kind(value), "the name of a kind of room, or None"),
    "commands": (
        are_commands,
        'the types of its commands by name, such as {"readings": Readings}, where Readings is a msgspec.Struct',
    ),
    "single": (lambda value: isinstance(value, bool), "True or False"),
    "durable": (lambda value: isinstance(value, bool), "True or False"),
    "lasting": (lambda value: isinstance(value, bool), "True or False"),
    "saved_version": (lambda value: _is_whole(value, 1, MAX_SEATS), f"a whole number from 1 to {MAX_SEATS}"),
    "visibility": (lambda value: value in VISIBILITIES, '"public", "unlisted" or "private"'),
    "roster": (lambda value: value is None or isinstance(value, Roster), "Roster(PlayerState), or None"),
    "state": (lambda value: isinstance(value, RoomState), "an instance of your subclass of RoomState"),
    "interest": (lambda value: value is None or isinstance(value, Near), "Near(radius=400), or None"),
}

SETTING_NAMES: Final = tuple(_SETTINGS)
