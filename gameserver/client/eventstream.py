"""A room's events as something to iterate over: `async for event in client.events()`. Bounded, and never with a gap."""

from __future__ import annotations

import trio

from gameserver.client.errors import EventsMissed
from gameserver.protocol import messages as m

MAX_WAITING_EVENTS = 4096
"""Events kept for an `events()` loop that does not come round: as many as the server itself keeps."""


class EventStream:
    """What `Client.events` returns. `close` it, or leave it to the end of the client: it is bounded."""

    def __init__(self, over: trio.Event) -> None:
        self._sender, self._receiver = trio.open_memory_channel[m.Event](MAX_WAITING_EVENTS)
        self._over = over

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> m.Event:
        try:
            return await self._receiver.receive()
        except trio.EndOfChannel:
            if self._over.is_set():
                raise StopAsyncIteration from None
            raise EventsMissed from None
        except trio.ClosedResourceError:
            raise StopAsyncIteration from None

    def put(self, event: m.Event) -> bool:
        """Add an event; return whether the stream goes on to take them."""
        try:
            self._sender.send_nowait(event)
        except trio.WouldBlock:
            self._sender.close()
            return False
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return True

    def end(self) -> None:
        """No more comes; what waits is still delivered."""
        self._sender.close()

    def close(self) -> None:
        """Nobody listens any more."""
        self._sender.close()
        self._receiver.close()
