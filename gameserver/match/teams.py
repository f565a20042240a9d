"""Parties into teams: whole, and as even as they can be."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.match.tickets import Ticket

MAX_SWAPS: Final = 32
"""Bounds the search for even teams; a few are enough for teams of any usual size."""


@lru_cache(maxsize=4096)
def pack(sizes: tuple[int, ...], capacities: tuple[int, ...]) -> tuple[int, ...] | None:
    """Give each party a team that it fits into.

    Args:
        sizes: Players of each party, largest first.
        capacities: Free places of each team.

    Returns:
        The index of each party's team; None if they do not fit.
    """
    if not sizes:
        return ()
    if sum(sizes) > sum(capacities):
        return None
    if sizes[0] == 1:
        return _pack_singles(len(sizes), capacities)
    tried = set()
    roomiest_first = sorted(range(len(capacities)), key=lambda team: -capacities[team])
    for team in roomiest_first:
        free = capacities[team]
        if free < sizes[0] or free in tried:
            continue
        tried.add(free)
        rest = pack(sizes[1:], (*capacities[:team], free - sizes[0], *capacities[team + 1 :]))
        if rest is not None:
            return (team, *rest)
    return None


def _pack_singles(count: int, capacities: tuple[int, ...]) -> tuple[int, ...]:
    """Give each of `count` single players a place, always in the team with the most free ones."""
    free = list(capacities)
    teams = []
    for _ in range(count):
        team = free.index(max(free))
        free[team] -= 1
        teams.append(team)
    return tuple(teams)


def fits(sizes: Sequence[int], capacities: tuple[int, ...]) -> bool:
    """Return whether parties fit into teams whole."""
    if max(sizes) == 1:
        return len(sizes) <= sum(capacities)
    return pack(tuple(sorted(sizes, reverse=True)), capacities) is not None


def even_capacities(players: int, teams: int) -> tuple[int, ...]:
    """Return the sizes of `teams` teams of `players` players that differ by one player at most."""
    size, larger = divmod(players, teams)
    return (size + 1,) * larger + (size,) * (teams - larger)


def split(tickets: Sequence[Ticket], capacities: tuple[int, ...]) -> tuple[tuple[Ticket, ...], ...] | None:
    """Split tickets into teams whose mean skill is as even as swapping parties of one size makes it.

    Args:
        tickets: The tickets.
        capacities: Free places of each team.

    Returns:
        The teams, in the order of `capacities`; None if the tickets do not fit.
    """
    ordered = sorted(tickets, key=lambda ticket: (-ticket.size, -ticket.skill, ticket.id))
    places = pack(tuple([ticket.size for ticket in ordered]), capacities)
    if places is None:
        return None
    teams: list[list[Ticket]] = [[] for _ in capacities]
    for ticket, team in zip(ordered, places, strict=True):
        teams[team].append(ticket)
    for _ in range(MAX_SWAPS):
        if not _swap_best(teams):
            break
    return tuple([tuple(team) for team in teams])


def _strength(team: Sequence[Ticket]) -> float:
    return sum(ticket.skill * ticket.size for ticket in team)


def _swap_best(teams: list[list[Ticket]]) -> bool:
    """Swap the two tickets of one size that bring two teams nearest to each other; False if none does."""
    best, found = 1e-9, None
    for one, other in combinations(range(len(teams)), 2):
        gap = _strength(teams[one]) - _strength(teams[other])
        for i, a in enumerate(teams[one]):
            for j, b in enumerate(teams[other]):
                if a.size == b.size:
                    gain = abs(gap) - abs(gap - 2 * (a.skill - b.skill) * a.size)
                    if gain > best:
                        best, found = gain, (one, i, other, j)
    if found is None:
        return False
    one, i, other, j = found
    teams[one][i], teams[other][j] = teams[other][j], teams[one][i]
    return True
