"""Reservations: seats that a room keeps for clients that are still to come.

    FREE → RESERVED (until a tick) → taken by a session → FREE

`Room.reserve` makes one at a tick, and it expires at one. A JOIN that carries it takes its seat between ticks, like any
other. The same reservation again leads to the same session; when that has ended, it is used up. A session that ends
before it was seated, because its link broke before the tick, gives the seat back to its reservation.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from gameserver.protocol.constants import RESERVATION_BYTES, Role

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from gameserver.room.session import Session

MAX_RESERVE_S: Final = 86_400.0
"""A day: whoever is expected later gets a new one."""


class Reservation:
    """A seat that is kept."""

    __slots__ = ("key", "role", "session", "subject", "until_tick")

    def __init__(self, key: bytes, role: Role, subject: str | None, until_tick: int) -> None:
        self.key = key
        self.role = role
        self.subject = subject
        """Of the token that the client must have; None: whoever knows the key."""
        self.until_tick = until_tick
        """The last tick at which it counts."""
        self.session: Session | None = None
        """What has taken the seat."""


class Reservations:
    """The reservations of one room."""

    def __init__(self, secret: bytes) -> None:
        """Begin without any.

        Args:
            secret: What the keys are made from, so that a replay makes the same ones; from a cryptographic source.
        """
        self._secret = secret
        self._made = 0
        self._made_outside = 0
        self._by_key: dict[bytes, Reservation] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def kept(self) -> tuple[int, int]:
        """How many seats of players and of spectators are kept, those that are taken by now left out."""
        if not self._by_key:
            return 0, 0
        roles = [reservation.role for reservation in self._by_key.values() if reservation.session is None]
        players = roles.count(Role.PLAYER)
        return players, len(roles) - players

    def add(self, role: Role, subject: str | None, until_tick: int) -> bytes:
        """Keep a free seat. Return the key."""
        self._made += 1
        key = self._key(self._made.to_bytes(8))
        self.keep(key, role, subject, until_tick)
        return key

    def add_outside(self, role: Role, subject: str | None, until_tick: int) -> bytes:
        """Keep a free seat for the program, between two ticks. Return the key. The keys that rules get are the same
        with it and without it."""
        self._made_outside += 1
        key = self._key(b"outside" + self._made_outside.to_bytes(8))
        self.keep(key, role, subject, until_tick)
        return key

    def _key(self, name: bytes) -> bytes:
        return hmac.digest(self._secret, name, "sha256")[:RESERVATION_BYTES]

    def keep(self, key: bytes, role: Role, subject: str | None, until_tick: int) -> None:
        """Keep a seat under a key. Idempotent."""
        if key not in self._by_key:
            self._by_key[key] = Reservation(key, role, subject, until_tick)

    def cancel(self, key: bytes) -> bool:
        """Keep the seat no longer. A session that has taken it stays. Return whether there was such a reservation."""
        return self._by_key.pop(key, None) is not None

    def find(self, key: bytes) -> Reservation | None:
        """Return a reservation that counts; None if there is none."""
        return self._by_key.get(key)

    def take(self, key: bytes, session: Session) -> None:
        """A session takes the seat, if the reservation still counts."""
        reservation = self._by_key.get(key)
        if reservation is not None:
            reservation.session = session

    def session_gone(self, session: Session, *, was_seated: bool) -> None:
        """A session has ended: its reservation is used up, unless it was not seated yet."""
        for reservation in list(self._by_key.values()):
            if reservation.session is session:
                reservation.session = None
                if was_seated:
                    del self._by_key[reservation.key]

    def saved(self, sessions: Container[int]) -> list[Any]:
        """Return the reservations as plain data, for a checkpoint that has these sessions."""
        kept = []
        for one in self._by_key.values():
            taken_by = None if one.session is None else one.session.number
            number = taken_by if taken_by in sessions else None
            kept.append([one.key, int(one.role), one.subject, one.until_tick, number])
        return [self._made, self._made_outside, kept]

    def restore(self, saved: Any, sessions: Mapping[int, Session]) -> None:
        """Go on with the reservations of a checkpoint."""
        self._made, self._made_outside, kept = saved
        for key, role, subject, until_tick, number in kept:
            self.keep(key, Role(role), subject, until_tick)
            self._by_key[key].session = None if number is None else sessions[number]

    def expire(self, tick: int) -> bool:
        """Drop what no longer counts at this tick. Return whether a seat has become free."""
        if not self._by_key:
            return False
        over = [reservation for reservation in self._by_key.values() if reservation.until_tick < tick]
        for reservation in over:
            del self._by_key[reservation.key]
        return any(reservation.session is None for reservation in over)
