"""Pages that are dear to make: whoever asks at the same time gets the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.http.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState

KEPT_FOR: Final = 10.0
"""An answer is kept for so many times as long as it took to make: making it takes at most a tenth of the time."""
MAX_KEPT_S: Final = 1.0


class SharedPage:
    """A page that is the same for everyone. It is made once for all who ask while it is made, and kept for a moment."""

    def __init__(self, page: Callable[[ServerState, Head], Response | Awaitable[Response]]) -> None:
        """Share what `page` answers."""
        self._page = page
        self._response: Response | None = None
        self._until_s = 0.0
        self._made: trio.Event | None = None

    async def __call__(self, server: ServerState, head: Head) -> Response:
        """Answer one request."""
        while self._made is not None:
            await self._made.wait()
        if self._response is None or trio.current_time() >= self._until_s:
            self._response = await self._make(server, head)
        return self._response

    async def _make(self, server: ServerState, head: Head) -> Response:
        self._made = trio.Event()
        began_s = trio.current_time()
        try:
            response = self._page(server, head)
            if not isinstance(response, Response):
                response = await response
        finally:
            self._made.set()
            self._made = None
        ended_s = trio.current_time()
        self._until_s = ended_s + min(MAX_KEPT_S, KEPT_FOR * (ended_s - began_s))
        return response
