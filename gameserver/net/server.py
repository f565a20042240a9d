"""The server as tasks: one nursery for the server, in it one task a room and one a connection, and in each link a nursery of its own.

Whatever happens in a connection ends in `_handle`: nothing that a client does, and no bug that it finds, leaves its own task.
"""

from __future__ import annotations

import contextlib
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import trio
import trio_websocket

from gameserver.net import drain
from gameserver.net.counters import Counters
from gameserver.net.drain import RoomLinks, SocketChannel
from gameserver.net.head import RequestRefused
from gameserver.net.http import HttpConnection
from gameserver.net.link import Link
from gameserver.net.listeners import Certificates, accept_forever, open_listeners, tune
from gameserver.net.pages import Pages
from gameserver.net.responses import Response, text
from gameserver.net.static import StaticFiles
from gameserver.net.ticker import phases, run_room
from gameserver.net.transport import Channel
from gameserver.net.upgrade import Accepted, check_upgrade
from gameserver.protocol.constants import SUBPROTOCOL, WEBSOCKET_PATH, CloseCode
from gameserver.webroot import web_root

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from gameserver.net.head import Head
    from gameserver.net.http import Upgrade
    from gameserver.net.pages import Page
    from gameserver.net.settings import NetSettings
    from gameserver.room.engine import RoomEngine
    from gameserver.room.hub import Hub

log = logging.getLogger("gameserver.net")

CHECK_EVERY_S: Final = 1.0
"""How often heartbeats and time limits of all links are looked at."""


