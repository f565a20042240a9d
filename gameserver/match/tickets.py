"""What the matcher reads and returns: tickets that wait, rooms that need players, and the matches made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Ticket:
    """A player, or a party that stays together, who waits for a match."""

    id: int
    """Its number in the queue."""
    since_s: float
    """When the longest waiting of its players began to wait, on the queue's clock, in seconds."""
    skill: float = 0.0
    """What the matcher compares: a rating; for a party usually the mean of its players'."""
    size: int = 1
    """How many players it is."""
    pool: str = ""
    """Tickets of different pools never meet: the mode and the options that were asked for."""
    round_trips: Mapping[str, float] = field(default_factory=dict)
    """Round trip to each region, in milliseconds; the worst of a party's. Empty: every region will do."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """A running room that asks for players in free places. It asks again until it has acknowledged them."""

    id: int
    since_s: float
    """When it began to ask."""
    free: tuple[int, ...]
    """The free places of each team."""
    skill: float = 0.0
    pool: str = ""
    region: str | None = None
    excluded: frozenset[int] = frozenset()
    """The ids of tickets that it gets in no case: it has refused them lately."""


@dataclass(frozen=True, slots=True)
class Match:
    """Tickets that play together."""

    teams: tuple[tuple[Ticket, ...], ...]
    """The tickets of each team; with a `backfill`, those that join the room's teams."""
    region: str | None = None
    """The region with the best worst round trip; None where no ticket says one."""
    backfill: Backfill | None = None
    """The room that they join; None for a new one."""

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        """All tickets, team by team."""
        return tuple([ticket for team in self.teams for ticket in team])

    @property
    def players(self) -> int:
        """How many players it has."""
        return sum(ticket.size for ticket in self.tickets)

    @property
    def spread(self) -> float:
        """Difference of skill between the best ticket and the weakest."""
        skills = [ticket.skill for ticket in self.tickets]
        return max(skills) - min(skills)
