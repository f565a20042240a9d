"""A server under attack as an attacker finds it: connections from many addresses, with TLS or without."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import re
import socket
import ssl
import time
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import msgpack
import trio

from gameserver.protocol.constants import ClientMessage, CloseCode, Role, ServerMessage
from tests.support.live.server import Wire
from tests.support.websocket_frames import BINARY, CLOSE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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


T = TypeVar("T")

_opened: ContextVar[list[trio.SocketStream]] = ContextVar("_opened")
"""The connections that a repeated action has opened."""


TRY_AGAIN: Final = (None, 429, 503, CloseCode.GOING_AWAY, CloseCode.SERVER_FULL, CloseCode.SERVER_RESTARTED)


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
        key: bytes = b"",
        server: ServerProcess | None = None,
        folder: Path | None = None,
    ) -> None:
        """Aim at a server on loopback.

        Args:
            url: Its WebSocket address.
            ca_file: Whom to trust, with TLS.
            token: Lets in, if the server asks for one.
            key: What tokens are signed with; an attacker with an account has tokens that are signed.
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
        self.key = key
        self.server = server
        self.folder = folder
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "wss":
            self._tls = ssl.create_default_context(cafile=ca_file)
            self._tls.check_hostname = ca_file is not None
            self._tls.verify_mode = ssl.CERT_NONE if ca_file is None else ssl.CERT_REQUIRED
        self.secure = self._tls is not None
        self._streams: list[trio.SocketStream] = []

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
        _opened.get(self._streams).append(stream)
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

    async def page(self, path: str, source: str = BYSTANDERS_ADDRESS) -> bytes:
        """The body of a page; b"" if the server does not serve it now."""
        status, _, body = await self.get(path, source=source)
        return body if status == 200 else b""

    async def metrics(self) -> dict[str, float]:
        """What /metrics says: samples by name and labels, without the prefix; those of all workers added up."""
        text = (await self.get("/metrics", source=UNCOUNTED))[2].decode()
        found: dict[str, float] = {}
        for name, labels, value in re.findall(r"^gameserver_(\w+)(\{.*\})? (\S+)$", text, re.MULTILINE):
            others = re.sub(r',?worker="\d+"', "", labels).replace("{}", "")
            found[name + others] = found.get(name + others, 0.0) + float(value)
        return found

    async def statistics(self) -> dict[str, Any]:
        """What /api/rooms says, as soon as the server has a connection for it."""
        body = await until(partial(self.page, "/api/rooms", UNCOUNTED), 10.0, "asking for /api/rooms")
        said: dict[str, Any] = json.loads(body)
        return said

    async def rooms(self, kind: str) -> list[dict[str, Any]]:
        """The rooms of a kind that run, as in /api/rooms."""
        return [room for room in (await self.statistics())["rooms"] if room["kind"] == kind]

    def signed(self, **claims: Any) -> str:
        """A token of somebody who has an account."""
        assert self.key, "the attack does not say that its server asks for tokens"
        return sign(self.key, claims)

    def log(self) -> bytes:
        """What the server has written to standard error."""
        assert self.server is not None, "the log of a server that was started elsewhere is not known"
        return self.server.errors_so_far()


def sign(key: bytes, claims: dict[str, Any]) -> str:
    """A token that is valid for an hour, signed by hand: libraries refuse to sign what is no UTF-8."""
    parts = [{"alg": "HS256"}, {"exp": int(time.time()) + 3_600, **claims}]
    signed = b".".join(_base64(json.dumps(part).encode()) for part in parts)
    return (signed + b"." + _base64(hmac.digest(key, signed, "sha256"))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


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


async def join_as_clients_do(
    target: Target, source: str, kind: str, *, within_s: float = 20.0
) -> tuple[Wire, dict[str, Any]]:
    """Join, again after a pause where that is what the code says.

    Raises:
        AssertionError: The server did not let us in, in so many seconds.
    """
    refused: int | None = None
    with within(within_s, f"joining {kind}"):
        while refused in TRY_AGAIN:
            try:
                return await target.join(source, kind)
            except OSError:
                refused = None
            except Refused as error:
                refused = error.code
            await trio.sleep(0.5)
    raise AssertionError(f"a newcomer was refused: {refused}")


@contextlib.contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Allow a block so many seconds.

    Raises:
        AssertionError: It takes longer.
    """
    with trio.move_on_after(seconds) as scope:
        yield
    assert not scope.cancelled_caught, f"{what} took more than {seconds:g} s"


async def until(ask: Callable[[], Awaitable[T]], within_s: float, what: str) -> T:
    """Ask twice a second, until the answer is true; return it.

    Raises:
        AssertionError: It never is, in so many seconds.
    """
    with within(within_s, what):
        answer = await ask()
        while not answer:
            await trio.sleep(0.5)
            answer = await ask()
    return answer


async def plays(wire: Wire, states: int = 3, within_s: float = 5.0) -> None:
    """Wait for states, and acknowledge them.

    Raises:
        AssertionError: They did not come in time.
    """
    with within(within_s, "waiting for a state"):
        while states and (frame := await wire.next_frame()):
            if frame.opcode == BINARY and (message := msgpack.unpackb(frame.payload))[0] == ServerMessage.STATE:
                await wire.send(ClientMessage.ACK, message[1])
                states -= 1
            elif frame.opcode == CLOSE:
                raise AssertionError(f"a player was closed with {frame.close_code}: {frame.payload[2:].decode()}")
    assert not states, "a player's connection ended without a code"


async def leave(wire: Wire) -> None:
    """Leave for good, and wait until the server has closed."""
    await wire.send(ClientMessage.LEAVE)
    with trio.move_on_after(5.0):
        await wire.close_code()
    await trio.aclose_forcefully(wire.stream)


async def refusal(attempt: Awaitable[object], within_s: float = 10.0) -> int | None:
    """With which close code or HTTP status the server refuses something. None: it lets it in.

    Raises:
        AssertionError: It does neither in time, or ends the connection without a word.
    """
    code: int | None = None
    try:
        with within(within_s, "an answer"):
            await attempt
    except Refused as error:
        code = error.code or 0
    assert code != 0, "the connection ended without a code"
    return code


async def read_on(wire: Wire) -> None:
    """Take what comes and acknowledge nothing, until the server closes."""
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while await wire.next_frame():
            pass


async def again(action: Callable[[], Awaitable[object]], *, pause_s: float = 0.0) -> None:
    """Do something again and again, until cancelled. What the server does to stop it is no reason to stop.

    The connections that it opens are closed each time.
    """
    while True:
        _opened.set([])
        try:
            await action()
        except (Refused, OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            for stream in _opened.get():
                await trio.aclose_forcefully(stream)
        await trio.sleep(pause_s)


@contextlib.asynccontextmanager
async def in_parallel(*actions: Callable[[], Awaitable[object]], pause_s: float = 0.0) -> AsyncIterator[None]:
    """Run actions again and again for the length of a block, each `pause_s` after its end."""
    async with trio.open_nursery() as nursery:
        for action in actions:
            nursery.start_soon(partial(again, action, pause_s=pause_s))
        yield
        nursery.cancel_scope.cancel()
