"""Makes matches of the tickets that wait: a pure function of tickets, rules and the time.

The longest waiting ticket is the seed. Its neighbours by skill are looked at, the nearest first, and each one that the
rules allow is added, until the match is full. The window of skill widens with the seed's wait, and holds between all
tickets of the match: nobody plays against somebody further away because of the company. A match below full size is
made only after a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from gameserver.match.line import Line
from gameserver.match.teams import even_capacities, fits, split
from gameserver.match.tickets import Match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gameserver.match.tickets import Backfill, Ticket

MAX_LOOKED_AT: Final = 64
"""How many neighbours of a seed are looked at, at least: so that a pass over many that cannot meet stays quick. For a
large match it is twice its players."""


MAX_PLAYERS: Final = 512
"""Of one match."""


@dataclass(frozen=True, kw_only=True)
class MatchRules:
    """What a good match is. Subclass it to override `accepts`, `window_at` or `round_trip_limit_at`.

    Args:
        teams: How many teams.
        team_size: Players of a full team.
        min_players: The fewest players of a match that is not full; None: matches are full.
        relax_after_s: How long the seed has waited before a match that is not full is made, in seconds.
        window: The largest difference of skill between tickets of a match, at first.
        widen_per_s: By how much the window widens for each second that the seed has waited.
        max_window: Where it ends.
        max_round_trip_ms: The worst round trip to the match's region, at first, in milliseconds.
        widen_round_trip_ms_per_s: By how much that grows for each second that the seed has waited.

    Raises:
        ValueError: An argument is out of range.
    """

    teams: int = 2
    team_size: int = 1
    min_players: int | None = None
    relax_after_s: float = 20.0
    window: float = 100.0
    widen_per_s: float = 10.0
    max_window: float = inf
    max_round_trip_ms: float = 120.0
    widen_round_trip_ms_per_s: float = 2.0

    def __post_init__(self) -> None:
        for name in ("teams", "team_size"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= 1000:
                raise ValueError(f"{name} is {value!r}; give 1 to 1000")
        if self.players > MAX_PLAYERS:
            raise ValueError(f"teams * team_size is {self.players}; give at most {MAX_PLAYERS} players")
        if self.min_players is not None and not self.teams <= self.min_players <= self.players:
            raise ValueError(f"min_players is {self.min_players!r}; give {self.teams} to {self.players}, or None")
        for name in ("relax_after_s", "window", "widen_per_s", "max_window", "max_round_trip_ms"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; give 0 or more")
        if not self.widen_round_trip_ms_per_s >= 0:
            raise ValueError(f"widen_round_trip_ms_per_s is {self.widen_round_trip_ms_per_s!r}; give 0 or more")

    @property
    def players(self) -> int:
        """Players of a full match."""
        return self.teams * self.team_size

    def window_at(self, waited_s: float) -> float:
        """Return the largest difference of skill in a match.

        Args:
            waited_s: How long its longest waiting ticket has waited, in seconds.

        Returns:
            The difference, in the unit of `Ticket.skill`.
        """
        return min(self.window + self.widen_per_s * waited_s, self.max_window)

    def round_trip_limit_at(self, waited_s: float) -> float:
        """Return the worst round trip that a match may have.

        Args:
            waited_s: How long its longest waiting ticket has waited, in seconds.

        Returns:
            Milliseconds.
        """
        return self.max_round_trip_ms + self.widen_round_trip_ms_per_s * waited_s

    def accepts(self, members: Sequence[Ticket], ticket: Ticket) -> bool:  # for subclasses
        """Return whether a ticket may be added to a match; asked after everything else has been checked.

        Args:
            members: The tickets of the match so far, at least one; the longest waiting is the first.
            ticket: The one to add.

        Returns:
            True.
        """
        return True


def make_matches(
    tickets: Iterable[Ticket], rules: MatchRules, now_s: float, backfills: Iterable[Backfill] = ()
) -> list[Match]:
    """Return the matches that can be made now. Rooms that need players come first, the longest asking of all.

    Args:
        tickets: Everyone who waits. The ids differ.
        rules: What a good match is.
        now_s: The time now, on the clock of `Ticket.since_s`.
        backfills: Running rooms that need players.

    Returns:
        The matches; no ticket is in two, and no backfill.
    """
    lines: dict[str, Line] = {}
    by_pool: dict[str, list[Ticket]] = {}
    for ticket in tickets:
        by_pool.setdefault(ticket.pool, []).append(ticket)
    for pool in sorted(by_pool):
        lines[pool] = Line(by_pool[pool])
    matches = []
    for backfill in sorted(backfills, key=lambda asked: (asked.since_s, asked.id)):
        line = lines.get(backfill.pool)
        match = None if line is None else _fill(line, backfill, rules, now_s)
        if match is not None:
            matches.append(match)
    for line in lines.values():
        matches += _match_line(line, rules, now_s)
    return matches


class _Growing:
    """A match while tickets are added to it."""

    def __init__(
        self, line: Line, rules: MatchRules, capacities: tuple[int, ...], skill: float, waited_s: float
    ) -> None:
        self.line = line
        self.rules = rules
        self.capacities = capacities
        self.full = sum(capacities)
        self.places: list[int] = []
        self.members: list[Ticket] = []
        self.sizes: list[int] = []
        self.players = 0
        self.window = rules.window_at(waited_s)
        self.round_trip_limit = rules.round_trip_limit_at(waited_s)
        self.lowest = self.highest = skill
        self.worst: Mapping[str, float] = {}
        """The worst round trip of the members to each region that all of them name."""

    def add(self, place: int) -> bool:
        """Add a ticket if everything holds with it; return whether it was added."""
        ticket = self.line.tickets[place]
        lowest, highest = min(self.lowest, ticket.skill), max(self.highest, ticket.skill)
        if highest - lowest > self.window or self.players + ticket.size > self.full:
            return False
        if not fits([*self.sizes, ticket.size], self.capacities):
            return False
        worst = _worst_round_trips(self.worst, ticket.round_trips)
        if worst and min(worst.values()) > self.round_trip_limit:
            return False
        if self.worst and ticket.round_trips and not worst:
            return False
        if self.members and not self.rules.accepts(self.members, ticket):
            return False
        self.places.append(place)
        self.members.append(ticket)
        self.sizes.append(ticket.size)
        self.players += ticket.size
        self.lowest, self.highest, self.worst = lowest, highest, worst
        return True

    def add_nearest(self, places: Iterator[int], skill: float) -> None:
        """Add tickets in the order of `places` until the match is full or the window ends."""
        most = max(MAX_LOOKED_AT, 2 * self.full)
        for looked_at, place in enumerate(places):
            if self.players == self.full or looked_at == most:
                return
            if abs(self.line.skills[place] - skill) > self.window:
                return
            self.add(place)

    @property
    def region(self) -> str | None:
        """The region whose worst round trip is the best."""
        return min(self.worst, key=lambda region: (self.worst[region], region)) if self.worst else None

    def finish(self, capacities: tuple[int, ...], backfill: Backfill | None = None) -> Match | None:
        """Take the members out of the line and return the match; None if they do not fit into the teams."""
        teams = split(self.members, capacities)
        if teams is None:
            return None
        for place in self.places:
            self.line.take(place)
        return Match(teams, self.region if backfill is None else backfill.region, backfill)

    def drop_last(self) -> None:
        """Take the ticket that was added last out again; the bounds stay those of all that were in."""
        self.places.pop()
        self.members.pop()
        self.players -= self.sizes.pop()


def _worst_round_trips(worst: Mapping[str, float], more: Mapping[str, float]) -> Mapping[str, float]:
    """Return the worst round trip to each region that both name; what names none will do with every region."""
    if not more or not worst:
        return more or worst
    return {region: max(ms, more[region]) for region, ms in worst.items() if region in more}


def _match_line(line: Line, rules: MatchRules, now_s: float) -> list[Match]:
    """Return the matches of one pool."""
    matches = []
    for seed in line.by_wait():
        if line.taken[seed]:
            continue
        match = _match_seed(line, seed, rules, now_s - line.tickets[seed].since_s)
        if match is not None:
            matches.append(match)
    return matches


def _match_seed(line: Line, seed: int, rules: MatchRules, waited_s: float) -> Match | None:
    """Return the match around the longest waiting ticket, or None."""
    skill = line.skills[seed]
    capacities = (rules.team_size,) * rules.teams
    growing = _Growing(line, rules, capacities, skill, waited_s)
    if not growing.add(seed):
        return None
    growing.add_nearest(line.beside(seed), skill)
    if growing.players == growing.full:
        return growing.finish(capacities)
    if rules.min_players is None or waited_s < rules.relax_after_s:
        return None
    while growing.players >= rules.min_players and growing.members:
        match = growing.finish(even_capacities(growing.players, rules.teams))
        if match is not None:
            return match
        growing.drop_last()
    return None


def _fill(line: Line, backfill: Backfill, rules: MatchRules, now_s: float) -> Match | None:
    """Return the tickets that join a running room, or None."""
    growing = _Growing(line, rules, backfill.free, backfill.skill, now_s - backfill.since_s)
    if backfill.region is not None:
        growing.worst = {backfill.region: 0.0}
    places = line.around(backfill.skill)
    if backfill.excluded:
        places = (place for place in places if line.tickets[place].id not in backfill.excluded)
    growing.add_nearest(places, backfill.skill)
    return growing.finish(backfill.free, backfill) if growing.members else None
