"""Spreads what strangers cause over the rounds of the event loop, so that ticks have their turn in between."""

from __future__ import annotations

import trio


class Turnstile:
    """Lets one task of those that wait pass in each round of the event loop, in the order in which they came.

    A round runs every task that can go on, and a tick that has become due waits for its end. With hundreds of requests
    in one round that takes tens of milliseconds; with one, about half of one.
    """

    def __init__(self) -> None:
        """Let tasks pass from now on."""
        self._lock = trio.Lock()

    async def wait_turn(self) -> None:
        """Return when this task may pass."""
        async with self._lock:  # trio passes a lock on in the next round
            pass


class PacedStream(trio.abc.Stream):
    """A stream whose reader waits for its turn before it gets what has come, while the stream is `paced`."""

    def __init__(self, below: trio.abc.Stream, turnstile: Turnstile) -> None:
        """Read from `below`."""
        self._below = below
        self._turnstile = turnstile
        self.paced = True

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Return what has come, in this task's turn; see `trio.abc.ReceiveStream`."""
        data = await self._below.receive_some(max_bytes)
        if self.paced:
            await self._turnstile.wait_turn()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data`; see `trio.abc.SendStream`."""
        await self._below.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """See `trio.abc.SendStream`."""
        await self._below.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._below.aclose()
