"""A real server in this process, on real sockets, and clients that are raw bytes: good players and attackers."""

from __future__ import annotations

import os
import secrets
import socket
import struct
from collections import deque
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, cast

import msgpack
import trio

from gameserver import Entity, Float, Room
from gameserver.hub.hub import Hub
from gameserver.net import NetLimits, NetSettings, Server, serve
from gameserver.protocol.constants import ClientMessage, Limits, ServerMessage
from tests.support.websocket_frames import BINARY, CLOSE, Frame, client_close, client_frame, read_frames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gameserver import Player as RoomPlayer
    from gameserver.net.settings import TransportMode

TRANSPORTS: Final[tuple[TransportMode, ...]] = ("polled", "ordinary")
USUAL_TRANSPORT: Final = cast("TransportMode", os.environ.get("GAMESERVER_RUN_TRANSPORT", "polled"))
"""The transport of tests that do not choose one; `make test-builds` runs them on the other one too."""
FAST: Final = NetLimits(head_timeout_s=0.5, idle_timeout_s=0.5, close_timeout_s=0.3)
"""Limits that are short enough for tests to reach."""


class Dot(Entity):
    """Moves, so that no snapshot is empty."""

    x = Float(step=1 / 16, min=0, max=1_000)
    y = Float(step=1 / 16, min=0, max=1_000)


class Meadow(Room):
    """Dots that jump about. A MESSAGE is broadcast as an event; `boom` is a bug in the rules."""

    kind = "meadow"
    tick_hz = 20
    max_players = 2_000

    def on_join(self, player: RoomPlayer) -> None:
        player.avatar = self.spawn(Dot, owner=player, x=self.random.uniform(0, 1_000))

    def on_tick(self) -> None:
        for dot in self.all(Dot):
            dot.x = self.random.uniform(0, 1_000)
            dot.y = self.random.uniform(0, 1_000)

    def on_message(self, player: RoomPlayer, name: str, payload: Any) -> None:
        if name == "boom":
            raise RuntimeError("the rules have a bug")
        self.broadcast(name, payload)


@asynccontextmanager
async def serving(
    transport: TransportMode = USUAL_TRANSPORT,
    *,
    limits: Limits | None = None,
    net_limits: NetLimits = FAST,
    **more: Any,
) -> AsyncIterator[Server]:
    """A server with the meadow, on a free port."""
    hub = Hub([Meadow], token_bytes=secrets.token_bytes, seed=1, limits=limits or Limits())
    settings = NetSettings(**{"port": 0, "transport": transport, "limits": net_limits, **more})
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve, hub, settings))
        try:
            yield server
        finally:
            for wire in Wire.opened:
                await trio.aclose_forcefully(wire.stream)
            Wire.opened.clear()
        nursery.cancel_scope.cancel()


def upgrade_request(port: int, *lines: str, subprotocol: str = "gameserver.v1") -> bytes:
    """A good request for a WebSocket, with more header lines."""
    return "\r\n".join(
        (
            "GET /ws HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {subprotocol}",
            *lines,
            "",
            "",
        )
    ).encode("latin-1")


