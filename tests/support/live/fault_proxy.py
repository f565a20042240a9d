"""A bad network between clients and a server, in this process: delay, jitter, a bounded rate, stalls, cuts and resets.

    async with faulty(server_port) as network:  # clients connect to network.port
        network.down.update(delay_s=0.1, jitter_s=0.03)
        network.down.stall()  # stop reading from the server: its kernel's buffers fill
        network.reset_all()

As with TCP, bytes arrive in order and once, or the connection ends. What is on its way is bounded, so that a stall
reaches the sender and does not disappear in this process's memory.
"""

from __future__ import annotations

import random
import socket
import struct
from collections import deque
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Cut: TypeAlias = Literal["reset", "half-close"]

READ_BYTES: Final = 16_384
WINDOW_BYTES: Final = 65_536
"""How many bytes may be on their way in one direction of one connection, unless its rate and delay need more."""
KERNEL_BYTES: Final = 65_536
"""The proxy's receive buffers. The kernel's default would take megabytes before the sender notices a stall."""
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST


class Direction:
    """What the network does to the bytes of one direction of every connection. A change takes effect at once."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.jitter_s = 0.0
        """Each chunk is delayed by `delay_s` ± `jitter_s`; none overtakes another."""
        self.bytes_per_s = 0.0
        """0: no limit."""
        self.cut_after_bytes: int | None = None
        """Pass so many bytes of each connection, and then cut it."""
        self.cut: Cut = "reset"
        self.passed_bytes = 0
        self._flowing = trio.Event()
        self._flowing.set()

    def update(self, *, delay_s: float | None = None, jitter_s: float | None = None, bytes_per_s: float = 0.0) -> None:
        """Set what is given; a rate that is not given is none."""
        self.delay_s = self.delay_s if delay_s is None else delay_s
        self.jitter_s = self.jitter_s if jitter_s is None else jitter_s
        self.bytes_per_s = bytes_per_s

    def stall(self) -> None:
        """Stop reading, and passing on, until `resume`."""
        self._flowing = trio.Event()

    def resume(self) -> None:
        """Continue after `stall`."""
        self._flowing.set()

    async def flowing(self) -> None:
        """Wait while it is stalled."""
        await self._flowing.wait()

    @property
    def window_bytes(self) -> float:
        """How much may be on its way in one connection."""
        return max(WINDOW_BYTES, self.bytes_per_s * (self.delay_s + self.jitter_s + 0.05))


class FaultProxy:
    """Passes connections on to a port of this machine. Made by `faulty`."""

    def __init__(self, target_port: int, rng: random.Random) -> None:
        self.up = Direction()
        """From the client to the server."""
        self.down = Direction()
        self.accepting = True
        """False: a new connection is closed at once."""
        self.accepted = 0
        self.port = 0
        self._target_port = target_port
        self._rng = rng
        self._connections: list[Connection] = []

    def __len__(self) -> int:
        return len(self._connections)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, self._take, 0, host="127.0.0.1"))
            self.port = listeners[0].socket.getsockname()[1]
            task_status.started()

    def reset_all(self) -> None:
        """Break every connection with a reset, at both ends."""
        for connection in list(self._connections):
            connection.reset()

    def reset_one(self) -> None:
        """Break one connection, chosen at random."""
        if self._connections:
            self._rng.choice(self._connections).reset()

    def vanish_all(self) -> None:
        """Let nothing pass on any connection any more, and notify neither end."""
        for connection in self._connections:
            connection.vanished = True

    def vanish_one(self) -> None:
        """Let nothing pass on one connection any more, chosen at random."""
        if self._connections:
            self._rng.choice(self._connections).vanished = True

    async def _take(self, client: trio.SocketStream) -> None:
        if not self.accepting:
            return
        self.accepted += 1
        try:
            server = await trio.open_tcp_stream("127.0.0.1", self._target_port)
        except OSError:
            return
        for stream in (client, server):
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, server)
        self._connections.append(connection)
        try:
            await connection.run(self)
        finally:
            self._connections.remove(connection)

    def delay_s(self, direction: Direction) -> float:
        """What the next chunk is delayed by."""
        return max(0.0, direction.delay_s + self._rng.uniform(-direction.jitter_s, direction.jitter_s))


class Connection:
    """A client's connection, and the one to the server that goes with it."""

    def __init__(self, client: trio.abc.HalfCloseableStream, server: trio.abc.HalfCloseableStream) -> None:
        self._client = client
        self._server = server
        self.vanished = False

    async def run(self, proxy: FaultProxy) -> None:
        """Pass bytes on in both directions, as the proxy says, until the connection ends."""
        up = _Pipe(self, self._client, self._server, proxy.up, partial(proxy.delay_s, proxy.up))
        down = _Pipe(self, self._server, self._client, proxy.down, partial(proxy.delay_s, proxy.down))
        try:
            async with trio.open_nursery() as nursery:
                for pipe in (up, down):
                    nursery.start_soon(pipe.read)
                    nursery.start_soon(pipe.write)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            self.reset()  # a reset of one end resets the other
        finally:
            await trio.aclose_forcefully(self._client)
            await trio.aclose_forcefully(self._server)

    def reset(self) -> None:
        """End it with a reset, where it runs over sockets."""
        for stream in (self._client, self._server):
            if isinstance(stream, trio.SocketStream) and stream.socket.fileno() != -1:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                stream.socket.close()


