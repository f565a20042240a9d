"""How many may be on their way into a process, and how many rooms the clients of one address may have running there:
the two things that whoever knocks often could use up for everybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Limits


class Admission:
    """See the module; the hub asks it and tells it."""

    def __init__(self, limits: Limits) -> None:
        self.uncounted_addresses: frozenset[str] = frozenset()
        """Addresses that stand for many: this machine's, a proxy's. Their rooms are not limited."""
        self._limits = limits
        self._entering: set[Peer] = set()
        self._opened_by: dict[str, str] = {}

    def arrived(self, peer: Peer) -> bool:
        """A link came up; False: too many are on their way in already."""
        if len(self._entering) >= self._limits.max_joins_in_flight:
            return False
        self._entering.add(peer)
        return True

    def passed(self, peer: Peer) -> None:
        """The peer is in a room, or gone; to say so twice is no error."""
        self._entering.discard(peer)

    def check_room(self, address: str) -> None:
        """Raise ProtocolError when a client at `address` ("": nobody's) may not have one more room made."""
        if len(self._opened_by) >= self._limits.max_rooms:
            raise ProtocolError(CloseCode.SERVER_FULL, "no more rooms on this server now")
        if address and address not in self.uncounted_addresses:
            opened = sum(by == address for by in self._opened_by.values())
            if opened >= self._limits.max_rooms_per_address:
                raise ProtocolError(CloseCode.SERVER_FULL, f"at most {opened} rooms for one address")

    def room_opened(self, room_id: str, address: str) -> None:
        """A room runs, made for a client at `address`."""
        self._opened_by[room_id] = address

    def room_closed(self, room_id: str) -> None:
        """It has ended."""
        self._opened_by.pop(room_id, None)
