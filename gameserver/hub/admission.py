"""Admission limits: the joins in flight in a process, and the rooms that the clients of one address have running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.protocol.constants import Limits


class Admission:
    """Counts links that have not joined yet, and rooms by the address that opened them."""

    def __init__(self, limits: Limits) -> None:
        self.limit_key: Callable[[str], str] = str
        """Returns what an address is counted by, such as its network; "" for one that many clients share, such as this
        machine's and a proxy's: their rooms are not limited.
        """
        self._limits = limits
        self._joining: set[object] = set()
        self._opened_by: dict[str, str] = {}

    def link_opened(self, peer: object) -> bool:
        """A link is up and has not joined yet. Return False when too many are."""
        if len(self._joining) >= self._limits.max_joins_in_flight:
            return False
        self._joining.add(peer)
        return True

    def join_ended(self, peer: object) -> None:
        """The link has joined a room or is gone. Idempotent."""
        self._joining.discard(peer)

    def check_room(self, address: str) -> None:
        """Check whether one more room may be opened.

        Args:
            address: Of the client that asks for it; "" when no client does.

        Raises:
            ProtocolError: SERVER_FULL; there are too many rooms.
        """
        if len(self._opened_by) >= self._limits.max_rooms:
            raise ProtocolError(CloseCode.SERVER_FULL, "no more rooms on this server now")
        key = self.limit_key(address) if address else ""
        if key:
            opened = sum(by == key for by in self._opened_by.values())
            if opened >= self._limits.max_rooms_per_address:
                raise ProtocolError(CloseCode.SERVER_FULL, f"at most {opened} rooms for one address")

    def room_opened(self, room_id: str, address: str) -> None:
        """A room runs that a client at `address` asked for."""
        self._opened_by[room_id] = self.limit_key(address) if address else ""

    def room_closed(self, room_id: str) -> None:
        """The room has ended."""
        self._opened_by.pop(room_id, None)
