"""Moves from one room of a process to another: seats there first, then the sessions go over with their links.

    asked for (a tick of the room here) → seats kept there → `on_auth` there (a tick) → the outcome here (a tick)
    → `on_leave` here, the link goes over → `on_join` there (a tick)

Until the outcome is taken here, nobody has left; a seat there that is lost before then fails the move. Whatever ends
first, the room here, the room there, or a session, the seats that nobody has taken are given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from gameserver.hub.destination_finder import DestinationFinder, Elsewhere
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.room.moves import MoveFailed

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from gameserver.room.moves import Move
    from gameserver.room.player import Player
    from gameserver.room.session import Session, SessionPeer


GIVEN_BACK: Final = "the room there has given the seat back"


class TravelOwner(Protocol):
    """What moves ask of their hub."""

    destinations: DestinationFinder

    def travel_elsewhere(self, here: RoomEngine, move: Move, room: str) -> bool:
        """Carry out a move to a room of another process. Return False if there is none."""

    def session_moved(self, before: Session, here: RoomEngine, session: Session, there: RoomEngine) -> None:
        """A session goes on as another one, in another room, with the same token."""

    def session_ended(self, session: Session, engine: RoomEngine) -> None:
        """A session has ended while it left a room."""

    def peer_of(self, peer: SessionPeer) -> Peer:
        """Return a session's peer as what it is here."""

    def seats_changed(self, engine: RoomEngine) -> None:
        """A room has more or fewer free seats."""


class Journey:
    """One move, from its seats there on; the `Carrier` of a `Move`."""

    def __init__(self, owner: TravelOwner, move: Move, here: RoomEngine, there: RoomEngine) -> None:
        """Keep the seats.

        Args:
            owner: The hub.
            move: The move.
            here: The room that it leads from.
            there: The room that it leads to; it has as many free seats.
        """
        self._owner = owner
        self._move = move
        self._here = here
        self._there = there
        self._failure: MoveFailed | None = None
        self._seats: dict[int, Session] = {}
        """By the number of the player here: its session there, until it goes over."""
        for player, params in zip(move.players, move.params, strict=True):
            session = there.seats.expect(player.role, {**player.params, **params}, player.claims, here.id)
            session.on_decided = self._decided
            session.on_gone = self._seat_gone
            self._seats[player.number] = session
        self._undecided = set(self._seats.values())
        owner.seats_changed(there)

    def _decided(self, session: Session, refusal: str | None) -> None:
        session.on_decided = None
        if refusal is not None:
            self._fail(CloseCode.JOIN_REFUSED, refusal)
            return
        self._settle(session)

    def _settle(self, session: Session) -> None:
        """A seat there has been decided on, or is not needed."""
        self._undecided.discard(session)
        if not self._undecided and self._seats:
            self._here.moves.decide(self._move)

    def _seat_gone(self, session: Session) -> None:
        """A seat there is free again before anybody came."""
        self._seats = {number: kept for number, kept in self._seats.items() if kept is not session}
        self._owner.seats_changed(self._there)
        closed = self._there.closed
        self._fail(
            CloseCode.ROOM_CLOSED if closed else CloseCode.KICKED,
            "the room there has ended" if closed else GIVEN_BACK,
        )

    def _fail(self, code: CloseCode, reason: str) -> None:
        if self._failure is None:
            self._failure = MoveFailed(code, reason)
            self._here.moves.decide(self._move)
            self.close()

    @property
    def failure(self) -> MoveFailed | None:
        """Why the move cannot take place now; None: the seats there are certain."""
        if self._failure is None and any(session.leaving for session in self._seats.values()):
            self._failure = MoveFailed(CloseCode.KICKED, GIVEN_BACK)
            self.close()
        return self._failure

    def hand_over(self, before: Session, peer: SessionPeer | None) -> None:
        """A participant has left the room here: its session goes on over `peer` in the seat there."""
        session = self._seats.pop(before.number)
        if before.leaving:  # it has left, or was kicked, in this very tick
            self._give_back(session)
            self._owner.session_ended(before, self._here)
            if peer is not None:
                peer.release_session()
            return
        session.on_gone = None
        session.key, session.secret, session.previous_secret = before.key, before.secret, before.previous_secret
        session.instance, session.generation, session.address = before.instance, before.generation, before.address
        session.unseen = True
        self._owner.session_moved(before, self._here, session, self._there)
        self._there.seats.arrive(session, before, peer)
        if peer is not None:
            self._owner.peer_of(peer).moved(session, self._there)

    def drop(self, player: Player) -> None:
        """A participant has left the room here otherwise, and needs no seat there."""
        session = self._seats.pop(player.number, None)
        if session is not None:
            self._give_back(session)
            self._settle(session)
            if not self._seats:
                self._here.moves.forget(self._move)

    def close(self) -> None:
        """Give back the seats that nobody has taken. Idempotent."""
        seats, self._seats = self._seats, {}
        for session in seats.values():
            self._give_back(session)

    def _give_back(self, session: Session) -> None:
        there, owner = self._there, self._owner
        session.on_decided = None
        session.on_gone = lambda _: owner.seats_changed(there)
        there.seats.leave(session)


def begin_journey(owner: TravelOwner, here: RoomEngine, move: Move) -> None:
    """Carry out a move that the rules of a room have asked for."""
    players = sum(not player.is_spectator for player in move.players)
    try:
        there = owner.destinations.find(here, move.to, (players, len(move.players) - players))
    except ProtocolError as refusal:
        if isinstance(refusal, Elsewhere) and owner.travel_elsewhere(here, move, refusal.room):
            return
        move.failure = MoveFailed(refusal.code, refusal.reason)
        here.moves.decide(move)
        return
    move.carrier = Journey(owner, move, here, there)
