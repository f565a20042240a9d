"""Server side of one client connection: which message is accepted in which state, and which close code answers others.

Implements protocol.md §8 and §9. Sans-I/O: whole WebSocket messages and the time come in, calls on a `LinkHandle` go
out. A bad message changes nothing beyond its own link.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Protocol

from gameserver import native
from gameserver.hub.rate_limit import RateLimit, rates_inside, rates_outside
from gameserver.hub.spending import ANSWER_BYTES
from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_client, encode_server
from gameserver.protocol.constants import (
    BEHIND_UNITS_PER_TICK,
    MAX_COUNTER,
    PING_AFTER_DEAD_SHARE,
    ClientMessage,
    CloseCode,
)
from gameserver.protocol.errors import ProtocolError, fit_reason
from gameserver.room.output_gate import GatedLink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.hub.spending import Account
    from gameserver.protocol.codec import InputCodec
    from gameserver.protocol.constants import Limits
    from gameserver.protocol.input_codec import InputItems
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.room.session import JsonLink, LinkHandle, Session

log = logging.getLogger("gameserver.peer")


class PeerState(enum.Enum):
    """Where a link is in its life."""

    OPEN = "open"
    PLAYING = "playing"
    WATCHING = "watching"
    CLOSED = "closed"


_ALWAYS = frozenset({ClientMessage.PING, ClientMessage.PONG})
_JOINED = _ALWAYS | {
    ClientMessage.MESSAGE,
    ClientMessage.RESYNC,
    ClientMessage.ACK,
    ClientMessage.LEAVE,
    ClientMessage.ARRIVED,
}

_ON_THE_WAY = (m.Ping, m.Pong, m.Leave, m.Arrived)
"""What counts of a client's messages that does not know yet that it has moved."""

ALLOWED: dict[PeerState, frozenset[ClientMessage]] = {
    PeerState.OPEN: _ALWAYS | {ClientMessage.JOIN, ClientMessage.RESUME},
    PeerState.PLAYING: _JOINED | {ClientMessage.INPUT},
    PeerState.WATCHING: _JOINED,
}
"""protocol.md §8: the messages accepted in each state; any other is OUT_OF_STATE."""


_CUTS_OFF = frozenset(
    {
        CloseCode.RATE_LIMITED,
        CloseCode.JOIN_TIMEOUT,
        CloseCode.DEAD,
        CloseCode.UNAUTHORIZED,
        CloseCode.TOO_SLOW,
    }
)
"""Closes for what a client did, or left undone, beside its messages: they are counted and logged as refusals."""


class PeerOwner(Protocol):
    """What a peer asks of its hub."""

    def join(self, peer: Peer, message: m.Join, at_s: float) -> None:
        """Take a seat for the peer's client.

        Raises:
            ProtocolError: The join is refused.
        """

    def resume(self, peer: Peer, message: m.Resume, at_s: float) -> None:
        """Continue a session over the peer's link.

        Raises:
            ProtocolError: The session cannot be resumed.
        """

    def charge(self, account: Account, size: int, now_s: float) -> None:
        """Count a message of `size` bytes.

        Raises:
            ProtocolError: The link's client has spent too much.
        """

    def note_refused(self, code: CloseCode, reason: str, now_s: float, **more: object) -> None:
        """A message was refused with this code; `more` are fields of the log line."""

    def note_suspended(self, session: Session, address: str) -> None:
        """The session of a client at `address` has lost its link, and waits until it resumes."""

    def forget_peer(self, peer: Peer) -> None:
        """The peer's link is gone."""


