"""The link of a spectator that watches over HTTP instead of a WebSocket, as its room sees it.

`StreamLink` (stream_link.py) keeps one answer open, `PollLink` (poll_link.py) waits for the next request. Nothing comes
in over either: the server acks and confirms for the client what a WebSocket's client would say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import trio

from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_server, encode_client
from gameserver.protocol.constants import TOKEN_INSTANCE_BYTES, ServerMessage

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.net.http.watching import Cursor, Format
    from gameserver.net.settings import NetLimits
    from gameserver.protocol.constants import CloseCode

_DECODED: Final = frozenset({ServerMessage.WELCOME, ServerMessage.MOVED})
"""What the link itself must understand."""
_SHOWN: Final = ("room", "kind", "server", "session", "resumed", "tick", "tick_hz", "snapshot_every", "schema")


class WatchLink:
    """What streams and polls have in common."""

    writer = None

    def __init__(self, limits: NetLimits, form: Format, cursor: Cursor | None) -> None:
        """Begin without a peer.

        Args:
            limits: the operator's.
            form: what the viewer gets.
            cursor: what it has; None: it is new.
        """
        self._limits = limits
        self._form = form
        self._known = cursor
        self._token = b""
        self._peer: Peer | None = None
        self._owes_arrived = False
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.close_code: int | None = None
        """The code with which this side closed the link; None: it has not."""
        self.close_reason = ""

    @property
    def is_json(self) -> bool:
        """Whether the viewer gets JSON."""
        return self._form == "json"

    @property
    def traffic(self) -> Self:
        """What counts the link's bytes and messages."""
        return self

    # -- LinkHandle ----------------------------------------------------------------------------------------------------

    def start_polling(self, room_id: str) -> None:
        """Do nothing: there is nothing to read."""

    def stop_polling(self) -> None:
        """Do nothing."""

    @property
    def wants_full(self) -> bool:
        """Whether an update must have the whole state."""
        return False

    def send(self, *messages: bytes) -> None:
        """Send messages that must not be lost: WELCOME, NOTICE and the like."""
        for message in messages:
            if self.close_code is None:
                self._send_one(message)

    def _send_one(self, message: bytes) -> None:
        if message[1] in _DECODED or self.is_json:
            decoded = decode_server(message)
            self._note(decoded)
            if self.is_json:
                self._send_json(decoded)
                return
        self._send_message(message)

    def _note(self, message: m.ServerMsg) -> None:
        match message:
            case m.Welcome():
                self._token = message.token
            case m.Moved(_, _, None):
                self._owes_arrived = True
            case m.Moved(_, _, bytes() as token):
                self._token = token

    def _send_json(self, message: m.ServerMsg) -> None:
        match message:
            case m.Welcome():
                self._send_event("room", self._described(message))
            case m.Notice():
                self._send_event("notice", {"name": message.name, "detail": message.detail})
            case m.Moved():
                self._send_event("moved", {"kind": message.kind, "room": message.room})

    def _send_event(self, name: str, value: dict[str, Any]) -> None:
        """Send something that is no update, as JSON."""
        raise NotImplementedError

    def _send_message(self, message: bytes) -> None:
        """Send one of the protocol's messages as it is."""
        raise NotImplementedError

    def _described(self, welcome: m.Welcome) -> dict[str, Any]:
        """Return what a viewer learns of its room, and how many events it has missed since its cursor."""
        known, self._known = self._known, None
        missed = 0
        if known is not None and known.event is not None and _is_of(known, welcome):
            missed = max(0, welcome.event - known.event)
        return {**{name: getattr(welcome, name) for name in _SHOWN}, "missed": missed}

    # -- the life of the link ------------------------------------------------------------------------------------------

    def close(self, code: int, reason: str) -> None:
        """Begin to close."""
        raise NotImplementedError

    def check(self, now_s: float) -> None:
        """Apply time limits, and say for the client that it has arrived where the rules have moved it to."""
        peer = self._peer
        if peer is None:
            return
        if self._owes_arrived and peer.session is not None and peer.session.seated:
            self._owes_arrived = False
            peer.receive(encode_client(m.Arrived()), now_s)
        self._show_life(peer, now_s)
        peer.check(now_s)

    def _show_life(self, peer: Peer, now_s: float) -> None:
        peer.heard(now_s)

    def final_code(self) -> int | None:
        """Return the code with which the link ended; None: the client has left, or the connection broke."""
        return self.close_code

    def _cut_off(self, code: CloseCode, reason: str) -> None:
        """Close for a reason that the peer does not know yet: it counts and logs that."""
        if self._peer is not None:
            self._peer.close(code, reason)
        self.close(code, reason)

    def _now(self) -> float:
        return trio.current_time()


def _is_of(cursor: Cursor, welcome: m.Welcome) -> bool:
    """Whether a cursor is of the process that sent a WELCOME: it counts the same events."""
    return cursor.token[:TOKEN_INSTANCE_BYTES].hex() == welcome.server


def as_json(value: object) -> bytes:
    """Return JSON in one line."""
    return msgspec.json.encode(value)
