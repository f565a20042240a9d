"""One running room: its world, its seats, and the tick, the only moment at which its world changes.

`RoomEngine.tick` is the server's main function; read it first. Live play and the verification of a recording differ in
its `Source` only; a room that shows a recording has another `snapshot_source`. Rules that raise end their room
and nothing else.
"""

from __future__ import annotations

import logging
import math
import random
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from gameserver import native
from gameserver.protocol import messages as m
from gameserver.protocol.codec import check_storable, encode_server
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK, MAX_COUNTER, MAX_LEAD, PROTOCOL_EVENT_PREFIX, CloseCode
from gameserver.protocol.payload import plain_payload
from gameserver.room.author_store import Calls
from gameserver.room.commands import External
from gameserver.room.effects import Effects
from gameserver.room.json_viewers import JsonViewers
from gameserver.room.lag_compensation import LagCompensation
from gameserver.room.lifecycle import Lifecycle
from gameserver.room.listing import listed_values
from gameserver.room.moves import Moves
from gameserver.room.options import as_map, choose
from gameserver.room.outside_work import OutsideWork
from gameserver.room.overload import Overload
from gameserver.room.player_views import PlayerViews
from gameserver.room.replicator import Replicator
from gameserver.room.reservations import MAX_RESERVE_S
from gameserver.room.room import Room
from gameserver.room.roster import Roster, new_roster, new_state
from gameserver.room.rules import TICK_RAISES, failure_reason, run_contacts
from gameserver.room.seats import Seats
from gameserver.room.settings import VISIBILITIES
from gameserver.room.timers import Timers
from gameserver.room.touch_rules import TouchRules
from gameserver.state.world import World
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.events import EventLog
from gameserver.sync.history import History
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.protocol.constants import Limits, Role
    from gameserver.room.backfill import BackfillRequest, OpenSeats
    from gameserver.room.commands import Command
    from gameserver.room.kind import Kind
    from gameserver.room.listing import Listing, Values
    from gameserver.room.options import Options
    from gameserver.room.output_gate import OutputGate
    from gameserver.room.player import Player
    from gameserver.room.session import Session
    from gameserver.room.source import Source, TickRecorder
    from gameserver.sync.snapshot import Captured

    Codes = tuple[int, ...]

log = logging.getLogger("gameserver.room")

HISTORY_S = 1.0
"""How long snapshots are kept: deltas for resumed links start from them, and shots are judged in them (at most
`Room.max_rewind_s` back)."""

MIN_HISTORY_TICKS = 32

COUNTER_RESERVE = 1 << 20
"""A room closes when it has so few numbers left for events, joins or entities: no tick uses up more."""


