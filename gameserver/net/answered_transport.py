"""A WebSocket whose handshake has been answered before trio-websocket gets to see it."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.poller import SocketTransport

if TYPE_CHECKING:
    from gameserver.net.http.upgrade import Accepted

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3


def switching_protocols(accepted: Accepted) -> bytes:
    """The answer to a handshake, RFC 6455 §4.2.2."""
    digest = hashlib.sha1(accepted.key.encode() + _GUID, usedforsecurity=False).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        f"Sec-WebSocket-Protocol: {accepted.subprotocol}",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


class AnsweredTransport(SocketTransport):
    """trio-websocket shakes hands on it once more, as it must to come up; that answer goes nowhere."""

    __slots__ = ()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; the first is the handshake's answer."""
        if self._greeted.is_set():
            await super().send_all(data)
        else:
            self._greeted.set()
            await trio.lowlevel.checkpoint()
