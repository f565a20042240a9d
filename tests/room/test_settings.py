"""A setting of a room class that cannot work is refused when the class is made, with what to write."""

import math
import re
from typing import Annotated, Any

import numpy as np
import pytest
from msgspec import Meta, field

from gameserver import Entity, Listing, Near, Options, PlayerState, Room, RoomState, Roster
from gameserver.room.kind import make_kind
from gameserver.state.errors import DeclarationError

HUGE = 10**30
NAN, INF = math.nan, math.inf


class Incomplete(Options):
    laps: int = "many"  # type: ignore[assignment]


class Lists(Listing):
    laps: list[int] = field(default_factory=list)


class Unfitting(Options):
    laps: Annotated[int, Meta(ge=1)] = 0


WRONG: dict[str, list[Any]] = {
    "kind": [None, 5, b"tag", "x" * 65, "\ud800"],
    "tick_hz": [None, "20", 20.0, True, np.int64(20), -1, 0, 241, NAN, INF, HUGE],
    "snapshot_hz": ["20", 20.0, True, -1, 0, 241, NAN, INF, HUGE],
    "max_players": [None, "2", 2.0, True, np.int64(2), -1, 0, NAN, INF, HUGE],
    "max_spectators": [None, "2", 2.0, True, np.int64(2), -1, NAN, INF, HUGE],
    "max_players_per_address": ["2", 2.0, True, np.int64(2), -1, 0, NAN, INF, HUGE],
    "max_spectators_per_address": ["2", 2.0, True, np.int64(2), -1, 0, NAN, INF, HUGE],
    "empty_close_s": [None, "30", True, -1, -0.5, NAN, -INF],
    "commands": [None, [], "goal", {"": int}, {"two words": int}, {7: int}, {"goal": 7}],
    "max_rewind_s": [None, "0.2", True, -0.1, 1, NAN, INF, HUGE],
    "resume_grace_s": ["30", True, -1, NAN, INF, HUGE],
    "going_away_grace_s": ["3", True, -1, NAN, INF, HUGE],
    "roster": [5, "PlayerState", PlayerState, Roster, PlayerState()],
    "state": [None, "lobby", RoomState, PlayerState()],
    "entities": [None, Entity, "Ship", (1,), [Room], {Entity}],
    "predict": [5, "move"],
    "predict_contact": [5, "bump"],
    "predict_world": [300, "near"],
    "options": [None, {}, Options, Incomplete(), Unfitting()],
    "listing": [None, {}, Listing, Lists()],
    "lists": [5, b"race", "two words"],
    "single": [None, 1, "yes"],
    "lasting": [None, 1, "yes"],
    "durable": [None, 1, "yes"],
    "saved_version": [0, -1, 1.5, None, True],
    "visibility": [None, True, "hidden", "Public"],
    "interest": [5, 400.0, Near, (400,)],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_refused_with_the_class_the_value_and_what_to_write(name: str, value: Any) -> None:
    with pytest.raises(DeclarationError) as refused:
        type("Tag", (Room,), {name: value})
    what, _, wanted = str(refused.value).partition("; write ")
    assert what.startswith(f"Tag.{name} is {value!r}")
    assert wanted


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("options", Incomplete(), "options: 'laps': expected int, got str"),
        ("options", Unfitting(), "options: 'laps': expected int >= 1"),
        ("listing", Lists(), "listing: 'laps': expected a bool, an int, a float, a str or None"),
    ],
)
def test_what_does_not_fit_in_a_declaration_of_several_fields_is_named(name: str, value: Any, why: str) -> None:
    with pytest.raises(
        DeclarationError, match=re.escape(f"Tag.{name} is {value!r}: {why}; write an instance of your ")
    ):
        type("Tag", (Room,), {name: value})


@pytest.mark.parametrize(
    "settings",
    [
        {"empty_close_s": 0, "max_rewind_s": 0, "resume_grace_s": 0, "going_away_grace_s": 0, "max_spectators": 0},
        {"empty_close_s": INF, "resume_grace_s": None, "interest": Near(400), "entities": []},
        {"kind": "", "tick_hz": 240, "snapshot_hz": 240, "max_rewind_s": 0.9},
    ],
)
def test_settings_at_the_ends_of_their_ranges_are_taken(settings: dict[str, Any]) -> None:
    type("Tag", (Room,), settings)


def test_every_setting_of_a_room_is_checked() -> None:
    settings = {name for name in Room.__annotations__ if not name.startswith("_")}
    assert settings == set(WRONG)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"radius": None}, "radius is None; write a number above 0"),
        ({"radius": 0}, "write a number above 0"),
        ({"radius": -1}, "write a number above 0"),
        ({"radius": NAN}, "write a number above 0"),
        ({"radius": INF}, "write a number above 0"),
        ({"radius": "400"}, "write a number above 0"),
        ({"radius": 400, "leave_radius": 300}, "radius ≤ leave radius"),
        ({"radius": 400, "types": {Entity: "far"}}, "write a number above 0"),
        ({"radius": 400, "place": "xy"}, 'such as ("x", "y")'),
        ({"radius": 400, "tiers": {200: 0}}, "every how many snapshots"),
        ({"radius": 400, "tiers": {200: None}}, "every how many snapshots"),
        ({"radius": 400, "tiers": {"far": 2}}, "write a number above 0"),
        ({"radius": 400, "bytes_per_s": -1}, "write a number of bytes, 0 or more"),
        ({"radius": 400, "bytes_per_s": "5k"}, "write a number of bytes"),
        ({"radius": 400, "bytes_per_s": NAN}, "write a number of bytes, 0 or more"),
    ],
)
def test_an_interest_that_cannot_work_is_refused_where_it_is_written(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        Near(**arguments)
    assert says in str(refused.value)


def test_a_single_room_that_is_private_from_the_start_is_refused() -> None:
    with pytest.raises(DeclarationError, match='single, and visibility is "private"'):
        make_kind(type("Only", (Room,), {"single": True, "visibility": "private", "entities": ()}))
