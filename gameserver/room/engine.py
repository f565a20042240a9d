"""One running room: its world, its sessions, and the tick that is the only moment at which anything in it changes.

`RoomEngine.tick` is the server's main function; read it first. Everything from outside waits in the roster's arrivals
and the sessions' input queues until then. Rules that raise end their room alone.
"""

from __future__ import annotations

import logging
import math
import random
from typing import TYPE_CHECKING, Any

from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK, MAX_LEAD, CloseCode
from gameserver.recording.format import Header, Recorder
from gameserver.room.contact import run_contacts
from gameserver.room.lag_compensation import LagCompensation
from gameserver.room.overload import Overload
from gameserver.room.replicator import Replicator
from gameserver.room.room import Room
from gameserver.room.roster import Roster
from gameserver.room.seating import Seating
from gameserver.room.timers import Timers
from gameserver.room.visibility import Sight
from gameserver.state.world import World
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.events import EventLog
from gameserver.sync.history import History
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Limits, Role
    from gameserver.room.commands import Arrival
    from gameserver.room.kind import Kind
    from gameserver.room.player import Player
    from gameserver.room.session import Session
    from gameserver.state.table import Table

    Codes = tuple[int, ...]

log = logging.getLogger("gameserver.room")

HISTORY_S = 1.0
"""How far back snapshots are kept: a resumed link gets a delta from them, and shots are judged in them (at most
`Room.max_rewind_s` back)."""

MIN_HISTORY_TICKS = 32


