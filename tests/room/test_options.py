"""What a creator may choose: declared as a class, checked by it, with an error that names the field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, field

from gameserver import Options, Room
from gameserver.hub.hub import Hub
from gameserver.room.options import OptionsInvalid, as_map, choose


class RaceOptions(Options):
    track: Literal["ice", "sand"] = "sand"
    laps: Annotated[int, Meta(ge=1, le=20)] = 3
    rate: float = 1.0
    tags: list[str] = field(default_factory=list)
    seal: bytes = b"\x00"


class Race(Room):
    options = RaceOptions(laps=5)

    def on_create(self, options: Any) -> None:
        self.seen = self.options.track, self.options.laps, dict(options)


def race(hub: Hub, options: dict[str, object] | None = None) -> Race:
    room = hub.open_room("race", options).room
    assert isinstance(room, Race)
    return room


DEFAULTS = {"track": "sand", "laps": 5, "rate": 1.0, "tags": [], "seal": b"\x00"}


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"laps": 0}, "options: 'laps': expected int >= 1"),
        ({"laps": "3"}, "options: 'laps': expected int, got str"),
        ({"laps": 2.5}, "options: 'laps': expected int, got float"),
        ({"laps": True}, "options: 'laps': expected int, got bool"),
        ({"laps": None}, "options: 'laps': expected int, got null"),
        ({"track": "moon"}, "options: 'track': invalid enum value 'moon'"),
        ({"track": "a\nb"}, "options: 'track': invalid enum value 'a\\nb'"),
        ({"tags": ["a", 1]}, "options: 'tags[1]': expected str, got int"),
        ({"rate": "fast"}, "options: 'rate': expected float, got str"),
        ({"speed": 1}, "options: no option 'speed'; there are: track, laps, rate, tags, seal"),
        ({"x" * 500: 1}, f"options: no option '{'x' * 24}'; there are: track, laps, rate, tags, seal"),
        ({"\x1b[2J": 1}, "options: no option '\\\\x1b[2J'; there are: track, laps, rate, tags, seal"),
        ({"": 1}, "options: no option ''; there are: track, laps, rate, tags, seal"),
    ],
)
def test_what_is_not_declared_is_refused_with_the_name_of_the_field(chosen: dict[str, Any], reason: str) -> None:
    with pytest.raises(OptionsInvalid) as refused:
        choose(Race.options, chosen)
    assert str(refused.value) == reason


def test_what_is_not_chosen_has_the_default_that_the_room_gives() -> None:
    assert as_map(choose(Race.options, {})) == DEFAULTS
    chosen = {"track": "ice", "laps": 20, "rate": 2, "tags": ["a"], "seal": b"\xff"}
    options = choose(Race.options, chosen)
    assert as_map(options) == chosen
    assert Race.options == RaceOptions(laps=5), "the class keeps its own"


def test_a_room_has_its_options_before_on_create_and_as_a_map() -> None:
    hub = Hub([Race], token_bytes=bytes, seed=1)
    room = race(hub, {"track": "ice", "opened_by": "a program"})
    assert room.seen == ("ice", 5, {**DEFAULTS, "track": "ice", "opened_by": "a program"})
    assert room.options == RaceOptions(track="ice", laps=5)


def test_each_room_has_its_own() -> None:
    hub = Hub([Race], token_bytes=bytes, seed=1)
    first, second = (race(hub).options for _ in range(2))
    first.tags.append("changed")
    assert second.tags == Race.options.tags == []
