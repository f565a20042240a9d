"""A client's first message, read before its link is any process's: what does it ask for? No I/O.

Frames that only want an answer (WebSocket pings, the protocol's PING) get it here. Whatever is no JOIN or RESUME is
left unread for the process that accepted the link, whose peer knows the close code for it.
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
"""Frames before the first message is whole. Who sends more is left to the link's own limits."""

_FIN: Final = 0x80
_CONTINUATION: Final = 0x0
_PING: Final = 0x9
_PONG: Final = 0xA
_KEY_BYTES: Final = 4
_MAX_CONTROL_BYTES: Final = 125

Ask = m.Join | m.Resume


class FirstMessage:
    """Feed it what the client sends until it is `decided`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._payload = b""  # of the message's fragments so far
        self._fragmented = False
        self._at = 0  # in `data`: the next frame
        self._frames = 0
        self.decided = False
        self.asks: Ask | None = None
        """What the client asks for; None, once decided: nothing that could belong elsewhere."""
        self.data = b""
        """The frames that have not been dealt with, as they came."""
        self.answers = b""
        """What to send: the caller takes it and sets it back."""

    def feed(self, data: bytes) -> None:
        """Read on."""
        self.data += data
        while not self.decided and self._read_frame():
            self._frames += 1
            self.decided |= self._frames >= MAX_FRAMES

    def _read_frame(self) -> bool:
        """Read the next frame; False: it is not whole yet, or has decided the matter."""
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
        self._take(first, unmask(self.data[body - _KEY_BYTES : body], self.data[body:end]), end)
        return not self.decided

    def _is_known(self, first: int, size: int) -> bool:
        """Whether this can be part of a message, or a ping or pong."""
        if first in (_FIN | _PING, _FIN | _PONG):
            return size <= _MAX_CONTROL_BYTES
        expected = _CONTINUATION if self._fragmented else BINARY
        return first & ~_FIN == expected and len(self._payload) + size <= self._limits.max_message_bytes

    def _take(self, first: int, payload: bytes, end: int) -> None:
        if first & ~_FIN in (_PING, _PONG):
            if first & ~_FIN == _PING:
                self.answers += frame_head(len(payload), _PONG) + payload
            self.data = self.data[: self._at] + self.data[end:]
            return
        self._payload += payload
        self._at = end
        self._fragmented = not first & _FIN
        if not self._fragmented:
            self._judge(self._payload)
            self._payload = b""

    def _judge(self, message: bytes) -> None:
        try:
            said = decode_client(message, self._limits)
        except ProtocolError:
            self.decided = True
            return
        if isinstance(said, m.Ping):
            self.answers += binary_frames((encode_server(m.ServerPong(said.nonce, 0, 0, 0, 0)),))
            self.data, self._at = self.data[self._at :], 0
        elif not isinstance(said, m.Pong):
            self.decided = True
            self.asks = said if isinstance(said, m.Join | m.Resume) else None