class _Pipe:
    """One direction of one connection: read, keep for a while, write."""

    def __init__(
        self,
        connection: Connection,
        source: trio.abc.HalfCloseableStream,
        target: trio.abc.HalfCloseableStream,
        direction: Direction,
        delay_s: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._source = source
        self._target = target
        self._direction = direction
        self._delay_s = delay_s
        self._chunks: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._changed = trio.lowlevel.ParkingLot()
        self._passed_bytes = 0
        self._due_s = 0.0  # of the newest chunk: none overtakes it
        self._free_s = 0.0  # when a direction with a rate has sent all that it was given

    async def read(self) -> None:
        """Take bytes in as long as there is room for them; `b""` marks the end."""
        while True:
            await self._direction.flowing()
            while self._held_bytes > self._direction.window_bytes:
                await self._changed.park()
            data = bytes(await self._source.receive_some(READ_BYTES))
            self._chunks.append((self._due(len(data)), data))
            self._held_bytes += len(data)
            self._changed.unpark_all()
            if not data:
                return

    def _due(self, size: int) -> float:
        """When a chunk that came in now goes out."""
        now_s = trio.current_time()
        rate = self._direction.bytes_per_s
        self._free_s = max(self._free_s, now_s) + (size / rate if rate else 0.0)
        self._due_s = max(self._due_s, self._free_s + self._delay_s())
        return self._due_s

    async def write(self) -> None:
        """Pass chunks on when they are due, until the end of the stream or the cut."""
        while True:
            while not self._chunks:
                await self._changed.park()
            due_s, data = self._chunks.popleft()
            await trio.sleep_until(due_s)
            await self._direction.flowing()
            if self._connection.vanished:
                await trio.sleep_forever()
            if not data or await self._pass(data):
                await self._target.send_eof()
                return

    async def _pass(self, data: bytes) -> bool:
        """Send a chunk, as far as the cut lets it; return whether that half-closed the connection."""
        most = self._direction.cut_after_bytes
        passed = data if most is None else data[: max(0, most - self._passed_bytes)]
        if passed:
            await self._target.send_all(passed)
        self._passed_bytes += len(passed)
        self._direction.passed_bytes += len(passed)
        self._held_bytes -= len(data)
        self._changed.unpark_all()
        cut = most is not None and self._passed_bytes >= most
        if cut and self._direction.cut == "reset":
            self._connection.reset()
            raise trio.ClosedResourceError
        return cut


@asynccontextmanager
async def faulty(target_port: int, *, seed: int = 1) -> AsyncIterator[FaultProxy]:
    """A network without faults yet, before a port of this machine; connections end with the block."""
    proxy = FaultProxy(target_port, random.Random(seed))
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.run)
        try:
            yield proxy
        finally:
            proxy.reset_all()
            nursery.cancel_scope.cancel()
