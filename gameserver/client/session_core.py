"""One participant in a room across its links, without any I/O (protocol.md §8): WebSocket messages and times come in,
events and messages to send go out.

`link.py` drives one over a real link, the tests' rig over a bad one in memory:

    link up:    opened -> JOIN or RESUME      each message: receive -> events      at `next_at_s`: tick -> events
    link gone:  lost -> whether to resume, join anew or stop

Rules kept here:
- What a server may not send raises `ProtocolError`, whose code is the one to close with; the replica stays whole.
- A delta that does not fit is never applied: the client asks for a full state and drops STATEs until it comes.
- Events are reported in order and once, across links; each when what is drawn has reached its tick.
- Input frames from before a lost link do not act after it.

`client_demo/sdk/session_core.js` is the twin. It returns actions where this one raises, returns events and queues
messages: a browser's callbacks have no caller to raise to.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from gameserver.client.backoff import back_after
from gameserver.client.events import Expected
from gameserver.client.heartbeat import Heartbeat
from gameserver.client.replica import Options
from gameserver.client.roster import Me, changed, entry_of, room_of, roster_of
from gameserver.client.seat import Seat
from gameserver.client.send_budget import SendBudget
from gameserver.client.session_events import (
    EVENTS_MISSED,
    RATE_LIMITED,
    ROLLED_BACK,
    Counters,
    Desynced,
    Joined,
    Moved,
    RoomChanged,
    RosterChanged,
    SessionEvent,
    Updated,
)
from gameserver.client.state_reader import StateReader
from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_client, encode_client
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK, Back, ClientLimits, CloseCode, Limits
from gameserver.protocol.errors import ProtocolError
from gameserver.state.entity import PLAYERS, ROOM
from gameserver.sync.decode.decoder import DeltaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.drawn import Drawn
    from gameserver.client.replica import Replica
    from gameserver.state.inputs import Inputs
    from gameserver.sync.decode.view_state import ViewState

DEFAULT_LIMITS = ClientLimits.of(Limits())
"""A server's limits unless its operator changed them: until the first WELCOME says what they are."""


class Phase(Enum):
    """Where the link is."""

    DOWN = "down"
    OPENING = "opening"
    """JOIN or RESUME is on its way."""
    JOINED = "joined"


