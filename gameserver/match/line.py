"""The tickets of a pool in order of skill: a match looks for the nearest neighbours of one of them."""

from __future__ import annotations

from bisect import bisect_left
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.match.tickets import Ticket


class Line:
    """The tickets of a pool in order of skill, with those that are taken left out in constant time."""

    def __init__(self, tickets: list[Ticket]) -> None:
        self.tickets = sorted(tickets, key=lambda ticket: (ticket.skill, ticket.since_s, ticket.id))
        self.skills = [ticket.skill for ticket in self.tickets]
        count = len(self.tickets)
        self.taken = [False] * count
        self._left = list(range(-1, count - 1))
        self._right = list(range(1, count + 1))

    def by_wait(self) -> list[int]:
        """Return the places, the longest waiting first."""
        tickets = self.tickets
        return sorted(range(len(tickets)), key=lambda place: (tickets[place].since_s, tickets[place].id))

    def take(self, place: int) -> None:
        """Take a ticket out."""
        self.taken[place] = True
        left, right = self._left[place], self._right[place]
        if left >= 0:
            self._right[left] = right
        if right < len(self.tickets):
            self._left[right] = left

    def around(self, skill: float) -> Iterator[int]:
        """Yield the places of tickets that are not taken by their distance from a skill."""
        right = bisect_left(self.skills, skill)
        while right < len(self.tickets) and self.taken[right]:
            right += 1
        left = self._left[right] if right < len(self.tickets) else self._last()
        yield from self._walk(left, right, skill)

    def beside(self, place: int) -> Iterator[int]:
        """Yield the places of the others that are not taken by their distance from one that is not."""
        yield from self._walk(self._left[place], self._right[place], self.skills[place])

    def _walk(self, left: int, right: int, skill: float) -> Iterator[int]:
        skills, count = self.skills, len(self.skills)
        while left >= 0 or right < count:
            below = skill - skills[left] if left >= 0 else inf
            above = skills[right] - skill if right < count else inf
            if below <= above:
                yield left
                left = self._left[left]
            else:
                yield right
                right = self._right[right]

    def _last(self) -> int:
        last = len(self.tickets) - 1
        while last >= 0 and self.taken[last]:
            last -= 1
        return last
