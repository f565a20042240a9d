"""Keeps a session connected: one link after the other, with back-off in between, until the session ends.

`client_demo/sdk/connector.js` is the twin. A page also learns when the network or the tab is back, and tries again
at once; a program learns no such thing, and waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from gameserver.client.dial import CLOSE_WITHIN_S
from gameserver.client.link import Link
from gameserver.client.session_core import Phase
from gameserver.client.session_events import Joined, SessionState, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.backoff import Backoff
    from gameserver.client.dial import Opener
    from gameserver.client.link import LinkEnd
    from gameserver.client.session_core import SessionCore
    from gameserver.client.session_events import SessionEvent


class Connector:
    """Runs the links of one session.

    Args:
        core: The session's core.
        open_socket: Opens a WebSocket.
        backoff: The waits between attempts.
        on_event: Called with each event of the core, at once.
        on_status: Called with each change of status but the last.
        reconnect: Whether there are more attempts after the first link has ended.
    """

    def __init__(
        self,
        core: SessionCore,
        open_socket: Opener,
        backoff: Backoff,
        *,
        on_event: Callable[[SessionEvent], object],
        on_status: Callable[[Status], object],
        reconnect: bool,
    ) -> None:
        self._core = core
        self._open = open_socket
        self._backoff = backoff
        self._on_event = on_event
        self._on_status = on_status
        self._reconnect = reconnect
        self._link: Link | None = None
        self._ended = trio.Event()

    def nudge(self) -> None:
        """There is something to send: do not wait for the next tick."""
        if self._link is not None:
            self._link.nudge()

    async def leave(self) -> None:
        """Leave for good, and wait until the server has closed the link, for a second at most."""
        self._reconnect = False
        if self._core.phase is Phase.JOINED:
            self._core.leave()
            self.nudge()
            with trio.move_on_after(CLOSE_WITHIN_S):
                await self._ended.wait()

    async def run(self) -> LinkEnd:
        """Run links until the session ends; return how the last one ended."""
        try:
            while True:
                end = await self._run_link()
                back = end.back or self._core.lost(end.code)
                if back == "no" or not self._reconnect:
                    return end
                wait_s = self._backoff.next_s(end.reason)
                attempt = self._backoff.attempts
                self._on_status(Status(SessionState.WAITING, end.code, end.reason, attempt, wait_s))
                await trio.sleep(wait_s)
        finally:
            self._ended.set()

    async def _run_link(self) -> LinkEnd:
        self._on_status(Status(SessionState.CONNECTING))
        self._link = link = Link(self._core, self._open, self._take)
        try:
            end = await link.run()
        finally:
            self._link = None
        self._backoff.link_ended(end.code, link.joined_for_s)
        return end

    def _take(self, event: SessionEvent) -> None:
        if isinstance(event, Joined):
            self._on_status(Status(SessionState.JOINED))
        self._on_event(event)
