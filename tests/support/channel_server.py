"""A real hub on trio's clock, with memory channels for sockets. They have what `client/link.py` uses of a WebSocket."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio
from trio_websocket import CloseReason, ConnectionClosed

from gameserver.hub.hub import Hub
from gameserver.testing.links import Close, ServerLink

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Limits
    from gameserver.room.engine import RoomEngine
    from gameserver.room.room import Room


class ChannelSocket(ServerLink):
    """Both ends of one connection. For the client it is a WebSocketConnection with the methods that a link calls."""

    def __init__(self, server: ChannelServer) -> None:
        super().__init__()
        self._server = server
        self._to_client, self._from_server = trio.open_memory_channel[bytes](1000)
        self.may_send = trio.Event()
        """While it is not set, the client's sends block."""
        self.may_send.set()
        self.sent: list[bytes] = []
        self.lose = 0
        """How many of the next STATEs never arrive: the fault of a server, since TCP loses nothing."""
        self.peer: Peer = server.hub.open(self, trio.current_time())

    # called by the client

    async def get_message(self) -> bytes:
        try:
            return await self._from_server.receive()
        except trio.EndOfChannel:
            raise self._connection_closed() from None

    async def send_message(self, message: bytes) -> None:
        await trio.lowlevel.checkpoint()
        await self.may_send.wait()
        if self.closed is not None:
            raise self._connection_closed()
        self.sent.append(message)
        self.peer.receive(message, trio.current_time())

    async def aclose(self, code: int = 1000, reason: str | None = None) -> None:
        self._end(Close(code, reason or ""), code)
        await trio.lowlevel.checkpoint()

    # called by the room

    def carry(self, message: bytes) -> None:
        self._to_client.send_nowait(message)

    def offer(self, *messages: bytes) -> bool:
        if not self.lose:
            return super().offer(*messages)
        self.lose -= 1
        return super().offer(*messages[:-1])  # the STATE comes last

    def close(self, code: int, reason: str) -> None:
        self._end(Close(code, reason))

    # called by a test

    def cut(self) -> None:
        """Break the link."""
        self._end(Close(1006))

    def _end(self, close: Close, code_of_client: int | None = None) -> None:
        if self.closed is None:
            self.closed = close
            self._to_client.close()
            self.peer.lost(trio.current_time(), code_of_client)

    def _connection_closed(self) -> ConnectionClosed:
        assert self.closed is not None
        assert self.closed.code is not None
        return ConnectionClosed(CloseReason(self.closed.code, self.closed.reason))


@dataclass
class ChannelServer:
    """A hub, the task that ticks its rooms, and every socket that was opened to it."""

    hub: Hub
    sockets: list[ChannelSocket]
    refuse: Callable[[], BaseException | None] = lambda: None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Any]:
        """Open a socket to this server; stands in for what `client.link.opener` returns."""
        await trio.lowlevel.checkpoint()
        refusal = self.refuse()
        if refusal is not None:
            raise refusal
        socket = ChannelSocket(self)
        self.sockets.append(socket)
        try:
            yield socket
        finally:
            await socket.aclose()

    @property
    def engine(self) -> RoomEngine:
        (engine,) = self.hub.rooms.values()
        return engine

    async def tick(self) -> None:
        while True:
            for engine in list(self.hub.rooms.values()):
                engine.tick(trio.current_time())
            for socket in self.sockets:
                if socket.closed is None:
                    socket.peer.check(trio.current_time())
            await trio.sleep(1 / 60)


@asynccontextmanager
async def channel_server(*kinds: type[Room[Any]], limits: Limits | None = None) -> AsyncGenerator[ChannelServer]:
    """A server that runs until the end of the block."""
    rng = random.Random(1)
    server = ChannelServer(Hub(kinds, token_bytes=rng.randbytes, seed=1, limits=limits), [])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.tick)
        yield server
        nursery.cancel_scope.cancel()
