"""The events of a room, which each viewer gets once and in order (protocol.md §6).

A room has one log of numbered events; a viewer's place in it is a cursor, the number of the last event that it has
got. An event is encoded once for all viewers. The log is bounded: a viewer whose cursor is older than the oldest event
has missed some, and `EventsLost` is raised for it.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from gameserver.protocol.codec import pack_event


class EventsLost(Exception):
    """A viewer's cursor is older than the oldest event in the log."""


class Event(NamedTuple):
    """One entry of the log."""

    number: int
    packed: bytes
    """`[tick, name, payload]` as msgpack."""
    to: frozenset[int] | None
    """The numbers of the sessions that get it; None: all."""


class EventLog:
    """The newest `max_held` events of a room."""

    __slots__ = ("_entries", "max_held", "newest")

    def __init__(self, max_held: int) -> None:
        self._entries: deque[Event] = deque(maxlen=max_held)
        self.max_held = max_held
        self.newest = 0
        """Number of the newest event, and so the cursor of a viewer who has got all of them; 0 before the first."""

    def append(self, tick: int, name: str, payload: object, to: frozenset[int] | None = None) -> None:
        """Add an event.

        Args:
            tick: When it happened.
            name: What happened.
            payload: The game's own value.
            to: The numbers of the sessions that get it; None: all.

        Raises:
            ValueError: `payload` is nothing that a message can carry. Nothing was added.
        """
        packed = pack_event(tick, name, payload)
        self.newest += 1
        self._entries.append(Event(self.newest, packed, to))

    @property
    def oldest_cursor(self) -> int:
        """The oldest cursor after which no event is missing."""
        return self._entries[0].number - 1 if self._entries else self.newest

    def after(self, cursor: int, session: int) -> list[bytes]:
        """Return the packed events after `cursor` that the session of this number gets, oldest first.

        Raises:
            EventsLost: The log no longer holds all of them.
        """
        if cursor >= self.newest:
            return []
        if cursor < self.oldest_cursor:
            raise EventsLost
        first = cursor + 1 - self._entries[0].number
        entries = (self._entries[i] for i in range(first, len(self._entries)))
        return [entry.packed for entry in entries if entry.to is None or session in entry.to]
