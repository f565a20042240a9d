"""Added latency, for development: it slows down the links of all clients, in both directions.

`NetworkConditions` are the delays, `NetworkSimulator` computes when each piece of data arrives, and `SimulatedStream`
is a stream that delays what goes through it. Only links are slowed down, not pages. Such a link takes the ordinary
path: no room polls it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    import random

READ_BYTES: Final = 4_096
MAX_HELD_BYTES: Final = 262_144
"""Bytes on their way in one direction. Senders wait while there are more, as on a network whose buffers are full."""

MAX_S: Final = 3600.0
"""Longer times are taken for mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConditions:
    """The delays of a link, in each direction, on top of the real network's."""

    lag_s: float = 0.0
    """Latency added to each piece of data."""
    jitter_s: float = 0.0
    """By how much the latency varies, up and down. Pieces keep their order, as with TCP."""
    stall_s: float = 0.0
    """How long a stall lasts: nothing arrives during it, and everything at its end."""
    stall_every_s: float = 0.0
    """From the beginning of one stall to the next; 0: there are no stalls."""

    def __post_init__(self) -> None:
        """Check the times.

        Raises:
            ValueError: a time is out of range, or a stall is longer than the time between two.
        """
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


def read_conditions(lag_ms: float, jitter_ms: float, stall: str | None) -> NetworkConditions | None:
    """Read the options of a command line.

    Args:
        lag_ms: latency in each direction, in milliseconds.
        jitter_ms: by how much it varies, in milliseconds.
        stall: MS/EVERY_S, such as 500/10; None: no stalls.

    Returns:
        The conditions; None if nothing is slowed down.

    Raises:
        ValueError: an option makes no sense; the message says what to write.
    """
    stall_ms, slash, every_s = (stall or "0/0").partition("/")
    try:
        conditions = NetworkConditions(
            lag_s=lag_ms / 1000,
            jitter_s=jitter_ms / 1000,
            stall_s=float(stall_ms) / 1000,
            stall_every_s=float(every_s) if slash else 0.0,
        )
    except ValueError as error:
        raise ValueError(f"lag {lag_ms:g}, jitter {jitter_ms:g}, stall {stall or 'none'}: {error}") from None
    return None if conditions == NetworkConditions() else conditions


class NetworkSimulator:
    """Computes when data arrives that is sent in one direction of a link. Times and randomness are arguments."""

    def __init__(self, conditions: NetworkConditions, rng: random.Random, began_s: float) -> None:
        """Begin at `began_s`, when the link came up; its first stall is `stall_every_s` later."""
        self._conditions = conditions
        self._random = rng
        self._began_s = began_s
        self._last_s = began_s

    def arrival_s(self, now_s: float) -> float:
        """Return when a piece arrives that is sent at `now_s`; never before the piece sent before it."""
        conditions = self._conditions
        takes_s = max(0.0, conditions.lag_s + self._random.uniform(-conditions.jitter_s, conditions.jitter_s))
        self._last_s = self._after_stall(max(self._last_s, now_s + takes_s))
        return self._last_s

    def _after_stall(self, at_s: float) -> float:
        every_s = self._conditions.stall_every_s
        if not every_s or at_s - self._began_s < every_s:
            return at_s
        into_s = (at_s - self._began_s) % every_s
        return at_s if into_s >= self._conditions.stall_s else at_s - into_s + self._conditions.stall_s


class _Direction:
    """The pieces on their way in one direction, oldest first, each with the time at which it arrives."""

    def __init__(self, simulator: NetworkSimulator) -> None:
        self._simulator = simulator
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._changed = trio.lowlevel.ParkingLot()

    async def put(self, data: bytes) -> None:
        """Add a piece, after waiting until less than MAX_HELD_BYTES are on their way. An empty piece is the end."""
        while self._held_bytes > MAX_HELD_BYTES:
            await self._changed.park()
        self._pieces.append((self._simulator.arrival_s(trio.current_time()), data))
        self._held_bytes += len(data)
        self._changed.unpark_all()
        await trio.lowlevel.checkpoint()

    async def first(self) -> bytes:
        """Wait until the oldest piece arrives, and return it; it stays until `remove_first`."""
        while not self._pieces:
            await self._changed.park()
        await trio.sleep_until(self._pieces[0][0])
        return self._pieces[0][1]

    def remove_first(self) -> None:
        """Remove the oldest piece."""
        self._held_bytes -= len(self._pieces.popleft()[1])
        self._changed.unpark_all()

    async def wait_until_empty(self) -> None:
        """Return when nothing is on its way."""
        while self._pieces:
            await self._changed.park()


class SimulatedStream(trio.abc.Stream):
    """A stream behind a simulated network. `carry` must run as long as it is used."""

    def __init__(self, stream: trio.abc.Stream, conditions: NetworkConditions, rng: random.Random) -> None:
        """Delay what goes through `stream`, both ways."""
        now_s = trio.current_time()
        self._stream = stream
        self._in = _Direction(NetworkSimulator(conditions, rng, now_s))
        self._out = _Direction(NetworkSimulator(conditions, rng, now_s))
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
            self._out.remove_first()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; they leave later.

        Raises:
            trio.BrokenResourceError: the stream broke before.
        """
        if self._broken:
            raise trio.BrokenResourceError("the stream is broken")
        if data:
            await self._out.put(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        """Return at once."""
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for the next piece and return it.

        Args:
            max_bytes: ignored; a piece has at most READ_BYTES.

        Returns:
            The piece; `b""` at the end of the stream.

        Raises:
            trio.BrokenResourceError: the stream is broken.
        """
        data = await self._in.first()
        if data:
            self._in.remove_first()
        elif self._broken:
            raise trio.BrokenResourceError("the stream is broken")
        return data

    async def wait_until_sent(self) -> None:
        """Return when all bytes have left."""
        await self._out.wait_until_empty()

    async def aclose(self) -> None:
        """Close the stream; bytes that are on their way are lost."""
        await self._stream.aclose()
