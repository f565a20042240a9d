"""The events of a room, which each viewer gets once and in order (protocol.md §6).

Events are numbered in one sequence; a viewer's place in it is a cursor, the number of the last event that it has. An
event is encoded once for all viewers, and so is a whole message for viewers with the same cursor.

Memory is bounded: events for everyone in one log, events for single sessions in a log of each, both in number and in
bytes. So what is sent to one session pushes out nothing that another one still needs. The oldest events go first; a
viewer whose cursor is older has missed some (`oldest_cursor`), and `EventsLost` is raised for it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gameserver.protocol.codec import encode_events, pack_event
from gameserver.protocol.constants import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from gameserver.protocol.constants import Limits


MAX_SHARED_MESSAGES: Final = 8
"""Messages that are kept for more than one viewer. More cursors are in use only while links are slow."""


class EventsLost(Exception):
    """A viewer cannot get all events that it has missed: its cursor is older than the oldest event in the log."""


class Event(NamedTuple):
    """One entry of a log."""

    number: int
    packed: bytes
    """`[tick, name, payload]` as msgpack."""


class Backlog(NamedTuple):
    """What a viewer has not been sent yet, as far as one message holds it."""

    message: bytes | None
    """An EVENTS message; None: there is no event for this viewer."""
    upto: int
    """The cursor after it."""


class _Log:
    """The newest events for everyone, or for one session, within a number and a size."""

    __slots__ = ("_bytes", "_max_bytes", "_max_held", "entries", "oldest_cursor")

    def __init__(self, max_held: int, max_bytes: int, cursor: int) -> None:
        self.entries: deque[Event] = deque()
        self.oldest_cursor = cursor
        """The oldest cursor after which no event of this log is missing."""
        self._max_held = max_held
        self._max_bytes = max_bytes
        self._bytes = 0

    def append(self, event: Event) -> None:
        """Add an event, and drop the oldest ones that are above a limit."""
        self.entries.append(event)
        self._bytes += len(event.packed)
        while len(self.entries) > self._max_held or self._bytes > self._max_bytes:
            oldest = self.entries.popleft()
            self._bytes -= len(oldest.packed)
            self.oldest_cursor = oldest.number

    @property
    def middle_cursor(self) -> int:
        """The cursor after which the newer half of the events is missing."""
        older = len(self.entries) // 2
        return self.entries[older - 1].number if older else self.oldest_cursor

    def saved(self) -> list[Any]:
        """Return the log as plain data."""
        return [self.oldest_cursor, [[event.number, event.packed] for event in self.entries]]

    def restore(self, saved: Any) -> None:
        """Go on with the events that `saved` returned."""
        oldest, entries = saved
        for number, packed in entries:
            self.append(Event(number, packed))
        self.oldest_cursor = max(oldest, self.oldest_cursor)

    def after(self, cursor: int) -> list[Event]:
        """Return the events after `cursor`, oldest first. Events before it take no time."""
        found = []
        for event in reversed(self.entries):
            if event.number <= cursor:
                break
            found.append(event)
        found.reverse()
        return found


class EventLog:
    """The newest events of a room."""

    __slots__ = ("_for_all", "_limits", "_messages", "_private", "newest")

    def __init__(self, limits: Limits) -> None:
        """Make an empty log within the limits for held events."""
        self._limits = limits
        self._for_all = _Log(limits.max_held_events, limits.max_held_event_bytes, 0)
        self._private: dict[int, _Log] = {}
        self._messages: dict[tuple[int, int], Backlog] = {}
        """By cursor and scan, until the next event: most viewers have the same ones."""
        self.newest = 0
        """Number of the newest event, and so the cursor of a viewer who has got all of them; 0 before the first."""

    def open(self, session: int) -> None:
        """Begin to keep events for the session of this number."""
        limits = self._limits
        self._private[session] = _Log(limits.max_private_events, limits.max_private_event_bytes, self.newest)

    def close(self, session: int) -> None:
        """Drop the events of a session that has ended; does nothing when there are none."""
        self._private.pop(session, None)

    def append(self, tick: int, name: str, payload: object, to: frozenset[int] | None = None) -> None:
        """Add an event.

        Args:
            tick: When it happened.
            name: What happened.
            payload: The game's own value.
            to: The numbers of the sessions that get it, of which those that have ended are left out; None: all.

        Raises:
            ValueError: `payload` is nothing that a message can carry, or too large. Nothing was added.
        """
        packed = pack_event(tick, name, payload)
        self.newest += 1
        event = Event(self.newest, packed)
        self._messages.clear()
        if to is None:
            self._for_all.append(event)
            return
        for session in to:
            log = self._private.get(session)
            if log is not None:
                log.append(event)

    def saved(self) -> list[Any]:
        """Return the log as plain data, for a checkpoint."""
        return [
            self.newest,
            self._for_all.saved(),
            [[session, log.saved()] for session, log in sorted(self._private.items())],
        ]

    def restore(self, saved: Any) -> None:
        """Go on with the events of a checkpoint, in a log that has none yet."""
        self.newest, for_all, private = saved
        self._for_all.restore(for_all)
        for session, log in private:
            self.open(session)
            self._private[session].oldest_cursor = log[0]
            self._private[session].restore(log)

    def oldest_cursor(self, session: int) -> int:
        """Return the oldest cursor after which no event of a session is missing."""
        log = self._private.get(session)
        return self._for_all.oldest_cursor if log is None else max(self._for_all.oldest_cursor, log.oldest_cursor)

    def resume_cursor(self, session: int, cursor: int) -> int:
        """Where a session goes on whose client has everything up to `cursor`.

        When events are missing, that is behind the older half of those that are held. Otherwise the next event would
        push out one that was not sent yet, and the session would miss events again and again.
        """
        if cursor >= self.oldest_cursor(session):
            return cursor
        log = self._private.get(session)
        return max([each.middle_cursor for each in (self._for_all, log) if each is not None])

    def backlog(self, cursor: int, scan: int, session: int) -> Backlog:
        """Encode the events that a session has not been sent: at least one of them, else at most `MAX_EVENT_BYTES`.

        Args:
            cursor: The number of the last event that was sent to it.
            scan: The number of the last event that is known not to be for it, or `cursor`.
            session: Its number.

        Raises:
            EventsLost: Some of them are no longer in the log.
        """
        if scan < self.oldest_cursor(session):
            raise EventsLost
        log = self._private.get(session)
        private = [] if log is None else log.after(scan)
        if private:
            return _encode(cursor, self.newest, sorted([*private, *self._for_all.after(scan)]))
        shared = self._messages.get((cursor, scan))
        if shared is None:
            shared = _encode(cursor, self.newest, self._for_all.after(scan))
            if len(self._messages) < MAX_SHARED_MESSAGES:
                self._messages[cursor, scan] = shared
        return shared


def _encode(cursor: int, newest: int, events: list[Event]) -> Backlog:
    """Encode events, oldest first, as far as they fit into one message."""
    if not events:
        return Backlog(None, newest)
    size = 0
    for count, event in enumerate(events):
        size += len(event.packed)
        if size > MAX_EVENT_BYTES and count:
            upto = events[count - 1].number
            return Backlog(encode_events(cursor, upto, [each.packed for each in events[:count]]), upto)
    return Backlog(encode_events(cursor, newest, [each.packed for each in events]), newest)