class Server:
    """One running server. Made by `serve`; pages and tests look at it."""

    def __init__(self, hub: Hub, settings: NetSettings, nursery: trio.Nursery, pages: Mapping[str, Page]) -> None:
        self.hub = hub
        self.settings = settings
        self.counters = Counters()
        self.certificates = Certificates(settings)
        self.port = 0
        self.draining = False
        self._nursery = nursery
        self._pages = Pages(self, _static_files(settings), pages)
        self._pending: dict[trio.CancelScope, None] = {}
        self._links: dict[Link, str] = {}
        self._room_links: dict[str, RoomLinks] = {}
        self._phases = phases()
        self._open_connections = 0
        self._no_links = trio.Event()

    # -- rooms --------------------------------------------------------------------------------------------------------------------

    def open_room(self, engine: RoomEngine) -> None:
        """Give a new room its ticker, and links to drain."""
        if drain.AVAILABLE and self.settings.transport == "drained":
            self._room_links[engine.id] = RoomLinks()
        self._nursery.start_soon(self._run_room, engine)

    async def _run_room(self, engine: RoomEngine) -> None:
        try:
            await run_room(engine, self._room_links.get(engine.id), self.counters, next(self._phases))
        finally:
            self._room_links.pop(engine.id, None)

    # -- links --------------------------------------------------------------------------------------------------------------------

    @property
    def links(self) -> tuple[Link, ...]:
        """The links that are up."""
        return tuple(self._links)

    def links_from(self, address: str) -> int:
        """How many links an address has."""
        return sum(other == address for other in self._links.values())

    async def check_links(self) -> None:
        """Look at every link's time limits, for ever."""
        while True:
            await trio.sleep(CHECK_EVERY_S)
            now_s = trio.current_time()
            for link in self.links:
                link.guest.check(now_s)

    # -- connections --------------------------------------------------------------------------------------------------------------

    def take_connection(self, sock: socket.socket, address: str) -> None:
        """Start a task for an accepted socket."""
        self.counters.connections += 1
        if self._open_connections >= self.settings.limits.max_connections:
            self.counters.refused_connections += 1
            sock.close()
            return
        self._open_connections += 1
        self._nursery.start_soon(self._handle, sock, address)

    async def _handle(self, sock: socket.socket, address: str) -> None:
        """One connection, from the first byte to the last. Nothing raised in it comes out."""
        stream = tune(sock, self.settings.notsent_lowat_bytes)
        try:
            await self._serve(stream, sock, address)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # the peer is gone, or does not read: nobody is left to tell
        except* Exception:
            self.counters.errors += 1
            log.exception("a connection failed", extra={"address": address})
        finally:
            self._open_connections -= 1
            await trio.aclose_forcefully(stream)

    async def _serve(self, tcp: trio.SocketStream, sock: socket.socket, address: str) -> None:
        context = self.certificates.context
        stream: trio.abc.Stream = tcp
        with self._pending_connection():
            if context is not None:
                stream = await self._start_tls(tcp, context)
            http = HttpConnection(stream, self.settings.limits, self._respond)
            upgrade = await http.serve(WEBSOCKET_PATH)
            if upgrade is None:
                return
            address = client_address(upgrade.head, address, self.settings)
            accepted = await self._admit(http, upgrade)
        if accepted is not None:
            await self._run_link(stream, sock if context is None else None, accepted, upgrade.tail, address)

    async def _start_tls(self, tcp: trio.SocketStream, context: object) -> trio.abc.Stream:
        stream = trio.SSLStream(tcp, context, server_side=True, https_compatible=True)  # type: ignore[arg-type]
        with trio.fail_after(self.settings.limits.tls_timeout_s):
            await stream.do_handshake()
        return stream

    @contextlib.contextmanager
    def _pending_connection(self) -> Iterator[None]:
        """While a connection is not a link yet. When there are too many of those the oldest goes: who means well is through in no time."""
        if len(self._pending) >= self.settings.limits.max_pending:
            oldest = next(iter(self._pending))
            del self._pending[oldest]
            oldest.cancel()
            self.counters.evicted += 1
        with trio.CancelScope() as scope:
            self._pending[scope] = None
            try:
                yield
            finally:
                self._pending.pop(scope, None)
        if scope.cancelled_caught:
            raise trio.TooSlowError

    def _respond(self, head: Head) -> Response:
        response = self._pages.respond(head)
        self.counters.responses[response.status] += 1
        return response

    async def _admit(self, http: HttpConnection, upgrade: Upgrade) -> Accepted | None:
        """Decide on an upgrade; None: refused and answered."""
        try:
            if self.draining:
                raise RequestRefused(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping")
            with trio.fail_after(self.settings.limits.upgrade_timeout_s):
                return await check_upgrade(upgrade.head, self.settings)
        except RequestRefused as refused:
            self.counters.responses[refused.status] += 1
            await http.send_last(text(refused.status, refused.reason))
            return None

    async def _run_link(
        self, stream: trio.abc.Stream, sock: socket.socket | None, accepted: Accepted, tail: bytes, address: str
    ) -> None:
        limits = self.settings.limits
        async with trio.open_nursery() as nursery:
            channel = _make_channel(stream, sock, nursery, accepted.request_head(), tail, limits.max_wire_message_bytes)
            with trio.fail_after(limits.upgrade_timeout_s):
                websocket = await _shake_hands(nursery, channel, accepted, limits.max_wire_message_bytes)
            link = Link(channel, websocket, nursery, limits, self._room_links.get)
            refusal = self._refusal(accepted, address)
            if refusal is None:
                await self._run_guest(link, accepted, address)
            else:
                await link.refuse(*refusal)
                self._count_link(link, channel)
            nursery.cancel_scope.cancel()

    def _refusal(self, accepted: Accepted, address: str) -> tuple[CloseCode, str] | None:
        """Why a link that is up is closed at once: so that a browser can read it."""
        if not accepted.supported:
            return CloseCode.UNSUPPORTED_VERSION, f"this server speaks {SUBPROTOCOL}"
        if address not in self.settings.uncounted_addresses:
            allowed = self.settings.limits.max_links_per_address
            if self.links_from(address) >= allowed:
                return CloseCode.SERVER_FULL, f"at most {allowed} links from one address"
        return None

    async def _run_guest(self, link: Link, accepted: Accepted, address: str) -> None:
        self._links[link] = address
        self.counters.links += 1
        try:
            guest = self.hub.open(link, trio.current_time(), claims=accepted.claims, address=address)
            await link.run(guest)
        finally:
            del self._links[link]
            self._count_link(link, link.channel)
            if not self._links:
                self._no_links.set()

    def _count_link(self, link: Link, channel: Channel) -> None:
        code = link.final_code()
        counters = self.counters
        counters.closes["lost" if code is None else str(int(code))] += 1
        counters.messages_in += link.messages_in
        counters.messages_out += link.messages_out
        counters.bytes_in += channel.bytes_in
        counters.bytes_out += channel.bytes_out

    # -- the end ------------------------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Let nobody in any more, tell everyone, close every link, and end. Takes at most `drain_s`."""
        if self.draining:
            return
        self.draining = True
        with trio.move_on_after(self.settings.drain_s):
            self.hub.drain(self.settings.retry_after_s)
            while self._links:
                self._no_links = trio.Event()
                await self._no_links.wait()
        self._nursery.cancel_scope.cancel()


async def serve(
    hub: Hub,
    settings: NetSettings,
    *,
    pages: Mapping[str, Page] | None = None,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `hub` until cancelled, or until the server that `task_status` tells is stopped. Raises OSError when it cannot listen."""
    async with trio.open_nursery() as nursery:
        server = Server(hub, settings, nursery, pages or {})
        listeners = await open_listeners(settings)
        server.port = listeners[0].getsockname()[1]
        with contextlib.ExitStack() as stack:
            for listener in listeners:
                stack.callback(listener.close)
                nursery.start_soon(accept_forever, listener, server.take_connection)
            hub.on_room_opened = server.open_room
            for engine in hub.rooms.values():
                server.open_room(engine)
            nursery.start_soon(server.check_links)
            task_status.started(server)
            await trio.sleep_forever()


def client_address(head: Head, peer: str, settings: NetSettings) -> str:
    """The client's address: the peer's, or what a trusted proxy says it is (the entry that the proxy itself added, the last)."""
    if peer not in settings.trusted_proxies:
        return peer
    entries = head.tokens(b"x-forwarded-for")
    return entries[-1] if entries else peer


def _static_files(settings: NetSettings) -> StaticFiles | None:
    try:
        return StaticFiles(settings.web_root or web_root())
    except FileNotFoundError:
        return None


def _make_channel(
    stream: trio.abc.Stream,
    sock: socket.socket | None,
    nursery: trio.Nursery,
    head: bytes,
    tail: bytes,
    max_message_bytes: int,
) -> Channel:
    if sock is not None and isinstance(stream, trio.SocketStream):
        return SocketChannel(stream, sock, nursery, max_message_bytes=max_message_bytes, head=head, tail=tail)
    return Channel(stream, nursery, max_message_bytes=max_message_bytes, head=head, tail=tail)


async def _shake_hands(
    nursery: trio.Nursery, channel: Channel, accepted: Accepted, max_message_bytes: int
) -> trio_websocket.WebSocketConnection:
    request = await trio_websocket.wrap_server_stream(nursery, channel, max_message_size=max_message_bytes)
    return await request.accept(subprotocol=accepted.subprotocol)