class RoomEngine:
    """One room at work."""

    def __init__(
        self,
        kind: Kind,
        room_id: str,
        *,
        seed: int,
        secret: bytes = b"",
        options: Mapping[str, object],
        limits: Limits,
        welcome: Callable[[RoomEngine, Session, bool], bytes],
        source: Source | None = None,
        restores: bool = False,
    ) -> None:
        """Make a room and run its `on_create`.

        Args:
            kind: The room's kind.
            room_id: The room's id.
            seed: Of the room's random numbers.
            secret: What the keys of its reservations are made from, from a cryptographic source.
            options: What the creator has chosen, for `on_create`; undeclared ones are passed on.
            limits: The server's limits.
            welcome: Encodes the WELCOME of a session; the flag says whether it resumed.
            source: Where commands and inputs come from; None: the room's seats.
            restores: Whether a checkpoint is to be loaded into the room: its `on_create` has run long ago.

        Raises:
            OptionsInvalid: A declared option cannot have its value.
        """
        room_class = kind.room_class
        chosen = choose(room_class.options, {k: v for k, v in options.items() if k in kind.option_names})
        self.kind = kind
        self.id = room_id
        self.seed = seed
        self.secret = secret
        self.options: Mapping[str, object] = {**options, **as_map(chosen)}
        self.tick_hz = room_class.tick_hz
        self.tick_s = 1.0 / self.tick_hz
        self.snapshot_every = kind.snapshot_every
        self.random = random.Random(seed)
        self.tick_number = 0
        self.skipped_ticks = 0
        self.closed = False
        self.failure: str | None = None
        """What clients get as the reason when the room has ended because a tick raised; None: none has."""
        self.error: BaseException | None = None
        """What the tick raised."""
        self.locked = False
        self.visibility = room_class.visibility
        self.on_closed: Callable[[RoomEngine], None] | None = None
        self.send_elsewhere: Callable[[str, str, object], None] | None = None
        """Sends what the rules send to another room: kind, name and payload; None: nobody does, as in a replay."""
        self.waiting_commands = 0
        """Commands from outside that the next tick takes."""
        self._outgoing: list[tuple[str, str, object]] = []
        self.gate: OutputGate | None = None
        """Where what goes out waits until it has been stored; None: nothing is stored."""
        self.on_listing_changed: Callable[[RoomEngine], None] | None = None
        """Called when the room was locked or unlocked, or its listing, visibility or overload level has changed."""

        self.world = World(kind.schema)
        self.snapshot_source: Captured = self.world
        """What snapshots are taken of: the world, or, in a room that shows a recording, the recorded state."""
        self.history = History(max(MIN_HISTORY_TICKS, math.ceil(HISTORY_S * self.tick_hz)))
        self.events = EventLog(limits)
        self.timers = Timers()
        self.overload = Overload(self.tick_s)
        self.backfill: BackfillRequest | None = None
        """What the rules ask queues for."""
        self.listing: Values = {}
        """What others may see of the room, since the end of the last tick."""
        self._listed: Listing | None = None
        self.store_calls = Calls()
        self.store_scope = kind.name
        self.work = OutsideWork(room_id, self._queue_command)
        self.effects = Effects(self.work, room_id, secret)
        self.moves = Moves(room_id)
        self.room = self._make_rules(chosen)
        self._touch = self._make_touch_rules()
        self.seats = Seats(kind, room_id, limits, moves=self.moves, secret=secret)
        self._lifecycle = self._make_lifecycle(partial(welcome, self))
        self._source: Source = self.seats if source is None else source
        max_rewind_ticks = int(room_class.max_rewind_s * self.tick_hz)
        self.lag_compensation = LagCompensation(
            kind.schema, self.history, max_rewind_ticks, self._source.lag_of, room_class.predict_world
        )
        self.encoder = DeltaEncoder(kind.schema, self.tick_hz, native.body_writer())
        json_viewers = JsonViewers(kind.schema, self.events)
        self.replicator = Replicator(self.encoder, self.events, limits, self._make_player_views(), json_viewers)
        self._recorders: tuple[TickRecorder, ...] = ()
        self._tick_commands: Sequence[Command] = ()
        self._tick_inputs: Sequence[tuple[Session, Codes]] = ()
        self._tick_events: list[tuple[str, object, frozenset[int] | None]] = []
        self._pings: list[tuple[Session, int, float]] = []
        self._empty_ticks = 0
        self._close_reason: str | None = None
        if restores:
            return
        try:
            self.room.on_create(self.options)
            self._update_listing()
        except TICK_RAISES as error:
            self._fail(error)

    def _make_rules(self, chosen: Options) -> Room[Any]:
        """Make the author's room, with all that its class declares."""
        room_class = self.kind.room_class
        room = room_class()
        room._context = self
        room.options = chosen
        room.listing = copy(room_class.listing)
        room.roster = new_roster(room_class.roster)
        room.state = new_state(room_class.state, self.world)
        return room

    def _make_touch_rules(self) -> TouchRules | None:
        room_class = self.kind.room_class
        if room_class.predict_world is None or room_class.predict is None:
            return None
        inputs = self.kind.inputs_type
        return TouchRules(room_class.predict_world, room_class.predict, self.world, inputs, self.tick_s)

    def _make_lifecycle(self, welcome: Callable[[Session, bool], bytes]) -> Lifecycle:
        roster = self.room.roster
        return Lifecycle(
            self.kind,
            self.seats,
            room=self.room,
            world=self.world,
            history=self.history,
            events=self.events,
            work=self.work,
            moves=self.moves,
            roster=roster if isinstance(roster, Roster) else None,
            welcome=welcome,
            log_event=self._log_event,
        )

    def _make_player_views(self) -> PlayerViews | None:
        near = self.kind.room_class.interest
        if near is None:
            return None
        has_own_rule = self.kind.room_class.narrow_view is not Room.narrow_view
        narrow_view = self.room.narrow_view if has_own_rule else None
        snapshot_hz = self.tick_hz // self.snapshot_every
        return PlayerViews(self.kind.schema, near, self.encoder, self.tick_hz, narrow_view, snapshot_hz=snapshot_hz)

    # -- the tick ------------------------------------------------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """Advance one tick: commands, inputs, rules, snapshot, replication.

        What a step raises, in the author's rules or in the server's own code, ends the room here; the caller never gets
        it.

        Args:
            now_s: The moment at which the tick begins, on the server's clock.
        """
        if self.closed or (self.gate is not None and self.gate.blocks):
            return
        try:
            self._begin_tick()
            self._apply_commands(self._source.take_commands(now_s))
            self._run_rules(self._source.take_inputs(now_s, self.tick_number))
            self._update_listing()
            snapshot = Snapshot.capture(self.tick_number, self.snapshot_source)
            self._keep(snapshot)
            if self._snapshot_due:
                self.replicator.send(self.seats.sessions.values(), snapshot, now_s)
            if self.moves.asked:
                self.moves.begin(self.seats.is_seated)
            if self._outgoing:
                self._send_outgoing()
        except TICK_RAISES as error:
            self._fail(error)
            return
        if self._pings:
            self._answer_pings(now_s)
        self._close_if_over()

    def _begin_tick(self) -> None:
        self.tick_number += 1
        if self.gate is not None:
            self.gate.tick = self.tick_number
        self._tick_events.clear()
        self.lag_compensation.begin(self.tick_number)
        if self.seats.expire_reservations(self.tick_number):
            self._note_listing_changed()

    def _send_outgoing(self) -> None:
        """Send the commands that the rules have for other rooms."""
        outgoing, self._outgoing = self._outgoing, []
        send = self.send_elsewhere
        if send is not None:
            for kind, name, payload in outgoing:
                self.hold_back(send, kind, name, payload)

    def hold_back(self, call: Callable[..., object], *args: Any) -> None:
        """Make a call that has effects outside of the room: of a durable one, when the present tick is stored."""
        if self.gate is not None and self.gate.durable:
            self.gate.hold(call, *args)
        else:
            call(*args)

    def hold_until_stored(self, call: Callable[..., object], *args: Any) -> None:
        """Make a call when the present tick is stored, or at once in a room of which nothing is."""
        if self.gate is None:
            call(*args)
        else:
            self.gate.hold(call, *args)

    def _apply_commands(self, commands: Sequence[Command]) -> None:
        self.waiting_commands = 0
        self._tick_commands = commands
        self._lifecycle.apply(commands)

    def _run_rules(self, inputs: Sequence[tuple[Session, Codes]]) -> None:
        """Run `on_input` for each player, then the predicted world or contacts, timers and `on_tick`."""
        self._tick_inputs = inputs
        room, from_codes = self.room, self.kind.inputs_type.from_codes
        for session, codes in inputs:
            controls = from_codes(codes)
            room.on_input(session.player, controls)
            if self._touch is not None:
                self._touch.show(session.player.avatar, controls)
        if self._touch is not None:
            self._touch.run(self.seats.players)
        contact = type(room).predict_contact
        if contact is not None:
            run_contacts(contact, self.world, self.seats.players, self.tick_s)
        self.timers.run_due(self.tick_number)
        room.on_tick()

    def _update_listing(self) -> None:
        """Let others see what the rules have set.

        Raises:
            ListingInvalid: It is not what the room's class declares.
        """
        listing = self.room.listing
        if listing != self._listed:
            self.listing = listed_values(listing, self.kind.room_class.listing)
            self._listed = copy(listing)
            self._note_listing_changed()

    def _keep(self, snapshot: Snapshot) -> None:
        self.history.put(snapshot)
        for recorder in self._recorders:
            self._record_tick(recorder, snapshot)

    def _record_tick(self, recorder: TickRecorder, snapshot: Snapshot) -> None:
        """Record what this tick was made of. A recorder that fails ends the recording, not the room."""
        inputs = [(session.number, codes) for session, codes in self._tick_inputs]
        try:
            recorder.put(self._tick_commands, inputs, self.lag_compensation.lags, self._tick_events, snapshot)
        except Exception:
            log.exception("the recording of room %s ends at tick %d", self.id, self.tick_number)
            self.stop_recorder(recorder)

    @property
    def _snapshot_due(self) -> bool:
        """Whether this tick's snapshot is sent: by the snapshot rate, and always before the room closes."""
        every = self.snapshot_every * self.overload.snapshot_stretch
        return self.tick_number % every == 0 or self._close_reason is not None

    def _answer_pings(self, now_s: float) -> None:
        """Send what clients have asked for since the last tick, all answers of one client together: it may have sent
        as many PINGs as its limits let it, and with TLS each write costs more than its answer."""
        pings, self._pings = self._pings, []
        answers: dict[Session, list[bytes]] = {}
        for session, nonce, at_s in pings:
            held = min(MAX_LEAD, max(0, int((now_s - at_s) / self.tick_s * LEAD_UNITS_PER_TICK)))
            inputs = session.input_queue
            pong = m.ServerPong(nonce, self.tick_number, held, inputs.missed, inputs.trimmed)
            answers.setdefault(session, []).append(encode_server(pong))
        for session, pongs in answers.items():
            if session.link is not None:
                session.link.send(*pongs)

    def _close_if_over(self) -> None:
        if self._close_reason is not None:
            self.close(CloseCode.ROOM_CLOSED, self._close_reason)
        elif self._counters_used_up:
            self.close(CloseCode.ROOM_CLOSED, "the room is too old: its counters are used up")
        elif self.seats.sessions or self.seats.keeps_any:
            self._empty_ticks = 0
        else:
            self._empty_ticks += 1
            if self._empty_ticks > self.kind.room_class.empty_close_s * self.tick_hz:
                self.close(CloseCode.ROOM_CLOSED, "the room was empty")

    @property
    def empty_s(self) -> float:
        """For how long nobody has had a seat here, kept ones included, in seconds."""
        return self._empty_ticks * self.tick_s

    @property
    def _counters_used_up(self) -> bool:
        """Whether a number on the wire is about to pass the protocol's limit: after 207 days at 240 ticks a second, or
        after as many events, ids or joins."""
        return (
            self.tick_number >= MAX_COUNTER
            or self.events.newest >= MAX_COUNTER - COUNTER_RESERVE
            or self.seats.last_number >= MAX_COUNTER - COUNTER_RESERVE
            or self.world.ids_left < COUNTER_RESERVE
        )

    def _fail(self, error: BaseException) -> None:
        """End the room because a tick raised `error`; call it in the `except` block. The traceback is logged."""
        log.exception("room %s (%s) failed at tick %d", self.id, self.kind.name, self.tick_number)
        self.failure, self.error = failure_reason(error), error
        self.close(CloseCode.ROOM_FAILED, self.failure)

    # -- the room's pace -----------------------------------------------------------------------------------------------

    def skip(self, ticks: int) -> None:
        """Leave out `ticks` ticks because the room is too slow, and notify every client."""
        self.skipped_ticks += ticks
        log.warning("room is too slow: %d ticks left out", ticks, extra={"room": self.id})
        notice = encode_server(m.Notice("skipped", {"ticks": ticks}))
        for session in self.seats.sessions.values():
            if session.link is not None and session.welcomed:
                session.link.send(notice)

    def note_pace(self, now_s: float, late_s: float, cost_s: float) -> None:
        """Adapt the overload level to a tick that has just been made.

        Args:
            now_s: When it ended.
            late_s: How long after it was due it began, in seconds.
            cost_s: How long it took, in seconds.
        """
        if not self.closed and self.overload.note(now_s, late_s, cost_s):
            level = self.overload.level
            log.warning("room is at overload level %d", level, extra={"room": self.id})
            self.replicator.set_tier_stretch(self.overload.tier_stretch)
            self._note_listing_changed()

    # -- requests between ticks ----------------------------------------------------------------------------------------

    def command(self, name: Any, payload: object) -> None:
        """Give what the author's own program sends to the rules at the next tick.

        Raises:
            TypeError: The name is not a str.
            ValueError: A recording cannot hold the name or the payload.
        """
        if not isinstance(name, str):
            raise TypeError(f"command name {name!r} is not a str; write the name first, then the payload")
        check_storable([name, payload])
        self.seats.queue(External(name, plain_payload(payload)))
        self.waiting_commands += 1

    def ping(self, session: Session, nonce: int, at_s: float) -> None:
        """Answer a PING that arrived at `at_s` at the next tick; the answer says how long it waited."""
        self._pings.append((session, nonce, at_s))

    def has_free_seat(self, role: Role) -> bool:
        """Whether a seat for this role is free."""
        return self.seats.has_free(role)

    @property
    def session_count(self) -> int:
        """How many seats are taken, spectators included."""
        return len(self.seats.sessions)

    @property
    def grace_s(self) -> float:
        """How long a suspended session may resume, in seconds."""
        return self.seats.grace_s

    @property
    def takes_anyone(self) -> bool:
        """Whether players who did not ask for this room by id may be put into it, as long as there are seats."""
        return self.visibility == "public" and not (self.locked or self.closed or self.overload.refuses)

    def record(self, recorder: TickRecorder) -> None:
        """Record the room from its first tick on.

        Args:
            recorder: Gets every tick; it must not wait.

        Raises:
            ValueError: The room has ticked already.
        """
        if self.tick_number:
            raise ValueError(f"room {self.id} is at tick {self.tick_number}: a recording begins before the first")
        self._recorders = (*self._recorders, recorder)

    def go_live(self, now_s: float) -> None:
        """Go on from a checkpoint and what was replayed after it: the seats are the source from now on, and what ran
        outside of the room has failed.

        Args:
            now_s: The time now.
        """
        self.seats.drop_commands()
        loses_nothing = self.kind.room_class.durable
        self.seats.begin_again(now_s, self.tick_number, self.events.newest, loses_nothing=loses_nothing)
        self.work.abandon()
        self.moves.abandon()
        self._source = self.seats
        self.lag_compensation.use(self.seats.lag_of)

    def restore_session(self, player: Player) -> Session:
        """Give a participant of a checkpoint its session again."""
        return self._lifecycle.restore_session(player)

    def saved_counts(self) -> list[Any]:
        """Return the room's own numbers, for a checkpoint."""
        return [self.tick_number, self.skipped_ticks, self.locked, self.visibility, self._empty_ticks]

    def restore_counts(self, saved: Any) -> None:
        """Go on with the room's own numbers of a checkpoint, when all else has been restored."""
        self.tick_number, self.skipped_ticks, self.locked, self.visibility, self._empty_ticks = saved
        self._update_listing()

    def keep_journal(self, recorder: TickRecorder) -> None:
        """Give each tick from the next one on to a journal, which begins at a checkpoint."""
        self._recorders = (*self._recorders, recorder)

    def note_removals_with(self, note: Callable[[Session, str, float | None], None]) -> None:
        """Have somebody know when the rules remove a participant.

        Args:
            note: Called with the session, the reason, and for how many seconds it is banned; None: it is not, infinity:
                for good.
        """
        self._lifecycle.on_removed = note

    def remove(self, session: Session, code: CloseCode, reason: str) -> None:
        """End a session for good from outside. Idempotent.

        Args:
            session: The session.
            code: Closes its link, if it has one.
            reason: What the client is sent.
        """
        if not session.leaving:
            self._lifecycle.end(session, code, reason)

    def stop_recorder(self, recorder: TickRecorder) -> None:
        """Give no more ticks to a recorder or journal: nobody takes what it would make of them. Idempotent."""
        self._recorders = tuple([other for other in self._recorders if other is not recorder])

    def _queue_command(self, command: Command) -> None:
        self.seats.queue(command)

    # -- what the rules ask for ----------------------------------------------------------------------------------------

    @property
    def players(self) -> list[Player]:
        """The seated players."""
        return self.seats.players

    @property
    def spectators(self) -> list[Player]:
        """The seated spectators."""
        return self.seats.spectators

    def send_command(self, kind: Any, name: Any, payload: object) -> None:
        """Send a command to the one room of a kind at the end of this tick.

        Raises:
            TypeError: The kind or the name is not a str.
            ValueError: A recording cannot hold the name or the payload.
        """
        for what, value in (("kind", kind), ("name", name)):
            if not isinstance(value, str):
                raise TypeError(f"{what} is {value!r}; write the kind of the room, the command's name, and the payload")
        check_storable([kind, name, payload])
        self._outgoing.append((kind, name, plain_payload(payload)))

    def emit(self, name: Any, payload: object, to: frozenset[int] | None) -> None:
        """Log an event of this tick.

        Args:
            name: The event's name; names that start with @ are the protocol's.
            payload: Any value that the wire can carry.
            to: The numbers of the sessions that get it; None: everyone.

        Raises:
            TypeError: The name is not a str.
            ValueError: The name or the payload is not allowed.
        """
        if not isinstance(name, str):
            raise TypeError(f"event name {name!r} is not a str; write the name first, then the payload")
        if name.startswith(PROTOCOL_EVENT_PREFIX):
            raise ValueError(f"event name {name!r}: names that start with @ are the protocol's own")
        self._log_event(name, payload, to)

    def _log_event(self, name: str, payload: object, to: frozenset[int] | None) -> None:
        self.events.append(self.tick_number, name, payload, to)
        if self._recorders:
            self._tick_events.append((name, payload, to))

    def lock(self, locked: bool) -> None:
        """Lock or unlock the room."""
        self.locked = locked
        self._note_listing_changed()

    def set_visibility(self, visibility: str) -> None:
        """Say who finds the room.

        Raises:
            ValueError: It is none of VISIBILITIES.
        """
        if visibility not in VISIBILITIES:
            raise ValueError(f"visibility is {visibility!r}; write one of {', '.join(map(repr, VISIBILITIES))}")
        self.visibility = visibility
        self._note_listing_changed()

    def reserve(self, role: Role, subject: str | None, seconds: float) -> bytes | None:
        """Keep a free seat for so long; None if there is none.

        Raises:
            ValueError: It cannot be for so long.
        """
        key = self.seats.reserve(role, subject, self._last_tick_of(seconds))
        self._note_listing_changed()
        return key

    def reserve_outside(self, role: Role, subject: str | None, seconds: float) -> bytes | None:
        """The same for the author's own program, between two ticks.

        Raises:
            ValueError: It cannot be for so long.
        """
        key = self.seats.reserve_outside(role, subject, self._last_tick_of(seconds))
        self._note_listing_changed()
        return key

    def _last_tick_of(self, seconds: float) -> int:
        """Return the last tick of so many seconds from now.

        Raises:
            ValueError: A reservation cannot be for so long.
        """
        if not 0 < seconds <= MAX_RESERVE_S:
            raise ValueError(f"seconds is {seconds!r}; write a number above 0, at most {MAX_RESERVE_S:g}")
        # 0.15 s are 3 ticks of 20 a second, not 4
        return self.tick_number + math.ceil(seconds * self.tick_hz - 1e-9)

    def cancel_reservation(self, key: bytes) -> bool:
        """Keep a seat no longer. Return whether it was kept."""
        was_kept = self.seats.cancel_reservation(key)
        self._note_listing_changed()
        return was_kept

    def _note_listing_changed(self) -> None:
        if self.on_listing_changed is not None:
            self.on_listing_changed(self)

    def ask_for_players(self, request: BackfillRequest | None) -> None:
        """Ask the queues of a kind for players from now on; None: ask no longer."""
        if request != self.backfill:
            self.backfill = request
            self._note_listing_changed()

    @property
    def open_seats(self) -> OpenSeats | None:
        """What a queue may fill now; None if the room asks for nobody."""
        if self.backfill is None or self.closed or self.overload.refuses:
            return None
        players = [session.player.params for session in self.seats.sessions.values() if session.is_player]
        return self.backfill.open_seats(self.id, players, self.seats.taken[0], self.seats.count_free()[0])

    def close_after_tick(self, reason: Any) -> None:
        """Close the room at the end of this tick.

        Raises:
            TypeError: `reason` is not a str.
        """
        if not isinstance(reason, str):
            raise TypeError(f"reason is {reason!r}; write a text, which every client gets")
        self._close_reason = reason

    # -- the end -------------------------------------------------------------------------------------------------------

    def close(self, code: CloseCode, reason: str, *, lasts: bool = False) -> None:
        """End the room now and close every link. Idempotent.

        Unless the rules have failed, `on_leave` runs for everyone in the room, and then `on_dispose`. Effects that the
        rules have asked for go on.

        Args:
            code: The close code of the links.
            reason: The reason that clients get.
            lasts: Whether the room goes on in the next process: then nobody leaves, and no hook runs.
        """
        if self.closed:
            return
        self.closed = True
        for session in list(self.seats.sessions.values()):
            session.send_last_events(self.events)
        if code is not CloseCode.ROOM_FAILED and not lasts:
            if self.gate is not None:
                self.gate.hold_end()
            try:
                self._lifecycle.empty()
                self.room.on_dispose()
            except TICK_RAISES as error:
                self._fail(error)
        if lasts:
            self.work.cancel_all()
        else:
            self.work.end()
        self.store_calls.leave()
        self.moves.cancel_all()
        for session in list(self.seats.sessions.values()):
            if session.peer is not None:
                session.peer.close(code, reason)
            self._lifecycle.remove(session)
        if self.on_closed is not None:
            self.on_closed(self)

    def statistics(self) -> dict[str, Any]:
        """Counts for the metrics and `/api/rooms`."""
        sessions = self.seats.sessions.values()
        return {
            "id": self.id,
            "kind": self.kind.name,
            "players": len(self.players),
            "spectators": len(self.spectators),
            "suspended": sum(session.lost_at_s is not None for session in sessions),
            "max_players": self.kind.room_class.max_players,
            "locked": self.locked,
            "visibility": self.visibility,
            "listing": self.listing,
            "tick": self.tick_number,
            "tick_hz": self.tick_hz,
            "skipped_ticks": self.skipped_ticks,
            "overload": self.overload.level,
            "entities": len(self.world),
            "states": self.replicator.states,
            "state_bytes": self.replicator.state_bytes,
            "skipped_states": self.replicator.skipped,
            "events": self.events.newest,
            "missed_inputs": sum(session.input_queue.missed for session in sessions),
            "trimmed_inputs": sum(session.input_queue.trimmed for session in sessions),
        }
