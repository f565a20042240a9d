"""Keeps a session connected: one link after the other, with back-off in between, until the session ends.

`client_demo/sdk/connector.js` is the twin. A page also learns when the network or the tab is back, and tries again
at once; a program learns no such thing, and waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

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
    from gameserver.client.token import Token
    from gameserver.protocol.constants import Back

LEAVE_WITHIN_S: Final = 5.0
"""For so long a server may be too busy to answer LEAVE. A link that is cut before keeps its seat for the grace time."""


class Connector:
    """Runs the links of one session.

    Args:
        core: The session's core.
        open_socket: Opens a WebSocket.
        backoff: The waits between attempts.
        on_event: Called with each event of the core, at once.
        on_status: Called with each change of status but the last.
        reconnect: Whether there are more attempts after the first link has ended.
        token: What the links are opened with, where the server asks for one.
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
        token: Token,
    ) -> None:
        self._core = core
        self._open = open_socket
        self._backoff = backoff
        self._on_event = on_event
        self._on_status = on_status
        self._reconnect = reconnect
        self._token = token
        self._has_joined = False
        self._link: Link | None = None
        self._ended = trio.Event()

    def nudge(self) -> None:
        """There is something to send: do not wait for the next tick."""
        if self._link is not None:
            self._link.nudge()

    async def leave(self) -> None:
        """Leave for good, and wait until the server has closed the link, for five seconds at most."""
        self._reconnect = False
        if self._core.phase is not Phase.DOWN:  # also between MOVED and the WELCOME of the next room
            self._core.leave()
            self.nudge()
            with trio.move_on_after(LEAVE_WITHIN_S):
                await self._ended.wait()

    async def run(self) -> LinkEnd:
        """Run links until the session ends; return how the last one ended."""
        try:
            while True:
                end = await self._run_link()
                back = end.back or self._core.lost(end.code)
                if not self._comes_back(back):
                    return end
                # The same token would be refused again.
                await self._wait(end, for_token=back == "token" and self._token.is_used_up)
        finally:
            self._ended.set()

    def _comes_back(self, back: Back) -> bool:
        """Whether there is another attempt. A session that has never joined has nobody yet who could set its token."""
        if back == "no" or not self._reconnect:
            return False
        if back != "token":
            return True
        return self._token.source is not None and (self._has_joined or not self._token.is_used_up)

    async def _wait(self, end: LinkEnd, *, for_token: bool) -> None:
        """Wait until the next attempt is due, or until there is a new token."""
        wait_s = self._backoff.next_s(end.reason)
        retry_in_s = None if for_token else wait_s
        self._on_status(Status(SessionState.WAITING, end.code, end.reason, self._backoff.attempts, retry_in_s))
        if for_token:
            await self._token.wait_until_new()
        else:
            await trio.sleep(wait_s)

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
            self._has_joined = True
            self._on_status(Status(SessionState.JOINED))
        self._on_event(event)
