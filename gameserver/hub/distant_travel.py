"""Moves to rooms of other processes: seats there are asked for in messages, and each client opens a new link.

    here: `TravelRequest` → there: seats, `on_auth` → `TravelAnswer` with tokens → here: `on_leave`, MOVED, close
    → `TravelSettled` → there: `on_join`; the client resumes with its token, which belongs to the process there

A seat there is kept for `KEEP_S` at most, and counts as certain here for `CERTAIN_S`, which is shorter: so nobody
leaves for a seat that is gone. A token of this process that comes after its session has moved is answered with the one
there. Messages, the time and a way to other processes are arguments.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

import msgspec

from gameserver.protocol.constants import (
    TOKEN_INSTANCE_BYTES,
    TOKEN_KEY_BYTES,
    TOKEN_SECRET_BYTES,
    CloseCode,
    Role,
)
from gameserver.protocol.errors import ProtocolError
from gameserver.room.moves import FreeSeats, MoveFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.hub.destination_finder import DestinationFinder
    from gameserver.room.engine import RoomEngine
    from gameserver.room.moves import Move
    from gameserver.room.player import Player
    from gameserver.room.session import Session, SessionPeer

KEEP_S: Final = 20.0
"""How long a seat is kept for somebody of another process whose fate is unknown."""
CERTAIN_S: Final = 10.0
"""How long after it was asked for a seat in another process may still be taken."""
FORWARD_S: Final = 120.0
"""How long a token is answered whose session has moved away: longer than a session without a link is kept."""


class Traveller(msgspec.Struct, frozen=True):
    """A participant that is to come."""

    role: int
    params: dict[str, Any]
    claims: dict[str, Any] | None


class TravelRequest(msgspec.Struct, frozen=True, tag="ask"):
    """Asks for seats in a room of another process."""

    move: int
    room: str
    came_from: str
    travellers: list[Traveller]
    queue: str = ""
    """The kind of the room that they come from, if the room there has asked that for players."""
    players: tuple[int, ...] = ()
    """How many then come for each team."""


class TravelAnswer(msgspec.Struct, frozen=True, tag="answer"):
    """The seats are kept; or they are not, or not any more."""

    move: int
    code: int | None
    """Why not, as a close code; None: they are kept."""
    reason: str
    kind: str = ""
    tokens: list[bytes] = []
    """What resumes each session there, in the order of the request."""


class TravelSettled(msgspec.Struct, frozen=True, tag="settled"):
    """Who has left for its seat; the others' seats are free again."""

    move: int
    went: list[int]
    """Places in the request."""


TravelMessage: TypeAlias = TravelRequest | TravelAnswer | TravelSettled


class Forward(NamedTuple):
    """Where a session has gone."""

    kind: str
    room: str
    token: bytes


class _Gone(NamedTuple):
    """A session that has gone to another process."""

    until_s: float
    secrets: tuple[bytes, bytes]
    claims: Mapping[str, object] | None
    forward: Forward


class DistantOwner(Protocol):
    """What distant moves ask of their hub."""

    rooms: dict[str, RoomEngine]

    destinations: DestinationFinder

    def admit_traveller(self, session: Session, engine: RoomEngine) -> bytes:
        """Let an expected session be resumed. Return its token."""

    def send_away(self, before: Session, peer: SessionPeer | None, forward: Forward) -> None:
        """A session has gone to another process: its client learns where, and its link closes."""

    def session_ended(self, session: Session, engine: RoomEngine) -> None:
        """A session has ended while it left a room."""

    def seats_changed(self, engine: RoomEngine) -> None:
        """A room has more or fewer free seats."""


