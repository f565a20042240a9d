"""The transport of a WebSocket whose handshake is answered before trio-websocket sees it.

With several processes, the client's first message decides which of them runs the link. The client sends it only after
the answer to its handshake, so that is sent before, by whichever process accepted the socket.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.socket_transport import SocketTransport

if TYPE_CHECKING:
    from gameserver.net.http.upgrade import Accepted

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3


def switching_protocols(accepted: Accepted) -> bytes:
    """Return the response that accepts a handshake, RFC 6455 §4.2.2."""
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
    """Drops the answer of trio-websocket, which has to do the handshake again in order to start."""

    __slots__ = ()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data`, or drop it if it is the first: the handshake's answer."""
        if self._greeted.is_set():
            await super().send_all(data)
        else:
            self._greeted.set()
            await trio.lowlevel.checkpoint()
