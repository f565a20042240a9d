"""One accepted socket, from its first byte to its last: TLS, HTTP, and for an upgrade request a WebSocket.

No exception leaves `Connection.run`: neither what a client does nor a bug of the server ends another connection.
"""

from __future__ import annotations

import logging
import random
import time
from http import HTTPStatus
from math import ceil, inf
from typing import TYPE_CHECKING, cast

import trio
import trio_websocket

from gameserver.hub.refusals import Refusal
from gameserver.net.answered_transport import AnsweredTransport, switching_protocols
from gameserver.net.clients import MAX_TURN_WAIT_S, UPGRADE_REQUESTS
from gameserver.net.frames import close_frame
from gameserver.net.http.commands import COMMANDS_PREFIX
from gameserver.net.http.cors import cors_headers
from gameserver.net.http.handlers import refuse
from gameserver.net.http.head import RequestRefused
from gameserver.net.http.http_connection import HttpConnection
from gameserver.net.http.responses import Response, text, with_headers
from gameserver.net.http.upgrade import Accepted, Admitted, LinkRefused, accept_to_refuse, check_upgrade
from gameserver.net.http.watching import streams, watches
from gameserver.net.link import Link
from gameserver.net.listeners import tune
from gameserver.net.network_simulator import SimulatedStream
from gameserver.net.socket_transport import SocketTransport
from gameserver.net.tls import TlsStream
from gameserver.net.tls_transport import TlsTransport
from gameserver.net.transport import Transport
from gameserver.net.turnstile import PacedStream
from gameserver.net.watching import STREAM_REQUESTS, check_viewer, is_elsewhere, run_stream
from gameserver.protocol.constants import WEBSOCKET_PATH, CloseCode

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.http_connection import Upgrade
    from gameserver.net.http.pages import Pages
    from gameserver.net.server_state import ServerState
    from gameserver.net.watching import Viewer

log = logging.getLogger("gameserver.net")


