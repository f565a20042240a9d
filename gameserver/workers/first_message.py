"""Reads a client's first message before it is decided which process runs the link. No I/O.

WebSocket pings and the protocol's PING are answered here. A first message that is neither JOIN nor RESUME is left
unread for the process that accepted the link, whose peer knows the close code for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.net.frames import BINARY, binary_frames, frame_head, frame_header, unmask
from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_client, encode_server
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from gameserver.protocol.constants import Limits

MAX_FRAMES: Final = 32
"""Frames read before the first message is whole. Beyond it the link stays here, and the link's own limits apply."""

_FIN: Final = 0x80
_CONTINUATION: Final = 0x0
_PING: Final = 0x9
_PONG: Final = 0xA
_KEY_BYTES: Final = 4
_MAX_CONTROL_BYTES: Final = 125

Request = m.Join | m.Resume


class FirstMessage:
    """Parses what a client sends until its first message is known. Call `feed` until `decided` is true."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._payload = b""  # the message's fragments so far
        self._fragmented = False
        self._at = 0  # index of the next frame in `data`
        self._frames = 0
        self.decided = False
        self.request: Request | None = None
        """Once decided: the client's JOIN or RESUME; None if its first message is neither."""
        self.data = b""
        """The frames that are not handled yet, unchanged: the first message is among them."""
        self.replies = b""
        """Frames to send. The caller takes them and sets this to `b""`."""

    def feed(self, data: bytes) -> None:
        """Take more bytes from the client."""
        self.data += data
        while not self.decided and self._read_frame():
            self._frames += 1
            self.decided |= self._frames >= MAX_FRAMES

    def _read_frame(self) -> bool:
        """Read the next frame. Returns False if it is not whole yet, or if it made `decided` true."""
        head = frame_header(self.data, self._at)
        if head is None:
            return False
        first, masked, head_bytes, size = head
        if not masked or not self._is_known(first, size):
            self.decided = True
            return False
        end = self._at + head_bytes + size
        if len(self.data) < end:
            return False
        body = self._at + head_bytes
        self._handle(first, unmask(self.data[body - _KEY_BYTES : body], self.data[body:end]), end)
        return not self.decided

    def _is_known(self, first: int, size: int) -> bool:
        """Whether the frame can be part of a message, or a ping or pong."""
        if first in (_FIN | _PING, _FIN | _PONG):
            return size <= _MAX_CONTROL_BYTES
        expected = _CONTINUATION if self._fragmented else BINARY
        return first & ~_FIN == expected and len(self._payload) + size <= self._limits.max_message_bytes

    def _handle(self, first: int, payload: bytes, end: int) -> None:
        if first & ~_FIN in (_PING, _PONG):
            if first & ~_FIN == _PING:
                self.replies += frame_head(len(payload), _PONG) + payload
            self.data = self.data[: self._at] + self.data[end:]
            return
        self._payload += payload
        self._at = end
        self._fragmented = not first & _FIN
        if not self._fragmented:
            self._decide(self._payload)
            self._payload = b""

    def _decide(self, data: bytes) -> None:
        try:
            message = decode_client(data, self._limits)
        except ProtocolError:
            self.decided = True
            return
        if isinstance(message, m.Ping):
            self.replies += binary_frames((encode_server(m.ServerPong(message.nonce, 0, 0, 0, 0)),))
            self.data, self._at = self.data[self._at :], 0
        elif not isinstance(message, m.Pong):
            self.decided = True
            self.request = message if isinstance(message, m.Join | m.Resume) else None
