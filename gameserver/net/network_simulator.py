"""Added latency, for development: whatever client one tries, its link is as slow as was asked for, in both directions.

`Lag` says how slow, `NetworkSimulator` when a piece comes out, and `SimulatedStream` is a stream that holds back what
goes through it. Only links are slowed down, not pages. A link that is takes the ordinary path: no room drains it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    import random

READ_BYTES: Final = 4_096
MAX_HELD_BYTES: Final = 262_144
"""What is on its way in one direction. Beyond it no more is taken, as on a network whose buffers are full."""

MAX_S: Final = 3600.0
"""Longer is a mistake, and infinity is no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How slow a link is. Times are added in each direction, on top of the network's own."""

    lag_s: float = 0.0
    jitter_s: float = 0.0
    """Each piece takes up to so much more or less. Order is kept, as TCP keeps it."""
    stall_s: float = 0.0
    """For so long nothing arrives; then all of it at once."""
    stall_every_s: float = 0.0
    """From the beginning of one stall to the next; 0: none."""

    def __post_init__(self) -> None:
        """Raises ValueError for what makes no sense."""
        times = (self.lag_s, self.jitter_s, self.stall_s, self.stall_every_s)
        if not all(0.0 <= time_s <= MAX_S for time_s in times):
            raise ValueError(f"times are from 0 to {MAX_S:g} seconds")
        if (self.stall_s > 0.0) != (self.stall_every_s > 0.0) or self.stall_s > self.stall_every_s:
            raise ValueError("a stall is MS/EVERY_S, such as 500/10 for half a second every ten")

    def __str__(self) -> str:
        ways = f"{self.lag_s * 1000:g} ± {self.jitter_s * 1000:g} ms each way"
        if not self.stall_every_s:
            return ways
        return f"{ways}, and a stall of {self.stall_s * 1000:g} ms every {self.stall_every_s:g} s"


def read_lag(lag_ms: float, jitter_ms: float, stall: str | None) -> Lag | None:
    """Return what a command line asks for, None for no lag; `stall` is MS/EVERY_S, as 500/10. Raises ValueError."""
    stall_ms, slash, every_s = (stall or "0/0").partition("/")
    try:
        lag = Lag(
            lag_s=lag_ms / 1000,
            jitter_s=jitter_ms / 1000,
            stall_s=float(stall_ms) / 1000,
            stall_every_s=float(every_s) if slash else 0.0,
        )
    except ValueError as error:
        raise ValueError(f"lag {lag_ms:g}, jitter {jitter_ms:g}, stall {stall or 'none'}: {error}") from None
    return None if lag == Lag() else lag


class NetworkSimulator:
    """When what goes through one direction of a link comes out. Pure: times and randomness are arguments."""

    def __init__(self, lag: Lag, rng: random.Random, began_s: float) -> None:
        """`began_s`: when the link came up, from which its stalls are counted; the first is `stall_every_s` later."""
        self._lag = lag
        self._random = rng
        self._began_s = began_s
        self._last_s = began_s

    def out_at_s(self, now_s: float) -> float:
        """When a piece comes out that goes in now: never before the piece in front of it."""
        lag = self._lag
        takes_s = max(0.0, lag.lag_s + self._random.uniform(-lag.jitter_s, lag.jitter_s))
        self._last_s = self._after_stall(max(self._last_s, now_s + takes_s))
        return self._last_s

    def _after_stall(self, at_s: float) -> float:
        every_s = self._lag.stall_every_s
        if not every_s or at_s - self._began_s < every_s:
            return at_s
        into_s = (at_s - self._began_s) % every_s
        return at_s if into_s >= self._lag.stall_s else at_s - into_s + self._lag.stall_s


class _Way:
    """One direction: pieces on their way, oldest first, each with the time at which it comes out."""

    def __init__(self, line: NetworkSimulator) -> None:
        self._line = line
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._changed = trio.lowlevel.ParkingLot()

    async def put(self, data: bytes) -> None:
        """Send a piece on its way; waits while too much is. An empty piece is the end."""
        while self._held_bytes > MAX_HELD_BYTES:
            await self._changed.park()
        self._pieces.append((self._line.out_at_s(trio.current_time()), data))
        self._held_bytes += len(data)
        self._changed.unpark_all()
        await trio.lowlevel.checkpoint()

    async def first(self) -> bytes:
        """Return the oldest piece once it is due; it stays until `taken`."""
        while not self._pieces:
            await self._changed.park()
        await trio.sleep_until(self._pieces[0][0])
        return self._pieces[0][1]

    def taken(self) -> None:
        """The oldest piece is out."""
        self._held_bytes -= len(self._pieces.popleft()[1])
        self._changed.unpark_all()

    async def emptied(self) -> None:
        """Return when nothing is on its way."""
        while self._pieces:
            await self._changed.park()


class SimulatedStream(trio.abc.Stream):
    """A stream behind a slow network. `carry` must run as long as it is used."""

    def __init__(self, stream: trio.abc.Stream, lag: Lag, rng: random.Random) -> None:
        now_s = trio.current_time()
        self._stream = stream
        self._in = _Way(NetworkSimulator(lag, rng, now_s))
        self._out = _Way(NetworkSimulator(lag, rng, now_s))
        self._broken = False

    async def carry(self) -> None:
        """Move bytes in both directions, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._carry_in)
            nursery.start_soon(self._carry_out)

    async def _carry_in(self) -> None:
        data = b"more"
        while data:
            try:
                data = bytes(await self._stream.receive_some(READ_BYTES))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._broken = True
                data = b""
            await self._in.put(data)

    async def _carry_out(self) -> None:
        while True:
            data = await self._out.first()
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._broken = True
            self._out.taken()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes on their way. Raises BrokenResourceError when the stream is known to be broken."""
        if self._broken:
            raise trio.BrokenResourceError("the stream is gone")
        if data:
            await self._out.put(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        """Return: a network takes what it is given."""
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return a piece that has arrived, which may be larger than `max_bytes`; `b""` at the end. Raises
        BrokenResourceError."""
        data = await self._in.first()
        if data:
            self._in.taken()
        elif self._broken:
            raise trio.BrokenResourceError("the stream is gone")
        return data

    async def flushed(self) -> None:
        """Return when all that was sent has left."""
        await self._out.emptied()

    async def aclose(self) -> None:
        """Close the stream; what is on its way is lost."""
        await self._stream.aclose()
