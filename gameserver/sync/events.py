"""What happened in a room, told to each viewer once, in order, and never lost while the room remembers it.

One log a room, each entry numbered; a viewer is two numbers into it: what it was *told* (its cursor on the wire,
protocol.md §6) and how far it was *scanned*. An entry is encoded once, whoever gets it. The log is bounded: a viewer
that falls behind its oldest entry has lost events and must be let go, which `EventsLost` says.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from gameserver.protocol.codec import pack_event


class EventsLost(Exception):
    """A viewer's cursor is older than the oldest event that the room still holds."""


class Event(NamedTuple):
    """One entry: its number, its `[tick, name, payload]` as msgpack, and the sessions it is for (None: everyone)."""

    number: int
    packed: bytes
    to: frozenset[int] | None


class EventLog:
    """The newest `max_held` events of a room."""

    __slots__ = ("_entries", "max_held", "newest")

    def __init__(self, max_held: int) -> None:
        self._entries: deque[Event] = deque(maxlen=max_held)
        self.max_held = max_held
        self.newest = 0
        """Number of the newest event, and so the cursor of a viewer who has been told all; 0 before the first."""

    def append(self, tick: int, name: str, payload: object, to: frozenset[int] | None = None) -> None:
        """Log an event of `tick`. Raises ValueError when the wire cannot carry the payload; then nothing is logged."""
        packed = pack_event(tick, name, payload)
        self.newest += 1
        self._entries.append(Event(self.newest, packed, to))

    @property
    def oldest_cursor(self) -> int:
        """The oldest cursor from which nothing is missing."""
        return self._entries[0].number - 1 if self._entries else self.newest

    def after(self, cursor: int, session: int) -> list[bytes]:
        """The packed events after `cursor` that are for `session`, oldest first. Raises EventsLost when some are
        gone."""
        if cursor >= self.newest:
            return []
        if cursor < self.oldest_cursor:
            raise EventsLost
        first = cursor + 1 - self._entries[0].number
        entries = (self._entries[i] for i in range(first, len(self._entries)))
        return [entry.packed for entry in entries if entry.to is None or session in entry.to]
