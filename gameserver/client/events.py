"""The events of a room, in order and once (protocol.md §6), held until what is drawn has reached their tick.

Events that the client expects, because its own action is going to cause them, are reported ahead of the server; the
server's own is then not reported again, and one that does not come in time is withdrawn.

Pure; times in seconds. `client_demo/sdk/events.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import PROTOCOL_EVENT_PREFIX, CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.protocol.messages import Event, Events

EXPECT_WITHIN_S = 1.0
"""How long an expected event is waited for unless the game says otherwise: several round trips on any link that one
can play on."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that was reported ahead of the server."""

    name: str
    payload: Any
    match: Callable[[Any], bool]
    """Whether an event of that name with this payload is the expected one."""
    until_s: float
    """When it is withdrawn."""


class EventQueue:
    """The events of one session.

    Args:
        cursor: WELCOME's event cursor.
    """

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        """Everything up to here has arrived."""
        self._waiting: deque[Event] = deque()
        self._expected: list[Expected] = []

    def add(self, message: Events) -> None:
        """Take an EVENTS message. The protocol's own events in it are not kept: they are not the game's.

        Raises:
            ProtocolError: Events between the cursor and this message are missing, which no server does.
        """
        if message.since != self.cursor:
            raise ProtocolError(CloseCode.MALFORMED, f"EVENTS: since {message.since}, but the cursor is {self.cursor}")
        self.cursor = message.upto
        self._waiting += [event for event in message.items if _is_games(event) and not self._claim(event)]

    def resume(self, cursor: int) -> int:
        """Go on from the cursor of a WELCOME that answers RESUME.

        Returns:
            How many events may be lost: so many numbers passed that the room no longer holds.
        """
        missed = max(0, cursor - self.cursor)
        self.cursor += missed
        return missed

    @property
    def is_empty(self) -> bool:
        """Whether no event is held or expected."""
        return not self._waiting and not self._expected

    def expect(self, expected: Expected) -> None:
        """Remember an event that was reported ahead of the server."""
        self._expected.append(expected)

    def take_overdue(self, now_s: float) -> list[Expected]:
        """Return the expected events that did not come in time, oldest first; they are no longer waited for."""
        overdue = [expected for expected in self._expected if expected.until_s <= now_s]
        if overdue:
            self._expected = [expected for expected in self._expected if expected.until_s > now_s]
        return overdue

    def take(self, tick: float) -> list[Event]:
        """Return the events that happened by `tick`, oldest first; they are no longer held."""
        taken = []
        while self._waiting and self._waiting[0].tick <= tick:
            taken.append(self._waiting.popleft())
        return taken

    def _claim(self, event: Event) -> bool:
        """Return whether the event was expected; it is then no longer waited for."""
        for place, expected in enumerate(self._expected):
            if expected.name == event.name and expected.match(event.payload):
                del self._expected[place]
                return True
        return False


def _is_games(event: Event) -> bool:
    return not event.name.startswith(PROTOCOL_EVENT_PREFIX)