class DistantTravel:
    """The moves between this process and others."""

    def __init__(
        self,
        owner: DistantOwner,
        post: Callable[[str, TravelMessage], bool],
        reply: Callable[[int, TravelMessage], bool],
        clock: Callable[[], float],
    ) -> None:
        """Begin without moves.

        Args:
            owner: The hub.
            post: Sends a message to the process that has a room, by the room's id; False: there is none, or it cannot.
            reply: The same, by the number of the process.
            clock: Returns the time in seconds.
        """
        self.owner = owner
        self.clock = clock
        self.post = post
        self.reply = reply
        self._last_number = 0
        self.going: dict[int, DistantJourney] = {}
        self.coming: dict[tuple[int, int], _KeptSeats] = {}
        self._forwards: dict[int, _Gone] = {}  # by the key of the session, the oldest first

    def begin(self, here: RoomEngine, move: Move, room: str) -> None:
        """Carry out a move to a room of another process."""
        self._last_number += 1
        journey = DistantJourney(self, self._last_number, here, move, room)
        self.going[self._last_number] = journey
        move.carrier = journey
        travellers = [
            Traveller(
                int(player.role),
                {**player.params, **params},
                None if player.claims is None else dict(player.claims),
            )
            for player, params in zip(move.players, move.params, strict=True)
        ]
        request = TravelRequest(self._last_number, room, here.id, travellers)
        if isinstance(move.to, FreeSeats):
            request = msgspec.structs.replace(request, queue=here.kind.name, players=move.to.players)
        if not self.post(room, request):
            journey.fail(CloseCode.ROOM_NOT_FOUND, "no such room")

    def receive(self, worker: int, message: TravelMessage) -> None:
        """Take a message of another process."""
        match message:
            case TravelRequest():
                self._take_request(worker, message)
            case TravelAnswer(move):
                if move in self.going:
                    self.going[move].answered(message)
            case TravelSettled(move, went):
                kept = self.coming.pop((worker, move), None)
                if kept is not None:
                    kept.settle(went)

    def _take_request(self, worker: int, request: TravelRequest) -> None:
        engine = self.owner.rooms.get(request.room)
        roles = [Role(traveller.role) for traveller in request.travellers]
        try:
            if engine is None:
                raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
            seats = roles.count(Role.PLAYER), roles.count(Role.SPECTATOR)
            if request.queue:
                self.owner.destinations.check_open(engine, request.queue, request.players, seats)
            else:
                self.owner.destinations.check(engine, seats)
        except ProtocolError as refusal:
            self.reply(worker, TravelAnswer(request.move, int(refusal.code), refusal.reason))
            return
        self.coming[worker, request.move] = _KeptSeats(self, worker, request, engine)

    def note_gone(self, before: Session, forward: Forward) -> None:
        """From now on the token of a session leads to another process."""
        until_s = self.clock() + FORWARD_S
        self._forwards[before.key] = _Gone(
            until_s, (before.secret, before.previous_secret), before.player.claims, forward
        )

    def forward_of(self, token: bytes, claims: Mapping[str, object] | None) -> Forward | None:
        """Return where the session of a token has gone; None if it has not, or is another subject's."""
        key = int.from_bytes(token[TOKEN_INSTANCE_BYTES : TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES])
        gone = self._forwards.get(key)
        if gone is None or (gone.claims or {}).get("sub") != (claims or {}).get("sub"):
            return None
        secret = token[-TOKEN_SECRET_BYTES:]
        fits = [bool(known) and hmac.compare_digest(secret, known) for known in gone.secrets]
        return gone.forward if any(fits) else None

    def check(self) -> None:
        """Give up what has taken too long; call it about once a second."""
        now_s = self.clock()
        for key in [key for key, gone in self._forwards.items() if now_s > gone.until_s]:
            del self._forwards[key]
        for journey in list(self.going.values()):
            if now_s > journey.until_s:
                journey.fail(CloseCode.UNAVAILABLE, "the process of the room there does not answer")
        for asked, kept in list(self.coming.items()):
            if now_s > kept.until_s:
                del self.coming[asked]
                kept.settle([])


