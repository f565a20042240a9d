"""Links that lose what is on its way, and what a viewer holds once it has got a message."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gameserver.protocol.constants import ServerMessage
from gameserver.testing.links import Close, ServerLink

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.any_room.truth import Truth

EVENTS_START = bytes((0x94, ServerMessage.EVENTS))
WELCOME_START = bytes((0x92, ServerMessage.WELCOME))
PONG_START = bytes((0x96, ServerMessage.PONG))


@dataclass(frozen=True)
class Expected:
    """What a viewer holds once it has applied a STATE."""

    truth: Truth
    ids: set[int]
    avatar: int | None
    """The entity that it steers."""
    exact: bool
    """Whether nothing may be left out of a delta for tiers or a byte budget."""


@dataclass
class Sent:
    """A message on its way to a client."""

    message: bytes
    tick: int
    """How many ticks the server had made when it was sent."""
    expected: Expected | None = None
    """For a STATE to a viewer."""


class LossyLink(ServerLink):
    """Holds what is on its way to the client, until it is delivered or lost.

    Args:
        ticks: Returns how many ticks the server has made.
        on_close: Called when the server closes the link.
    """

    def __init__(self, ticks: Callable[[], int], on_close: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.queue: deque[Sent] = deque()
        self.fresh: list[Sent] = []
        """What was sent since somebody looked."""
        self.refused = 0
        """How many offers more are not taken, although the link says that it is ready."""
        self._ticks = ticks
        self._on_close = on_close

    def offer(self, *messages: bytes) -> bool:
        if self.refused and self.ready:
            self.refused -= 1
            return False
        return super().offer(*messages)

    def carry(self, message: bytes) -> None:
        sent = Sent(message, self._ticks())
        self.queue.append(sent)
        self.fresh.append(sent)

    def carry_close(self, close: Close) -> None:
        if self._on_close is not None:
            self._on_close()
