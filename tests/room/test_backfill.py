"""What a room asks queues for, and how many of its seats that leaves open."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.room.backfill import OpenSeats, backfill_request


def free(seats: Any, teams: list[object], *, most: int = 8, kept: int = 0) -> tuple[int, ...] | None:
    """The seats that are open in a room of `most` seats, of which `kept` are reserved."""
    players = [{"team": team} for team in teams]
    taken = len(teams) + kept
    open_seats = backfill_request("queue", seats, 0.0, "", None).open_seats("room", players, taken, most - taken)
    return None if open_seats is None else open_seats.free


def test_a_room_asks_for_as_many_as_it_lacks_of_what_it_wants_to_be() -> None:
    assert free(4, []) == (4,)
    assert free(4, [None, None, None]) == (1,)
    assert free(4, [None] * 4) is None
    assert free(4, [None] * 6) is None
    assert free(None, [None] * 5) == (3,)
    assert free(20, [None] * 5) == (3,)
    assert free(4, [None], kept=2) == (1,)


def test_a_room_of_teams_asks_for_each_of_them() -> None:
    assert free((2, 2), [0, 0, 1]) == (0, 1)
    assert free((2, 2), [1, 1, 1]) == (1, 0)
    assert free((2, 2), [0, 1, 0, 1]) is None
    assert free((2, 2), []) == (2, 2)


def test_who_has_no_team_or_a_wrong_one_takes_a_place_of_the_emptiest() -> None:
    odd: list[object] = [None, "0", 7, -1, [0]]
    for team in odd:
        assert free((2, 2), [0, team]) == (1, 1)
    assert free((1, 1), ["x", "y"]) is None
    assert free((2, 2), [0], kept=1) == (1, 1)


@given(
    st.one_of(st.none(), st.integers(1, 9), st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any)),
    st.lists(st.one_of(st.none(), st.integers(-1, 5)), max_size=8),
    st.integers(0, 4),
)
def test_never_more_than_is_free_and_wanted(seats: Any, teams: list[object], kept: int) -> None:
    most = 8 + kept
    found = free(seats, teams, most=most, kept=kept)
    taken = len(teams) + kept
    wanted = most if seats is None else sum(seats) if isinstance(seats, list) else seats
    if found is None:
        assert taken >= min(wanted, most) or (isinstance(seats, list) and len(teams) >= 1)
        return
    assert 0 < sum(found) <= min(wanted - taken, most - taken)
    assert min(found) >= 0
    if isinstance(seats, list):
        assert all(count <= size for count, size in zip(found, seats, strict=True))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"queue": ""}, "queue is ''; write the kind of a queue"),
        ({"queue": 7}, "queue is 7"),
        ({"seats": 0}, r"seats is 0; write 1 or more, or call cancel_backfill\(\)"),
        ({"seats": -1}, "seats is -1"),
        ({"seats": True}, "seats is True; write how many"),
        ({"seats": "two"}, "seats is 'two'"),
        ({"seats": []}, r"seats is \(\)"),
        ({"seats": (0, 0)}, r"seats is \(0, 0\)"),
        ({"seats": (2, -1)}, r"seats is \(2, -1\)"),
        ({"seats": (1, 1.5)}, r"seats is \(1, 1\.5\)"),
        ({"seats": (1,) * 65}, "seats has 65 teams; give at most 64"),
        ({"skill": math.nan}, "skill is nan; write a finite number"),
        ({"skill": "high"}, "skill is 'high'; write a number"),
        ({"pool": None}, "pool is None; write a text"),
        ({"pool": "p" * 65}, "pool has 65 characters; give at most 64"),
        ({"region": 3}, "region is 3; write a text"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    asked = {"queue": "queue", "seats": 2, "skill": 0.0, "pool": "", "region": None, **changed}
    with pytest.raises((TypeError, ValueError), match=message):
        backfill_request(**asked)


def test_what_is_open_says_what_was_asked_for() -> None:
    request = backfill_request("queue", [1, 2], 7, "ice", "eu")
    assert request.open_seats("k7", [], 0, 9) == OpenSeats("k7", "queue", (1, 2), True, 7.0, "ice", "eu")