class DistantJourney:
    """One move to another process, seen from here; the `Carrier` of a `Move`."""

    def __init__(self, travel: DistantTravel, number: int, here: RoomEngine, move: Move, room: str) -> None:
        self._travel = travel
        self._number = number
        self._here = here
        self._move = move
        self._room = room
        self._kind = ""
        self._failure: MoveFailed | None = None
        self._places = {player.number: place for place, player in enumerate(move.players)}
        """By the number of each player that still moves: its place in the request."""
        self._tokens: list[bytes] = []
        self._went: list[int] = []
        self.until_s = travel.clock() + CERTAIN_S

    def answered(self, answer: TravelAnswer) -> None:
        """The process there keeps the seats, or does not."""
        if answer.code is not None:
            self.fail(CloseCode(answer.code), answer.reason)
            return
        self._kind, self._tokens = answer.kind, answer.tokens
        self._here.moves.decide(self._move)

    def fail(self, code: CloseCode, reason: str) -> None:
        """It does not take place."""
        if self._failure is None:
            self._failure = MoveFailed(code, reason)
            self._here.moves.decide(self._move)
            self.close()

    @property
    def failure(self) -> MoveFailed | None:
        """Why it cannot take place now; None: the seats there are certain."""
        if self._failure is None and self._travel.clock() > self.until_s:
            self._failure = MoveFailed(CloseCode.UNAVAILABLE, "the process of the room there does not answer")
            self.close()
        return self._failure

    def hand_over(self, before: Session, peer: SessionPeer | None) -> None:
        """A participant has left the room here: its client goes on in the process there."""
        place = self._places.pop(before.number)
        if before.leaving:
            self._travel.owner.session_ended(before, self._here)
            if peer is not None:
                peer.release_session()
            return
        self._went.append(place)
        forward = Forward(self._kind, self._room, self._tokens[place])
        self._travel.note_gone(before, forward)
        self._travel.owner.send_away(before, peer, forward)

    def drop(self, player: Player) -> None:
        """A participant has left the room here otherwise. The last one ends the move."""
        self._places.pop(player.number, None)
        if not self._places:
            self._here.moves.forget(self._move)
            self.close()

    def close(self) -> None:
        """Let the process there know who went; the other seats are free again. Idempotent."""
        if self._travel.going.pop(self._number, None) is not None:
            self._travel.post(self._room, TravelSettled(self._number, self._went))


class _KeptSeats:
    """Seats of one room that are kept for participants of another process."""

    def __init__(self, travel: DistantTravel, worker: int, request: TravelRequest, engine: RoomEngine) -> None:
        self._travel = travel
        self._worker = worker
        self._move = request.move
        self._engine = engine
        self._has_failed = False
        self.until_s = travel.clock() + KEEP_S
        self._sessions = [
            engine.seats.expect(Role(each.role), each.params, each.claims, request.came_from)
            for each in request.travellers
        ]
        self._undecided = set(self._sessions)
        for session in self._sessions:
            session.on_decided, session.on_gone = self._decided, self._gone
        travel.owner.seats_changed(engine)

    def _decided(self, session: Session, refusal: str | None) -> None:
        session.on_decided = None
        if refusal is not None:
            self._fail(CloseCode.JOIN_REFUSED, refusal)
            return
        self._undecided.discard(session)
        if not self._undecided and not self._has_failed:
            admit, engine = self._travel.owner.admit_traveller, self._engine
            tokens = [admit(each, engine) for each in self._sessions]
            for each in self._sessions:
                each.on_gone = self._gone
            self._travel.reply(self._worker, TravelAnswer(self._move, None, "", engine.kind.name, tokens))

    def _gone(self, session: Session) -> None:
        self._travel.owner.session_ended(session, self._engine)
        self._fail(CloseCode.ROOM_CLOSED, "the room there has given the seat back")

    def _fail(self, code: CloseCode, reason: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._travel.coming.pop((self._worker, self._move), None)
            self._travel.reply(self._worker, TravelAnswer(self._move, int(code), reason))
            self.settle([])

    def settle(self, went: list[int]) -> None:
        """Those at these places have left for their seats; the others do not come."""
        self._has_failed = True
        for place, session in enumerate(self._sessions):
            if not session.expected:  # its client was quicker
                continue
            if place in went:
                self._engine.seats.arrive_without_link(session, self._travel.clock())
            else:
                self._engine.seats.leave(session)
