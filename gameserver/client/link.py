"""One WebSocket of a session, from opening to end: the core is driven over it by three tasks, one that listens, one
that keeps time and one that writes.

Rules kept here: whatever ends the link ends its tasks and its socket, and is returned as a `LinkEnd`; nothing but the
wait for a message is without a bound. Sends never interleave and are never abandoned half-way: one task sends, and when
it is cancelled the socket is closed with it. While a send is stuck, the core goes on ticking, holds input frames back
and drops old ones.

`client_demo/sdk/link.js` is the twin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, HandshakeError
from wsproto.utilities import LocalProtocolError

from gameserver.client.dial import CLOSE_WITHIN_S, NotTrusted
from gameserver.client.session_events import Joined
from gameserver.protocol.constants import Back, CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_websocket import WebSocketConnection

    from gameserver.client.dial import Opener
    from gameserver.client.session_core import SessionCore
    from gameserver.client.session_events import SessionEvent

RETRY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP answers to the upgrade that mean "not now"; any other refusal means "not you" or "not here". A browser does not
show the answer to a page, so the SDK tries again after each."""

MAX_REFUSAL_CHARACTERS = 200
"""As much of the body of a refusal as is kept for the reason."""


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """How a link ended."""

    code: int | None
    """The close code; None for a link that broke or never came up."""
    reason: str
    back: Back | None = None
    """What to do next, where no close code says so."""


class Link:
    """One link. Run it once.

    Args:
        core: The session's core.
        open_socket: Opens the WebSocket.
        on_event: Called with each event of the core, at once, in the link's own task.
    """

    def __init__(self, core: SessionCore, open_socket: Opener, on_event: Callable[[SessionEvent], object]) -> None:
        self._core = core
        self._open = open_socket
        self._on_event = on_event
        self._sending = False
        self._nap = trio.CancelScope()
        self._wake = trio.Event()
        self._joined_at_s: float | None = None

    @property
    def joined_for_s(self) -> float | None:
        """For how long the link has been joined, in seconds; None if it was not."""
        return None if self._joined_at_s is None else trio.current_time() - self._joined_at_s

    def nudge(self) -> None:
        """There is something to send: do not wait for the next tick."""
        self._wake.set()

    async def run(self) -> LinkEnd:
        """Open the WebSocket, drive the core over it until it ends, and return how it did."""
        try:
            async with self._open() as socket:
                return await self._run_tasks(socket)
        except ConnectionRejected as refused:
            text = (refused.body or b"").decode("utf-8", "replace").strip()[:MAX_REFUSAL_CHARACTERS]
            back: Back | None = None if refused.status_code in RETRY_STATUSES else "no"
            return LinkEnd(None, f"HTTP {refused.status_code} {text}".strip(), back)
        except (HandshakeError, OSError) as error:
            return LinkEnd(None, str(error) or type(error).__name__, "no" if isinstance(error, NotTrusted) else None)

    async def _run_tasks(self, socket: WebSocketConnection) -> LinkEnd:
        self._core.opened(trio.current_time())
        ends: list[LinkEnd] = []
        async with trio.open_nursery() as nursery:
            for task in (self._listen, self._keep_time, self._write_loop):
                nursery.start_soon(self._until_end, task, socket, ends, nursery.cancel_scope)
        return ends[0]

    async def _until_end(
        self,
        task: Callable[[WebSocketConnection], Awaitable[None]],
        socket: WebSocketConnection,
        ends: list[LinkEnd],
        scope: trio.CancelScope,
    ) -> None:
        """Run a task of the link; when it finds that the link has ended, end the others too."""
        try:
            await task(socket)
        except ConnectionClosed as closed:
            ends.append(_end_of(closed))
        except LocalProtocolError:  # a send met the server's close
            ends.append(_end_of(ConnectionClosed(socket.closed)))
        except ProtocolError as error:
            ends.append(LinkEnd(int(error.code), error.reason))
            with trio.move_on_after(CLOSE_WITHIN_S):
                await socket.aclose(int(error.code), error.reason)
        scope.cancel()

    async def _listen(self, socket: WebSocketConnection) -> None:
        """Take the server's messages."""
        while True:
            data = await socket.get_message()
            now_s = trio.current_time()
            for event in self._core.receive(data, now_s):
                if isinstance(event, Joined):
                    self._joined_at_s = now_s
                    self._nap.cancel()  # the first tick is due now
                self._on_event(event)
            if self._core.has_messages:
                self._wake.set()

    async def _keep_time(self, _: WebSocketConnection) -> None:
        """Run the core's ticks when they are due."""
        while True:
            for event in self._core.tick(trio.current_time(), busy=self._sending):
                self._on_event(event)
            if self._core.has_messages:
                self._wake.set()
            with trio.CancelScope(deadline=self._core.next_at_s) as self._nap:
                await trio.sleep_forever()

    async def _write_loop(self, socket: WebSocketConnection) -> None:
        """Send what waits, in order, one message at a time."""
        while True:
            self._wake = trio.Event()
            while (message := self._core.next_message(trio.current_time())) is not None:
                self._sending = True
                await socket.send_message(message)
                self._sending = False
            await self._wake.wait()


def _end_of(closed: ConnectionClosed) -> LinkEnd:
    reason = closed.reason
    if reason is None or reason.code == CloseCode.LINK_LOST:
        return LinkEnd(None, "the link broke")
    return LinkEnd(int(reason.code), reason.reason or reason.name)
