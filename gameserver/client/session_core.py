"""The client without its socket: WebSocket messages and times in, events and messages to send out.

`link.py` drives one over a real link, tests/sim over a bad one in memory. protocol.md §8 is the state machine:

    link up:  opened -> JOIN or RESUME       every message: receive -> events       now and then, at `next_at_s`: tick
    link gone: lost -> whether to resume, join anew or stop

Rules kept here:
- What the server may not send raises `ProtocolError`, whose code is the one to close with; the replica stays whole.
- A delta that does not fit is never drawn: the client asks for a full state and drops STATEs until it comes.
- Whoever has heard nothing for a third of the dead time asks, for the dead time gives the link up.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any

from gameserver.client.expected import Expected
from gameserver.client.outbox import Outbox
from gameserver.client.replica import Options, Replica
from gameserver.client.session_events import Counters, Desynced, Joined, SessionEvent, Updated, Withdrawn
from gameserver.client.state_reader import StateReader
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_client
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK, MAX_COUNTER, PING_AFTER_DEAD_SHARE, Back, CloseCode, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.sync.decode.decoder import DeltaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.inputs import Inputs

DEAD_AFTER_S = 10.0
ASK_EVERY_S = 1.0

MEASURE_EVERY_S = 2.0
"""A PONG tells what no other message does: how many frames were missing or trimmed. Twice in four seconds is enough
to show."""
PRIVATE_CODES_FROM = 4000
"""Close codes from here on are the application's (RFC 6455, 7.4.2)."""
MAX_PINGS = 16
"""PINGs remembered until their PONG comes; more are unanswered only on a dead link."""


class Phase(Enum):
    """Where the link is."""

    DOWN = "down"
    OPENING = "opening"
    """JOIN or RESUME is on its way."""
    JOINED = "joined"