class Connection:
    """One accepted socket, and all that is served on it."""

    def __init__(
        self,
        server: ServerState,
        pages: Pages,
        sock: socket.socket,
        remote: str,
        key: str,
        admitted: Admitted | None = None,
        begun: bytes = b"",
    ) -> None:
        """Take over a socket that has been accepted.

        Args:
            server: shared by all connections.
            pages: answers HTTP requests.
            sock: accepted and non-blocking.
            remote: the address at the other end of the TCP connection, which may be a proxy's.
            key: the connection's limit key; "": it is not limited.
            admitted: the link on this socket, when another process has let it in and handed it over.
            begun: what another process has read of the socket before it handed it over: a request that belongs here.
        """
        self._server = server
        self._pages = pages
        self._limits = server.settings.limits
        self._sock = sock
        self._remote = remote
        self._key = key
        self._handed_over = admitted
        self._begun = begun
        self._is_placed = False
        """Whether another process has found that the present request belongs here."""

    async def run(self) -> None:
        """Serve the connection, and close it."""
        stream = tune(self._sock, self._server.settings.notsent_lowat_bytes)
        try:
            await self._serve(stream)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # the client is gone or does not read
        except* Exception:
            self._server.counters.errors += 1
            log.exception("a connection ended with an unexpected error", extra={"address": self._remote})
        finally:
            await trio.aclose_forcefully(stream)

    async def _serve(self, tcp: trio.SocketStream) -> None:
        turnstile = self._server.turnstile
        if self._handed_over is not None:
            await turnstile.wait_turn()
            await self._run_link(tcp, self._handed_over)
            return
        context = self._server.certificates.context
        with self._server.pending.one(self._key) as note_in_use:
            stream = tcp if context is None else await self._start_tls(tcp, context)
            http = HttpConnection(
                stream,
                self._limits,
                turnstile,
                self._respond,
                self._note_refused_request,
                self._max_body_bytes,
                may_wait=_may_wait,
                begun=self._begun,
            )
            upgrade = await http.serve(WEBSOCKET_PATH, note_in_use, self._leaves)
            viewer = admitted = None
            if upgrade is not None and watches(upgrade.head.path):
                viewer = await self._admit_viewer(http, upgrade)
            elif upgrade is not None:
                admitted = await self._admit(http, upgrade)
            if admitted is not None and admitted.accepted.refusal is None and self._server.handoff is not None:
                admitted = await self._server.handoff.pass_on(tcp, self._sock, admitted)
        if admitted is not None:
            await self._run_link(stream, admitted)
        elif viewer is not None and upgrade is not None:
            await self._run_stream(http, stream, upgrade.head, viewer)

    async def _start_tls(self, tcp: trio.SocketStream, context: ssl.SSLContext) -> trio.abc.Stream:
        paced = PacedStream(tcp, self._server.turnstile)
        stream = TlsStream(paced, context)
        with trio.fail_after(self._limits.tls_timeout_s):
            await stream.do_handshake()
        paced.paced = False  # requests are paced by HttpConnection, and links are not
        return stream

    def _max_body_bytes(self, head: Head) -> int:
        takes_body = self._server.routes.has(head.path) or head.path.startswith(COMMANDS_PREFIX)
        return self._limits.max_body_bytes if takes_body else 0

    async def _respond(self, head: Head, body: bytes) -> Response:
        address = await self._wait_for_budget(head, 1)
        response = await self._pages.respond(head, body, address)
        self._server.counters.responses[response.status] += 1
        return response

    async def _admit(self, http: HttpConnection, upgrade: Upgrade) -> Admitted | None:
        """Check an upgrade request. Return None if it was answered with an HTTP status that refuses it."""
        server, head, address = self._server, upgrade.head, self._remote
        try:
            try:
                address = await self._wait_for_budget(head, UPGRADE_REQUESTS)
            except RequestRefused as refused:
                if await self._close_unseen(http, head, refused):
                    return None
                raise
            accepted = await check_upgrade(head, server.settings, draining=server.draining)
        except RequestRefused as refused:
            if refused.__cause__ is not None:
                server.counters.errors += 1
                log.error("the authenticator failed", exc_info=refused.__cause__, extra={"address": address})
            if not isinstance(refused, LinkRefused):
                self._note_refused_request(refused, address)
                await http.send_last(text(refused.status, refused.reason, *refused.headers))
                return None
            accepted = refused.accepted
        return Admitted(accepted, address, upgrade.tail, trio.current_time())

    async def _close_unseen(self, http: HttpConnection, head: Head, refused: RequestRefused) -> bool:
        """Answer one handshake too many of an address with a close code, which a page can read, all in one piece: that
        costs no more than the HTTP status would. Return False if it is no handshake of this protocol.
        """
        accepted = accept_to_refuse(head, refused)
        if accepted is None or accepted.refusal is None:
            return False
        server, refusal = self._server, accepted.refusal
        address = server.settings.client_address(self._remote, head.tokens(b"x-forwarded-for"))
        server.hub.refusals.note_link(*refusal, trio.current_time(), address=address)
        server.counters.closes[str(int(refusal.code))] += 1
        await http.send_last_bytes(switching_protocols(accepted) + close_frame(*refusal))
        return True

    async def _wait_for_budget(self, head: Head, count: int) -> str:
        """Wait until the client may make this request, which counts as `count`. Return the client's address.

        Raises:
            RequestRefused: that would take too long.
        """
        settings = self._server.settings
        address = settings.client_address(self._remote, head.tokens(b"x-forwarded-for"))
        wait_s = self._server.clients.request(settings.limit_key(address), count, trio.current_time())
        if wait_s < 0:
            seconds = ceil(MAX_TURN_WAIT_S)
            raise RequestRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"too many requests from one address: retry in {seconds} s",
                ("Retry-After", str(seconds)),
                code=CloseCode.SERVER_FULL,
            )
        if wait_s:
            await trio.sleep(wait_s)
        return address

    def _note_refused_request(self, refused: RequestRefused, address: str = "") -> None:
        self._server.counters.responses[refused.status] += 1
        now_s, status = trio.current_time(), int(refused.status)
        self._server.hub.refusals.note(refused.reason, now_s, status=status, address=address or self._remote)

    # -- watching without a WebSocket --------------------------------------------------------------------------------

    def _leaves(self, head: Head) -> bool:
        """Return whether a request is for a stream, or to watch a room that another process may have."""
        self._is_placed, self._begun = bool(self._begun), b""
        if head.method != "GET" or not watches(head.path):
            return False
        return streams(head.path) or self._is_elsewhere(head)

    def _is_elsewhere(self, head: Head) -> bool:
        return self._server.handoff is not None and not self._is_placed and is_elsewhere(self._server, head)

    async def _admit_viewer(self, http: HttpConnection, request: Upgrade) -> Viewer | None:
        """Check a request for a stream. Return None if it was answered, or handed over."""
        server, head, address = self._server, request.head, self._remote
        try:
            address = await self._wait_for_budget(head, STREAM_REQUESTS if streams(head.path) else 1)
            if self._is_elsewhere(head) and server.handoff is not None:
                if await server.handoff.pass_request(self._sock, head, request.tail, self._remote):
                    return None
                if not streams(head.path):
                    await http.send_last(await self._pages.respond(head, b"", address))
                    return None
            return await check_viewer(server, head, address)
        except RequestRefused as refused:
            response = refuse(server, refused, address)
            server.counters.responses[response.status] += 1
            await http.send_last(with_headers(response, cors_headers(head, server.settings.origins)))
            return None

    async def _run_stream(self, http: HttpConnection, stream: trio.abc.Stream, head: Head, viewer: Viewer) -> None:
        async with trio.open_nursery() as nursery:
            slow = self._slow_down(stream, nursery)
            sock = self._sock if isinstance(slow, trio.SocketStream) else None
            refusal = await run_stream(self._server, slow, sock, head, viewer)
            if refusal is not None:
                self._server.counters.responses[refusal.status] += 1
                await http.send_last(refusal)
            nursery.cancel_scope.cancel()

    # -- the WebSocket -----------------------------------------------------------------------------------------------

    async def _run_link(self, stream: trio.abc.Stream, admitted: Admitted) -> None:
        try:
            async with trio.open_nursery() as nursery:
                stream = self._slow_down(stream, nursery)
                transport = self._make_transport(stream, nursery, admitted)
                accepted, size = admitted.accepted, self._limits.max_wire_message_bytes
                with trio.fail_after(self._limits.upgrade_timeout_s):
                    websocket = await shake_hands(nursery, transport, accepted, size)
                link = Link(transport, websocket, nursery, self._limits, self._server.poller_of_room)
                refusal = accepted.refusal or self._too_many_links(admitted.address)
                if refusal is None:
                    await self._run_peer(link, admitted)
                else:
                    refusals, now_s = self._server.hub.refusals, trio.current_time()
                    refusals.note_link(*refusal, now_s, address=admitted.address)
                    await link.refuse(*refusal)
                self._server.count_link(link)
                if isinstance(stream, SimulatedStream):
                    with trio.move_on_after(self._limits.close_timeout_s):
                        await stream.wait_until_sent()
                nursery.cancel_scope.cancel()
        finally:
            if self._server.handoff is not None:
                self._server.handoff.settle(admitted.reservation)

    def _slow_down(self, stream: trio.abc.Stream, nursery: trio.Nursery) -> trio.abc.Stream:
        conditions = self._server.settings.network_conditions
        if conditions is None:
            return stream
        slow = SimulatedStream(stream, conditions, random.Random())
        nursery.start_soon(slow.carry)
        return slow

    def _make_transport(self, stream: trio.abc.Stream, nursery: trio.Nursery, admitted: Admitted) -> Transport:
        size, head, tail = self._limits.max_wire_message_bytes, admitted.accepted.request_head(), admitted.tail
        if not isinstance(stream, trio.SocketStream | TlsStream) or not hasattr(self._sock, "recvmsg"):
            return Transport(stream, nursery, max_message_bytes=size, head=head, tail=tail)  # Windows has no recvmsg
        transport: SocketTransport
        if isinstance(stream, TlsStream):
            transport = TlsTransport(stream, self._sock, nursery, max_message_bytes=size, head=head, tail=tail)
        else:
            transport_class = AnsweredTransport if admitted.answered else SocketTransport
            transport = transport_class(stream, self._sock, nursery, max_message_bytes=size, head=head, tail=tail)
        transport.wait_turn = self._server.turnstile.wait_turn  # until it has joined a room
        return transport

    def _too_many_links(self, address: str) -> Refusal | None:
        allowed = self._limits.max_links_per_address
        if self._server.links_from(address) < allowed:
            return None
        return Refusal(CloseCode.SERVER_FULL, f"at most {allowed} links from one address")

    async def _run_peer(self, link: Link, admitted: Admitted) -> None:
        server, address, claims = self._server, admitted.address, admitted.accepted.claims
        link.expires_at_s = trio.current_time() + lifetime_s(claims, server.settings.close_expired_after_s)
        with server.registered(link, address):
            peer = server.hub.open(link, admitted.at_s, claims=claims, address=address, room=admitted.room)
            if server.handoff is not None:
                server.handoff.watch(admitted.reservation, peer)
            await link.run(peer)


