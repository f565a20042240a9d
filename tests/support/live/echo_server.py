"""A server whose peers send back what they receive, for WebSocket test suites. A suite speaks plain WebSocket, so this
server has no subprotocol and no limits that the suite's megabytes, pings and fragments would reach. Everything else
is the server's own: head, upgrade, transport, poller, link, and the library under them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import trio

from gameserver.hub.admission import Admission
from gameserver.net.connection import Connection
from gameserver.net.frames import frame_head
from gameserver.net.http.upgrade import Accepted, Admitted, check_websocket, websocket_key
from gameserver.net.listeners import accept_forever, open_listeners
from gameserver.net.poller import RoomPoller
from gameserver.net.server import Server
from gameserver.net.settings import NetLimits, NetSettings
from gameserver.protocol.constants import Limits

if TYPE_CHECKING:
    import socket

    from gameserver.hub.hub import Hub
    from gameserver.net.http.http_connection import HttpConnection, Upgrade
    from gameserver.net.link import Link
    from gameserver.net.settings import TransportMode

ROOM: Final = "echo"
TEXT: Final = 0x1
POLL_EVERY_S: Final = 0.002
PLENTY: Final = 16 << 20
LIMITS: Final = NetLimits(
    max_wire_message_bytes=PLENTY,
    max_queued_bytes=PLENTY,
    max_partial_frames_per_s=PLENTY,
    max_partial_frames_burst=PLENTY,
)


class PlainUpgrade(Accepted):
    """Accepts every WebSocket upgrade."""

    def request_head(self) -> bytes:
        """The request for trio-websocket, without a subprotocol."""
        lines = super().request_head().split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.startswith(b"Sec-WebSocket-Protocol"))


class EchoPeer:
    """Sends back what it receives."""

    input_handler = None

    def __init__(self, link: Link) -> None:
        self._link = link

    def receive(self, data: bytes | str, _at_s: float) -> None:
        """Send back one whole message. Rooms never send text, so a text frame is sent through the transport."""
        if isinstance(data, bytes):
            self._link.send(data)
        elif self._link.close_code is None:
            text = data.encode()
            self._link.transport._put(frame_head(len(text), TEXT) + text)

    def close(self, _code: int, _reason: str) -> None:
        """The link closes itself."""

    def lost(self, _now_s: float, _code: int | None) -> None:
        """The link has ended."""

    def check(self, _now_s: float) -> None:
        """Check nothing: there are no time limits."""


class EchoHub:
    """Gives each link an echo."""

    admission = Admission(Limits())

    def run_effects_with(self, _run: object) -> None:
        """No rules run here, which could ask for any."""

    def open(self, link: Link, _now_s: float, **_: object) -> EchoPeer:
        """A link came up."""
        link.start_polling(ROOM)
        return EchoPeer(link)


class EchoConnection(Connection):
    """A connection whose upgrade is not checked for our subprotocol."""

    async def _admit(self, _http: HttpConnection, upgrade: Upgrade) -> Admitted | None:
        check_websocket(upgrade.head)
        accepted = PlainUpgrade(websocket_key(upgrade.head), cast("str", None), None)
        return Admitted(accepted, self._remote, upgrade.tail, trio.current_time())


class EchoServer(Server):
    """A server without rooms; with `polled`, one that polls its links as a room does."""

    def take_connection(
        self, sock: socket.socket, remote: str, admitted: Admitted | None = None, _begun: bytes = b""
    ) -> bool:
        """Start a task for an accepted socket."""
        self._connections += 1
        self._nursery.start_soon(self._run_connection, EchoConnection(self, self.pages, sock, remote, "", admitted), "")
        return True

    async def poll_forever(self) -> None:
        """Do what a room does between its ticks."""
        poller = self._room_pollers[ROOM] = RoomPoller()
        while True:
            await trio.sleep(POLL_EVERY_S)
            poller.poll(trio.current_time())


async def serve_echo(
    transport: TransportMode, *, task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED, **more: Any
) -> None:
    """Serve until cancelled, on a free port of this machine unless `more` says otherwise."""
    settings = NetSettings(**{"port": 0, "transport": transport, "limits": LIMITS, **more})
    (listener,) = await open_listeners(settings)
    with listener:
        async with trio.open_nursery() as nursery:
            server = EchoServer(cast("Hub", EchoHub()), settings, nursery, {})
            server.port = listener.getsockname()[1]
            if transport == "polled":
                nursery.start_soon(server.poll_forever)
            nursery.start_soon(accept_forever, listener, server.take_connection)
            task_status.started(server)
