"""Viewers that keep to the protocol: real client cores over links that are slow, stall and break."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.client.session_core import Phase, SessionCore
from gameserver.client.session_events import Desynced, Updated
from gameserver.protocol import messages as m
from gameserver.protocol.codec import STATE_START
from gameserver.protocol.constants import CloseCode, Role
from gameserver.protocol.errors import ProtocolError
from tests.support.any_room.checks import Checks
from tests.support.any_room.links import EVENTS_START, PONG_START, WELCOME_START, LossyLink
from tests.support.any_room.truth import Found

if TYPE_CHECKING:
    from gameserver.client.seat import Seat
    from gameserver.client.state_reader import StateReader
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from gameserver.testing.links import Close
    from tests.support.any_room.links import Sent
    from tests.support.any_room.stage import Stage

REJOIN_AFTER_TICKS = 40
"""How long a viewer without a link waits, unless a step of the trace connects it earlier."""


class Viewer:
    """A client that keeps to the protocol, and checks everything that it holds.

    Args:
        stage: The server.
        index: Its number among the viewers.
        options: What `games.random_viewer` makes.
        reader: Decodes what it is sent.
    """

    def __init__(self, stage: Stage, index: int, options: dict[str, Any], reader: StateReader) -> None:
        self.stage = stage
        self.index = index
        self.role = Role(options["role"])
        self.latency = options["latency"]
        self.capacity = options["capacity"]
        self.draws = options["draws"]
        self.checks = Checks(stage, f"viewer {index}")
        self._reader = reader
        self._resumes = False
        """Whether it has a session to resume."""
        self.has_left = False
        self.core = self._new_core()
        self.link: LossyLink | None = None
        self.peer: Peer | None = None
        self._up: deque[tuple[int, bytes]] = deque()
        self._stalled_until = 0
        """The tick until which nothing reaches it."""
        self._is_frozen = False
        """Whether it then does nothing itself either."""
        self._stalled_s = 0.0
        """For how long nothing reached it, over this link."""
        self._was_slow = False
        """Whether it has been so slow that the server may close its link."""
        self._down_since = -REJOIN_AFTER_TICKS

    def _new_core(self) -> SessionCore:
        self._resumes = self.has_left = False
        self.stage.tape.new(self.index, self.role)
        return SessionCore(m.Join("any", self.stage.engine.id, self.role, {"name": "Ada"}), reader=self._reader)

    @property
    def seat(self) -> Seat | None:
        """Its seat, once it has joined."""
        return self.core.seat

    # -- steps ---------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open a link, and join or resume over it."""
        stage = self.stage
        self.link = LossyLink(lambda: stage.ticks, self.look)
        self.peer = stage.hub.open(self.link, stage.now_s, address="viewer")
        self._up.clear()
        self._stalled_s = 0.0
        self._was_slow = self._stalled_until > stage.ticks
        self.core.opened(stage.now_s)
        stage.tape.opened(self.index, stage.now_s)
        self._flush()

    def cut(self, code: int | None = None, *, after_ticks: int = 0) -> None:
        """Lose the link; the server learns of it after some ticks."""
        if self.peer is not None:
            self.look()
            self.stage.lose(self.peer, code, after_ticks)
            self._down(code)

    def _down(self, code: int | None) -> None:
        self.link = self.peer = None
        self._down_since = self.stage.ticks
        back = self.core.lost(code)
        self.stage.tape.lost(self.index)
        if back != "resume":
            self.core = self._new_core()

    def stall(self, seconds: float, *, frozen: bool) -> None:
        """Let nothing reach the client for some time; if frozen, it does nothing itself either."""
        ticks = min(200, int(seconds * self.stage.tick_hz) + 1)
        self._stalled_until = self.stage.ticks + ticks
        self._is_frozen = frozen
        self._stalled_s += ticks / self.stage.tick_hz
        self._was_slow |= self._stalled_s > 1

    def wake(self) -> None:
        """End a stall."""
        self._stalled_until = 0

    def say(self, *items: object) -> None:
        """Send a message beside those of the core."""
        if self.core.phase is Phase.JOINED:
            self._up.append((self.stage.ticks + self.latency, msgpack.packb(items)))

    def missing(self) -> str:
        """Say what it does not hold of a room in which nothing changes any more; "" for nothing, or when it is out."""
        peer, seat = self.peer, self.seat
        session = None if peer is None else peer.session
        if self.core.phase is not Phase.JOINED or session is None or seat is None or session.link is not self.link:
            return ""
        missing = self.checks.missing(session, self.stage.engine, seat.replica)
        return missing and f"viewer {self.index}: {missing}"

    # -- a tick --------------------------------------------------------------------------------------------------------

    def before_tick(self) -> None:
        """Say whether the link is free."""
        if self.link is not None:
            self.link.ready = len(self.link.queue) < self.capacity

    def look(self) -> None:
        """Check each STATE that was sent just now, and note what the client must hold after it."""
        link, peer = self.link, self.peer
        if link is None or peer is None:
            return
        fresh, link.fresh = link.fresh, []
        for sent in fresh:
            if sent.message.startswith(WELCOME_START):
                self.checks.begin_link()
            elif sent.message.startswith(STATE_START):
                if peer.session is None or peer.engine is None:
                    raise Found("stray", "a STATE was sent over a link without a session")
                sent.expected = self.checks.sent(peer.session, peer.engine, sent)

    def after_tick(self) -> None:
        """Receive what has arrived, let the core do its part, and send."""
        self.look()
        if self.link is None:
            if self.stage.ticks - self._down_since >= REJOIN_AFTER_TICKS:
                self.connect()
            return
        stalled = self.stage.ticks < self._stalled_until
        if not stalled:
            self._receive(self.link)
        if self.link is not None and not (stalled and self._is_frozen):
            self._run_core()

    def _receive(self, link: LossyLink) -> None:
        while link.queue and link.queue[0].tick + self.latency <= self.stage.ticks:
            self._take(link.queue.popleft())
        if link.closed is not None and not link.queue:
            self._closed(link.closed)

    def _run_core(self) -> None:
        core, stage = self.core, self.stage
        if self.draws and core.phase is Phase.JOINED:
            core.draw(stage.now_s)
        try:
            core.tick(stage.now_s)
        except ProtocolError as error:
            if error.code != CloseCode.DEAD or not self._was_slow:
                raise Found("client", f"viewer {self.index}: {error}") from error
            self.cut()
            return
        self._flush()

    def _flush(self) -> None:
        """Send what the core has to send, and hand over what has arrived at the server."""
        stage, peer = self.stage, self.peer
        while (message := self.core.next_message(stage.now_s)) is not None:
            self._up.append((stage.ticks + self.latency, message))
        while peer is not None and self._up and self._up[0][0] <= stage.ticks:
            peer.receive(self._up.popleft()[1], stage.now_s)

    # -- what comes ----------------------------------------------------------------------------------------------------

    def _take(self, sent: Sent) -> None:
        stage = self.stage
        try:
            happened = self.core.receive(sent.message, stage.now_s)
        except ProtocolError as error:
            raise Found("client", f"viewer {self.index} refuses what came: {error}") from error
        seat, tables, events = self.seat, None, None
        for one in happened:
            if isinstance(one, Desynced):
                raise Found("desync", f"viewer {self.index}: {one.reason}")
            if isinstance(one, Updated) and sent.expected is not None and seat is not None:
                self.checks.updated(one, sent.expected, seat.replica)
                tables = one.view.tables
        if sent.message.startswith(WELCOME_START):
            self._resumes = True
        if sent.message.startswith(EVENTS_START) and seat is not None:
            events = self.checks.events(sent.message, stage.engines[seat.welcome.room], seat.welcome.session)
        if not sent.message.startswith(PONG_START):  # the browser's client has sent no PINGs
            stage.tape.received(self.index, stage.now_s, sent.message, tables, events)

    def _closed(self, close: Close) -> None:
        if not self._is_fair(close.code):
            raise Found(f"closed {close.code}", f"viewer {self.index} was closed with {close.code}: {close.reason}")
        if self.peer is not None:
            self.stage.lose(self.peer, None, 0)
        self._down(close.code)

    def _is_fair(self, code: int | None) -> bool:
        """Whether the server had a reason to close the link of this viewer."""
        seat, limits = self.seat, self.stage.game["limits"]
        engine = None if seat is None else self.stage.engines.get(seat.welcome.room)
        match code:
            case CloseCode.NORMAL:
                return self.has_left
            case CloseCode.TOO_SLOW | CloseCode.DEAD:
                return self._was_slow or min(limits["max_private_events"], limits["max_held_events"]) < 50
            case CloseCode.ROOM_FULL | CloseCode.ROOM_NOT_FOUND | CloseCode.SERVER_FULL:
                return not self._resumes
            case CloseCode.ROOM_CLOSED:
                return engine is None or engine.closed
            case CloseCode.KICKED | CloseCode.SESSION_EXPIRED:
                return engine is None or seat is None or self._is_over(engine, seat.welcome.session, code)
        return False

    def _is_over(self, engine: RoomEngine, number: int, code: int) -> bool:
        """Whether the server had a reason to end the session of this viewer."""
        room = self.stage.room_of(engine)
        if code == CloseCode.KICKED or number in room.kicked:
            return number in room.kicked
        lost_at_s, going_away = room.lost.get(number, (math.inf, False))
        grace_s = min(engine.grace_s, self.stage.hub.limits.going_away_grace_s) if going_away else engine.grace_s
        return engine.closed or self.has_left or self.stage.now_s - lost_at_s > grace_s
