"""A server under attack as an attacker finds it: connections from many addresses, with TLS or without."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import msgpack
import trio

from gameserver.protocol.constants import ClientMessage, Role, ServerMessage
from tests.support.live.server import Wire
from tests.support.websocket_frames import BINARY, CLOSE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.support.live.process import ServerProcess

BYSTANDERS_ADDRESS: Final = "127.0.0.1"
PROXY: Final = "127.0.0.9"
"""Where a proxy connects from that the server trusts: it can claim any address for its clients."""
UNCOUNTED: Final = "127.0.0.10"
"""The only address without limits on servers under attack, so that those on loopback count as any other."""
ADDRESSES_IN_A_BLOCK: Final = 250


def address(number: int) -> str:
    """An attacker's address on loopback, different for each number."""
    block, at = divmod(number, ADDRESSES_IN_A_BLOCK)
    return f"127.0.{1 + block}.{1 + at}"


class Refused(Exception):
    """The server let nobody in."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        """The close code, or the HTTP status; None: the connection ended without a word."""


class Target:
    """Where to attack, and the connections that are open to it. All are closed at the end of the block."""

    def __init__(
        self,
        url: str,
        *,
        ca_file: Path | None = None,
        token: str = "",
        secret: Path | None = None,
        server: ServerProcess | None = None,
        folder: Path | None = None,
    ) -> None:
        """Aim at a server on loopback.

        Args:
            url: Its WebSocket address.
            ca_file: Whom to trust, with TLS.
            token: Lets in, if the server asks for one.
            secret: The settings of tokens; an attacker with an account has tokens that are signed.
            server: The process, when it was started for the attack.
            folder: Where it records, when it does.

        Raises:
            ValueError: The address is none of this machine's loopback.
        """
        parts = urlsplit(url)
        if parts.hostname not in ("127.0.0.1", "localhost", "::1") or parts.port is None:
            raise ValueError(f"{url}: only servers on loopback are attacked: write ws://127.0.0.1:PORT/ws")
        self.url = url
        self.host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
        self.port = parts.port
        self.token = token
        self.secret = secret
        self.server = server
        self.folder = folder
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "wss":
            self._tls = ssl.create_default_context(cafile=ca_file)
            self._tls.check_hostname = ca_file is not None
            self._tls.verify_mode = ssl.CERT_NONE if ca_file is None else ssl.CERT_REQUIRED
        self.secure = self._tls is not None
        self._streams: list[trio.abc.AsyncResource] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in self._streams:
            await trio.aclose_forcefully(stream)

    # -- connections -------------------------------------------------------------------------------------------------

    async def tcp(self, source: str = BYSTANDERS_ADDRESS, *, buffer: int = 0) -> trio.SocketStream:
        """Connect without TLS; `buffer` bytes are all that the kernel receives."""
        sock = trio.socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        try:
            if buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            if ":" not in self.host:
                await sock.bind((source, 0))
            await sock.connect((self.host, self.port))
        except BaseException:
            sock.close()
            raise
        stream = trio.SocketStream(sock)
        self._streams.append(stream)
        return stream

    async def stream(self, source: str = BYSTANDERS_ADDRESS, *, buffer: int = 0) -> trio.abc.Stream:
        """Connect, with TLS if the server has it."""
        tcp = await self.tcp(source, buffer=buffer)
        if self._tls is None:
            return tcp
        stream = trio.SSLStream(tcp, self._tls, server_hostname=self.host, https_compatible=True)
        await stream.do_handshake()
        return stream

    def request(self, path: str, *lines: str, method: str = "GET", host: str | None = None) -> bytes:
        """A request without a body."""
        host = f"{self.host}:{self.port}" if host is None else host
        return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "", "")).encode("latin-1")

    def upgrade(self, *lines: str, host: str | None = None, token: str | None = None) -> bytes:
        """A request for a WebSocket."""
        token = self.token if token is None else token
        return self.request(
            "/ws",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: gameserver.v1",
            *((f"Authorization: Bearer {token}",) if token else ()),
            *lines,
            host=host,
        )

    async def wire(
        self, source: str = BYSTANDERS_ADDRESS, *lines: str, request: bytes | None = None, buffer: int = 0
    ) -> Wire:
        """Open a WebSocket.

        Raises:
            Refused: The answer is no 101.
        """
        wire = Wire(await self.stream(source, buffer=buffer))
        try:
            await wire.shake_hands(request or self.upgrade(*lines))
        except trio.BrokenResourceError:
            raise Refused(None) from None
        if wire.status != 101:
            raise Refused(wire.status or None)
        return wire

    async def join(
        self,
        source: str = BYSTANDERS_ADDRESS,
        kind: str = "square",
        *lines: str,
        role: Role = Role.PLAYER,
        room: str | None = None,
        params: dict[str, object] | None = None,
        buffer: int = 0,
    ) -> tuple[Wire, dict[str, Any]]:
        """Open a WebSocket and enter a room; return the WELCOME as well.

        Raises:
            Refused: The server did not let us in.
        """
        wire = await self.wire(source, *lines, buffer=buffer)
        await wire.send(ClientMessage.JOIN, kind, room, int(role), params or {})
        return wire, await welcome(wire)

    async def resume(self, source: str, token: bytes, tick: int = 0, event: int = 0) -> tuple[Wire, dict[str, Any]]:
        """Open a WebSocket and resume a session.

        Raises:
            Refused: The server did not let us in.
        """
        wire = await self.wire(source)
        await wire.send(ClientMessage.RESUME, token, tick, event)
        return wire, await welcome(wire)

    async def get(
        self, path: str, *lines: str, source: str = BYSTANDERS_ADDRESS, host: str | None = None
    ) -> tuple[int, bytes, bytes]:
        """Ask for a page on a connection of its own: status (0 for none), head, body."""
        stream = await self.stream(source)
        answer = bytearray()
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(self.request(path, "Connection: close", *lines, host=host))
            async for data in stream:
                answer += data
        await trio.aclose_forcefully(stream)
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        return (int(head.split(b" ", 2)[1]) if head else 0), head, body

    async def metrics(self) -> dict[str, float]:
        """What /metrics says: samples by name and labels, without the prefix; those of all workers added up."""
        text = (await self.get("/metrics", source=UNCOUNTED))[2].decode()
        found: dict[str, float] = {}
        for name, labels, value in re.findall(r"^gameserver_(\w+)(\{.*\})? (\S+)$", text, re.MULTILINE):
            others = re.sub(r'worker="\d+",?', "", labels).replace("{}", "")
            found[name + others] = found.get(name + others, 0.0) + float(value)
        return found

    def log(self) -> bytes:
        """What the server has written to standard error."""
        assert self.server is not None, "the log of a server that was started elsewhere is not known"
        return self.server.errors_so_far()


async def welcome(wire: Wire) -> dict[str, Any]:
    """Read on to the WELCOME.

    Raises:
        Refused: The server closed instead.
    """
    while frame := await wire.next_frame():
        if frame.opcode == BINARY:
            message = msgpack.unpackb(frame.payload)
            if message[0] == ServerMessage.WELCOME:
                found: dict[str, Any] = message[1]
                return found
        elif frame.opcode == CLOSE:
            raise Refused(frame.close_code, frame.payload[2:].decode())
    raise Refused(None)


async def read_on(wire: Wire) -> None:
    """Take what comes and acknowledge nothing, until the server closes."""
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while await wire.next_frame():
            pass


async def again(action: Callable[[], Awaitable[object]], *, pause_s: float = 0.0) -> None:
    """Do something again and again, until cancelled. What the server does to stop it is no reason to stop."""
    while True:
        with contextlib.suppress(Refused, OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            await action()
        await trio.sleep(pause_s)


@contextlib.asynccontextmanager
async def in_parallel(*actions: Callable[[], Awaitable[object]], pause_s: float = 0.0) -> AsyncIterator[None]:
    """Run actions again and again for the length of a block, each `pause_s` after its end."""
    async with trio.open_nursery() as nursery:
        for action in actions:
            nursery.start_soon(partial(again, action, pause_s=pause_s))
        yield
        nursery.cancel_scope.cancel()
