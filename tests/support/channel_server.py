"""A real hub behind sockets that are only channels, on trio's clock: what `link.py` needs of a WebSocket, and no
more."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio
from trio_websocket import CloseReason, ConnectionClosed

from gameserver.hub.hub import Hub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Limits
    from gameserver.room.engine import RoomEngine
    from gameserver.room.room import Room


class Socket:
    """The client's end: the four things that a link uses of a WebSocketConnection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._sender, self._receiver = trio.open_memory_channel[bytes](1000)
        self.closed: CloseReason | None = None
        self.may_send = trio.Event()
        """While it is not set, sends are stuck."""
        self.may_send.set()
        self.sent: list[bytes] = []
        self.lose = 0
        """How many of the next STATEs never arrive, which no network does: a server with a fault."""
        self.peer: Peer = server.hub.open(self, trio.current_time())

    # what the client calls

    async def get_message(self) -> bytes:
        try:
            return await self._receiver.receive()
        except trio.EndOfChannel:
            raise ConnectionClosed(self.closed) from None

    async def send_message(self, message: bytes) -> None:
        await trio.lowlevel.checkpoint()
        await self.may_send.wait()
        if self.closed is not None:
            raise ConnectionClosed(self.closed)
        self.sent.append(message)
        self.peer.receive(message, trio.current_time())

    async def aclose(self, code: int = 1000, reason: str | None = None) -> None:
        self._end(code, reason, by_client=True)
        await trio.lowlevel.checkpoint()

    # what the room calls

    ready = True

    def offer(self, *messages: bytes) -> bool:
        *told, state = messages
        for message in told:
            self.send(message)
        if self.lose:
            self.lose -= 1
        else:
            self.send(state)
        return True

    def send(self, message: bytes) -> None:
        if self.closed is None:
            self._sender.send_nowait(message)

    def close(self, code: int, reason: str) -> None:
        self._end(code, reason, by_client=False)

    def join_room(self, room_id: str) -> None: ...
    def leave_room(self) -> None: ...

    # what a test does

    def cut(self) -> None:
        """The network is gone."""
        self._end(1006, None, by_client=False)

    def _end(self, code: int, reason: str | None, *, by_client: bool) -> None:
        if self.closed is None:
            self.closed = CloseReason(code, reason)
            self._sender.close()
            self.peer.lost(trio.current_time(), code if by_client else None)


@dataclass
class Server:
    """A hub that ticks, and all sockets that were ever opened to it."""

    hub: Hub
    sockets: list[Socket]
    refuse: Callable[[], BaseException | None] = lambda: None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Any]:
        """What `link.opener` returns, for this server."""
        await trio.lowlevel.checkpoint()
        refusal = self.refuse()
        if refusal is not None:
            raise refusal
        socket = Socket(self)
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
async def serving(*kinds: type[Room[Any]], limits: Limits | None = None) -> AsyncGenerator[Server]:
    """A server that runs for the length of the block."""
    rng = random.Random(1)
    server = Server(Hub(kinds, token_bytes=rng.randbytes, seed=1, limits=limits), [])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.tick)
        yield server
        nursery.cancel_scope.cancel()
