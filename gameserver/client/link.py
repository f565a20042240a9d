"""One WebSocket of a client, from opening to end: the core is driven over it by two tasks, one that listens and one
that keeps time.

Rules kept here: whatever ends the link ends its tasks and its socket, and is told as a `LinkEnd`; nothing waits
without a bound but for a message. Sends never interleave and are never given up half-way: only the link's own tasks
send, one at a time, and when they are cancelled the socket goes with them. While a send is stuck, the outbox sheds
old input frames.
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

STEADY_AFTER_S = 1.0
"""A link that has been joined for so long has proved to hold, and the next loss counts as a first one."""

RETRY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP answers to the upgrade that say "not now"; any other refusal says "not you" or "not here"."""


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """How a link ended: closed with `code`, or broken or never up (None). `back` says what to do where no code does."""

    code: int | None
    reason: str
    back: Back | None = None


class Link:
    """Run it once. `on_event` is told what comes of each message, at once, in the link's own task."""

    def __init__(self, core: SessionCore, open_socket: Opener, on_event: Callable[[SessionEvent], object]) -> None:
        self._core = core
        self._open = open_socket
        self._on_event = on_event
        self._socket: WebSocketConnection | None = None
        self._sending = False
        self._joined = trio.Event()
        self._nap = trio.CancelScope()
        self.joined_at_s: float | None = None

    @property
    def held(self) -> bool:
        """Whether the link has been joined for so long that it counts as good."""
        return self.joined_at_s is not None and trio.current_time() - self.joined_at_s >= STEADY_AFTER_S

    def nudge(self) -> None:
        """There is something to send: do not wait for the next tick."""
        self._nap.cancel()

    async def run(self) -> LinkEnd:
        """Open the WebSocket, drive the core over it until it ends, and return how it did."""
        try:
            async with self._open() as socket:
                self._socket = socket
                return await self._talk(socket)
        except ConnectionRejected as refused:
            text = (refused.body or b"").decode("utf-8", "replace").strip()[:200]
            back: Back | None = None if refused.status_code in RETRY_STATUSES else "no"
            return LinkEnd(None, f"HTTP {refused.status_code} {text}".strip(), back)
        except (HandshakeError, OSError) as error:
            return LinkEnd(None, str(error) or type(error).__name__, "no" if isinstance(error, NotTrusted) else None)

    async def _talk(self, socket: WebSocketConnection) -> LinkEnd:
        self._core.opened(trio.current_time())
        ends: list[LinkEnd] = []
        async with trio.open_nursery() as nursery:
            for task in (self._listen, self._keep_time):
                nursery.start_soon(self._until_end, task, socket, ends, nursery.cancel_scope)
        return ends[0]

    async def _until_end(
        self,
        task: Callable[[WebSocketConnection], Awaitable[None]],
        socket: WebSocketConnection,
        ends: list[LinkEnd],
        scope: trio.CancelScope,
    ) -> None:
        """Run a task of the link; when it finds that the link is over, the other one is too."""
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
        await self._flush(socket)
        while True:
            data = await socket.get_message()
            now_s = trio.current_time()
            for event in self._core.receive(data, now_s):
                if isinstance(event, Joined):
                    self.joined_at_s = now_s
                    self._joined.set()
                self._on_event(event)
            await self._flush(socket)

    async def _keep_time(self, socket: WebSocketConnection) -> None:
        """Run the client's ticks when they are due. Before WELCOME there is nothing to do but to notice that it does
        not come.
        """
        with trio.move_on_at(self._core.next_at_s):
            await self._joined.wait()
        while True:
            for event in self._core.tick(trio.current_time()):
                self._on_event(event)
            await self._flush(socket)
            with trio.CancelScope(deadline=self._core.next_at_s) as self._nap:
                await trio.sleep_forever()

    async def _flush(self, socket: WebSocketConnection) -> None:
        """Send what waits. One task sends at a time; what comes up meanwhile is sent by it too, in order."""
        if self._sending:
            return
        self._sending = True
        try:
            while len(self._core.outbox):
                await socket.send_message(self._core.outbox.take_one())
        finally:
            self._sending = False


def _end_of(closed: ConnectionClosed) -> LinkEnd:
    reason = closed.reason
    if reason is None or reason.code == CloseCode.LINK_LOST:
        return LinkEnd(None, "the link broke")
    return LinkEnd(int(reason.code), reason.reason or reason.name)
