"""What happened in a room, told to each viewer once, in order, and never lost while the room remembers it.

One log a room, each entry numbered; a viewer is two numbers into it: what it was *told* (its cursor on the wire, protocol.md §6) and
how far it was *scanned*. An entry is encoded once, whoever gets it. The log is bounded: a viewer that falls behind its oldest entry
has lost events and must be let go, which `EventsLost` says.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgpack

from gameserver.protocol.constants import ServerMessage

_EVENTS_HEAD = b"\x94" + msgpack.packb(int(ServerMessage.EVENTS))


class EventsLost(Exception):
    """A viewer's cursor is older than the oldest event that the room still holds."""


class Event(NamedTuple):
    """One entry: its number, its `[tick, name, payload]` as msgpack, and the sessions it is for (None: everyone)."""

    number: int
    packed: bytes
    to: frozenset[int] | None


class EventLog:
    """The newest `max_held` events of a room."""

    __slots__ = ("_entries", "_packer", "max_held", "newest")

    def __init__(self, max_held: int) -> None:
        self._entries: deque[Event] = deque(maxlen=max_held)
        self._packer = msgpack.Packer()
        self.max_held = max_held
        self.newest = 0
        """Number of the newest event, and so the cursor of a viewer who has been told all; 0 before the first."""

    def append(self, tick: int, name: str, payload: object, to: frozenset[int] | None = None) -> None:
        """Log an event of `tick`. Raises TypeError or ValueError when msgpack cannot hold the payload; then nothing is logged."""
        packed = self._packer.pack((tick, name, payload))
        self.newest += 1
        self._entries.append(Event(self.newest, packed, to))

    @property
    def oldest_cursor(self) -> int:
        """The oldest cursor from which nothing is missing."""
        return self._entries[0].number - 1 if self._entries else self.newest

    def after(self, cursor: int, session: int) -> list[bytes]:
        """The packed events after `cursor` that are for `session`, oldest first. Raises EventsLost when some are gone."""
        if cursor >= self.newest:
            return []
        if cursor < self.oldest_cursor:
            raise EventsLost
        first = cursor + 1 - self._entries[0].number
        entries = (self._entries[i] for i in range(first, len(self._entries)))
        return [entry.packed for entry in entries if entry.to is None or session in entry.to]


def encode_events(since: int, upto: int, packed: list[bytes]) -> bytes:
    """The EVENTS message that moves a viewer's cursor from `since` to `upto`."""
    packer = msgpack.Packer()
    return b"".join((_EVENTS_HEAD, packer.pack(since), packer.pack(upto), packer.pack_array_header(len(packed)), *packed))
