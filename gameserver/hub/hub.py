"""The hub: all rooms of one process and the way into them.

Sans-I/O like everything below `net/`: links, the time and a source of random bytes come in as arguments, so a test runs
a whole server in memory. The net layer calls `open` for each link, drives the `Peer` that it gets, and ticks the rooms
that `on_room_opened` announces.
"""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from gameserver.hub.admission import Admission
from gameserver.hub.command_router import CommandRouter
from gameserver.hub.destination_finder import DestinationFinder
from gameserver.hub.joins import Joins
from gameserver.hub.kinds import check_lists, make_kinds, make_lobbies
from gameserver.hub.listings import Listings
from gameserver.hub.moderation import Moderation
from gameserver.hub.peer import Peer
from gameserver.hub.refusals import Refusals
from gameserver.hub.room_maker import RoomMaker
from gameserver.hub.tokens import ResumeTokens
from gameserver.hub.travel import begin_journey
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import ClientLimits, CloseCode, Limits
from gameserver.protocol.errors import ProtocolError
from gameserver.room.author_store import MemoryEntries
from gameserver.room.output_gate import GatedLink
from gameserver.room.outside_work import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.hub.directory import RoomRow
    from gameserver.hub.distant_travel import DistantTravel, Forward
    from gameserver.hub.keeper import Keeper
    from gameserver.hub.spending import Account
    from gameserver.room.author_store import Entries
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.room.moves import Move
    from gameserver.room.outside_work import Job
    from gameserver.room.room import Room
    from gameserver.room.session import JsonLink, LinkHandle, Session, SessionPeer
    from gameserver.room.source import TickRecorder

log = logging.getLogger("gameserver.hub")