class SessionCore:
    """One participant, across links. `join` is what it enters the room with."""

    def __init__(
        self,
        join: m.Join,
        options: Options | None = None,
        *,
        reader: StateReader | None = None,
        dead_after_s: float = DEAD_AFTER_S,
    ) -> None:
        self.join = join
        self.options = options or Options()
        self.phase = Phase.DOWN
        self.replica: Replica | None = None
        self.outbox = Outbox()
        self.counters = Counters()
        self.inputs: tuple[int, ...] = ()
        """Codes of the controls that count from the next tick on; `set_controls` sets them."""
        self._reader = reader or StateReader()
        self._dead_after_s = dead_after_s
        self._heard_at_s = self._asked_at_s = self._measured_at_s = -math.inf
        self._resyncing = False
        self._nonce = 0
        self._pings: dict[int, float] = {}
        self._sends_inputs = False

    # -- the life of a link ------------------------------------------------------------------------------------------

    def opened(self, now_s: float) -> None:
        """A link came up: enter the room, or come back to the session there is."""
        self.phase = Phase.OPENING
        self.outbox.clear()
        self._pings.clear()
        self._heard_at_s = self._asked_at_s = self._measured_at_s = now_s
        self._resyncing = False
        if self.replica is None:
            self._send(self.join)
        else:
            replica = self.replica
            self._send(m.Resume(replica.welcome.token, replica.view.tick, replica.cursor))

    def lost(self, code: int | None) -> Back:
        """The link is gone: closed with `code`, or broken (None). Return what to do; before "join" all of the session
        is forgotten.
        """
        self.phase = Phase.DOWN
        self.outbox.clear()
        back = back_after(code)
        if back == "resume" and self.replica is None:
            back = "join"
        if back == "join":
            self._forget_session()
        return back

    def _forget_session(self) -> None:
        self.replica = None
        self.inputs = ()

    def leave(self) -> None:
        """Leave for good; the server closes with 1000."""
        self._send(m.Leave())

    # -- what goes out -----------------------------------------------------------------------------------------------

    def set_controls(self, controls: Inputs | None) -> None:
        """Have these controls count from the next tick on, until others are held; None for hands off. Raises
        StateError.
        """
        if self.replica is not None:
            inputs = self.replica.schema.inputs
            self.inputs = inputs.neutral_codes if controls is None else inputs.to_codes(controls)

    def send(self, name: str, payload: Any = None) -> None:
        """Send a message of the game's own. Raises ValueError for what the wire cannot carry."""
        self._send(m.Message(name, payload))

    def expect(self, name: str, payload: Any, match: Callable[[Any], bool], until_s: float) -> m.Event | None:
        """Return an event to be told now, ahead of the server, whose own is not told again; None while there is no
        session.
        """
        if self.replica is None:
            return None
        self.replica.expected.add(Expected(name, payload, match, until_s))
        return m.Event(self.replica.view.tick, name, payload)

    @property
    def next_at_s(self) -> float:
        """When `tick` has something to do again, if nothing is received before."""
        if self.phase is Phase.DOWN:
            return math.inf
        if self.phase is Phase.OPENING or self.replica is None:
            return self._dead_at_s
        tick_at_s = self.replica.pacer.next_at_s if self._sends_inputs else math.inf
        return min(tick_at_s, self._measure_at_s, self._ask_at_s, self._dead_at_s)

    @property
    def _dead_at_s(self) -> float:
        return self._heard_at_s + self._dead_after_s

    @property
    def _ask_at_s(self) -> float:
        return max(self._heard_at_s + self._dead_after_s * PING_AFTER_DEAD_SHARE, self._asked_at_s + ASK_EVERY_S)

    @property
    def _measure_at_s(self) -> float:
        return self._measured_at_s + MEASURE_EVERY_S

    def tick(self, now_s: float) -> list[SessionEvent]:
        """Do what is due: run the client's ticks, measure, ask for a sign of life. Raises ProtocolError (DEAD) when
        none came.
        """
        if now_s >= self._dead_at_s:
            raise ProtocolError(CloseCode.DEAD, f"nothing heard for {self._dead_after_s:g} s")
        if self.phase is not Phase.JOINED or self.replica is None:
            return []
        if self._sends_inputs:
            self._run_ticks(self.replica, now_s)
        if now_s >= self._measure_at_s:
            self._measured_at_s = now_s
            self._ping(now_s)
        if now_s >= self._ask_at_s:
            self._asked_at_s = now_s
            self._ping(now_s)
        return self._withdrawn(self.replica, now_s)

    def _withdrawn(self, replica: Replica, now_s: float) -> list[SessionEvent]:
        """What was shown ahead of the server, and has turned out not to happen."""
        entities, replica.spawns.withdrawn = replica.spawns.withdrawn, []
        overdue = replica.expected.take_overdue(now_s) if len(replica.expected) else []
        return [*[Withdrawn(entity) for entity in entities], *[Withdrawn(None, e.name, e.payload) for e in overdue]]

    def _run_ticks(self, replica: Replica, now_s: float) -> None:
        ack, behind = replica.view.tick, replica.behind(now_s)
        first = replica.pacer.seq + 1
        for seq in range(first, first + replica.pacer.due(now_s)):
            replica.steer(seq, self.inputs, now_s)
            data = encode_client(m.Input(seq, ack, behind, self.inputs))
            self.counters.inputs += 1
            self.counters.bytes_sent += len(data)
            self.outbox.put_input(data)

    def _ping(self, now_s: float) -> None:
        self._nonce = (self._nonce + 1) & MAX_COUNTER
        if len(self._pings) < MAX_PINGS:
            self._pings[self._nonce] = now_s
        self._send(m.Ping(self._nonce))

    def _send(self, message: m.ClientMsg) -> None:
        data = encode_client(message)
        self.counters.bytes_sent += len(data)
        self.outbox.put(data)

    # -- what comes in -----------------------------------------------------------------------------------------------

    def receive(self, data: bytes | str, now_s: float) -> list[SessionEvent]:
        """Take one whole WebSocket message; return what came of it. Raises ProtocolError with the code to close
        with.
        """
        self._heard_at_s = now_s
        if isinstance(data, str):
            raise ProtocolError(CloseCode.TEXT_FRAME, "the server sent text")
        self.counters.bytes_received += len(data)
        match self._reader.decode(data):
            case m.Welcome() as welcome:
                return self._take_welcome(welcome, now_s)
            case m.ServerPing(nonce):
                self._send(m.Pong(nonce))
                return []
            case m.Notice() as notice:
                return [notice]
            case m.State() as state:
                return self._take_state(self._joined("STATE"), state, len(data), now_s)
            case m.Events() as events:
                happened = self._joined("EVENTS").take_events(events)
                self.counters.events += len(happened)
                return list(happened)
            case m.ServerPong() as pong:
                return self._take_pong(pong, now_s)

    def _joined(self, what: str) -> Replica:
        if self.phase is not Phase.JOINED or self.replica is None:
            raise ProtocolError(CloseCode.OUT_OF_STATE, f"{what} before WELCOME")
        return self.replica

    def _take_welcome(self, welcome: m.Welcome, now_s: float) -> list[SessionEvent]:
        if self.phase is not Phase.OPENING or welcome.resumed is (self.replica is None):
            raise ProtocolError(CloseCode.OUT_OF_STATE, "a WELCOME that was not asked for")
        if self.replica is None:
            self.replica = Replica(welcome, self.options, self._reader, now_s)
            self.inputs = self.replica.schema.inputs.neutral_codes
            self.counters.joins += 1
        else:
            self.replica.resumed(welcome, now_s)
            self.counters.resumes += 1
        self._sends_inputs = welcome.role is Role.PLAYER and bool(self.inputs)
        self.phase = Phase.JOINED
        return [Joined(welcome.resumed, welcome)]

    def _take_state(self, replica: Replica, state: m.State, size: int, now_s: float) -> list[SessionEvent]:
        if self._resyncing and state.span:
            self.counters.dropped_states += 1
            return []
        before, seq, corrections = replica.view, replica.seq, replica.corrections
        try:
            replica.apply(state, now_s)
        except DeltaError as error:
            return [self._resync(replica, error)]
        self._resyncing = False
        self.counters.states += 1
        self.counters.state_bytes += size
        self.counters.corrections += replica.corrections - corrections
        if not self._sends_inputs:
            self._send(m.Ack(state.tick))
        sent_s = replica.round_trip.sent_at_s(replica.seq) if replica.seq > seq else None
        return [Updated(before, replica.view, state.span, None if sent_s is None else now_s - sent_s)]

    def _resync(self, replica: Replica, error: DeltaError) -> Desynced:
        self._resyncing = True
        self.counters.desyncs += 1
        self._send(m.Resync(replica.view.tick))
        return Desynced(error.reason)

    def _take_pong(self, pong: m.ServerPong, now_s: float) -> list[SessionEvent]:
        sent_s = self._pings.pop(pong.nonce, None)
        if sent_s is None:
            raise ProtocolError(CloseCode.INVALID_FIELD, "PONG: a nonce that was not sent")
        self.counters.missed, self.counters.trimmed = pong.missed, pong.trimmed
        if self.replica is not None:
            held_s = pong.held / LEAD_UNITS_PER_TICK * self.replica.tick_s
            self.replica.round_trip.add(now_s - sent_s - held_s)
        return [pong]


def back_after(code: int | None) -> Back:
    """Return what a client does after a close: what protocol.md §10 says for the codes that it knows, "no" for another
    private one; any other end of a link is a link that broke.
    """
    try:
        return CloseCode(code or CloseCode.LINK_LOST).back
    except ValueError:
        return "no" if code is not None and code >= PRIVATE_CODES_FROM else "resume"
