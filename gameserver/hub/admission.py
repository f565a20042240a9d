"""Admission limits: joins in flight in a process, and for each address its joins a second, its rooms, its seats in a
room, its sessions that wait for their clients to come back, and what its messages cost."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from gameserver.hub.seat_shares import SeatShares
from gameserver.hub.spending import Spending
from gameserver.hub.waiting import Waiting
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.sync.token_bucket import BucketsByKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Limits
    from gameserver.room.session import Session


BUSY_SHARE: Final = 0.5
ROOMS_WHEN_BUSY: Final = 4
"""While the ticks of all rooms take more than this share of the time, an address that has so many rooms gets no more:
a few addresses that make rooms must not take the time of the others' rooms."""


class Admission:
    """Counts links that have not joined yet and sessions without a link, and by address the joins, the rooms and what
    messages cost."""

    def __init__(self, limits: Limits) -> None:
        self.max_rooms = limits.max_rooms
        """How many rooms there may be; fewer than the operator's limit where the process has no means for so many."""
        self.limit_key: Callable[[str], str] = str
        """Returns an address's limit key: what it is counted by, such as its network. "" for one that many clients
        share, such as this machine's and a proxy's: their joins, rooms and messages are not limited.
        """
        self._limits = limits
        self._joining: Waiting[Peer] = Waiting(limits.max_joins_in_flight)
        self._suspended: Waiting[Session] = Waiting(math.inf, limits.max_suspended_per_address)
        self._opened_by: dict[str, str] = {}
        self._opened: Counter[str] = Counter()
        """By limit key: how many of these rooms run."""
        self._of_clients: set[str] = set()
        self._joins = BucketsByKey(limits.max_joins_per_s_per_address, limits.max_joins_burst_per_address)
        self.spending = Spending(limits)
        self.seats = SeatShares()

    def lower_max_rooms(self, rooms: int) -> None:
        """Allow no more rooms than the process has means for.

        Args:
            rooms: How many it has means for.
        """
        self.max_rooms = min(self.max_rooms, rooms)

    def link_opened(self, peer: Peer) -> Peer | None:
        """A link is up and has not joined yet. Return the one that must be closed because there are too many."""
        return self._joining.add(peer, self.key_of(peer.address))

    def join_ended(self, peer: Peer) -> None:
        """The link has joined a room or is gone. Idempotent."""
        self._joining.discard(peer)

    def session_suspended(self, session: Session, address: str) -> Session | None:
        """A session waits for its client to come back. Return the one that must end because too many of its address do.

        Args:
            session: The session.
            address: The client's, when it had a link.
        """
        self._suspended.discard(session)
        return self._suspended.add(session, self.key_of(address))

    def session_moved(self, before: Session, session: Session) -> None:
        """A session goes on as another one; if it waits for its client, it waits as that one."""
        self._suspended.replace(before, session)

    def suspension_ended(self, session: Session) -> None:
        """The session has a link again, or has ended. Idempotent."""
        self._suspended.discard(session)

    def check_join_rate(self, address: str, now_s: float) -> None:
        """Count a JOIN or RESUME of a client at `address`.

        Raises:
            ProtocolError: SERVER_FULL; there were too many from this address lately.
        """
        key = self.key_of(address)
        if key and not self._joins.take(key, 1, now_s):
            raise ProtocolError(CloseCode.SERVER_FULL, "too many joins from one address: retry in 1 s")

    def key_of(self, address: str) -> str:
        """Return an address's limit key; "" if it is not limited, or there is none."""
        return self.limit_key(address) if address else ""

    @property
    def has_all_rooms(self) -> bool:
        """Whether there may be no more rooms."""
        return len(self._opened_by) >= self.max_rooms

    def is_of_client(self, room_id: str) -> bool:
        """Whether a client asked for a running room."""
        return room_id in self._of_clients

    def check_room(self, address: str, tick_share: Callable[[], float] = float) -> None:
        """Check whether one more room may be opened.

        Args:
            address: Of the client that asks for it; "" when no client does.
            tick_share: Returns the share of the time that the ticks of all rooms take.

        Raises:
            ProtocolError: SERVER_FULL; there are too many rooms.
        """
        if self.has_all_rooms:
            raise ProtocolError(CloseCode.SERVER_FULL, "no more rooms on this server now")
        key = self.key_of(address)
        if key:
            opened = self._opened[key]
            if opened >= self._limits.max_rooms_per_address:
                raise ProtocolError(CloseCode.SERVER_FULL, f"at most {opened} rooms for one address")
            if opened >= ROOMS_WHEN_BUSY and tick_share() > BUSY_SHARE:
                raise ProtocolError(CloseCode.SERVER_FULL, f"at most {opened} rooms for one address while many play")

    def room_opened(self, room_id: str, address: str) -> None:
        """A room runs that a client at `address` asked for; "": no client has."""
        if address:
            self._of_clients.add(room_id)
        key = self._opened_by[room_id] = self.key_of(address)
        self._opened[key] += 1

    def room_closed(self, room_id: str) -> None:
        """The room has ended."""
        self._of_clients.discard(room_id)
        key = self._opened_by.pop(room_id, None)
        if key is not None:
            self._opened[key] -= 1
            if not self._opened[key]:
                del self._opened[key]
