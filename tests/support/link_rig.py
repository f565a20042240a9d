"""A link between a peer that notes what it receives and a client that is raw bytes, on each transport, without a
network.

`memory` is the ordinary path on a stream, `socket` the ordinary path on a socket pair, `polled` the same pair with a
room that polls it, `tls` and `polled tls` the same with TLS.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import trio
import trio.testing

from gameserver.net.connection import shake_hands
from gameserver.net.http.upgrade import Accepted
from gameserver.net.link import Link
from gameserver.net.poller import RoomPoller
from gameserver.net.settings import NetLimits
from gameserver.net.socket_transport import SocketTransport
from gameserver.net.tls import TlsStream
from gameserver.net.tls_transport import TlsTransport
from gameserver.net.transport import Transport
from gameserver.net.turnstile import PacedStream, Turnstile
from tests.support.live.certificates import Authority
from tests.support.websocket_frames import Frame, read_frames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gameserver.hub.peer import Peer

TransportName: TypeAlias = Literal["memory", "socket", "polled", "tls", "polled tls"]
TRANSPORTS: Final[tuple[TransportName, ...]] = ("memory", "socket", "polled", "tls", "polled tls")
SEND_BUFFER: Final = 4_096
LIMITS: Final = NetLimits(max_wire_message_bytes=1_000, max_queued_bytes=10_000)
ACCEPTED: Final = Accepted("dGhlIHNhbXBsZSBub25jZQ==", "gameserver.v1", None)


class NotingPeer:
    """Notes what it receives."""

    input_handler = None

    def __init__(self) -> None:
        self.heard: list[bytes | str] = []
        self.times: list[float] = []
        self.lost_with: list[int | None] = []
        self.closed_with: list[tuple[int, str]] = []
        self.link: Link | None = None
        self.fails = False

    def receive(self, data: bytes | str, at_s: float) -> None:
        """Note a message; `close me` closes the link."""
        if self.fails:
            raise RuntimeError("a bug of ours")
        self.heard.append(data)
        self.times.append(at_s)
        if data == b"close me" and self.link is not None:
            self.link.close(4013, "as you wish")

    def close(self, code: int, reason: str) -> None:
        """Note with what the link closes itself."""
        self.closed_with.append((code, reason))

    def lost(self, _now_s: float, code: int | None) -> None:
        """Note the end."""
        self.lost_with.append(code)

    def check(self, _now_s: float) -> None:
        """Nothing is due."""


class LinkRig:
    """Both ends of one link."""

    def __init__(self, client: trio.abc.Stream, link: Link, peer: NotingPeer, room: RoomPoller | None) -> None:
        self.client = client
        self.link = link
        self.peer = peer
        self.room = room
        self.over = trio.Event()
        self.reading = trio.Event()
        self.closed = trio.Event()
        """The client has read the end of the connection."""
        self._scope = trio.CancelScope()
        self._data = b""

    async def read(self) -> None:
        """Read at the client's end, while the test allows it."""
        while not self.closed.is_set():
            await self.reading.wait()
            with trio.CancelScope() as self._scope:
                try:
                    data = await self.client.receive_some(65_536)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    data = b""
                self._data += data
                if not data:
                    self.closed.set()

    def stop_reading(self) -> None:
        """From now on nothing is read at the client's end, until `frames` is called."""
        self.reading = trio.Event()
        self._scope.cancel()

    async def settle(self) -> None:
        """Run everything that can run now, the room's poll included."""
        for _ in range(3):
            await trio.testing.wait_all_tasks_blocked()
            if self.room is not None:
                self.room.poll(trio.current_time())
        await trio.testing.wait_all_tasks_blocked()

    async def send(self, data: bytes) -> None:
        """Send raw bytes to the server and let them arrive. Does nothing when the server has closed."""
        with suppress(trio.BrokenResourceError):
            await self.client.send_all(data)
        await self.settle()

    async def frames(self) -> list[Frame]:
        """The frames that have arrived by now."""
        self.reading.set()
        await self.settle()
        frames, self._data = read_frames(self._data)
        return frames

    async def frames_to_end(self) -> list[Frame]:
        """The frames up to the end of the connection."""
        frames: list[Frame] = []
        while not self.closed.is_set():
            frames += await self.frames()
        return frames + await self.frames()


