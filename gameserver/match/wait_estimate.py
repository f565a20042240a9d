"""How long a player of a skill will wait, from how long others like it have waited."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gameserver.match.tickets import Match

MAX_WAITS: Final = 256
MAX_POOLS: Final = 256
"""Pools are what clients ask for: those that had no match for longest are forgotten."""
NEAREST: Final = 15
"""The estimate is the median of so many waits, those of the nearest skills."""


class WaitEstimate:
    """The waits of the tickets that were matched last, by pool and skill."""

    def __init__(self) -> None:
        self._waits: dict[str, deque[tuple[float, float]]] = {}  # the pool of the newest match last

    def note(self, match: Match, now_s: float) -> None:
        """Learn from a match.

        Args:
            match: The match.
            now_s: When it was made, on the queue's clock, in seconds.
        """
        for ticket in match.tickets:
            waits = self._waits.pop(ticket.pool, None) or deque(maxlen=MAX_WAITS)
            waits.append((ticket.skill, now_s - ticket.since_s))
            self._waits[ticket.pool] = waits
        while len(self._waits) > MAX_POOLS:
            del self._waits[next(iter(self._waits))]

    def wait_s(self, pool: str, skill: float) -> float | None:
        """Return how long a ticket will probably wait in all.

        Args:
            pool: Its pool.
            skill: Its skill.

        Returns:
            Seconds; None while nobody of the pool has been matched.
        """
        waits = self._waits.get(pool)
        if not waits:
            return None
        nearest = sorted(waits, key=lambda known: abs(known[0] - skill))[:NEAREST]
        return median([wait_s for _, wait_s in nearest])
