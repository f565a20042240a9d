"""Sessions over links in memory, without a hub or an engine, for tests of what a room does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.room.player import Player
from gameserver.room.session import Session
from gameserver.sync.inputs import InputQueue
from gameserver.sync.window import Window
from tests.support.memory_server import MemoryLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.testing.links import Close

TICK_HZ = 20


class MemoryPeer:
    """The server side of a link in memory, as a room sees it."""

    def __init__(self, claims: Mapping[str, object] | None = None) -> None:
        self.link = MemoryLink()
        self.claims = claims
        self.was_replaced = False
        self.was_released = False

    @property
    def closed(self) -> Close | None:
        """How the room closed it."""
        return self.link.closed

    def close(self, code: CloseCode, reason: str) -> None:
        self.link.close(code, reason)

    def replaced(self) -> None:
        self.was_replaced = True

    def release_session(self) -> None:
        self.was_released = True


def make_session(
    number: int = 1, role: Role = Role.PLAYER, *, peer: MemoryPeer | None = None, window: int = 3
) -> Session:
    """A session that is not seated yet; it runs over `peer`, or a new one.

    Args:
        number: Its number in its room.
        role: Of its participant.
        peer: Where it runs over.
        window: How many snapshots may be in flight to it.
    """
    inputs = InputQueue(hold_s=Limits().input_hold_s, tick_hz=TICK_HZ, neutral=(0,))
    session = Session(Player(number, role, {}), "room", inputs, Window(window, TICK_HZ), key=number, secret=b"secret")
    session.attach(MemoryPeer() if peer is None else peer)
    return session
