"""Clients that come in over a link: a JOIN takes a seat, a RESUME continues a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gameserver.hub.attempts import Attempts, attempt_key
from gameserver.hub.keeper import roll_back
from gameserver.hub.room_finder import NO_RESERVATION, ROOM_OVERLOADED, RoomFinder, RoomsOfProcess
from gameserver.protocol.constants import CloseCode, Role
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from gameserver.hub.admission import Admission
    from gameserver.hub.distant_travel import DistantTravel
    from gameserver.hub.moderation import Moderation
    from gameserver.hub.peer import Peer
    from gameserver.hub.tokens import ResumeTokens
    from gameserver.protocol import messages as m
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.room.reservations import Reservation
    from gameserver.room.session import Session


class JoinsOwner(RoomsOfProcess, Protocol):
    """What letting clients in asks of the hub."""

    kinds: dict[str, Kind]
    admission: Admission
    moderation: Moderation
    tokens: ResumeTokens
    counts: Counter[str]
    distant: DistantTravel | None
    draining: bool
    retry_after_s: float

    @property
    def all_kinds(self) -> Mapping[str, Kind]: ...

    def seats_changed(self, engine: RoomEngine) -> None:
        """A room has more or fewer free seats."""

    def forget_session(self, session: Session) -> None:
        """A session has ended."""


class _LedTo(NamedTuple):
    """What a JOIN led to."""

    session: int
    """The key of the session."""
    room: str
    created: bool
    """Whether the room was opened for it."""


class Joins:
    """The JOINs and RESUMEs of one process."""

    def __init__(self, owner: JoinsOwner) -> None:
        self._owner = owner
        self._finder = RoomFinder(owner)
        self._attempts: Attempts[_LedTo] = Attempts()

    def join(self, peer: Peer, message: m.Join, at_s: float) -> None:
        """Take a seat for a peer's client: protocol.md §9 step 7 for JOIN.

        Raises:
            ProtocolError: With the code of the first condition that does not hold.
        """
        if self._owner.draining:
            raise ProtocolError(
                CloseCode.GOING_AWAY, f"the server is stopping: retry in {self._owner.retry_after_s:g} s"
            )
        self._owner.admission.check_join_rate(peer.address, at_s)
        self._owner.moderation.check(peer)
        kind = self._owner.all_kinds.get(message.kind)
        if kind is None:
            raise ProtocolError(
                CloseCode.UNKNOWN_KIND, f"no such kind of room; there are: {', '.join(sorted(self._owner.kinds))}"
            )
        attempt = attempt_key(message, peer.claims, peer.address)
        known = self._attempts.find(attempt, at_s)
        if known is not None and self._rejoin(peer, known, at_s):
            return
        role = Role(message.role)
        if not kind.seats(role):
            raise ProtocolError(CloseCode.ROOM_FULL, f"rooms of this kind have no seats for {role.name.lower()}s")
        opened = self._owner.counts["rooms_opened"]
        engine = None if known is None else self._finder.room_of_attempt(known.room, known.created, message.room, role)
        engine = engine or self._finder.find(kind, message.room, role, peer)
        reservation = self._reservation(engine, message.room, role, peer)
        if reservation is not None and reservation.session is not None:
            self._continue(peer, reservation.session, engine, at_s)
            return
        if reservation is None and not engine.has_free_seat(role):  # a new room whose rules keep all seats
            raise ProtocolError(CloseCode.ROOM_FULL, "no free seat in this room")
        if reservation is None:
            self._owner.admission.seats.check(engine, role, self._owner.admission.key_of(peer.address))
        tokens = self._owner.tokens
        key = tokens.new_key()
        session = engine.seats.join(
            peer,
            role,
            message.params,
            key=key,
            secret=tokens.new_secret(key),
            reservation=None if reservation is None else reservation.key,
        )
        session.on_gone = self._owner.forget_session
        tokens.add(session, engine)
        created = self._owner.counts["rooms_opened"] > opened
        self._attempts.remember(attempt, _LedTo(session.key, engine.id, created), at_s)
        self._enter(peer, session, engine, at_s)
        self._owner.counts["joins"] += 1
        self._owner.seats_changed(engine)

    def _rejoin(self, peer: Peer, known: _LedTo, at_s: float) -> bool:
        """Give a repeated JOIN the seat that the first one took. Return False if that is free again."""
        session = self._owner.tokens.session_of(known.session)
        if session is None or session.leaving:
            return False
        self._continue(peer, session, self._owner.tokens.engine_of(session), at_s)
        return True

    def _continue(self, peer: Peer, session: Session, engine: RoomEngine, at_s: float) -> None:
        """Give a client the seat of a session that it has, though it knows nothing of it."""
        self._owner.tokens.replace(session)
        engine.seats.rejoin(session, peer)
        self._owner.admission.suspension_ended(session)
        self._enter(peer, session, engine, at_s)

    def _reservation(
        self, engine: RoomEngine, room: str | Mapping[str, Any] | None, role: Role, peer: Peer
    ) -> Reservation | None:
        """Return the reservation that a JOIN carries; None without one.

        Raises:
            ProtocolError: INVALID_RESERVATION; or SERVER_FULL, and the seat is kept.
        """
        if not isinstance(room, dict) or "reservation" not in room:
            return None
        found = engine.seats.reservation_of(room["reservation"], role, _subject(peer.claims))
        held_by = None if found is None else found.session
        if found is None or (held_by is not None and _subject(held_by.player.claims) != _subject(peer.claims)):
            raise ProtocolError(CloseCode.INVALID_RESERVATION, NO_RESERVATION)
        if held_by is None and engine.overload.refuses:
            raise ProtocolError(CloseCode.SERVER_FULL, ROOM_OVERLOADED)
        return found

    def resume(self, peer: Peer, message: m.Resume, at_s: float) -> None:
        """Continue a session over a peer's link: protocol.md §9 step 7 for RESUME.

        Raises:
            ProtocolError: SESSION_EXPIRED or SERVER_RESTARTED for the token, INVALID_FIELD for an impossible cursor,
                BANNED.
        """
        self._owner.admission.check_join_rate(peer.address, at_s)
        self._owner.moderation.check(peer)
        forward = None if self._owner.distant is None else self._owner.distant.forward_of(message.token, peer.claims)
        if forward is not None:
            peer.sent_away(*forward)
            return
        session, engine = self._owner.tokens.find(message.token)
        if session.expected:  # from another process, and its client is quicker than that
            engine.seats.arrive_without_link(session, at_s)
        if _subject(session.player.claims) != _subject(peer.claims):
            raise ProtocolError(CloseCode.SESSION_EXPIRED, "the session is of another subject")
        if session.unseen:  # the client does not know yet that it has moved
            self._owner.tokens.renew(session, message.token)
            engine.seats.rejoin(session, peer)
            self._owner.admission.suspension_ended(session)
            self._enter(peer, session, engine, at_s)
            peer.moved(session, engine)
            self._owner.counts["resumes"] += 1
            return
        tick, event = roll_back(session, message)
        if event is not None and event > session.event_cursor:
            raise ProtocolError(CloseCode.INVALID_FIELD, "RESUME: 'event' is above what was sent to this session")
        self._owner.tokens.renew(session, message.token)
        engine.seats.resume(session, peer, tick, event)
        self._owner.admission.suspension_ended(session)
        self._enter(peer, session, engine, at_s)
        self._owner.counts["resumes"] += 1

    def _enter(self, peer: Peer, session: Session, engine: RoomEngine, now_s: float) -> None:
        admission = self._owner.admission
        admission.join_ended(peer)
        session.address = peer.address
        admission.seats.take(session, engine, admission.key_of(peer.address))
        peer.enter(session, engine, now_s)


def _subject(claims: Mapping[str, object] | None) -> object:
    """Whom the claims of a token are about; None: there are none, or they do not say."""
    return None if claims is None else claims.get("sub")
