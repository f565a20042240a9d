"""One running room: its world, its seats, and the tick, the only moment at which its world changes.

`RoomEngine.tick` is the server's main function; read it first. Live play and replay differ in its `Source` only. Rules
that raise end their room and nothing else.
"""

from __future__ import annotations

import logging
import math
import random
from functools import partial
from typing import TYPE_CHECKING, Any

from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK, MAX_COUNTER, MAX_LEAD, PROTOCOL_EVENT_PREFIX, CloseCode
from gameserver.room.lag_compensation import LagCompensation
from gameserver.room.options import as_map, choose
from gameserver.room.outside_work import OutsideWork
from gameserver.room.overload import Overload
from gameserver.room.replicator import Replicator
from gameserver.room.room import Room
from gameserver.room.rules import TICK_RAISES, failure_reason, run_contacts
from gameserver.room.seats import Seats
from gameserver.room.settings import VISIBILITIES
from gameserver.room.timers import Timers
from gameserver.room.visibility import Visibility
from gameserver.state.world import World
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.events import EventLog
from gameserver.sync.history import History
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.protocol.constants import Limits, Role
    from gameserver.room.commands import Command
    from gameserver.room.kind import Kind
    from gameserver.room.player import Player
    from gameserver.room.session import Session, SessionPeer
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
        options: Mapping[str, object],
        limits: Limits,
        welcome: Callable[[RoomEngine, Session, bool], bytes],
        source: Source | None = None,
    ) -> None:
        """Make a room and run its `on_create`.

        Args:
            kind: The room's kind.
            room_id: The room's id.
            seed: Of the room's random numbers.
            options: What the creator has chosen, for `on_create`; undeclared ones are passed on.
            limits: The server's limits.
            welcome: Encodes the WELCOME of a session; the flag says whether it resumed.
            source: Where commands and inputs come from; None: the room's seats.

        Raises:
            OptionsInvalid: A declared option cannot have its value.
        """
        room_class = kind.room_class
        chosen = choose(room_class.options, {k: v for k, v in options.items() if k in kind.option_names})
        self.kind = kind
        self.id = room_id
        self.seed = seed
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
        self.locked = False
        self.visibility = room_class.visibility
        self.on_closed: Callable[[RoomEngine], None] | None = None
        self.on_open_changed: Callable[[RoomEngine], None] | None = None
        """Called when the room was locked or unlocked, or its visibility or overload level has changed."""

        self.world = World(kind.schema)
        self.captured: Captured = self.world
        """What snapshots are taken of: the world, or, in a room that shows a recording, the recorded state."""
        self.history = History(max(MIN_HISTORY_TICKS, math.ceil(HISTORY_S * self.tick_hz)))
        self.events = EventLog(limits)
        self.timers = Timers()
        self.overload = Overload(self.tick_s)
        self.room: Room[Any] = room_class()
        self.room._context = self
        self.room.options = chosen
        self.work = OutsideWork(room_id, self._queue_command)
        self.seats = Seats(
            kind,
            room_id,
            limits,
            room=self.room,
            world=self.world,
            history=self.history,
            events=self.events,
            work=self.work,
            welcome=partial(welcome, self),
            log_event=self._log_event,
        )
        self._source: Source = self.seats if source is None else source
        max_rewind_ticks = int(room_class.max_rewind_s * self.tick_hz)
        self.lag_compensation = LagCompensation(kind.schema, self.history, max_rewind_ticks, self._source.lag_of)
        self.encoder = DeltaEncoder(kind.schema, self.tick_hz)
        self.replicator = Replicator(self.encoder, self.events, limits, self._make_visibility())
        self._recorder: TickRecorder | None = None
        self._tick_commands: Sequence[Command] = ()
        self._tick_inputs: Sequence[tuple[Session, Codes]] = ()
        self._tick_events: list[tuple[str, object, frozenset[int] | None]] = []
        self._pings: list[tuple[Session, int, float]] = []
        self._empty_ticks = 0
        self._close_reason: str | None = None
        try:
            self.room.on_create(self.options)
        except TICK_RAISES as error:
            self._fail(error)

    def _make_visibility(self) -> Visibility | None:
        near = self.kind.room_class.interest
        if near is None:
            return None
        has_own_rule = self.kind.room_class.narrow_view is not Room.narrow_view
        narrow_view = self.room.narrow_view if has_own_rule else None
        snapshot_hz = self.tick_hz // self.snapshot_every
        return Visibility(self.kind.schema, near, self.encoder, self.tick_hz, narrow_view, snapshot_hz=snapshot_hz)

    # -- the tick ------------------------------------------------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """Advance one tick: commands, inputs, rules, snapshot, replication.

        What a step raises, in the author's rules or in the server's own code, ends the room here; the caller never gets
        it.

        Args:
            now_s: The moment at which the tick begins, on the server's clock.
        """
        if self.closed:
            return
        try:
            self._begin_tick()
            self._apply_commands(self._source.commands(now_s))
            self._run_rules(self._source.inputs(now_s, self.tick_number))
            snapshot = Snapshot.capture(self.tick_number, self.captured)
            self._keep(snapshot)
            if self._snapshot_due:
                self.replicator.send(self.seats.sessions.values(), snapshot, now_s)
        except TICK_RAISES as error:
            self._fail(error)
            return
        self._answer_pings(now_s)
        self._close_if_over()

    def _begin_tick(self) -> None:
        self.tick_number += 1
        self._tick_events.clear()
        self.lag_compensation.begin(self.tick_number)

    def _apply_commands(self, commands: Sequence[Command]) -> None:
        self._tick_commands = commands
        self.seats.apply(commands)

    def _run_rules(self, inputs: Sequence[tuple[Session, Codes]]) -> None:
        """Run `on_input` for each player, then contacts, timers and `on_tick`."""
        self._tick_inputs = inputs
        room, from_codes = self.room, self.kind.inputs.from_codes
        for session, codes in inputs:
            room.on_input(session.player, from_codes(codes))
        contact = type(room).predict_contact
        if contact is not None:
            run_contacts(contact, self.world, self.seats.players, self.tick_s)
        self.timers.run_due(self.tick_number)
        room.on_tick()

    def _keep(self, snapshot: Snapshot) -> None:
        self.history.put(snapshot)
        if self._recorder is not None:
            self._record_tick(self._recorder, snapshot)

    def _record_tick(self, recorder: TickRecorder, snapshot: Snapshot) -> None:
        """Record what this tick was made of. A recorder that fails ends the recording, not the room."""
        inputs = [(session.number, codes) for session, codes in self._tick_inputs]
        try:
            recorder.put(self._tick_commands, inputs, self.lag_compensation.lags, self._tick_events, snapshot)
        except Exception:
            log.exception("the recording of room %s ends at tick %d", self.id, self.tick_number)
            self._recorder = None

    @property
    def _snapshot_due(self) -> bool:
        """Whether this tick's snapshot is sent: by the snapshot rate, and always before the room closes."""
        every = self.snapshot_every * self.overload.snapshot_stretch
        return self.tick_number % every == 0 or self._close_reason is not None

    def _answer_pings(self, now_s: float) -> None:
        pings, self._pings = self._pings, []
        for session, nonce, at_s in pings:
            if session.link is not None:
                held = min(MAX_LEAD, max(0, int((now_s - at_s) / self.tick_s * LEAD_UNITS_PER_TICK)))
                inputs = session.inputs
                pong = m.ServerPong(nonce, self.tick_number, held, inputs.missed, inputs.trimmed)
                session.link.send(encode_server(pong))

    def _close_if_over(self) -> None:
        if self._close_reason is not None:
            self.close(CloseCode.ROOM_CLOSED, self._close_reason)
        elif self._counters_used_up:
            self.close(CloseCode.ROOM_CLOSED, "the room is too old: its counters are used up")
        elif self.seats.sessions:
            self._empty_ticks = 0
        else:
            self._empty_ticks += 1
            if self._empty_ticks > self.kind.room_class.empty_close_s * self.tick_hz:
                self.close(CloseCode.ROOM_CLOSED, "the room was empty")

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
        self.failure = failure_reason(error)
        self.close(CloseCode.ROOM_FAILED, self.failure)

    # -- the room's pace -----------------------------------------------------------------------------------------------

    def skip(self, ticks: int) -> None:
        """Leave out `ticks` ticks because the room is too slow, and notify every client."""
        self.skipped_ticks += ticks
        log.warning("room is too slow: %d ticks left out", ticks, extra={"room": self.id})
        notice = encode_server(m.Notice("skipped", {"ticks": ticks}))
        for session in self.seats.sessions.values():
            if session.link is not None and session.seated:
                session.link.send(notice)

    def note_pace(self, now_s: float, late_s: float, cost_s: float) -> None:
        """Adapt the overload level to a tick that has just been made.

        Args:
            now_s: When it ended.
            late_s: How long after it was due it began, in seconds.
            cost_s: How long it took, in seconds.
        """
        if self.overload.note(now_s, late_s, cost_s):
            level = self.overload.level
            log.warning("room is at overload level %d", level, extra={"room": self.id})
            self.replicator.set_tier_stretch(self.overload.tier_stretch)
            self._note_open_changed()

    # -- requests between ticks ----------------------------------------------------------------------------------------

    def join(self, peer: SessionPeer, role: Role, params: Mapping[str, object], *, key: int, secret: bytes) -> Session:
        """Take a seat for a peer's client; its WELCOME goes out at the next tick."""
        return self.seats.join(peer, role, params, key=key, secret=secret)

    def resume(self, session: Session, peer: SessionPeer, tick: int, event: int) -> None:
        """Continue a session over another peer's link, from the tick and the event that its client has."""
        self.seats.resume(session, peer, tick, event)

    def lose_link(self, session: Session, now_s: float, code: int | None) -> None:
        """Suspend a session whose link is gone, or end it, by the close code of its client."""
        self.seats.lose_link(session, now_s, code)

    def leave(self, session: Session) -> None:
        """End a session at the next tick."""
        self.seats.leave(session)

    def message(self, session: Session, name: str, payload: object) -> None:
        """Give a client's MESSAGE to the rules at the next tick."""
        self.seats.message(session, name, payload)

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
        self._recorder = recorder

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
        if self._recorder is not None:
            self._tick_events.append((name, payload, to))

    def lock(self, locked: bool) -> None:
        """Lock or unlock the room."""
        self.locked = locked
        self._note_open_changed()

    def set_visibility(self, visibility: str) -> None:
        """Say who finds the room.

        Raises:
            ValueError: It is no visibility.
        """
        if visibility not in VISIBILITIES:
            raise ValueError(f"visibility is {visibility!r}; write one of {', '.join(map(repr, VISIBILITIES))}")
        self.visibility = visibility
        self._note_open_changed()

    def _note_open_changed(self) -> None:
        if self.on_open_changed is not None:
            self.on_open_changed(self)

    def close_after_tick(self, reason: Any) -> None:
        """Close the room at the end of this tick.

        Raises:
            TypeError: `reason` is not a str.
        """
        if not isinstance(reason, str):
            raise TypeError(f"reason is {reason!r}; write a text, which every client gets")
        self._close_reason = reason

    # -- the end -------------------------------------------------------------------------------------------------------

    def close(self, code: CloseCode, reason: str) -> None:
        """End the room now and close every link. Idempotent.

        Unless the rules have failed, `on_leave` runs for everyone in the room, and then `on_dispose`.
        """
        if self.closed:
            return
        self.closed = True
        if code is not CloseCode.ROOM_FAILED:
            try:
                self.seats.empty()
                self.room.on_dispose()
            except TICK_RAISES as error:
                self._fail(error)
        self.work.cancel_all()
        for session in list(self.seats.sessions.values()):
            if session.peer is not None:
                session.peer.close(code, reason)
            self.seats.remove(session)
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
            "tick": self.tick_number,
            "tick_hz": self.tick_hz,
            "skipped_ticks": self.skipped_ticks,
            "overload": self.overload.level,
            "entities": len(self.world),
            "states": self.replicator.states,
            "state_bytes": self.replicator.state_bytes,
            "skipped_states": self.replicator.skipped,
            "events": self.events.newest,
            "missed_inputs": sum(session.inputs.missed for session in sessions),
            "trimmed_inputs": sum(session.inputs.trimmed for session in sessions),
        }
