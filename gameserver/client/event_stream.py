"""A room's events as something to iterate over: `async for event in session.events()`. Bounded, and without gaps.

No twin in the SDK: a page is given its events one by one, as calls of a handler.
"""

from __future__ import annotations

import trio

from gameserver.client.errors import EventsMissed
from gameserver.protocol import messages as m

MAX_WAITING_EVENTS = 4096
"""Events kept for a loop over `Session.events()` that is behind: as many as the server itself keeps."""


class EventStream:
    """A room's events as something to iterate over; made by `Session.events`. It is bounded, so a stream that is
    not read costs little; `close` frees it at once.

    Args:
        ended: Set when the session has ended.
    """

    def __init__(self, ended: trio.Event) -> None:
        self._sender, self._receiver = trio.open_memory_channel[m.Event](MAX_WAITING_EVENTS)
        self._ended = ended

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> m.Event:
        """Wait for the next event.

        Returns:
            The event.

        Raises:
            StopAsyncIteration: The session has ended, or the stream was closed.
            EventsMissed: Events are missing from here on: the loop fell too far behind, or the room no longer held
                those of the time without a link.
        """
        try:
            return await self._receiver.receive()
        except trio.EndOfChannel:
            if self._ended.is_set():
                raise StopAsyncIteration from None
            raise EventsMissed from None
        except trio.ClosedResourceError:
            raise StopAsyncIteration from None

    def put(self, event: m.Event) -> bool:
        """Add an event.

        Args:
            event: The event.

        Returns:
            Whether the stream goes on to take events.
        """
        try:
            self._sender.send_nowait(event)
        except trio.WouldBlock:
            self._sender.close()
            return False
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return True

    def end(self) -> None:
        """No more events come; those that wait can still be read."""
        self._sender.close()

    def close(self) -> None:
        """Stop taking events, and drop those that wait."""
        self._sender.close()
        self._receiver.close()
