"""How many seats of each room the clients of one address have: nobody fills the seats that others want to take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from gameserver.protocol.constants import CloseCode, Role
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session


class _Share(NamedTuple):
    """What is counted together."""

    room: str
    role: Role
    key: str
    """The limit key of the address."""


class SeatShares:
    """Seats by room, role and the address of the client that came last. A seat that a client has not come to yet, after
    a move or a restart, counts from when it comes."""

    def __init__(self) -> None:
        self._seats: Counter[_Share] = Counter()
        self._of: dict[Session, _Share] = {}

    def check(self, engine: RoomEngine, role: Role, key: str) -> None:
        """Check whether an address may have one more seat.

        Args:
            engine: The room.
            role: Player or spectator.
            key: The limit key of the address; "": it is not limited.

        Raises:
            ProtocolError: ROOM_FULL; it has as many as the room allows.
        """
        allowed = engine.kind.seats_per_address(role)
        if key and allowed is not None and self._seats[_Share(engine.id, role, key)] >= allowed:
            noun = "player" if role is Role.PLAYER else "spectator"
            raise ProtocolError(CloseCode.ROOM_FULL, f"one address has at most {allowed} {noun} seats in this room")

    def take(self, session: Session, engine: RoomEngine, key: str) -> None:
        """Count the seat of a session whose client has come from an address with this limit key."""
        self.give_back(session)
        if key:
            share = self._of[session] = _Share(engine.id, session.player.role, key)
            self._seats[share] += 1

    def give_back(self, session: Session) -> None:
        """The session has no seat there any more. Idempotent."""
        share = self._of.pop(session, None)
        if share is not None:
            self._seats[share] -= 1
            if not self._seats[share]:
                del self._seats[share]