class Peer:
    """Server side of one client connection."""

    __slots__ = (
        "_account",
        "_acks",
        "_cut_off",
        "_input_codec",
        "_json_link",
        "_limits",
        "_moves",
        "_nonce",
        "_owner",
        "_pinged",
        "_rate_limit",
        "_try_decode_input",
        "address",
        "assigned_room_id",
        "claims",
        "engine",
        "heard_at_s",
        "input_handler",
        "link",
        "opened_at_s",
        "session",
        "state",
    )

    def __init__(
        self,
        owner: PeerOwner,
        limits: Limits,
        link: LinkHandle,
        now_s: float,
        *,
        claims: Mapping[str, object] | None,
        address: str,
        assigned_room_id: str | None,
        account: Account | None,
        json_link: JsonLink | None = None,
        acks: bool = True,
    ) -> None:
        """A link came up.

        Args:
            owner: Handles JOIN and RESUME.
            limits: The server's limits.
            link: The link.
            now_s: The time now, in seconds on the server's clock.
            claims: Of the verified token, if there is one.
            address: The client's address.
            assigned_room_id: The room for a JOIN that names none, when a director has assigned one.
            account: What the link's messages are charged to; None: they are not counted.
            json_link: The same link, where its client gets JSON.
            acks: Whether the client acks snapshots.
        """
        self._owner = owner
        self._json_link = json_link
        self._acks = acks
        self._account = account
        self._limits = limits
        self._rate_limit = RateLimit(rates_outside(limits), limits.max_message_bytes, now_s)
        self._input_codec: InputCodec | None = None
        self._try_decode_input: Callable[[bytes], InputItems | None] = _no_input
        self._moves: list[Kind] = []
        """The kinds of the rooms that the session has moved to and that the client has not said it knows."""
        self.input_handler = native.make_input_handler()
        """Handles INPUTs as `receive` does, while it is armed; None in the interpreter."""
        self._nonce = 0
        self._pinged = False
        self._cut_off: tuple[CloseCode, str, dict[str, object]] | None = None
        """Why this side has closed the link without a message that was refused, and the fields of the log line."""
        self.link = link
        self.claims = claims
        self.address = address
        self.assigned_room_id = assigned_room_id
        self.opened_at_s = self.heard_at_s = now_s
        self.state = PeerState.OPEN
        self.session: Session | None = None
        self.engine: RoomEngine | None = None

    # -- called by the net layer ---------------------------------------------------------------------------------------

    def receive(self, data: bytes | str, at_s: float) -> None:
        """Handle one whole WebSocket message. A bad one closes the link with its code; nothing is raised.

        Args:
            data: The message.
            at_s: When it arrived, in seconds on the server's clock.
        """
        if self.state is PeerState.CLOSED:
            return
        if self.input_handler is not None and self.input_handler.receive(data, at_s):
            return
        self.heard_at_s = at_s
        self._pinged = False
        try:
            self._rate_limit.check(len(data), at_s)
            frame = self._try_decode_input(data) if isinstance(data, bytes) else None
            if frame is None:
                if self._account is not None:
                    self._owner.charge(self._account, len(data), at_s)
                self._handle(self._decode(data), at_s)
            else:  # the most frequent message by far skips the general decoder
                self._queue_input(frame, at_s)
        except ProtocolError as error:
            self._owner.note_refused(error.code, error.reason, at_s, **self.log_fields())
            self._close(error.code, error.reason)

    def lost(self, now_s: float, code: int | None) -> None:
        """The link is gone; call it once. The session is suspended, or ends if the client closed normally.

        A client that is going away (1001) is waited for a shorter time.

        Args:
            now_s: The time now.
            code: The close code of the client, or None for a broken link.
        """
        self._suspend(now_s, code)
        self.state = PeerState.CLOSED
        if self._cut_off is not None:
            closed_with, reason, fields = self._cut_off
            self._owner.note_refused(closed_with, reason, now_s, **fields)
        self._owner.forget_peer(self)

    def check(self, now_s: float) -> None:
        """Check the heartbeat and the time limits; call it every `Limits.check_every_s`.

        A link that would exceed the dead time before the next check is closed at this one.
        """
        limits = self._limits
        if self.state is PeerState.CLOSED:
            return
        self._note_native_inputs()
        if self.state is PeerState.OPEN and now_s - self.opened_at_s > limits.join_timeout_s:
            self.close(CloseCode.JOIN_TIMEOUT, f"no JOIN or RESUME within {limits.join_timeout_s:g} s")
            return
        silent_s = now_s - self.heard_at_s
        if silent_s > limits.dead_after_s - limits.check_every_s:
            self.close(CloseCode.DEAD, f"nothing heard for {limits.dead_after_s:g} s")
            self._suspend(now_s)  # at once: a dead client does not answer the Close that the link waits for
        elif silent_s > limits.dead_after_s * PING_AFTER_DEAD_SHARE and not self._pinged:
            self._pinged = True
            self._nonce = (self._nonce + 1) & MAX_COUNTER
            self.link.send(encode_server(m.ServerPing(self._nonce)))

    def _suspend(self, now_s: float, code: int | None = None) -> None:
        """Take the link from the session, unless the session continues over another link already."""
        session, engine = self.session, self.engine
        if session is not None and engine is not None and session.link is self.link:
            engine.seats.lose_link(session, now_s, code)
            if session.keeps_seat:
                self._owner.note_suspended(session, self.address)
        self.release_session()

    # -- from message to effect ----------------------------------------------------------------------------------------

    def _decode(self, data: bytes | str) -> m.ClientMsg:
        if isinstance(data, str):
            raise ProtocolError(CloseCode.TEXT_FRAME, "send binary messages: each is one msgpack array")
        return decode_client(data, self._limits, self._input_codec, allowed=ALLOWED[self.state])

    def _queue_input(self, frame: InputItems, at_s: float) -> None:
        session, engine = self.session, self.engine
        if session is not None and engine is not None:
            session.confirm_token()
            seq, ack, behind, codes = frame
            seen = ack * BEHIND_UNITS_PER_TICK - behind  # the moment that the client drew the others at
            session.input_queue.push(seq, codes, at_s, seen)
            session.window.ack(ack, engine.tick_number)
            self._arm(session, engine)

    def _arm(self, session: Session, engine: RoomEngine) -> None:
        """Have the next INPUTs handled natively: nothing but the session's queue and window changes with them, until
        `_disarm` is called."""
        if self.input_handler is not None and engine.kind.input_codec is self._input_codec:
            rate_limit = self._rate_limit
            self.input_handler.arm(
                engine.kind.input_format,
                rate_limit.messages,
                rate_limit.bytes,
                rate_limit.max_message_bytes,
                session.input_queue,
                session.window,
                engine,
            )

    def _disarm(self) -> None:
        if self.input_handler is not None:
            self._note_native_inputs()
            self.input_handler.disarm()

    def _note_native_inputs(self) -> None:
        if self.input_handler is not None and self.input_handler.heard_at_s > self.heard_at_s:
            self.heard(self.input_handler.heard_at_s)

    def _handle(self, message: m.ClientMsg, at_s: float) -> None:
        """Handle any message but an INPUT: `receive` has queued it."""
        session, engine = self.session, self.engine
        if session is None or engine is None:
            self._handle_before_join(message, at_s)
            return
        is_of_room_before = self._is_of_room_before(message)
        if not isinstance(message, m.Ping | m.Pong):  # all others are sent after the WELCOME only
            session.confirm_token()
        if is_of_room_before:
            return
        match message:
            case m.Ack(tick):
                session.window.ack(tick, engine.tick_number)
            case m.Message(name, payload):
                engine.seats.message(session, name, payload)
            case m.Ping(nonce):
                self._charge_answer(at_s)
                engine.ping(session, nonce, at_s)
            case m.Pong():
                pass  # it came: that is what the heartbeat wanted to know
            case m.Resync():
                session.resync()
            case m.Leave() | m.Arrived():
                self._leave_or_arrive(message, session, engine, at_s)

    def _is_of_room_before(self, message: m.ClientMsg) -> bool:
        """Whether a message is meant for a room that the session has moved from: its client did not know that yet.

        Raises:
            ProtocolError: OUT_OF_STATE; it is ARRIVED, and there was no MOVED.
        """
        if self._moves:
            return not isinstance(message, _ON_THE_WAY)
        if isinstance(message, m.Arrived):
            raise ProtocolError(CloseCode.OUT_OF_STATE, "ARRIVED without a MOVED before it")
        return False

    def _handle_before_join(self, message: m.ClientMsg, at_s: float) -> None:
        match message:
            case m.Join():
                self._owner.join(self, message, at_s)
            case m.Resume():
                self._owner.resume(self, message, at_s)
            case m.Ping(nonce):
                self._charge_answer(at_s)
                self.link.send(encode_server(m.ServerPong(nonce, 0, 0, 0, 0)))

    def _charge_answer(self, at_s: float) -> None:
        if self._account is not None:
            self._owner.charge(self._account, ANSWER_BYTES, at_s)

    def _leave_or_arrive(self, message: m.Leave | m.Arrived, session: Session, engine: RoomEngine, at_s: float) -> None:
        match message:
            case m.Leave():
                engine.seats.leave(session)
                self.close(CloseCode.NORMAL, "left")
            case m.Arrived():
                self._arrived(session, at_s)

    def _arrived(self, session: Session, at_s: float) -> None:
        """The client knows the room that it has moved to: from now on its messages are meant for that one."""
        self._use_kind(self._moves.pop(0), at_s)
        if not self._moves:
            session.unseen = False
            if session.is_player and self._input_codec is not None:
                self._try_decode_input = self._input_codec.try_decode

    def _use_kind(self, kind: Kind, now_s: float) -> None:
        """The link may send as much as a room of this kind asks for, in its inputs."""
        self._disarm()
        self._input_codec = kind.input_codec
        rates = rates_inside(self._limits, kind.room_class.tick_hz, kind.input_codec.max_bytes)
        self._rate_limit = RateLimit(rates, self._limits.max_message_bytes, now_s)

    # -- called by the hub and the room --------------------------------------------------------------------------------

    def enter(self, session: Session, engine: RoomEngine, now_s: float) -> None:
        """From now on the link belongs to `session`, and may send as much as the room asks for."""
        self._use_session(session, engine)
        self._use_kind(engine.kind, now_s)
        if session.is_player:
            self.state = PeerState.PLAYING
            self._try_decode_input = engine.kind.input_codec.try_decode
        else:
            self.state = PeerState.WATCHING

    def _use_session(self, session: Session, engine: RoomEngine) -> None:
        self._disarm()
        self.session, self.engine = session, engine
        session.json_link = self._json_link
        if isinstance(self.link, GatedLink):
            self.link.pass_through(engine.gate)
        if not self._acks:
            session.window.stay_open()

    def heard(self, now_s: float) -> None:
        """The link has shown in another way than by a message that its client is there."""
        self.heard_at_s = now_s
        self._pinged = False

    def moved(self, session: Session, engine: RoomEngine) -> None:
        """The link belongs to this session in another room; what its client sends before ARRIVED has no effect."""
        self.link.send(encode_server(m.Moved(engine.kind.name, engine.id, None)))  # of a tick of the room before
        self._use_session(session, engine)
        session.unseen = True
        self._moves.append(engine.kind)
        self._try_decode_input = _no_input  # an INPUT is held to the room before, and dropped

    def sent_away(self, kind: str, room: str, token: bytes) -> None:
        """Close, because the session goes on in another process, where `token` resumes it."""
        self.release_session()
        self.link.send(encode_server(m.Moved(kind, room, token)))
        self.close(CloseCode.MOVED, "the session goes on in another process")

    def replaced(self) -> None:
        """Close, because the session continues over another link."""
        self.release_session()
        self.close(CloseCode.REPLACED, "the session goes on over another link")

    def release_session(self) -> None:
        """From now on the link belongs to no session."""
        self._disarm()
        self.session = self.engine = None
        self._moves.clear()

    def close(self, code: CloseCode, reason: str) -> None:
        """Take no more messages and close the link. Idempotent. `lost` then suspends the session if it goes on, and has
        the close counted and logged, if it was for what the client did or left undone.

        Args:
            code: The close code.
            reason: Any text, an author's too; the client is sent what a close frame can carry of it.
        """
        reason = fit_reason(reason)
        if self.state is not PeerState.CLOSED and code in _CUTS_OFF:
            self._cut_off = code, reason, self.log_fields()
        self._close(code, reason)

    def _close(self, code: CloseCode, reason: str) -> None:
        if self.state is not PeerState.CLOSED:
            self.state = PeerState.CLOSED
            self._disarm()
            self.link.close(code, reason)

    def log_fields(self, **more: object) -> dict[str, object]:
        """The fields of every log line about this link."""
        session = self.session
        where = {"room": session.room_id, "session": session.number} if session is not None else {}
        return {"address": self.address, **where, **more}


def _no_input(_data: bytes) -> None:
    """Decode nothing: a client that has not joined, or watches, sends no inputs."""