class RoomEngine:
    """See the module. `welcome` makes the WELCOME message of a session, which needs what only the hub knows."""

    def __init__(
        self,
        kind: Kind,
        room_id: str,
        *,
        seed: int,
        options: Mapping[str, object],
        limits: Limits,
        welcome: Callable[[RoomEngine, Session, bool], bytes],
    ) -> None:
        self.kind = kind
        self.id = room_id
        self.seed = seed
        self.options = options
        self.tick_hz = kind.room_class.tick_hz
        self.tick_s = self.dt = 1.0 / self.tick_hz
        self.snapshot_every = self.tick_hz // kind.room_class.snapshot_hz
        self.random = random.Random(seed)
        self.room: Room[Any] = kind.room_class()
        self.room._engine = self
        self.world = World(kind.schema)
        self.capture: Callable[[], tuple[Table, ...]] = self.world.capture
        """Where the state of a tick comes from: the world, or, in a room that shows a recording, that."""
        self.roster = Roster(kind, room_id, limits)
        self.history = History(max(MIN_HISTORY_TICKS, math.ceil(HISTORY_S * self.tick_hz)))
        max_rewind_ticks = int(kind.room_class.max_rewind_s * self.tick_hz)
        self.past = LagCompensation(kind.schema, self.history, max_rewind_ticks, self.roster.lag_of)
        self.events = EventLog(limits.max_held_events)
        self.overload = Overload(self.tick_s)
        self._encoder = DeltaEncoder(kind.schema, self.tick_hz)
        self.delivery = Replicator(self._encoder, self.events, limits, self._make_sight())
        self.timers = Timers()
        self.tick_number = 0
        self.skipped_ticks = 0
        self.closed = False
        self.locked = False
        self.on_closed: Callable[[RoomEngine], None] | None = None
        self.recorder: Recorder | None = None
        self._told: list[tuple[str, object, frozenset[int] | None]] = []
        self.welcome = welcome
        self.seating = Seating(self)
        self._pings: list[tuple[Session, int, float]] = []
        self._empty_ticks = 0
        self._closing: str | None = None
        self._guarded(lambda: self.room.on_create(options))

    def _make_sight(self) -> Sight | None:
        near = self.kind.room_class.interest
        if near is None:
            return None
        own_rule = self.kind.room_class.narrow_view is not Room.narrow_view
        narrow = self.room.narrow_view if own_rule else None
        return Sight(self.kind.schema, near, self._encoder, self.tick_hz, narrow)

    # -- the tick ------------------------------------------------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """Make the tick that begins at `now_s` seconds: arrivals, inputs, rules, snapshot, deltas. Never raises for the
        author's rules."""
        if self.closed or not self._guarded(lambda: self._advance(now_s)):
            return
        snapshot = self.history.newest
        due = self.tick_number % (self.snapshot_every * self.overload.snapshot_stretch) == 0
        if snapshot is not None and (due or self._closing is not None):  # last words are told before the end
            self._guarded(lambda: self.delivery.deliver(self.roster.sessions.values(), snapshot, now_s))
        self._answer_pings(now_s)
        self._close_if_over()

    def _advance(self, now_s: float) -> None:
        arrivals = self.roster.take_arrivals(now_s)
        self._make_tick(arrivals, lambda session: session.inputs.take(now_s, self.tick_number))

    def _make_tick(self, arrivals: Sequence[Arrival], take: Callable[[Session], Codes]) -> None:
        """What arrives, then one input frame a player in order of joining, then the rules, then the state that this
        gives."""
        self.tick_number += 1
        self._told.clear()
        self.past.begin(self.tick_number)
        for arrival in arrivals:
            self.seating.apply(arrival)
        inputs = [(session, take(session)) for session in self.roster.sessions.values() if session.steers]
        self._step(inputs)
        snapshot = self._take_snapshot()
        self.history.put(snapshot)
        if self.recorder is not None:
            frames = [(session.number, codes) for session, codes in inputs]
            self.recorder.put(arrivals, frames, self.past.lags, self._told, snapshot)

    def _step(self, inputs: list[tuple[Session, Codes]]) -> None:
        on_input, from_codes = self.room.on_input, self.kind.inputs.from_codes
        for session, codes in inputs:
            on_input(session.player, from_codes(codes))
        contact = type(self.room).predict_contact
        if contact is not None:
            run_contacts(contact, self.world, self.roster.players, self.dt)
        self.timers.run_due(self.tick_number)
        self.room.on_tick()

    def _take_snapshot(self) -> Snapshot:
        """Quantise the world, and snap it to what was quantised: the replicated value is the value."""
        return Snapshot(self.tick_number, self.capture())

    def skip(self, ticks: int) -> None:
        """The room was too slow: `ticks` of time are left out, and everyone is told."""
        self.skipped_ticks += ticks
        log.warning("room is too slow: %d ticks left out", ticks, extra={"room": self.id})
        notice = encode_server(m.Notice("skipped", {"ticks": ticks}))
        for session in self.roster.sessions.values():
            if session.link is not None and session.seated:
                session.link.send(notice)

    def note_pace(self, now_s: float, late_s: float, cost_s: float) -> None:
        """A tick began `late_s` after it was due, took `cost_s` and ended at `now_s`: give things up, or back, if that
        is needed."""
        if self.overload.note(now_s, late_s, cost_s):
            level = self.overload.level
            log.warning("room is at overload level %d", level, extra={"room": self.id})
            self.delivery.set_tier_stretch(self.overload.tier_stretch)

    # -- what peers ask for between ticks -----------------------------------------------------------------------------

    def join(self, peer: Peer, role: Role, params: Mapping[str, object], *, key: int, secret: bytes) -> Session:
        """Take a seat for a peer; its WELCOME comes at the next tick."""
        session = self.roster.join(peer, role, params, key=key, secret=secret)
        self.seating.bind(session)
        return session

    def ping(self, session: Session, nonce: int, at_s: float) -> None:
        """Answered at the tick, with how long it waited."""
        self._pings.append((session, nonce, at_s))

    # -- what goes out beside snapshots --------------------------------------------------------------------------------

    def emit(self, name: str, payload: object, to: frozenset[int] | None) -> None:
        """Log an event of this tick. Names that start with @ are the protocol's."""
        if name.startswith("@"):
            raise ValueError(f"event name {name!r}: names that start with @ are the protocol's own")
        self._tell(name, payload, to)

    def tell_avatar(self, player: Player) -> None:
        """Tell a player which entity it steers from this tick on."""
        avatar = player.avatar
        self._tell("@avatar", None if avatar is None else avatar.id, frozenset((player.number,)))

    def _tell(self, name: str, payload: object, to: frozenset[int] | None) -> None:
        self.events.append(self.tick_number, name, payload, to)
        if self.recorder is not None:
            self._told.append((name, payload, to))

    def _answer_pings(self, now_s: float) -> None:
        pings, self._pings = self._pings, []
        for session, nonce, at_s in pings:
            if session.link is not None:
                held = min(MAX_LEAD, max(0, int((now_s - at_s) / self.tick_s * LEAD_UNITS_PER_TICK)))
                inputs = session.inputs
                pong = m.ServerPong(nonce, self.tick_number, held, inputs.missed, inputs.trimmed)
                session.link.send(encode_server(pong))

    # -- recording and replay ------------------------------------------------------------------------------------------

    def record(self, write: Callable[[bytes], None]) -> None:
        """Record the room from its first tick on; `write` takes whole records and must not wait."""
        if self.tick_number:
            raise ValueError(f"room {self.id} is at tick {self.tick_number}: a recording begins before the first")
        self.recorder = Recorder(Header.of(self), self._encoder, write)

    def replay_join(self, session: Session) -> None:
        """A recorded session, which has no peer, takes its seat."""
        self.seating.bind(session)
        self.roster.sessions[session.number] = session

    def replay_tick(
        self, arrivals: Sequence[Arrival], take: Callable[[Session], Codes], lag_of: Callable[[Player], int]
    ) -> bool:
        """Make one tick of what was recorded. False: the rules failed."""
        self.past.lag_of = lag_of
        return self._guarded(lambda: self._make_tick(arrivals, take))

    # -- the end -------------------------------------------------------------------------------------------------------

    def close_after_tick(self, reason: str) -> None:
        """The author ends the room."""
        self._closing = reason

    def close(self, code: CloseCode, reason: str) -> None:
        """End the room now and tell everyone. Idempotent; on_dispose runs unless the rules have failed."""
        if self.closed:
            return
        self.closed = True
        if code is not CloseCode.ROOM_FAILED:
            self._guarded(self.room.on_dispose)
        for session in list(self.roster.sessions.values()):
            if session.peer is not None:
                session.peer.close(code, reason)
            self.roster.remove(session)
        if self.on_closed is not None:
            self.on_closed(self)

    def _close_if_over(self) -> None:
        if self._closing is not None:
            self.close(CloseCode.ROOM_CLOSED, self._closing)
        elif self.roster.sessions:
            self._empty_ticks = 0
        else:
            self._empty_ticks += 1
            if self._empty_ticks > self.kind.room_class.empty_close_s * self.tick_hz:
                self.close(CloseCode.ROOM_CLOSED, "the room was empty")

    def _guarded(self, call: Callable[[], object]) -> bool:
        """Run the author's code. What it raises ends this room, with a logged traceback, and nothing else."""
        try:
            call()
        except Exception:
            log.exception("the rules of room %s (%s) failed at tick %d", self.id, self.kind.name, self.tick_number)
            self.close(CloseCode.ROOM_FAILED, "the room's rules failed; the server has logged why")
            return False
        return True

    @property
    def takes_anyone(self) -> bool:
        """Whether players who did not ask for this room may be put into it, as long as there are seats."""
        return not (self.locked or self.closed or self.overload.refuses)

    def statistics(self) -> dict[str, Any]:
        """Counts for the metrics and `/api/rooms`."""
        sessions = self.roster.sessions.values()
        return {
            "id": self.id,
            "kind": self.kind.name,
            "players": len(self.roster.players),
            "spectators": len(self.roster.spectators),
            "suspended": sum(session.lost_at_s is not None for session in sessions),
            "max_players": self.kind.room_class.max_players,
            "locked": self.locked,
            "tick": self.tick_number,
            "tick_hz": self.tick_hz,
            "skipped_ticks": self.skipped_ticks,
            "overload": self.overload.level,
            "entities": len(self.world),
            "states": self.delivery.states,
            "state_bytes": self.delivery.state_bytes,
            "skipped_states": self.delivery.skipped,
            "events": self.events.newest,
            "missed_inputs": sum(session.inputs.missed for session in sessions),
            "trimmed_inputs": sum(session.inputs.trimmed for session in sessions),
        }