def _may_wait(head: Head) -> bool:
    """Return whether the answer to a request may take long: a poll waits for something new."""
    return watches(head.path)


def lifetime_s(claims: Mapping[str, object] | None, close_expired_after_s: float | None) -> float:
    """Return how long a link may stay up with its token.

    Args:
        claims: the token's; `exp` is in seconds since the epoch.
        close_expired_after_s: how long after `exp` a link is closed; None: it stays.
    """
    expires = None if claims is None else claims.get("exp")
    if close_expired_after_s is None or isinstance(expires, bool) or not isinstance(expires, int | float):
        return inf
    return expires + close_expired_after_s - time.time()


async def shake_hands(
    nursery: trio.Nursery, transport: Transport, accepted: Accepted, max_message_bytes: int
) -> trio_websocket.WebSocketConnection:
    """Have trio-websocket answer the upgrade request that `transport` begins with.

    Args:
        nursery: runs the tasks of trio-websocket.
        transport: carries the WebSocket; `accepted.request_head()` is its head.
        accepted: the request.
        max_message_bytes: larger messages close the WebSocket.

    Raises:
        trio.BrokenResourceError: the client has left.
    """
    request = await trio_websocket.wrap_server_stream(
        nursery, cast("trio.abc.Stream", transport), max_message_size=max_message_bytes
    )
    try:
        return await request.accept(subprotocol=accepted.subprotocol)
    except trio_websocket.ConnectionClosed:
        raise trio.BrokenResourceError("the client left before the WebSocket was up") from None