class SessionCore:
    """The core of one session.

    Args:
        join: What the session joins a room with.
        options: What the client brings to the room.
        reader: Decodes the server's messages; sessions of one process may share it.
        new_attempt: Returns `ATTEMPT_BYTES` random bytes. A JOIN whose answer was lost carries the same ones again, so
            that the server knows it; None: it carries none.
        resume_token: Of a session that another process had, to go on with it if it is still there; None: join.
        dead_after_s: Silence after which a link is dead; None: as the server says.

    Raises:
        ValueError: The JOIN is longer, or nested deeper, than a server takes, or holds what the wire cannot carry.
    """

    def __init__(
        self,
        join: m.Join,
        options: Options | None = None,
        *,
        reader: StateReader | None = None,
        new_attempt: Callable[[], bytes] | None = None,
        resume_token: bytes | None = None,
        dead_after_s: float | None = None,
    ) -> None:
        self._new_attempt = new_attempt
        self._join = self._begin_attempt(join)
        self.options = options or Options()
        self.phase = Phase.DOWN
        self.seat: Seat | None = None
        """What was joined last, also while the link is down."""
        self.counters = Counters()
        self._reader = reader or StateReader()
        self._dead_after_s = dead_after_s
        self._heartbeat = Heartbeat(dead_after_s or DEFAULT_LIMITS.dead_after_s)
        self._limits = DEFAULT_LIMITS
        self._budget: SendBudget | None = None
        self._now_s = 0.0
        self._notices: list[m.Notice] = []
        self._reported_limit = False
        """Whether it was reported that messages are not sent, since the last one that was."""
        self._outbox: deque[bytes] = deque()
        self.resume_token = resume_token
        """What resumes the session; None: there is none to resume."""
        self._moved: m.Moved | None = None
        """What has said that the session goes on in another room, until there is a WELCOME of that one."""
        self._wants_full = False
        """A STATE did not fit: those that do not start from nothing are dropped until one does."""

    def _begin_attempt(self, join: m.Join) -> m.Join:
        """Return the JOIN to send, and to repeat, until there is a WELCOME.

        Raises:
            ValueError: A server does not take it.
        """
        if self._new_attempt is not None:
            join = msgspec.structs.replace(join, attempt=self._new_attempt())
        _encode("JOIN", join, DEFAULT_LIMITS)
        return join

    @property
    def replica(self) -> Replica | None:
        """The room as it was seen last; None before the first WELCOME."""
        return None if self.seat is None else self.seat.replica

    @property
    def me(self) -> Me | None:
        """Who the session is in its room; None before the first WELCOME."""
        if self.seat is None:
            return None
        welcome, replica = self.seat.welcome, self.seat.replica
        entry = entry_of(roster_of(replica.view), welcome.session, welcome.role)
        sent = self._join.params.get("name")
        name = getattr(entry, "name", sent if isinstance(sent, str) else "")
        return Me(welcome.session, welcome.role, name, replica.avatar_id, entry)

    @property
    def roster(self) -> list[Any]:
        """The participants at the newest tick, in order of joining."""
        return [] if self.seat is None else roster_of(self.seat.replica.view)

    @property
    def room(self) -> Any:
        """What the room says of itself at the newest tick; None when it says nothing."""
        return None if self.seat is None else room_of(self.seat.replica.view)

    @property
    def next_at_s(self) -> float:
        """When `tick` has something to do, if nothing is received before; infinite while the link is down."""
        if self.phase is Phase.DOWN:
            return float("inf")
        frame_at_s = float("inf") if self.seat is None else self.seat.frames.pacer.next_at_s
        return min(frame_at_s, self._heartbeat.next_at_s)

    # -- the life of a link ------------------------------------------------------------------------------------------

    def opened(self, now_s: float) -> None:
        """A link came up: join a room, or resume the session there is."""
        self.phase = Phase.OPENING
        self._outbox.clear()
        self._heartbeat.start(now_s)
        if self.resume_token is None:
            self._queue(self._join)
        elif self.seat is None or self._moved is not None:
            self._queue(m.Resume(self.resume_token, 0, None))
        else:
            self._queue(m.Resume(self.resume_token, self.seat.replica.view.tick, self.seat.events.cursor))

    def lost(self, code: int | None) -> Back:
        """The link is gone. Return what to do.

        What was seen last stays, to be drawn until another room is joined.

        Args:
            code: The close code; None for a link that broke.
        """
        self.phase = Phase.DOWN
        self._budget = None
        self._outbox.clear()
        if self.seat is not None:
            self.seat.lose_link()
        back = back_after(code)
        if back == "resume" and self.resume_token is None:
            back = "join"
        if back == "join":
            self.resume_token = None
        if self.resume_token is None or (self._moved is not None and self._moved.token is None):
            self._moved = None  # a server that takes the token says it again
        return back

    def leave(self) -> None:
        """Leave for good; the server closes with 1000."""
        if self.seat is not None:
            self.seat.lose_link()
        self._queue(m.Leave())

    # -- what goes out -----------------------------------------------------------------------------------------------

    def set_controls(self, controls: Inputs | None) -> None:
        """Have these controls count from the next tick on, until others are set.

        They go on to count when a room with the same inputs is joined anew; in another one the neutral ones do.

        Args:
            controls: An instance of the room's input class; None for the neutral ones.

        Raises:
            StateError: A field cannot hold its value.
        """
        if self.seat is not None:
            self.seat.set_controls(controls)

    def send(self, name: str, payload: Any = None) -> bool:
        """Queue a message of the game's own.

        Returns:
            False, and keeps nothing, while no room is joined, and when the link has sent as much as the server allows;
            a notice says so then.

        Raises:
            ValueError: The message is longer, or nested deeper, than a server takes, or holds what the wire cannot
                carry.
        """
        data = _encode(f"message {name!r}", m.Message(name, payload), self._limits)
        if self._budget is None:
            return False
        if not self._budget.take(len(data), self._now_s):
            self._report_limited(name)
            return False
        self._reported_limit = False
        self._put(data)
        return True

    def _report_limited(self, name: str) -> None:
        """Have the next `tick` report that a message was not sent."""
        if not self._reported_limit:
            self._reported_limit = True
            rates = f"{self._limits.messages_per_s:g} messages and {self._limits.bytes_per_s:g} bytes a second"
            message = f"message {name!r} was not sent: this server takes {rates}"
            self._notices.append(m.Notice(RATE_LIMITED, {"message": message}))

    def expect(self, name: str, payload: Any, match: Callable[[Any], bool], until_s: float) -> m.Event | None:
        """Return an event to be reported now, ahead of the server, whose own is not reported again.

        Args:
            name: The event's name.
            payload: What it is reported with.
            match: Whether an event of that name with this payload is the expected one.
            until_s: When it is withdrawn.

        Returns:
            The event, with the newest tick; None before the first WELCOME.
        """
        if self.seat is None:
            return None
        self.seat.events.expect(Expected(name, payload, match, until_s))
        return m.Event(self.seat.replica.view.tick, name, payload)

    def draw(self, now_s: float) -> tuple[Drawn | None, list[m.Event]]:
        """Return what to draw now, None before the first STATE, and the events that have become due with it."""
        if self.seat is None:
            return None, []
        return self.seat.replica.draw(now_s), self.seat.due_events(now_s)

    @property
    def has_messages(self) -> bool:
        """Whether messages wait to be sent, apart from input frames that were held back."""
        return bool(self._outbox)

    def next_message(self, now_s: float) -> bytes | None:
        """Return the next message that the link is to send; None when there is none. Call it only when the link has
        sent the one before."""
        if not self._outbox and self.seat is not None and self.seat.frames.has_unsent:
            self.seat.flush(now_s, busy=False, send=self._put_input)
        return self._outbox.popleft() if self._outbox else None

    def tick(self, now_s: float, *, busy: bool = False) -> list[SessionEvent]:
        """Do what is due: run the client's ticks, and show life.

        Args:
            now_s: The time now.
            busy: Whether the link has not sent yet what it was given before; input frames are held back then.

        Returns:
            The events that have become due, and what did not happen after all.

        Raises:
            ProtocolError: The server said nothing for all of the dead time (DEAD).
        """
        self._now_s = now_s
        sign = self._heartbeat.check(now_s)
        if sign == "dead":
            raise ProtocolError(CloseCode.DEAD, "nothing heard from the server")
        if sign is not None:
            self._queue_sign(m.Ping(sign))
        if self.phase is not Phase.JOINED or self.seat is None:
            return []
        if self.seat.steers:
            self.seat.tick(now_s)
            self.seat.flush(now_s, busy=busy, send=self._put_input)
        if not (self._notices or self.seat.has_reports):
            return []
        notices, self._notices = self._notices, []
        return [*notices, *self.seat.due_events(now_s), *self.seat.withdrawn(now_s)]

    def _queue_sign(self, message: m.Ping | m.Pong | m.Resync) -> None:
        """Queue a message that the protocol asks for, and that counts as the game's own do."""
        data = encode_client(message)
        if self._budget is not None:
            self._budget.take(len(data), self._now_s)
        self._put(data)

    def _queue(self, message: m.ClientMsg) -> None:
        self._put(encode_client(message))

    def _put_input(self, data: bytes) -> None:
        self.counters.inputs += 1
        self._put(data)

    def _put(self, data: bytes) -> None:
        self.counters.bytes_sent += len(data)
        self._outbox.append(data)

    # -- what comes in -----------------------------------------------------------------------------------------------

    def receive(self, data: bytes | str, now_s: float) -> list[SessionEvent]:
        """Take one whole WebSocket message, and return what came of it.

        Raises:
            ProtocolError: The server may not send this; the link is to be closed with the error's code.
        """
        self._now_s = now_s
        self._heartbeat.heard(now_s)
        if isinstance(data, str):
            raise ProtocolError(CloseCode.TEXT_FRAME, "the server sent text")
        self.counters.bytes_received += len(data)
        match self._reader.decode(data):
            case m.Welcome() as welcome:
                return self._take_welcome(welcome, now_s)
            case m.State() as state:
                return self._take_state(self._joined("STATE"), state, len(data), now_s)
            case m.Events() as events:
                return self._take_events(self._joined("EVENTS"), events, now_s)
            case m.ServerPing(nonce):
                self._queue_sign(m.Pong(nonce))
                return []
            case m.ServerPong() as pong:
                return self._take_pong(pong, now_s)
            case m.Notice() as notice:
                return [notice]
            case m.Moved() as moved:
                return self._take_moved(moved)

    def _joined(self, what: str) -> Seat:
        if self.phase is not Phase.JOINED or self.seat is None:
            raise ProtocolError(CloseCode.OUT_OF_STATE, f"{what} before WELCOME")
        return self.seat

    def _take_moved(self, moved: m.Moved) -> list[SessionEvent]:
        """Report what is left of the room before, and wait for the WELCOME of the other one."""
        if self.resume_token is None:
            raise ProtocolError(CloseCode.OUT_OF_STATE, "MOVED without a session")
        events = [] if self.seat is None or self.phase is not Phase.JOINED else self.seat.last_events()
        if self.seat is not None:
            self.seat.lose_link()
        self.phase = Phase.OPENING
        self._budget = None
        self._moved = moved
        self.resume_token = moved.token or self.resume_token
        self.counters.moves += 1
        return [*events, Moved(moved.kind, moved.room)]

    def _expects_resumed(self) -> bool:
        """Whether the WELCOME that is awaited continues a session over a new link."""
        return self.resume_token is not None and (self._moved is None or self._moved.token is not None)

    def _take_welcome(self, welcome: m.Welcome, now_s: float) -> list[SessionEvent]:
        if self.phase is not Phase.OPENING or welcome.resumed is not self._expects_resumed():
            raise ProtocolError(CloseCode.OUT_OF_STATE, "a WELCOME that was not asked for")
        seat = self.seat
        moved, self._moved = self._moved, None
        rolled_back = self._rolled_back(welcome)
        if seat is None or moved is not None or not welcome.resumed or rolled_back:
            seat = Seat(welcome, self.options, self._reader)
            if self.seat is not None:
                seat.keep_controls(self.seat)
        missed = seat.take(welcome, now_s)
        self.seat = seat
        self.phase = Phase.JOINED
        self._limits = welcome.limits
        self._budget = SendBudget(welcome.limits, now_s)
        self._heartbeat.set_dead_time(self._dead_after_s or welcome.limits.dead_after_s)
        self.resume_token = welcome.token
        self._join = self._begin_attempt(self._join)
        self._wants_full = False
        if moved is not None and moved.token is None:
            self._queue(m.Arrived())
        if welcome.resumed:
            self.counters.resumes += 1
        else:
            self.counters.joins += 1
        notices = [m.Notice(EVENTS_MISSED, {"events": missed})] if missed else []
        return [Joined(welcome.resumed, welcome), *rolled_back, *notices]

    def _rolled_back(self, welcome: m.Welcome) -> list[m.Notice]:
        """Return the notice that the room goes on from an earlier tick than this client has seen, if it does."""
        if welcome.rolled_back_to is None or not welcome.resumed:
            return []
        seen = 0 if self.seat is None else self.seat.replica.view.tick
        lost = max(0, seen - welcome.rolled_back_to)
        return [m.Notice(ROLLED_BACK, {"to": welcome.rolled_back_to, "ticks": lost})]

    def _take_state(self, seat: Seat, state: m.State, size: int, now_s: float) -> list[SessionEvent]:
        if self._wants_full and state.span:
            self.counters.dropped_states += 1
            return []
        replica, frames = seat.replica, seat.frames
        before, consumed_seq, corrections = replica.view, frames.consumed_seq, replica.corrections
        try:
            seat.apply(state, now_s)
        except DeltaError as error:
            return [self._resync(replica, error)]
        self._wants_full = False
        self.counters.states += 1
        self.counters.state_bytes += size
        self.counters.corrections += replica.corrections - corrections
        if not seat.steers:
            self._queue(m.Ack(state.tick))
        sent_at_s = frames.round_trip.sent_at_s(state.seq) if state.seq > consumed_seq else None
        view = replica.view
        updated = Updated(before, view, state.span, None if sent_at_s is None else now_s - sent_at_s)
        return [updated, *_changes(before, view)] if view.schema.uses else [updated]

    def _resync(self, replica: Replica, error: DeltaError) -> Desynced:
        self._wants_full = True
        self.counters.desyncs += 1
        self._queue_sign(m.Resync(replica.view.tick))
        return Desynced(error.reason)

    def _take_events(self, seat: Seat, events: m.Events, now_s: float) -> list[SessionEvent]:
        self.counters.events += len(events.items)
        seat.take_events(events)
        return list(seat.due_events(now_s))

    def _take_pong(self, pong: m.ServerPong, now_s: float) -> list[SessionEvent]:
        sent_at_s = self._heartbeat.answered(pong.nonce)
        if self.seat is not None:
            self.seat.missed, self.seat.trimmed = pong.missed, pong.trimmed
            if sent_at_s is not None:
                held_s = pong.held / LEAD_UNITS_PER_TICK * self.seat.replica.tick_s
                self.seat.frames.round_trip.add(now_s - sent_at_s - held_s)
        return [pong]


def _changes(before: ViewState, view: ViewState) -> list[SessionEvent]:
    """Return what is to be reported of the roster and the room."""
    found: list[SessionEvent] = [RosterChanged(view)] if changed(before, view, PLAYERS) else []
    return [*found, RoomChanged(view)] if changed(before, view, ROOM) else found


def _encode(what: str, message: m.ClientMsg, limits: ClientLimits) -> bytes:
    """Encode a message, and hold it to the server's limits.

    Raises:
        ValueError: The server refuses it.
    """
    data = encode_client(message)
    if len(data) > limits.message_bytes:
        raise ValueError(f"{what} takes {len(data)} bytes; a server takes at most {limits.message_bytes}")
    try:
        decode_client(data, limits.server_limits())
    except ProtocolError as error:
        raise ValueError(error.reason) from None
    return data
