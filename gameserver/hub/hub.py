"""The hub: all rooms of one process and the way into them.

Sans-I/O like everything below `net/`: links, the time and a source of random bytes come in as arguments, so a test runs
a whole server in memory. The net layer calls `open` for each link, drives the `Peer` that it gets, and ticks the rooms
that `on_room_opened` announces.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from gameserver.hub.admission import Admission
from gameserver.hub.codes import ROOM_ID_ALPHABET, ROOM_ID_CHARS, room_of_code
from gameserver.hub.open_rooms import OpenRooms
from gameserver.hub.peer import Peer
from gameserver.hub.refusals import Refusals
from gameserver.hub.tokens import ResumeTokens
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import ClientLimits, CloseCode, Limits, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.room.engine import RoomEngine
from gameserver.room.kind import Kind, make_kind
from gameserver.room.options import OptionsInvalid, choose
from gameserver.room.rules import TICK_RAISES, failure_reason
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.hub.spending import Account
    from gameserver.room.outside_work import Job
    from gameserver.room.room import Room
    from gameserver.room.session import LinkHandle, Session
    from gameserver.room.source import TickRecorder

log = logging.getLogger("gameserver.hub")


class Hub:
    """Kinds by name, rooms by id, sessions by token."""

    def __init__(
        self,
        kinds: Iterable[type[Room[Any]]] | Mapping[str, type[Room[Any]]],
        *,
        token_bytes: Callable[[int], bytes],
        seed: int,
        limits: Limits | None = None,
        room_id_prefix: str = "",
    ) -> None:
        """Make a hub without rooms.

        Args:
            kinds: The room classes that clients may join, by the names in a mapping, or by their own.
            token_bytes: Returns as many random bytes as asked for, from a cryptographic source.
            seed: Of the room ids and of the rooms' own random numbers.
            limits: The limits; None: the defaults.
            room_id_prefix: How the ids of this process's rooms begin, so that they differ from other processes'.

        Raises:
            DeclarationError: A room class is not right, or two have the same name.
        """
        self.limits = limits or Limits()
        self.kinds: dict[str, Kind] = {}
        self.rooms: dict[str, RoomEngine] = {}
        self.on_room_opened: Callable[[RoomEngine], None] | None = None
        self.open_recording: Callable[[RoomEngine], TickRecorder | None] | None = None
        """Makes the recorder of a new room; None: the room is not recorded."""
        self.run_work: Callable[[RoomEngine, Job], None] | None = None
        """Runs what rules start with `Room.run`, beside the room."""
        self.on_seats_changed: Callable[[], None] | None = None
        """Called when a seat has been taken or freed, or a room has opened or closed."""
        self.draining = False
        self._client_limits = ClientLimits.of(self.limits)
        self.admission = Admission(self.limits)
        self.tokens = ResumeTokens(token_bytes)
        self._random = random.Random(seed)
        self._room_id_prefix = room_id_prefix
        self._peers: set[Peer] = set()
        self._open_rooms = OpenRooms()
        self._overloaded: set[str] = set()
        self.refusals = Refusals()
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
        """A link came up.

        Args:
            link: The link.
            now_s: The time now, in seconds on the server's clock.
            claims: The claims of the verified token, if there is one.
            address: The client's address.
            room: The room for a JOIN that names none, chosen by the director of several processes; it is opened if it
                does not run yet.

        Returns:
            The peer to drive. Its `lost` must be called once, in the end.
        """
        account = self.admission.spending.account(self.admission.key_of(address), claims, now_s)
        peer = Peer(self, self.limits, link, now_s, claims=claims, address=address, room=room, account=account)
        self._peers.add(peer)
        self._counts["links"] += 1
        pushed_out = self.admission.link_opened(peer)
        if pushed_out is not None:
            code, reason = CloseCode.SERVER_FULL, "too many are on their way in: retry in 1 s"
            self.note_refused(code, reason, now_s, **pushed_out.log_fields())
            pushed_out.close(code, reason)
        return peer

    def forget_peer(self, peer: Peer) -> None:
        """The peer's link is gone."""
        self._peers.discard(peer)
        self.admission.join_ended(peer)

    def note_suspended(self, session: Session, address: str) -> None:
        """The session of a client at `address` has lost its link, and waits until it resumes."""
        pushed_out = self.admission.session_suspended(session, address)
        if pushed_out is not None:
            self.tokens.engine_of(pushed_out).leave(pushed_out)

    def charge(self, account: Account, size: int, now_s: float) -> None:
        """Count a message of `size` bytes.

        Raises:
            ProtocolError: RATE_LIMITED; the link's client has spent too much.
        """
        self.admission.spending.charge(account, size, now_s)

    def _enter(self, peer: Peer, session: Session, engine: RoomEngine, now_s: float) -> None:
        self.admission.join_ended(peer)
        peer.enter(session, engine, now_s)

    def note_refused(self, code: CloseCode, reason: str, now_s: float, **more: object) -> None:
        """Count and log that a message or a link is refused; `more` are fields of the log line."""
        self.refusals.note_link(code, reason, now_s, **more)

    # -- joining and resuming ------------------------------------------------------------------------------------------

    def join(self, peer: Peer, message: m.Join, at_s: float) -> None:
        """Take a seat for a peer's client: protocol.md §9 step 7 for JOIN.

        Raises:
            ProtocolError: With the code of the first condition that does not hold.
        """
        if self.draining:
            raise ProtocolError(CloseCode.GOING_AWAY, "the server is stopping")
        self.admission.check_join_rate(peer.address, at_s)
        kind = self.kinds.get(message.kind)
        if kind is None:
            raise ProtocolError(
                CloseCode.UNKNOWN_KIND, f"no such kind of room; there are: {', '.join(sorted(self.kinds))}"
            )
        role = Role(message.role)
        engine = self._find_room(kind, message.room, role, peer)
        tokens = self.tokens
        session = engine.join(peer, role, message.params, key=tokens.new_key(), secret=tokens.new_secret())
        session.on_gone = self._forget_session
        tokens.add(session, engine)
        self._enter(peer, session, engine, at_s)
        self._counts["joins"] += 1
        self._open_rooms.update(engine)
        self._note_seats()

    def _find_room(self, kind: Kind, room: str | Mapping[str, Any] | None, role: Role, peer: Peer) -> RoomEngine:
        """Find or open the room that a JOIN asks for.

        Raises:
            ProtocolError: There is none; nothing has changed.
        """
        match room:
            case None:
                return self._any_room(kind, peer, role, {})
            case str():
                return self._named_room(kind, room, role)
            case {"code": code}:
                return self._named_room(kind, room_of_code(code), role)
            case {"create": options}:
                _check_options(kind, options)
                return self._create_room(kind, peer, options)
            case _:
                _check_options(kind, room["options"])
                return self._any_room(kind, peer, role, room["options"])

    def _named_room(self, kind: Kind, room_id: str, role: Role) -> RoomEngine:
        engine = self.rooms.get(room_id)
        if engine is None or engine.kind is not kind:
            raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
        if engine.locked:
            raise ProtocolError(CloseCode.ROOM_LOCKED, "the room takes nobody new now")
        if not engine.has_free_seat(role):
            raise ProtocolError(CloseCode.ROOM_FULL, "no free seat in this room")
        if engine.overload.refuses:
            raise ProtocolError(CloseCode.SERVER_FULL, "this room has more to do than it can")
        return engine

    def _any_room(self, kind: Kind, peer: Peer, role: Role, options: Mapping[str, object]) -> RoomEngine:
        """Choose a room for a JOIN that names none: the peer's own if it has a free seat or can be opened, else the
        fullest with a free seat, else a new one with these options."""
        chosen = peer.room
        if chosen is not None:
            engine = self.rooms.get(chosen)
            if engine is None and not self.overloaded:
                return self.open_room(kind.name, options, room_id=chosen, address=peer.address)
            if engine is not None and engine.kind is kind and engine.takes_anyone and engine.has_free_seat(role):
                return engine
        for engine in self._open_rooms.fullest_first(kind.name, role):
            return engine
        return self._create_room(kind, peer, options)

    def _create_room(self, kind: Kind, peer: Peer, options: Mapping[str, object]) -> RoomEngine:
        """Open a room for a peer, under the id that a director has chosen for it, unless there is one."""
        if self.overloaded:  # the rooms of a process share one processor, so one more room would not help
            raise ProtocolError(CloseCode.SERVER_FULL, "the rooms here have more to do than they can")
        room_id = None if peer.room in self.rooms else peer.room
        return self.open_room(kind.name, options, room_id=room_id, address=peer.address)

    @property
    def overloaded(self) -> bool:
        """Whether a room of this process refuses joins because of its load."""
        return bool(self._overloaded)

    def open_room(
        self,
        kind_name: str,
        options: Mapping[str, object] | None = None,
        *,
        room_id: str | None = None,
        address: str = "",
    ) -> RoomEngine:
        """Open a room.

        Args:
            kind_name: Its kind.
            options: What its creator has chosen, for its `on_create`; those of a client are checked before.
            room_id: Its id; None: a new one.
            address: Of the client that asks for it; "" when no client does.

        Raises:
            ProtocolError: There are too many rooms, the rules of this one fail at once, or the process has no means
                for it now. Then nothing of it is left.
        """
        self.admission.check_room(address)
        engine = self._make_room(kind_name, room_id or self._new_room_id(), options or {})
        try:
            self._open_recording(engine)
            if self.run_work is not None:
                engine.work.run_with(partial(self.run_work, engine))
            if self.on_room_opened is not None:
                self.on_room_opened(engine)
        except Exception:
            log.exception("room %s (%s) cannot be opened", engine.id, kind_name)
            engine.close(CloseCode.SERVER_FULL, "the room cannot be opened now")
            raise ProtocolError(CloseCode.SERVER_FULL, "the room cannot be opened now") from None
        engine.on_closed = self._forget_room
        engine.on_open_changed = self._note_open
        self.rooms[engine.id] = engine
        self._open_rooms.update(engine)
        self.admission.room_opened(engine.id, address)
        self._counts["rooms_opened"] += 1
        return engine

    def _open_recording(self, engine: RoomEngine) -> None:
        """Record a new room, if rooms are recorded. A recording that cannot begin does not keep a room from opening."""
        if self.open_recording is None:
            return
        try:
            recorder = self.open_recording(engine)
        except Exception:
            log.exception("room %s is not recorded", engine.id)
            return
        if recorder is not None:
            engine.record(recorder)

    def _make_room(self, kind_name: str, room_id: str, options: Mapping[str, object]) -> RoomEngine:
        """Make an engine.

        Raises:
            ProtocolError: ROOM_FAILED; the room's constructor or `on_create` raised. Or INVALID_OPTIONS.
        """
        try:
            engine = RoomEngine(
                self.kinds[kind_name],
                room_id,
                seed=self._random.getrandbits(63),
                options=options,
                limits=self.limits,
                welcome=self._welcome,
            )
        except OptionsInvalid as error:
            raise ProtocolError(CloseCode.INVALID_OPTIONS, str(error)) from None
        except TICK_RAISES as error:
            log.exception("room %s (%s) cannot be made", room_id, kind_name)
            raise ProtocolError(CloseCode.ROOM_FAILED, failure_reason(error)) from None
        if engine.failure is not None:
            raise ProtocolError(CloseCode.ROOM_FAILED, engine.failure)
        return engine

    def _new_room_id(self) -> str:
        prefix = self._room_id_prefix
        while True:
            room_id = prefix + "".join(self._random.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS - len(prefix)))
            if room_id not in self.rooms:
                return room_id

    def resume(self, peer: Peer, message: m.Resume, at_s: float) -> None:
        """Continue a session over a peer's link: protocol.md §9 step 7 for RESUME.

        Raises:
            ProtocolError: SESSION_EXPIRED or SERVER_RESTARTED for the token, INVALID_FIELD for an impossible cursor.
        """
        self.admission.check_join_rate(peer.address, at_s)
        session, engine = self.tokens.find(message.token)
        if message.event > session.event_cursor:
            raise ProtocolError(CloseCode.INVALID_FIELD, "RESUME: 'event' is above what was sent to this session")
        self.tokens.renew(session, message.token)
        engine.resume(session, peer, message.tick, message.event)
        self.admission.suspension_ended(session)
        self._enter(peer, session, engine, at_s)
        self._counts["resumes"] += 1

    def _welcome(self, engine: RoomEngine, session: Session, resumed: bool) -> bytes:
        kind = engine.kind
        return encode_server(
            m.Welcome(
                server=self.tokens.instance.hex(),
                session=session.number,
                token=self.tokens.token_of(session),
                resumed=resumed,
                kind=kind.name,
                room=engine.id,
                role=session.player.role,
                tick=engine.tick_number,
                tick_hz=engine.tick_hz,
                snapshot_every=engine.snapshot_every,
                grace_s=engine.grace_s,
                event=session.event_cursor,
                seq=session.inputs.consumed,
                schema=kind.schema.to_wire(),
                step=kind.step_path,
                limits=self._client_limits,
            )
        )

    def _forget_session(self, session: Session) -> None:
        self.tokens.remove(session)
        self.admission.suspension_ended(session)
        engine = self.rooms.get(session.room_id)
        if engine is not None:
            self._open_rooms.update(engine)
        self._note_seats()

    def _note_open(self, engine: RoomEngine) -> None:
        """A room was locked or unlocked, or its visibility or load has changed."""
        if engine.overload.refuses:
            self._overloaded.add(engine.id)
        else:
            self._overloaded.discard(engine.id)
        self._open_rooms.update(engine)

    def _forget_room(self, engine: RoomEngine) -> None:
        self.rooms.pop(engine.id, None)
        self._open_rooms.remove(engine)
        self._overloaded.discard(engine.id)
        self.admission.room_closed(engine.id)
        self._counts["rooms_closed"] += 1
        self._note_seats()

    def _note_seats(self) -> None:
        if self.on_seats_changed is not None:
            self.on_seats_changed()

    # -- operations ----------------------------------------------------------------------------------------------------

    def step_module(self, path: str) -> str | None:
        """Return the text of the ES module with a shared step; None when no kind has its step at this path."""
        for kind in self.kinds.values():
            if kind.step is not None and kind.step_path == path:
                return kind.step.text
        return None

    def drain(self, retry_after_s: float) -> None:
        """Stop: refuse joins, notify every client, end the rooms and close every link with 1001.

        Args:
            retry_after_s: When clients may try again, in seconds.
        """
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
            "server": self.tokens.instance.hex(),
            "links_open": len(self._peers),
            "sessions": len(self.tokens),
            "links": self._counts["links"],
            "joins": self._counts["joins"],
            "resumes": self._counts["resumes"],
            "rooms_opened": self._counts["rooms_opened"],
            "rooms_closed": self._counts["rooms_closed"],
            "refused": {code.name: count for code, count in sorted(self.refusals.counts.items())},
            "rooms": [engine.statistics() for engine in self.rooms.values()],
        }


def _check_options(kind: Kind, options: Mapping[str, object]) -> None:
    """Check what a client has chosen for a room that may have to be made.

    Raises:
        ProtocolError: INVALID_OPTIONS; the reason names the field.
    """
    try:
        choose(kind.room_class.options, options)
    except OptionsInvalid as error:
        raise ProtocolError(CloseCode.INVALID_OPTIONS, str(error)) from None