class Wire:
    """A client's end of one connection: bytes out, frames in. `serving` closes it in the end."""

    opened: ClassVar[list[Wire]] = []

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.answer = b""
        self.close_reason = ""
        """Of the server's Close, once `close_code` has returned."""
        self._sending = trio.Lock()
        self._data = b""
        self._frames: deque[Frame] = deque()

    @classmethod
    async def open(cls, port: int, request: bytes | None = None, *, source: str = "127.0.0.1", buffer: int = 0) -> Self:
        """Connect, send an upgrade request and read the head of the answer.

        `buffer`: the size of the kernel's receive buffer; 0: its default.
        """
        sock = trio.socket.socket()
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        await sock.bind((source, 0))
        await sock.connect(("127.0.0.1", port))
        wire = cls(trio.SocketStream(sock))
        cls.opened.append(wire)
        await wire.shake_hands(request or upgrade_request(port))
        return wire

    async def shake_hands(self, request: bytes) -> None:
        """Send a request and read the head of its answer."""
        await self.stream.send_all(request)
        while b"\r\n\r\n" not in self._data:
            data = await self.stream.receive_some(65_536)
            if not data:
                break
            self._data += bytes(data)
        self.answer, _, rest = self._data.partition(b"\r\n\r\n")
        frames, self._data = read_frames(rest)
        self._frames.extend(frames)

    @property
    def status(self) -> int:
        """The HTTP status of the answer; 0 for none."""
        return int(self.answer.split(b" ", 2)[1]) if self.answer else 0

    async def send(self, *items: object) -> None:
        """Send one message of the protocol."""
        await self.write(client_frame(msgpack.packb(items)))

    async def write(self, data: bytes) -> None:
        """Send raw bytes. Calls do not interleave; a server that has closed gets nothing."""
        async with self._sending:
            with suppress(trio.BrokenResourceError):
                await self.stream.send_all(data)

    async def next_frame(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while not self._frames:
            try:
                data = await self.stream.receive_some(65_536)
            except trio.BrokenResourceError:
                return None
            if not data:
                return None
            frames, self._data = read_frames(self._data + bytes(data))
            self._frames.extend(frames)
        return self._frames.popleft()

    async def close_code(self) -> int | None:
        """Read to the end and answer a Close frame. Return its code; None: the server sent none."""
        code = None
        while frame := await self.next_frame():
            if frame.opcode == CLOSE:
                code, self.close_reason = frame.close_code, frame.payload[2:].decode()
                await self.write(client_close(code))
        return code

    def reset(self) -> None:
        """Reset the connection."""
        assert isinstance(self.stream, trio.SocketStream)
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.socket.close()


class GoodPlayer:
    """Joins, acks every state, answers pings, and notes when states arrive."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.welcome: dict[str, Any] = {}
        self.states: list[tuple[float, int]] = []
        self.events: list[Any] = []
        self.notices: list[str] = []
        self.closed_with: int | None = None
        self.closed_why = ""
        self.over = trio.Event()

    async def play(self) -> None:
        """Join, and keep playing until the server closes."""
        await self.wire.send(ClientMessage.JOIN, "meadow", None, 0, {})
        await self.follow()

    async def follow(self) -> None:
        """Take what the server sends until it closes."""
        try:
            while frame := await self.wire.next_frame():
                if frame.opcode == BINARY:
                    await self._take(msgpack.unpackb(frame.payload))
                elif frame.opcode == CLOSE:
                    self.closed_with, self.closed_why = frame.close_code, frame.payload[2:].decode()
                    await self.wire.write(client_close(frame.close_code))
        finally:
            self.over.set()

    async def _take(self, message: list[Any]) -> None:
        match message:
            case [ServerMessage.WELCOME, welcome]:
                self.welcome = welcome
            case [ServerMessage.STATE, tick, *_]:
                self.states.append((trio.current_time(), tick))
                await self.wire.send(ClientMessage.ACK, tick)
            case [ServerMessage.EVENTS, _, _, events]:
                self.events += events
            case [ServerMessage.PING, nonce]:
                await self.wire.send(ClientMessage.PONG, nonce)
            case [ServerMessage.NOTICE, name, _]:
                self.notices.append(name)

    async def sees(self, count: int, within_s: float = 10.0) -> None:
        """Wait for so many more states."""
        target = len(self.states) + count
        await until(lambda: len(self.states) >= target or self.over.is_set(), within_s)
        assert not self.over.is_set(), f"the link ended: {self.closed_with} {self.closed_why}"


@asynccontextmanager
async def playing(port: int) -> AsyncIterator[GoodPlayer]:
    """A player that has joined and plays; at the end of the block it must still play."""
    async with trio.open_nursery() as nursery:
        player = GoodPlayer(await Wire.open(port))
        nursery.start_soon(player.play)
        await player.sees(2)
        yield player
        await player.sees(2)
        nursery.cancel_scope.cancel()
    await trio.aclose_forcefully(player.wire.stream)


async def until(holds: Callable[[], bool], within_s: float = 5.0) -> None:
    """Poll until a condition holds.

    Raises:
        trio.TooSlowError: It does not hold in time.
    """
    with trio.fail_after(within_s):
        while not holds():  # noqa: ASYNC110 - the server under test has no event for it
            await trio.sleep(0.01)


async def get(port: int, path: str, *lines: str, method: str = "GET") -> tuple[int, bytes, bytes]:
    """Request a page on a new connection. Return its status, head and body."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        head_lines = (f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", *lines, "", "")
        await stream.send_all("\r\n".join(head_lines).encode("latin-1"))
        answer = b"".join([bytes(data) async for data in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head, body
