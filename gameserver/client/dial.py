"""Opens a client's WebSocket, and closes its socket in the end, whatever happens.

trio-websocket speaks the protocol on a stream of ours: by itself it leaves the TCP connection open when the server
closes first, and waits for its time limit when the server hangs up during the upgrade.

No twin in the SDK: there the browser does this. `page.js` holds what else the SDK takes from the browser.
"""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import trio
from trio_websocket import HandshakeError, wrap_client_stream

from gameserver.client.token import Token
from gameserver.protocol.constants import MAX_SERVER_BYTES, SUBPROTOCOL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from trio_websocket import WebSocketConnection

    from gameserver.client.token import TokenSource

    Opener = Callable[[], AbstractAsyncContextManager[WebSocketConnection]]

CONNECT_WITHIN_S = 10.0
"""For TCP, TLS and the upgrade together: enough for a slow link that loses a packet or two. A server that needs longer
counts as away."""
CLOSE_WITHIN_S = 1.0
"""For the closing handshake; then the socket is closed without it."""
QUEUED_MESSAGES = 64
"""Messages between socket and core: twice as many as a server sends without an ack."""


class NoAnswer(HandshakeError):
    """The server did not answer in time."""

    def __init__(self) -> None:
        super().__init__(f"no answer within {CONNECT_WITHIN_S:g} s")


class NotTrusted(HandshakeError):
    """The server's certificate is not one that this client trusts; trying again will not help."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a WebSocket is."""

    host: str
    port: int
    resource: str
    secure: bool

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse(url: str) -> Address:
    """Return where `url` leads.

    Raises:
        ValueError: The URL does not begin with ws:// or wss://.
    """
    wrong = f"{url!r} is no WebSocket address: write ws://host:port/ws or wss://host/ws"
    try:
        parts = urlsplit(url)
        port = parts.port
    except (AttributeError, ValueError):  # not even text
        raise ValueError(wrong) from None
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(wrong)
    secure = parts.scheme == "wss"
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.hostname, port or (443 if secure else 80), resource, secure)


def opener(url: str, token: Token | TokenSource = None, tls: ssl.SSLContext | None = None) -> Opener:
    """Return what opens a WebSocket, each time anew.

    Args:
        url: Where it is.
        token: Where the server asks for one.
        tls: The SSL context for `wss`; None: the system's certificates.

    Raises:
        ValueError: The URL does not begin with ws:// or wss://.
    """
    return partial(open_socket, parse(url), token if isinstance(token, Token) else Token(token), tls)


@asynccontextmanager
async def open_socket(
    address: Address, token: Token | None = None, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[WebSocketConnection]:
    """Open a WebSocket for the length of the block.

    Raises:
        HandshakeError: There is no token, or the server does not answer in time, is not trusted, or refuses.
        OSError: There is no connection to be had.
    """
    sent = None if token is None else await token.get()  # without a time limit: a person may be asked for it
    deadline_s = trio.current_time() + CONNECT_WITHIN_S
    stream = Stream(await _connect(address, tls, deadline_s))
    try:
        async with nursery_of_one() as nursery:
            socket = await _upgrade(nursery, stream, address, sent, deadline_s)
            try:
                yield socket
            finally:
                with trio.move_on_after(CLOSE_WITHIN_S):
                    await socket.aclose()
                nursery.cancel_scope.cancel()
    finally:
        await trio.aclose_forcefully(stream)


async def _connect(address: Address, tls: ssl.SSLContext | None, deadline_s: float) -> trio.abc.Stream:
    with trio.move_on_at(deadline_s):
        stream = await trio.open_tcp_stream(address.host, address.port)
        return await _encrypt(stream, address.host, tls) if address.secure else stream
    raise NoAnswer


async def _encrypt(stream: trio.SocketStream, host: str, tls: ssl.SSLContext | None) -> trio.abc.Stream:
    context = tls or ssl.create_default_context()
    encrypted = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    try:
        await encrypted.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(stream)
        if isinstance(error.__cause__, ssl.SSLError):
            raise NotTrusted(f"TLS: {error.__cause__}") from None
        raise HandshakeError("the server hung up during the TLS handshake") from None
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return encrypted


async def _upgrade(
    nursery: trio.Nursery, stream: Stream, address: Address, token: str | None, deadline_s: float
) -> WebSocketConnection:
    with trio.move_on_at(deadline_s):
        socket = await wrap_client_stream(
            nursery,
            cast("trio.SocketStream", stream),  # any stream will do, whatever the signature says
            address.authority,
            address.resource,
            subprotocols=[SUBPROTOCOL],
            extra_headers=[] if token is None else [(b"Authorization", b"Bearer " + token.encode())],
            message_queue_size=QUEUED_MESSAGES,
            max_message_size=MAX_SERVER_BYTES,
            receive_buffer_size=None,
        )
        stream.upgraded = True
        return socket
    raise NoAnswer


class Stream(trio.abc.Stream):
    """The TCP or TLS stream below a WebSocket. Until the upgrade is through, the stream's end is an error."""

    def __init__(self, below: trio.abc.Stream) -> None:
        self._below = below
        self.upgraded = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        try:
            await self._below.send_all(data)
        except trio.BrokenResourceError:
            self._refuse_end()
            raise

    async def wait_send_all_might_not_block(self) -> None:
        await self._below.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        try:
            data = await self._below.receive_some(max_bytes)
        except trio.BrokenResourceError:
            self._refuse_end()
            raise
        if not data:
            self._refuse_end()
        return data

    def _refuse_end(self) -> None:
        if not self.upgraded:
            raise HandshakeError("the server hung up during the upgrade")

    async def aclose(self) -> None:
        await self._below.aclose()


@asynccontextmanager
async def nursery_of_one() -> AsyncGenerator[trio.Nursery]:
    """Open a nursery whose single failure comes out as it is, not in a group, so that callers can catch it by its type.

    Raises:
        BaseException: What its only failing task raised, or the group of all failures if there are more.
    """
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from group.exceptions[0].__cause__
        raise