def _pair(name: TransportName, send_buffer: int) -> tuple[trio.abc.Stream, trio.abc.Stream, socket.socket | None]:
    """Client's end, server's end, and the server's socket."""
    if name == "memory":
        client, server = trio.testing.memory_stream_pair()
        return client, server, None
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    return (
        trio.SocketStream(trio.socket.from_stdlib_socket(theirs)),
        trio.SocketStream(trio.socket.from_stdlib_socket(ours)),
        ours,
    )


@cache
def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of client and server."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(authority.cert, authority.key)
        return authority.client(), server


async def _encrypted(client: trio.abc.Stream, server: trio.abc.Stream) -> tuple[trio.abc.Stream, trio.abc.Stream]:
    of_client, of_server = tls_contexts()
    tls_client = trio.SSLStream(client, of_client, server_hostname="localhost", https_compatible=True)
    tls_server = TlsStream(PacedStream(server, Turnstile()), of_server)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tls_client.do_handshake)
        nursery.start_soon(tls_server.do_handshake)
    return tls_client, tls_server


@asynccontextmanager
async def linked(
    name: TransportName,
    limits: NetLimits = LIMITS,
    make_peer: Callable[[Link], Peer] | None = None,
    *,
    send_buffer: int = SEND_BUFFER,
) -> AsyncIterator[LinkRig]:
    """A link that is up and, where the transport says so, polled by a room.

    `make_peer` makes the peer that gets what comes in; without it, that is the noting one.
    """
    client, server, sock = _pair(name, send_buffer)
    room = RoomPoller() if name.startswith("polled") else None
    if name.endswith("tls"):
        client, server = await _encrypted(client, server)
    try:
        async with trio.open_nursery() as nursery:
            transport = _transport(server, sock, nursery, limits)
            websocket = await shake_hands(nursery, transport, ACCEPTED, limits.max_wire_message_bytes)
            assert (await client.receive_some(65_536)).startswith(b"HTTP/1.1 101 ")
            peer = NotingPeer()
            peer.link = link = Link(transport, websocket, nursery, limits, lambda _room_id: room)
            rig = LinkRig(client, link, peer, room)
            if isinstance(server, trio.StapledStream):
                _pump_only_while_reading(server.send_stream, rig)
            rig.reading.set()
            nursery.start_soon(rig.read)
            nursery.start_soon(_run, rig, server, cast("Peer", peer) if make_peer is None else make_peer(link))
            await trio.testing.wait_all_tasks_blocked()
            link.start_polling("room")
            await rig.settle()
            yield rig
            nursery.cancel_scope.cancel()
    finally:
        await trio.aclose_forcefully(server)
        await trio.aclose_forcefully(client)
        if room is not None:
            room.close()


def _pump_only_while_reading(stream: trio.testing.MemorySendStream, rig: LinkRig) -> None:
    """Have the sender wait for its reader, since a memory stream is never full."""
    deliver_all = stream.send_all_hook
    assert deliver_all is not None

    async def hook() -> None:
        await rig.reading.wait()
        await deliver_all()

    stream.send_all_hook = hook


def _transport(
    server: trio.abc.Stream, sock: socket.socket | None, nursery: trio.Nursery, limits: NetLimits
) -> Transport:
    size, head = limits.max_wire_message_bytes, ACCEPTED.request_head()
    if sock is None:
        return Transport(server, nursery, max_message_bytes=size, head=head)
    if isinstance(server, TlsStream):
        return TlsTransport(server, sock, nursery, max_message_bytes=size, head=head, tail=b"")
    return SocketTransport(server, sock, nursery, max_message_bytes=size, head=head, tail=b"")


async def _run(rig: LinkRig, stream: trio.abc.Stream, peer: Peer) -> None:
    await rig.link.run(peer)
    rig.over.set()
    await trio.aclose_forcefully(stream)
