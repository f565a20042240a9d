"""One link's life as protocol.md §8 and §9 tell it: which message is taken in which state, and which close code answers
the rest.

Sans-I/O: whole WebSocket messages and the time come in, calls on a `LinkHandle` go out. A bad message changes nothing
but this link.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING

from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_client, encode_server
from gameserver.protocol.constants import (
    BEHIND_UNITS_PER_TICK,
    MAX_COUNTER,
    PING_AFTER_DEAD_SHARE,
    ClientMessage,
    CloseCode,
)
from gameserver.protocol.errors import ProtocolError
from gameserver.sync.rate_limit import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.hub.hub import Hub
    from gameserver.protocol.codec import InputCodec
    from gameserver.protocol.input_codec import InputFrame
    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import LinkHandle, Session

log = logging.getLogger("gameserver.peer")


class State(enum.Enum):
    """Where a link is in its life."""

    OPEN = "open"
    PLAYING = "playing"
    WATCHING = "watching"
    CLOSED = "closed"


_ALWAYS = frozenset({ClientMessage.PING, ClientMessage.PONG})
_JOINED = _ALWAYS | {ClientMessage.MESSAGE, ClientMessage.RESYNC, ClientMessage.ACK, ClientMessage.LEAVE}

ALLOWED: dict[State, frozenset[ClientMessage]] = {
    State.OPEN: _ALWAYS | {ClientMessage.JOIN, ClientMessage.RESUME},
    State.PLAYING: _JOINED | {ClientMessage.INPUT},
    State.WATCHING: _JOINED,
}
"""protocol.md §8: what each state takes; the rest is OUT_OF_STATE."""


class Peer:
    """Whoever is at the other end of one link."""

    __slots__ = (
        "_bytes",
        "_hub",
        "_inputs",
        "_match_input",
        "_messages",
        "_nonce",
        "_pinged",
        "address",
        "claims",
        "engine",
        "heard_at_s",
        "link",
        "opened_at_s",
        "room",
        "session",
        "state",
    )

    def __init__(
        self,
        hub: Hub,
        link: LinkHandle,
        now_s: float,
        *,
        claims: Mapping[str, object] | None,
        address: str,
        room: str | None = None,
    ) -> None:
        limits = hub.limits
        self._hub = hub
        self._messages = TokenBucket(limits.max_messages_per_s, limits.max_messages_burst, now_s)
        self._bytes = TokenBucket(limits.max_bytes_per_s, limits.max_bytes_burst, now_s)
        self._inputs: InputCodec | None = None
        self._match_input: Callable[[bytes], InputFrame | None] = _no_input
        self._nonce = 0
        self._pinged = False
        self.link = link
        self.claims = claims
        self.address = address
        self.room = room
        """Where it goes if its JOIN names no room."""
        self.opened_at_s = self.heard_at_s = now_s
        self.state = State.OPEN
        self.session: Session | None = None
        self.engine: RoomEngine | None = None

    # -- what the net layer calls --------------------------------------------------------------------------------------

    def receive(self, data: bytes | str, at_s: float) -> None:
        """One whole WebSocket message that arrived at `at_s`. A bad one closes the link with its code; nothing is
        raised."""
        if self.state is State.CLOSED:
            return
        self.heard_at_s = at_s
        self._pinged = False
        try:
            self._check_rate(data, at_s)
            frame = self._match_input(data) if isinstance(data, bytes) else None
            if frame is None:
                self._take(self._decode(data), at_s)
            else:  # what comes for every player and tick goes the shortest way
                self._take_input(frame, at_s)
        except ProtocolError as error:
            self._hub.count_refused(error.code)
            log.info("refused message: %s", error.reason, extra=self.log_fields(code=int(error.code)))
            self.close(error.code, error.reason)

    def lost(self, now_s: float, code: int | None) -> None:
        """The link is gone: closed by the peer with `code`, or broken (None). Its session waits, unless the peer said
        goodbye."""
        self._suspend(now_s, for_good=code == CloseCode.NORMAL)
        self.state = State.CLOSED
        self._hub.forget_peer(self)

    def check(self, now_s: float) -> None:
        """Heartbeat and time limits; call it every `Limits.look_every_s`. Who would be silent for longer than the dead
        time at the next look is dead at this one."""
        limits = self._hub.limits
        if self.state is State.CLOSED:
            return
        if self.state is State.OPEN and now_s - self.opened_at_s > limits.join_timeout_s:
            self.close(CloseCode.JOIN_TIMEOUT, f"no JOIN or RESUME within {limits.join_timeout_s:g} s")
            return
        silent_s = now_s - self.heard_at_s
        if silent_s > limits.dead_after_s - limits.look_every_s:
            self.close(CloseCode.DEAD, f"nothing heard for {limits.dead_after_s:g} s")
            self._suspend(now_s)  # now, not when the link has waited in vain for its peer to close too
        elif silent_s > limits.dead_after_s * PING_AFTER_DEAD_SHARE and not self._pinged:
            self._pinged = True
            self._nonce = (self._nonce + 1) & MAX_COUNTER
            self.link.send(encode_server(m.ServerPing(self._nonce)))

    def _suspend(self, now_s: float, *, for_good: bool = False) -> None:
        """The session, if this link still speaks for one, has no link from now on."""
        session, engine = self.session, self.engine
        if session is not None and engine is not None and session.link is self.link:
            engine.roster.link_lost(session, now_s, for_good=for_good)
        self.forget()

    # -- from message to effect ----------------------------------------------------------------------------------------

    def _check_rate(self, data: bytes | str, at_s: float) -> None:
        """§9 steps 1 and 2. Text counts by characters: it is refused in the next line anyway."""
        limits = self._hub.limits
        size = len(data)
        if size > limits.max_message_bytes:
            raise ProtocolError(
                CloseCode.TOO_BIG, f"a message has at most {limits.max_message_bytes} bytes, got {size}"
            )
        if not self._messages.take(1, at_s):
            raise ProtocolError(CloseCode.RATE_LIMITED, f"at most {limits.max_messages_per_s:g} messages a second")
        if not self._bytes.take(size, at_s):
            raise ProtocolError(CloseCode.RATE_LIMITED, f"at most {limits.max_bytes_per_s:g} bytes a second")

    def _decode(self, data: bytes | str) -> m.ClientMsg:
        if isinstance(data, str):
            raise ProtocolError(CloseCode.TEXT_FRAME, "send binary messages: each is one msgpack array")
        return decode_client(data, self._hub.limits, self._inputs, allowed=ALLOWED[self.state])

    def _take_input(self, frame: InputFrame, at_s: float) -> None:
        session, engine = self.session, self.engine
        if session is not None and engine is not None:
            session.previous_secret = b""
            seq, ack, behind, codes = frame
            session.inputs.push(seq, codes, at_s, ack * BEHIND_UNITS_PER_TICK - behind)
            session.window.ack(ack, engine.tick_number)

    def _take(self, message: m.ClientMsg, at_s: float) -> None:
        session, engine = self.session, self.engine
        if session is None or engine is None:
            self._take_open(message, at_s)
            return
        session.previous_secret = b""  # whoever talks over the new link has its WELCOME, and with it the new token
        match message:
            case m.Ack(tick):
                session.window.ack(tick, engine.tick_number)
            case m.Message(name, payload):
                engine.roster.said(session, name, payload)
            case m.Ping(nonce):
                engine.ping(session, nonce, at_s)
            case m.Resync():
                session.resync()
            case m.Leave():
                engine.roster.leave(session)
                self.close(CloseCode.NORMAL, "left")

    def _take_open(self, message: m.ClientMsg, at_s: float) -> None:
        match message:
            case m.Join():
                self._hub.join(self, message)
            case m.Resume():
                self._hub.resume(self, message)
            case m.Ping(nonce):
                self.link.send(encode_server(m.ServerPong(nonce, 0, 0, 0, 0)))

    # -- what the hub and the room call --------------------------------------------------------------------------------

    def enter(self, session: Session, engine: RoomEngine, inputs: InputCodec) -> None:
        """The link speaks for `session` from now on."""
        self.session, self.engine, self._inputs = session, engine, inputs
        if session.is_player:
            self.state = State.PLAYING
            self._match_input = inputs.match
        else:
            self.state = State.WATCHING

    def replaced(self) -> None:
        """The session goes on over another link: this one has no part in it any more."""
        self.forget()
        self.close(CloseCode.REPLACED, "the session goes on over another link")

    def forget(self) -> None:
        """The session is no longer this link's."""
        self.session = self.engine = None

    def close(self, code: CloseCode, reason: str) -> None:
        """Take nothing more from this link, and end it. The session, if it goes on, hears of it by `lost`."""
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self.link.close(code, reason)

    def log_fields(self, **more: object) -> dict[str, object]:
        """What every log line about this link carries."""
        session = self.session
        where = {"room": session.room_id, "session": session.number} if session is not None else {}
        return {"address": self.address, **where, **more}


def _no_input(_data: bytes) -> None:
    """Who plays nowhere has no inputs."""
