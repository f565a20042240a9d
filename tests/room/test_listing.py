"""What others may see of a room: declared as a class, set by the rules, checked at the end of a tick."""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

import pytest
from msgspec import Meta, field

from gameserver import Listing, Room
from gameserver.hub.hub import Hub
from gameserver.room.listing import MAX_LISTING_BYTES, MAX_LISTING_FIELDS, ListingInvalid, listed_values
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine


class Mode(enum.Enum):
    DUEL = "duel"


class RaceListing(Listing):
    track: Literal["ice", "sand"] = "sand"
    laps: Annotated[int, Meta(ge=0, le=20)] = 3
    boss: str | None = None
    rating: float = 1
    mode: Mode = Mode.DUEL


class Race(Room):
    listing = RaceListing(laps=5)

    def on_create(self, options: Any) -> None:
        self.listing.track = "ice"


FIRST = {"track": "ice", "laps": 5, "boss": None, "rating": 1.0, "mode": "duel"}


def race() -> tuple[RoomEngine, Race, list[dict[str, Any]]]:
    """A room, its rules, and what it lists at each change that it announces."""
    engine = Hub([Race], token_bytes=bytes, seed=1).open_room("race")
    seen: list[dict[str, Any]] = []
    engine.on_listing_changed = lambda changed: seen.append(changed.listing)
    assert isinstance(engine.room, Race)
    return engine, engine.room, seen


def test_what_the_rules_set_is_seen_at_the_end_of_the_tick_and_announced_once() -> None:
    engine, room, seen = race()
    assert engine.listing == FIRST
    assert engine.statistics()["listing"] == FIRST
    room.listing.laps, room.listing.boss = 4, "Ada"
    assert engine.listing == FIRST
    engine.tick(1.0)
    engine.tick(2.0)
    assert seen == [{**FIRST, "laps": 4, "boss": "Ada"}] == [engine.listing]
    room.listing = RaceListing(track="sand")
    engine.tick(3.0)
    assert engine.listing == {**FIRST, "track": "sand", "laps": 3}
    assert Race.listing == RaceListing(laps=5), "the class keeps its own"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"laps": 21}, "listing: 'laps': expected int <= 20"),
        ({"laps": "3"}, "listing: 'laps': expected int, got str"),
        ({"laps": True}, "listing: 'laps': expected int, got bool"),
        ({"track": "moon"}, "listing: 'track': invalid enum value 'moon'"),
        ({"boss": ["Ada"]}, "listing: 'boss': expected str | null, got array"),
        ({"boss": "\ud800"}, "listing: 'boss': expected a text that UTF-8 can hold"),
        ({"boss": "x" * MAX_LISTING_BYTES}, f"listing: 573 bytes; at most {MAX_LISTING_BYTES}"),
        ({"rating": float("nan")}, "listing: 'rating': expected a finite number"),
        ({"mode": "tag"}, "listing: 'mode': invalid enum value 'tag'"),
    ],
)
def test_what_is_not_declared_ends_the_room_and_the_log_names_the_field(
    change: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine, room, _ = race()
    for name, value in change.items():
        setattr(room.listing, name, value)
    with pytest.raises(ListingInvalid) as refused:
        listed_values(room.listing, Race.listing)
    assert str(refused.value) == reason
    with caplog.at_level(logging.ERROR):
        engine.tick(1.0)
    assert engine.closed
    assert engine.failure == "the room's code raised ListingInvalid; the server has logged where"
    assert reason in caplog.text


def test_a_listing_of_another_class_is_refused() -> None:
    engine, room, _ = race()
    room.listing = Listing()  # type: ignore[assignment]
    engine.tick(1.0)
    assert engine.failure is not None


class Nested(TypedDict):
    laps: int


class Lists(Listing):
    laps: list[int] = field(default_factory=list)


class Maps(Listing):
    laps: Nested | None = None


class BadDefault(Listing):
    laps: int = "many"  # type: ignore[assignment]


MANY: Any = type("Many", (Listing,), {"__annotations__": {f"f{n}": int for n in range(MAX_LISTING_FIELDS + 1)}})


@pytest.mark.parametrize(
    "listing",
    [Lists(), Maps(), BadDefault(), RaceListing, None, MANY(*range(MAX_LISTING_FIELDS + 1))],
    ids=repr,
)
def test_a_declaration_that_nobody_could_filter_by_is_refused(listing: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Bad.listing is .*; write an instance of your subclass of Listing"):
        type("Bad", (Room,), {"listing": listing})
