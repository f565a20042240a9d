"""Parties into teams."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gameserver.match.teams import even_capacities, fits, pack, split
from gameserver.match.tickets import Ticket

sizes = st.lists(st.integers(1, 4), min_size=1, max_size=6)
capacities = st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple)


def can_be_packed(parties: list[int], free: tuple[int, ...]) -> bool:
    """Whether parties fit, by trying everything."""
    for teams in product(range(len(free)), repeat=len(parties)):
        sums = [0] * len(free)
        for size, team in zip(parties, teams, strict=True):
            sums[team] += size
        if all(used <= room for used, room in zip(sums, free, strict=True)):
            return True
    return False


@given(sizes, capacities)
def test_parties_fit_when_there_is_any_way(parties: list[int], free: tuple[int, ...]) -> None:
    assert fits(parties, free) == can_be_packed(parties, free)


@given(sizes, capacities)
def test_each_party_gets_one_team_with_room(parties: list[int], free: tuple[int, ...]) -> None:
    ordered = tuple(sorted(parties, reverse=True))
    places = pack(ordered, free)
    if places is not None:
        for team, room in enumerate(free):
            assert sum(size for size, place in zip(ordered, places, strict=True) if place == team) <= room


@given(st.integers(0, 40), st.integers(1, 6))
def test_even_capacities_are_even(players: int, teams: int) -> None:
    free = even_capacities(players, teams)
    assert (sum(free), len(free)) == (players, teams)
    assert max(free) - min(free) <= 1


def test_strong_and_weak_are_shared_out() -> None:
    four = [Ticket(n, 0.0, skill) for n, skill in enumerate([100.0, 90.0, 20.0, 10.0])]
    teams = split(four, (2, 2))
    assert teams is not None
    assert [sum(ticket.skill for ticket in team) for team in teams] == [110.0, 110.0]
