"""One accepted socket, from its first byte to its last: TLS, HTTP, and if it asks for one a WebSocket with its guest.

Whatever happens here ends in `Connection.run`: nothing that a client does, and no bug that it finds, leaves its task.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import trio
import trio_websocket

from gameserver.net.drain import SocketChannel
from gameserver.net.head import RequestRefused
from gameserver.net.http import HttpConnection
from gameserver.net.link import Link
from gameserver.net.listeners import tune
from gameserver.net.responses import Response, text
from gameserver.net.transport import Channel
from gameserver.net.upgrade import Accepted, check_upgrade
from gameserver.protocol.constants import SUBPROTOCOL, WEBSOCKET_PATH, CloseCode

if TYPE_CHECKING:
    import socket
    import ssl

    from gameserver.net.head import Head
    from gameserver.net.http import Upgrade
    from gameserver.net.server import Server
    from gameserver.net.settings import NetSettings

log = logging.getLogger("gameserver.net")


class Connection:
    """See the module."""

    def __init__(self, server: Server, sock: socket.socket, peer: str) -> None:
        """`sock` is accepted and non-blocking; `peer` is the address at its other end."""
        self._server = server
        self._limits = server.settings.limits
        self._sock = sock
        self._peer = peer

    async def run(self) -> None:
        """Serve the connection, and close it."""
        stream = tune(self._sock, self._server.settings.notsent_lowat_bytes)
        try:
            await self._serve(stream)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # the peer is gone, or does not read: nobody is left to tell
        except* Exception:
            self._server.counters.errors += 1
            log.exception("a connection failed", extra={"address": self._peer})
        finally:
            await trio.aclose_forcefully(stream)

    async def _serve(self, tcp: trio.SocketStream) -> None:
        context = self._server.certificates.context
        with self._server.pending.one():
            stream = tcp if context is None else await self._start_tls(tcp, context)
            http = HttpConnection(stream, self._limits, self._respond)
            upgrade = await http.serve(WEBSOCKET_PATH)
            accepted = None if upgrade is None else await self._admit(http, upgrade)
        if upgrade is not None and accepted is not None:
            address = client_address(upgrade.head, self._peer, self._server.settings)
            await self._run_link(stream, accepted, upgrade.tail, address)

    async def _start_tls(self, tcp: trio.SocketStream, context: ssl.SSLContext) -> trio.abc.Stream:
        stream = trio.SSLStream(tcp, context, server_side=True, https_compatible=True)
        with trio.fail_after(self._limits.tls_timeout_s):
            await stream.do_handshake()
        return stream

    def _respond(self, head: Head) -> Response:
        response = self._server.pages.respond(head)
        self._server.counters.responses[response.status] += 1
        return response

    async def _admit(self, http: HttpConnection, upgrade: Upgrade) -> Accepted | None:
        """Decide on an upgrade; None: refused and answered."""
        try:
            if self._server.draining:
                raise RequestRefused(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping")
            with trio.fail_after(self._limits.upgrade_timeout_s):
                return await check_upgrade(upgrade.head, self._server.settings)
        except RequestRefused as refused:
            self._server.counters.responses[refused.status] += 1
            await http.send_last(text(refused.status, refused.reason, *refused.headers))
            return None

    # -- the WebSocket -----------------------------------------------------------------------------------------------

    async def _run_link(self, stream: trio.abc.Stream, accepted: Accepted, tail: bytes, address: str) -> None:
        async with trio.open_nursery() as nursery:
            channel = self._make_channel(stream, nursery, accepted.request_head(), tail)
            with trio.fail_after(self._limits.upgrade_timeout_s):
                websocket = await shake_hands(nursery, channel, accepted, self._limits.max_wire_message_bytes)
            link = Link(channel, websocket, nursery, self._limits, self._server.links_of_room)
            refusal = self._refusal(accepted, address)
            if refusal is None:
                await self._run_guest(link, accepted, address)
            else:
                await link.refuse(*refusal)
            self._server.count_link(link)
            nursery.cancel_scope.cancel()

    def _make_channel(self, stream: trio.abc.Stream, nursery: trio.Nursery, head: bytes, tail: bytes) -> Channel:
        size = self._limits.max_wire_message_bytes
        if isinstance(stream, trio.SocketStream):
            return SocketChannel(stream, self._sock, nursery, max_message_bytes=size, head=head, tail=tail)
        return Channel(stream, nursery, max_message_bytes=size, head=head, tail=tail)

    def _refusal(self, accepted: Accepted, address: str) -> tuple[CloseCode, str] | None:
        """Why a link that is up is closed at once: by a close code, since that is what a browser's page can read."""
        if not accepted.supported:
            return CloseCode.UNSUPPORTED_VERSION, f"this server speaks {SUBPROTOCOL}"
        if address not in self._server.settings.uncounted_addresses:
            allowed = self._limits.max_links_per_address
            if self._server.links_from(address) >= allowed:
                return CloseCode.SERVER_FULL, f"at most {allowed} links from one address"
        return None

    async def _run_guest(self, link: Link, accepted: Accepted, address: str) -> None:
        with self._server.registered(link, address):
            guest = self._server.hub.open(link, trio.current_time(), claims=accepted.claims, address=address)
            await link.run(guest)


async def shake_hands(
    nursery: trio.Nursery, channel: Channel, accepted: Accepted, max_message_bytes: int
) -> trio_websocket.WebSocketConnection:
    """Have trio-websocket answer the request that `channel` begins with. Raises BrokenResourceError when nobody is
    there to be answered any more."""
    request = await trio_websocket.wrap_server_stream(nursery, channel, max_message_size=max_message_bytes)
    try:
        return await request.accept(subprotocol=accepted.subprotocol)
    except trio_websocket.ConnectionClosed:
        raise trio.BrokenResourceError("the peer left before the WebSocket was up") from None


def client_address(head: Head, peer: str, settings: NetSettings) -> str:
    """The client's address: the peer's, or what a trusted proxy says (the last entry, which the proxy itself added)."""
    if peer not in settings.trusted_proxies:
        return peer
    entries = head.tokens(b"x-forwarded-for")
    return entries[-1] if entries else peer
