"""All rooms of one process, and the way in: kinds by name, rooms by id, sessions by token.

Sans-I/O like everything below `net/`: links, the time and a source of random bytes come in as arguments, so a test runs
a whole server in memory. The net layer calls `open` for each link, then drives the `Peer` it gets, and ticks the rooms
that `on_room_opened` announces.
"""

from __future__ import annotations

import hmac
import logging
import random
import string
from collections import Counter
from typing import TYPE_CHECKING, Any

from gameserver.hub.admission import Admission
from gameserver.hub.peer import Peer
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import (
    TOKEN_INSTANCE_BYTES,
    TOKEN_KEY_BYTES,
    TOKEN_SECRET_BYTES,
    CloseCode,
    Limits,
    Role,
)
from gameserver.protocol.errors import ProtocolError
from gameserver.room.engine import RoomEngine
from gameserver.room.kind import Kind, make_kind
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.room.room import Room
    from gameserver.room.session import LinkHandle, Session

log = logging.getLogger("gameserver.hub")

ROOM_ID_ALPHABET = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("il1o0")))
ROOM_ID_CHARS = 6


class Hub:
    """See the module. `token_bytes(n)` must be a cryptographic source (`secrets.token_bytes`); `seed` makes the rooms'
    own randomness."""

    def __init__(
        self,
        kinds: Iterable[type[Room[Any]]] | Mapping[str, type[Room[Any]]],
        *,
        token_bytes: Callable[[int], bytes],
        seed: int,
        limits: Limits | None = None,
        room_id_prefix: str = "",
    ) -> None:
        """`room_id_prefix`: what the ids of this process's rooms begin with, so that they differ from others'."""
        self.limits = limits or Limits()
        self.kinds: dict[str, Kind] = {}
        self.rooms: dict[str, RoomEngine] = {}
        self.on_room_opened: Callable[[RoomEngine], None] | None = None
        self.open_recording: Callable[[RoomEngine], Callable[[bytes], None] | None] | None = None
        """Gives a new room somewhere to record to, or None."""
        self.on_seats_changed: Callable[[], None] | None = None
        """Called when somebody has taken or left a seat, or a room has opened or closed."""
        self.draining = False
        self.admission = Admission(self.limits)
        self._token_bytes = token_bytes
        self._random = random.Random(seed)
        self._room_id_prefix = room_id_prefix
        self.instance = token_bytes(TOKEN_INSTANCE_BYTES)
        """What this process's resume tokens begin with."""
        self._sessions: dict[int, tuple[Session, RoomEngine]] = {}
        self._next_key = 1
        self._peers: set[Peer] = set()
        self._refused: Counter[CloseCode] = Counter()
        self._counts: Counter[str] = Counter()
        named = kinds.items() if hasattr(kinds, "items") else ((None, cls) for cls in kinds)
        for name, room_class in named:
            kind = make_kind(room_class, name)
            if kind.name in self.kinds:
                raise DeclarationError(
                    f"two rooms are called {kind.name!r}: give {room_class.__name__} a `kind` of its own"
                )
            self.kinds[kind.name] = kind

    # -- links ---------------------------------------------------------------------------------------------------------

    def open(
        self,
        link: LinkHandle,
        now_s: float,
        *,
        claims: Mapping[str, object] | None = None,
        address: str = "",
        room: str | None = None,
    ) -> Peer:
        """A link came up. Drive the peer that is returned; its `lost` must be called once, in the end. `room`: where
        it goes if it asks for none, chosen by whoever sees all processes; it is made if it is not there."""
        peer = Peer(self, link, now_s, claims=claims, address=address, room=room)
        self._peers.add(peer)
        self._counts["links"] += 1
        if not self.admission.arrived(peer):
            self.count_refused(CloseCode.SERVER_FULL)
            peer.close(CloseCode.SERVER_FULL, "too many are on their way in")
        return peer

    def forget_peer(self, peer: Peer) -> None:
        self._peers.discard(peer)
        self.admission.passed(peer)

    def _let_in(self, peer: Peer, session: Session, engine: RoomEngine) -> None:
        self.admission.passed(peer)
        peer.enter(session, engine, engine.kind.input_codec)

    def count_refused(self, code: CloseCode) -> None:
        self._refused[code] += 1

    # -- the way in ----------------------------------------------------------------------------------------------------

    def join(self, peer: Peer, message: m.Join) -> None:
        """§9 step 7 for JOIN. Raises ProtocolError with the code of the first thing that is not there."""
        if self.draining:
            raise ProtocolError(CloseCode.GOING_AWAY, "the server is stopping")
        kind = self.kinds.get(message.kind)
        if kind is None:
            raise ProtocolError(
                CloseCode.UNKNOWN_KIND, f"no such kind of room; there are: {', '.join(sorted(self.kinds))}"
            )
        role = Role(message.role)
        if message.room is not None:
            engine = self._named_room(kind, message.room, role)
        else:
            engine = self._any_room(kind, peer, role)
        key = self._next_key
        self._next_key += 1
        session = engine.join(peer, role, message.params, key=key, secret=self._token_bytes(TOKEN_SECRET_BYTES))
        session.on_gone = self._forget_session
        self._sessions[key] = (session, engine)
        self._let_in(peer, session, engine)
        self._counts["joins"] += 1
        self._note_seats()

    def _named_room(self, kind: Kind, room_id: str, role: Role) -> RoomEngine:
        engine = self.rooms.get(room_id)
        if engine is None or engine.kind is not kind:
            raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
        if not engine.roster.has_seat(role):
            raise ProtocolError(CloseCode.ROOM_FULL, "no free seat in this room")
        if engine.overload.refuses:
            raise ProtocolError(CloseCode.SERVER_FULL, "this room has more to do than it can")
        return engine

    def _any_room(self, kind: Kind, peer: Peer, role: Role) -> RoomEngine:
        """The chosen room, if it takes one more or can be made; else the fullest that does; else a new one."""
        chosen, address = peer.room, peer.address
        free = [e for e in self.rooms.values() if e.kind is kind and e.takes_anyone and e.roster.has_seat(role)]
        for engine in free:
            if engine.id == chosen:
                return engine
        if chosen is not None and chosen not in self.rooms and not self.overloaded:
            return self.open_room(kind.name, room_id=chosen, address=address)
        if free:
            return max(free, key=lambda engine: len(engine.roster.sessions))
        if self.overloaded:  # all rooms here share a processor: one more would not help
            raise ProtocolError(CloseCode.SERVER_FULL, "the rooms here have more to do than they can")
        return self.open_room(kind.name, address=address)

    @property
    def overloaded(self) -> bool:
        """Whether a room here has so much to do that nobody new is let in."""
        return any(engine.overload.refuses for engine in self.rooms.values())

    def open_room(
        self,
        kind_name: str,
        options: Mapping[str, object] | None = None,
        *,
        room_id: str | None = None,
        address: str = "",
    ) -> RoomEngine:
        """Make a room, for a client at `address` if one asked. Raises ProtocolError when there are too many, or its
        rules fail at once."""
        self.admission.check_room(address)
        engine = RoomEngine(
            self.kinds[kind_name],
            room_id or self._new_room_id(),
            seed=self._random.getrandbits(63),
            options=options or {},
            limits=self.limits,
            welcome=self._welcome,
        )
        if engine.closed:
            raise ProtocolError(CloseCode.ROOM_FAILED, "the room's rules failed; the server has logged why")
        self.rooms[engine.id] = engine
        self.admission.room_opened(engine.id, address)
        self._counts["rooms_opened"] += 1
        engine.on_closed = self._forget_room
        write = self.open_recording(engine) if self.open_recording is not None else None
        if write is not None:
            engine.record(write)
        if self.on_room_opened is not None:
            self.on_room_opened(engine)
        return engine

    def _new_room_id(self) -> str:
        prefix = self._room_id_prefix
        while True:
            room_id = prefix + "".join(self._random.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS - len(prefix)))
            if room_id not in self.rooms:
                return room_id

    def resume(self, peer: Peer, message: m.Resume) -> None:
        """§9 step 7 for RESUME, and the takeover. Raises ProtocolError 4025 or 4024, or 4004 for a cursor that cannot
        be."""
        session, engine = self._session_of(message.token)
        if message.event > session.told:
            raise ProtocolError(CloseCode.INVALID_FIELD, "RESUME: 'event' is above what this session was told")
        if message.event < engine.events.oldest_cursor:
            raise ProtocolError(CloseCode.SESSION_EXPIRED, "too many events were missed")
        session.previous_secret = message.token[-TOKEN_SECRET_BYTES:]
        session.secret = self._token_bytes(TOKEN_SECRET_BYTES)
        engine.roster.resume(session, peer, message.tick, message.event)
        self._let_in(peer, session, engine)
        self._counts["resumes"] += 1

    def _session_of(self, token: bytes) -> tuple[Session, RoomEngine]:
        if token[:TOKEN_INSTANCE_BYTES] != self.instance:
            raise ProtocolError(CloseCode.SERVER_RESTARTED, "the session was of another server process")
        key = int.from_bytes(token[TOKEN_INSTANCE_BYTES : TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES])
        secret = token[-TOKEN_SECRET_BYTES:]
        found = self._sessions.get(key)
        if found is not None:
            session = found[0]
            fits = hmac.compare_digest(secret, session.secret)
            fits_previous = hmac.compare_digest(secret, session.previous_secret.rjust(TOKEN_SECRET_BYTES, b"\0"))
            if session.seated and not session.leaving and (fits or (fits_previous and bool(session.previous_secret))):
                return found
        raise ProtocolError(CloseCode.SESSION_EXPIRED, "the session has ended, or the token was used up")

    def _welcome(self, engine: RoomEngine, session: Session, resumed: bool) -> bytes:
        kind = engine.kind
        token = self.instance + session.key.to_bytes(TOKEN_KEY_BYTES) + session.secret
        return encode_server(
            m.Welcome(
                server=self.instance.hex(),
                session=session.number,
                token=token,
                resumed=resumed,
                kind=kind.name,
                room=engine.id,
                role=session.player.role,
                tick=engine.tick_number,
                tick_hz=engine.tick_hz,
                snapshot_every=engine.snapshot_every,
                grace_s=engine.roster.grace_s,
                event=session.told,
                seq=session.inputs.consumed,
                schema=kind.schema.to_wire(),
                step=kind.step_path,
            )
        )

    def _forget_session(self, session: Session) -> None:
        self._sessions.pop(session.key, None)
        self._note_seats()

    def _forget_room(self, engine: RoomEngine) -> None:
        self.rooms.pop(engine.id, None)
        self.admission.room_closed(engine.id)
        self._counts["rooms_closed"] += 1
        self._note_seats()

    def _note_seats(self) -> None:
        if self.on_seats_changed is not None:
            self.on_seats_changed()

    # -- operations ----------------------------------------------------------------------------------------------------

    def step_module(self, kind_name: str) -> tuple[str, str] | None:
        """Fingerprint and text of a kind's shared step as an ES module, or None."""
        kind = self.kinds.get(kind_name)
        return None if kind is None or kind.step is None else (kind.step.fingerprint, kind.step.text)

    def drain(self, retry_after_s: float) -> None:
        """The server is about to stop: nobody new comes in, everyone is told and closed with 1001, rooms end in good
        order."""
        self.draining = True
        notice = encode_server(m.Notice("draining", {"retry_after_s": retry_after_s}))
        for peer in list(self._peers):
            peer.link.send(notice)
        for engine in list(self.rooms.values()):
            engine.close(CloseCode.GOING_AWAY, f"retry in {retry_after_s:g} s")
        for peer in list(self._peers):
            peer.close(CloseCode.GOING_AWAY, f"retry in {retry_after_s:g} s")

    def statistics(self) -> dict[str, Any]:
        """Counts for the metrics and `/api/rooms`: the process as a whole, refusals by close code, and each room."""
        return {
            "server": self.instance.hex(),
            "links_open": len(self._peers),
            "sessions": len(self._sessions),
            "links": self._counts["links"],
            "joins": self._counts["joins"],
            "resumes": self._counts["resumes"],
            "rooms_opened": self._counts["rooms_opened"],
            "rooms_closed": self._counts["rooms_closed"],
            "refused": {code.name: count for code, count in sorted(self._refused.items())},
            "rooms": [engine.statistics() for engine in self.rooms.values()],
        }