class Hub:
    """The rooms of one process, and the way of clients into them: kinds by name, rooms by id, sessions by token."""

    def __init__(
        self,
        kinds: Iterable[type[Room[Any]]] | Mapping[str, type[Room[Any]]],
        *,
        token_bytes: Callable[[int], bytes],
        seed: int,
        limits: Limits | None = None,
        room_id_prefix: str = "",
        lobby_of: Callable[[str], type[Room[Any]] | None] | None = None,
        wall_clock: Callable[[], float] = float,
    ) -> None:
        """Make a hub without rooms.

        Args:
            kinds: The room classes that clients may join, by the names in a mapping, or by their own.
            token_bytes: Returns as many random bytes as asked for, from a cryptographic source.
            seed: Of the room ids and of the rooms' own random numbers.
            limits: The limits; None: the defaults.
            room_id_prefix: How the ids of this process's rooms begin, so that they differ from other processes'.
            lobby_of: Returns the room class of a kind's lobby, None for a kind without; None: no kind has one.
            wall_clock: Returns the seconds since 1970, for bans that end; by default no ban ends.

        Raises:
            DeclarationError: A room class is not right, or two have the same name.
        """
        self.limits = limits or Limits()
        self.kinds = make_kinds(kinds)
        self.rooms: dict[str, RoomEngine] = {}
        self.on_room_opened: Callable[[RoomEngine], None] | None = None
        self.open_recording: Callable[[RoomEngine], TickRecorder | None] | None = None
        """Makes the recorder of a new room; None: the room is not recorded."""
        self.entries: Entries = MemoryEntries()
        """Where what rooms keep under keys is."""
        self.keeper: Keeper | None = None
        """Keeps the rooms that last; None: nothing outlives this process."""
        self.run_work: Callable[[RoomEngine, Job], None] | None = None
        """Runs what rules start with `Room.run`, beside the room."""
        self._run_effect: Callable[[Effect], None] | None = None
        self._waiting_effects: list[Effect] = []
        """Those that can be run as soon as somebody does."""
        self.on_rooms_changed: Callable[[], None] | None = None
        """Called when a seat has been taken or freed, a room has opened, closed or been locked, or what it lists has
        changed."""
        self.distant: DistantTravel | None = None
        """The way to rooms of other processes; None: there are none."""
        self.draining = False
        self.retry_after_s = 0.0
        """When clients may try again, in seconds, once this drains."""
        self.alone = True
        """False where this is one of several processes, and a director says which of them opens a single room."""
        self._client_limits = ClientLimits.of(self.limits)
        self.admission = Admission(self.limits)
        self.tokens = ResumeTokens(token_bytes)
        self.moderation = Moderation(self, wall_clock)
        self._maker = RoomMaker(self, seed=seed, token_bytes=token_bytes, id_prefix=room_id_prefix)
        self._peers: set[Peer] = set()
        self.single_rooms: dict[str, RoomEngine] = {}
        """By kind: the room of a kind that has one only."""
        self._joins = Joins(self)
        self._listings = Listings(self.kinds, on_change=self._announce_change)
        self.open_rooms, self.directory = self._listings.open_rooms, self._listings.directory
        self.backfills = self._listings.backfills
        self.destinations = DestinationFinder(self)
        self.commands = CommandRouter(self)
        self.refusals = Refusals()
        self.counts: Counter[str] = Counter()
        """What has happened since the start, for `statistics`."""
        self.lobbies = {} if lobby_of is None else make_lobbies(self.kinds, lobby_of)
        """The lobbies of these kinds, by their own names."""
        check_lists(self.all_kinds, self.kinds)
        self._has_durable = any(kind.room_class.durable for kind in self.kinds.values())

    @property
    def all_kinds(self) -> Mapping[str, Kind]:
        """The kinds that clients may join, the built-in lobbies included."""
        return {**self.kinds, **self.lobbies}

    # -- links ---------------------------------------------------------------------------------------------------------

    def open(
        self,
        link: LinkHandle,
        now_s: float,
        *,
        claims: Mapping[str, object] | None = None,
        address: str = "",
        room: str | None = None,
        json_link: JsonLink | None = None,
        acks: bool = True,
    ) -> Peer:
        """A link came up.

        Args:
            link: The link.
            now_s: The time now, in seconds on the server's clock.
            claims: The claims of the verified token, if there is one.
            address: The client's address.
            room: The room for a JOIN that names none, chosen by the director of several processes; it is opened if it
                does not run yet.
            json_link: The same link, where its client gets JSON.
            acks: Whether the client acks snapshots.

        Returns:
            The peer to drive. Its `lost` must be called once, in the end.
        """
        account = self.admission.spending.account(self.admission.key_of(address), claims, now_s)
        if self.keeper is not None and self._has_durable:
            gated = link = GatedLink(link)
            json_link = None if json_link is None else gated
        peer = Peer(
            self,
            self.limits,
            link,
            now_s,
            claims=claims,
            address=address,
            assigned_room_id=room,
            account=account,
            json_link=json_link,
            acks=acks,
        )
        self._peers.add(peer)
        self.counts["links"] += 1
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
            self.tokens.engine_of(pushed_out).seats.leave(pushed_out)

    def charge(self, account: Account, size: int, now_s: float) -> None:
        """Count a message of `size` bytes.

        Raises:
            ProtocolError: RATE_LIMITED; the link's client has spent too much.
        """
        self.admission.spending.charge(account, size, now_s)

    def note_refused(self, code: CloseCode, reason: str, now_s: float, **more: object) -> None:
        """Count and log that a message or a link is refused; `more` are fields of the log line."""
        self.refusals.note_link(code, reason, now_s, **more)

    # -- joining and resuming ------------------------------------------------------------------------------------------

    def join(self, peer: Peer, message: m.Join, at_s: float) -> None:
        """Take a seat for a peer's client: protocol.md §9 step 7 for JOIN.

        Raises:
            ProtocolError: With the code of the first condition that does not hold.
        """
        self._joins.join(peer, message, at_s)

    def resume(self, peer: Peer, message: m.Resume, at_s: float) -> None:
        """Continue a session over a peer's link: protocol.md §9 step 7 for RESUME.

        Raises:
            ProtocolError: SESSION_EXPIRED or SERVER_RESTARTED for the token, INVALID_FIELD for an impossible cursor.
        """
        self._joins.resume(peer, message, at_s)

    @property
    def overloaded(self) -> bool:
        """Whether a room of this process refuses joins because of its load."""
        return bool(self._listings.overloaded)

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
            ProtocolError: There are too many rooms, the rules of this one fail at once, or the process has run out of
                file descriptors or memory. Then the room is undone.
        """
        if kind_name in self.single_rooms:
            raise ProtocolError(CloseCode.SERVER_FULL, "there is a room of this kind, and it is the only one")
        if self.admission.has_all_rooms:
            self._end_an_empty_room()
        self.admission.check_room(address, self._tick_share)
        engine = self._maker.make(kind_name, room_id or self._maker.new_id(), options or {})
        try:
            self._open_recording(engine)
            if self.keeper is not None:
                self.keeper.opened(engine)
            if self.run_work is not None:
                engine.work.run_with(partial(self._run_work, engine))
            if self.on_room_opened is not None:
                self.on_room_opened(engine)
        except Exception:
            log.exception("room %s (%s) cannot be opened", engine.id, kind_name)
            engine.close(CloseCode.SERVER_FULL, "the room cannot be opened now")
            if self.keeper is not None:
                self.keeper.ended(engine)
            raise ProtocolError(CloseCode.SERVER_FULL, "the room cannot be opened now") from None
        self._admit(engine, address)
        return engine

    def _admit(self, engine: RoomEngine, address: str) -> None:
        """Let clients into a room from now on."""
        engine.store_calls.entries = self.entries
        engine.moves.carry_with(partial(begin_journey, self, engine))
        engine.send_elsewhere = self.commands.send_from_rules
        engine.note_removals_with(partial(self.moderation.note_removed, engine))
        engine.on_closed = self._forget_room
        engine.on_listing_changed = self._take_change
        self.rooms[engine.id] = engine
        if engine.kind.room_class.single:
            self.single_rooms[engine.kind.name] = engine
        self._listings.open_feeds(engine)
        self._listings.file(engine)
        self.admission.room_opened(engine.id, address)
        self.counts["rooms_opened"] += 1

    def adopt_room(self, engine: RoomEngine) -> None:
        """Take in a room that has been restored, with its sessions, before links come.

        Args:
            engine: The room, which is live.
        """
        engine.work.run_with(partial(self._run_work, engine))
        self._admit(engine, "")
        for session in list(engine.seats.sessions.values()):
            if session.key:
                session.on_gone = self.forget_session
                self.tokens.add(session, engine)
            else:  # its client never got a token
                engine.seats.leave(session)

    def _run_work(self, engine: RoomEngine, job: Job) -> None:
        """Run a job when the room may do something outside, and an effect when its request is stored."""
        if isinstance(job, Effect):
            engine.hold_until_stored(self._run_stored, job)
        else:
            engine.hold_back(self._run_now, engine, job)

    def _run_now(self, engine: RoomEngine, job: Job) -> None:
        if self.run_work is not None:
            self.run_work(engine, job)

    def _run_stored(self, effect: Effect) -> None:
        """Run an effect, unless its room has ended or was saved meanwhile: then whoever keeps the room does."""
        if not (effect.is_over or effect.is_left):
            self.start_effect(effect)

    def start_effect(self, effect: Effect) -> None:
        """Start an effect, as soon as somebody runs them."""
        effect.runs = True
        if self._run_effect is None:
            self._waiting_effects.append(effect)
        else:
            self._run_effect(effect)

    def run_effects_with(self, run: Callable[[Effect], None]) -> None:
        """Run what rules ask for with `Room.effect` from now on.

        Args:
            run: Runs an effect until it succeeds, and calls its `report` once, unless it is cancelled before.
        """
        self._run_effect = run
        waiting, self._waiting_effects = self._waiting_effects, []
        for effect in waiting:
            run(effect)

    def _end_an_empty_room(self) -> None:
        """End the room that has been empty for longest of those that clients have made and left, if there is one:
        others need its place. The one room of its kind stays: it may keep what is for somebody who is away."""
        left = [
            engine
            for engine in self.rooms.values()
            if engine.empty_s and self.admission.is_of_client(engine.id) and not engine.kind.room_class.single
        ]
        if left:
            max(left, key=lambda engine: engine.empty_s).close(CloseCode.ROOM_CLOSED, "the room was empty")

    def _tick_share(self) -> float:
        """Return the share of the time that all ticks take. A new room is taken to be as expensive as any."""
        shares = [engine.overload.share for engine in self.rooms.values()]
        known = [share for share in shares if share is not None]
        return sum(known) + (len(shares) - len(known)) * max(known, default=0.0)

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

    def welcome(self, engine: RoomEngine, session: Session, resumed: bool) -> bytes:
        """Encode the WELCOME of a session.

        Args:
            engine: Its room.
            session: The session.
            resumed: Whether it answers a RESUME.
        """
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
                seq=session.input_queue.consumed,
                schema=kind.schema.to_wire(),
                step=kind.step_path,
                limits=self._client_limits,
                rolled_back_to=session.rolled_back_to,
            )
        )

    def forget_session(self, session: Session) -> None:
        """A session has ended: nobody resumes it any more."""
        self.tokens.remove(session)
        self.admission.suspension_ended(session)
        self.admission.seats.give_back(session)
        engine = self.rooms.get(session.room_id)
        if engine is None:
            self._announce_change()
        else:
            self._listings.file(engine)

    def _take_change(self, engine: RoomEngine) -> None:
        """A room was locked or unlocked, or its listing, visibility or load has changed."""
        if engine.id in self.rooms:  # otherwise it has ended meanwhile
            self._listings.change(engine)

    def take_row(self, row: RoomRow) -> None:
        """Take what others may know of a room, of this process or another."""
        self._listings.take_row(row)

    def forget_row(self, room_id: str) -> None:
        """A room has ended. Idempotent."""
        self._listings.forget_row(room_id)

    def _forget_room(self, engine: RoomEngine) -> None:
        self.rooms.pop(engine.id, None)
        if self.keeper is not None:
            self.keeper.ended(engine)
        if engine.kind.room_class.single:
            self.single_rooms.pop(engine.kind.name, None)
        self._listings.remove(engine)
        self.admission.room_closed(engine.id)
        self.counts["rooms_closed"] += 1
        self._announce_change()

    def _announce_change(self) -> None:
        if self.on_rooms_changed is not None:
            self.on_rooms_changed()

    # -- moves between rooms -------------------------------------------------------------------------------------------

    def session_moved(self, before: Session, here: RoomEngine, session: Session, there: RoomEngine) -> None:
        """A session goes on as another one, in another room, with the same token."""
        session.on_gone = self.forget_session
        self.admission.session_moved(before, session)
        self.admission.seats.give_back(before)
        self.tokens.add(session, there)
        self.counts["moves"] += 1
        self._listings.file(here)

    def travel_elsewhere(self, here: RoomEngine, move: Move, room: str) -> bool:
        """Carry out a move to a room of another process. Return False if there is none."""
        if self.distant is None or not room:
            return False
        self.distant.begin(here, move, room)
        return True

    def admit_traveller(self, session: Session, engine: RoomEngine) -> bytes:
        """Let an expected session be resumed. Return its token."""
        session.key, session.instance = self.tokens.new_key(), b""
        session.secret = self.tokens.new_secret(session.key)
        self.tokens.add(session, engine)
        return self.tokens.token_of(session)

    def send_away(self, before: Session, peer: SessionPeer | None, forward: Forward) -> None:
        """A session has gone to another process: its client learns where, and its link closes."""
        self.forget_session(before)
        self.counts["moves"] += 1
        if peer is not None:
            self.peer_of(peer).sent_away(*forward)

    def session_ended(self, session: Session, engine: RoomEngine) -> None:
        """A session has ended while it left a room."""
        self.forget_session(session)

    def peer_of(self, peer: SessionPeer) -> Peer:
        """Return a session's peer as what it is here."""
        assert isinstance(peer, Peer)
        return peer

    def seats_changed(self, engine: RoomEngine) -> None:
        """A room has more or fewer free seats."""
        if self.rooms.get(engine.id) is engine:
            self._listings.file(engine)

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
        self.retry_after_s = retry_after_s
        notice = encode_server(m.Notice("draining", {"retry_after_s": retry_after_s}))
        for peer in list(self._peers):
            peer.link.send(notice)
        for engine in list(self.rooms.values()):
            lasts = self.keeper is not None and self.keeper.save(engine)
            engine.close(CloseCode.GOING_AWAY, f"retry in {retry_after_s:g} s", lasts=lasts)
        for peer in list(self._peers):
            peer.close(CloseCode.GOING_AWAY, f"retry in {retry_after_s:g} s")

    def statistics(self) -> dict[str, Any]:
        """Counts for the metrics and `/api/rooms`: the process as a whole, refusals by close code, and each room."""
        return {
            "server": self.tokens.instance.hex(),
            "links_open": len(self._peers),
            "sessions": len(self.tokens),
            "links": self.counts["links"],
            "joins": self.counts["joins"],
            "resumes": self.counts["resumes"],
            "moves": self.counts["moves"],
            "rooms_opened": self.counts["rooms_opened"],
            "rooms_closed": self.counts["rooms_closed"],
            "refused": {code.name: count for code, count in sorted(self.refusals.counts.items())},
            "rooms": [engine.statistics() for engine in self.rooms.values()],
        }
