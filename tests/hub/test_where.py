"""What a filter accepts of what a listing declares, and which rooms fit."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from gameserver import Listing, Role
from gameserver.hub.open_rooms import MAX_FILTERED_ROOMS, OpenRooms
from gameserver.hub.where import Where, WhereInvalid, likely_listing
from gameserver.room.listing import listed_values


class Mode(enum.Enum):
    DUEL = "duel"
    TEAMS = "teams"


class RaceListing(Listing):
    track: Literal["ice", "sand"] = "sand"
    laps: Annotated[int, Meta(ge=0, le=20)] = 3
    boss: str | None = None
    ranked: bool = False
    rating: float = 1.5
    mode: Mode = Mode.DUEL


DECLARED = RaceListing()
SAND = listed_values(RaceListing(), DECLARED)
ICE = listed_values(RaceListing(track="ice", laps=10, boss="Ada", ranked=True, rating=2, mode=Mode.TEAMS), DECLARED)


@pytest.mark.parametrize(
    ("raw", "fits"),
    [
        ({}, "both"),
        ({"track": "sand"}, "sand"),
        ({"track": ["ice", "sand"]}, "both"),
        ({"track": ["ice"]}, "ice"),
        ({"laps": 3}, "sand"),
        ({"laps": 0}, "none"),
        ({"laps": {"min": 4}}, "ice"),
        ({"laps": {"max": 3}}, "sand"),
        ({"laps": {"min": 3, "max": 10}}, "both"),
        ({"laps": {"min": -100, "max": 2.5}}, "none"),
        ({"rating": {"min": 1.5, "max": 1.75}}, "sand"),
        ({"rating": 2}, "ice"),
        ({"boss": {"exists": True}}, "ice"),
        ({"boss": {"exists": False}}, "sand"),
        ({"boss": ""}, "none"),
        ({"boss": "Ada", "track": "sand"}, "none"),
        ({"boss": "Ada", "track": "ice"}, "ice"),
        ({"ranked": False}, "sand"),
        ({"mode": "teams"}, "ice"),
    ],
)
def test_a_room_fits_if_all_conditions_hold(raw: dict[str, Any], fits: str) -> None:
    where = Where(raw, DECLARED)
    found = where.holds(SAND), where.holds(ICE)
    assert found == {"both": (True, True), "sand": (True, False), "ice": (False, True), "none": (False, False)}[fits]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"fog": 1}, "where: no field 'fog'; there are: track, laps, boss, ranked, rating, mode"),
        ({"x" * 99: 1}, f"where: no field '{'x' * 24}'; there are: track, laps, boss, ranked, rating, mode"),
        ({"\x1b": 1}, "where: no field '\\\\x1b'; there are: track, laps, boss, ranked, rating, mode"),
        ({"track": ""}, "where: 'track': invalid enum value ''"),
        ({"track": ["ice", 1]}, "where: 'track': expected str, got int"),
        ({"track": []}, "where: 'track': an empty array, which no room fits"),
        ({"track": {}}, "where: 'track': expected a value, an array of values, or a map with min and max, or exists"),
        ({"track": {"min": 1}}, "where: 'track': it is no number, so it has no min and max"),
        ({"ranked": {"min": 0}}, "where: 'ranked': it is no number, so it has no min and max"),
        ({"laps": True}, "where: 'laps': expected int, got bool"),
        ({"laps": 21}, "where: 'laps': expected int <= 20"),
        ({"laps": "3"}, "where: 'laps': expected int, got str"),
        ({"laps": {"min": "3"}}, "where: 'laps': min must be a number"),
        ({"laps": {"min": None}}, "where: 'laps': min must be a number"),
        ({"laps": {"max": True}}, "where: 'laps': max must be a number"),
        ({"laps": {"min": 4, "max": 3}}, "where: 'laps': min is above max"),
        ({"laps": {"min": 4, "exists": True}}, "where: 'laps': expected a value, an array of values, or a map with"),
        ({"laps": {"exists": 1}}, "where: 'laps': expected a value, an array of values, or a map with"),
        ({"boss": None}, "where: 'boss': nil; write a map with exists"),
        ({"boss": [None]}, "where: 'boss': nil; write a map with exists"),
        ({"boss": [["Ada"]]}, "where: 'boss': expected str | null, got array"),
        ({"boss": b"Ada"}, "where: 'boss': expected str | null, got bytes"),
    ],
)
def test_what_the_listing_does_not_declare_is_refused_with_the_name_of_the_field(
    raw: dict[str, Any], reason: str
) -> None:
    with pytest.raises(WhereInvalid) as refused:
        Where(raw, DECLARED)
    assert str(refused.value).startswith(reason)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["min", "max", "exists"]), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["track", "laps", "boss", "ranked", "rating", "mode"]), ANYTHING))
def test_whatever_a_client_sends_is_refused_or_holds_for_the_rooms_it_says(raw: dict[str, Any]) -> None:
    try:
        where = Where(raw, DECLARED)
    except WhereInvalid:
        return
    for listing in (SAND, ICE, {}):
        assert where.holds(listing) in (True, False)
    equal = {name: wanted for name, wanted in raw.items() if not isinstance(wanted, list | dict)}
    assert where.holds(SAND) <= all(SAND[name] == wanted for name, wanted in equal.items())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"track": "ice", "laps": {"min": 5}}, {"track": "ice", "laps": 5}),
        ({"track": ["ice", "sand"], "laps": {"max": 1}}, {"track": "ice", "laps": 1}),
        ({"boss": {"exists": False}, "mode": "teams"}, {"mode": "teams"}),
    ],
)
def test_what_a_room_that_is_not_made_yet_will_list_fits_the_filter_that_it_is_made_for(
    raw: dict[str, Any], expected: dict[str, Any]
) -> None:
    likely = likely_listing(raw, DECLARED)
    assert likely == {**SAND, **expected}
    assert Where(raw, DECLARED).holds(likely)


class Row:
    def __init__(self, laps: int) -> None:
        self.listing = {**SAND, "laps": laps}


def test_a_filter_takes_the_fullest_that_fits_and_looks_at_no_more_rooms_than_the_bound() -> None:
    rooms: OpenRooms[Row] = OpenRooms()
    for at in range(MAX_FILTERED_ROOMS + 1):
        rooms.file(f"r{at}", "race", Row(at % 20), (MAX_FILTERED_ROOMS - at, None))
    rooms.file("last", "race", Row(20), (0, None))
    found = rooms.fullest("race", Role.PLAYER, Where({"laps": {"min": 7, "max": 8}}, DECLARED))
    assert found is not None
    assert found.listing["laps"] == 7
    assert rooms.fullest("race", Role.PLAYER, Where({"laps": 20}, DECLARED)) is None
    rooms.file("last", "race", Row(20), (MAX_FILTERED_ROOMS, None))
    assert rooms.fullest("race", Role.PLAYER, Where({"laps": 20}, DECLARED)) is not None
