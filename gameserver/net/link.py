"""One WebSocket as a room uses it: gameserver.room.session.LinkHandle on a transport and trio-websocket.

trio-websocket reads what no poller takes, answers pings and does the closing handshake; messages to the client go to
the transport as whole frames. However a link ends, `Link.run` returns, within a bounded time.
"""

from __future__ import annotations

import logging
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

import trio
import trio_websocket

from gameserver.net.http.auth import TOKEN_EXPIRED
from gameserver.net.socket_transport import SocketTransport
from gameserver.protocol.constants import CloseCode
from gameserver.sync.token_bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.native import InputHandler
    from gameserver.net.poller import RoomPoller
    from gameserver.net.settings import NetLimits
    from gameserver.net.transport import Transport

log = logging.getLogger("gameserver.net")

_ABNORMAL: Final = 1006


class Receiver(Protocol):
    """What a link calls of its Peer (gameserver.hub.peer). All times are seconds on trio's clock."""

    @property
    def input_handler(self) -> InputHandler | None:
        """Handles INPUTs as `receive` does, natively; None: there is none."""

    def receive(self, data: bytes | str, at_s: float) -> None:
        """Handle one whole message that arrived at `at_s`."""

    def check(self, now_s: float) -> None:
        """Apply time limits."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the link for a reason of the link's own, and take no more messages."""

    def lost(self, now_s: float, code: int | None) -> None:
        """Handle the end of the link, once. `code` is the close code; None: the connection broke."""


class Link:
    """Implements LinkHandle."""

    offer: Callable[..., bool]
    """`offer(*messages)` takes all of these messages and returns True, or none and returns False. It is the transport's
    own method, which saves a call for every snapshot.
    """

    def __init__(
        self,
        transport: Transport,
        websocket: trio_websocket.WebSocketConnection,
        nursery: trio.Nursery,
        limits: NetLimits,
        poller_of_room: Callable[[str], RoomPoller | None],
    ) -> None:
        """Make the link of a WebSocket that is up.

        Args:
            transport: carries the link's bytes.
            websocket: speaks on `transport`.
            nursery: runs the tasks that close the link; it must outlive `run`.
            limits: the operator's.
            poller_of_room: returns a room's poller by the room's id, or None: its links take the ordinary path.
        """
        self.transport = transport
        self.offer = transport.offer
        self.writer = transport.writer if isinstance(transport, SocketTransport) else None
        """Writes STATEs natively; None: `offer` does it."""
        self._websocket = websocket
        self._nursery = nursery
        self._limits = limits
        self._poller_of_room = poller_of_room
        self._partial_frames = TokenBucket(
            limits.max_partial_frames_per_s, limits.max_partial_frames_burst, trio.current_time()
        )
        self._peer: Receiver | None = None
        self._life = trio.CancelScope()
        self._over = False
        self._deadline_set = False
        self.expires_at_s = inf
        """When the link is closed because its token has expired, on trio's clock."""
        self.close_code: int | None = None
        """The code with which this side closed the link; None: it has not."""
        transport.on_close_sent = self._set_deadline
        transport.on_partial_frames = self._count_partial_frames

    @property
    def traffic(self) -> Transport:
        """What counts the link's bytes and messages."""
        return self.transport

    # -- LinkHandle: called by rooms; never waits --------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now."""
        return self.transport.ready

    def send(self, *messages: bytes) -> None:
        """Queue messages that must not be lost. A client that leaves too much unread is closed with TOO_SLOW."""
        if self.transport.queued_bytes > self._limits.max_queued_bytes:
            self._cut_off(CloseCode.TOO_SLOW, f"more than {self._limits.max_queued_bytes} bytes are unread")
            return
        self.transport.push(*messages)

    def close(self, code: int, reason: str) -> None:
        """Begin to close. Messages queued before leave first, if the client reads them in time."""
        if self._over or self.close_code is not None:
            return
        self.close_code = code
        self.stop_polling()
        self.transport.begin_closing()
        self._set_deadline()
        self._nursery.start_soon(self._websocket.aclose, code, reason)

    def _cut_off(self, code: CloseCode, reason: str) -> None:
        """Close for a reason that the peer does not know yet: it counts and logs that."""
        if self._peer is not None:
            self._peer.close(code, reason)
        self.close(code, reason)

    def start_polling(self, room_id: str) -> None:
        """Have the room of this id poll the link from now on, if room and link can do that."""
        if not isinstance(self.transport, SocketTransport):
            return
        self.transport.wait_turn = None
        poller = self._poller_of_room(room_id)
        if poller is not None and self.close_code is None:
            self.transport.attach(poller)

    def stop_polling(self) -> None:
        """Have the link's own task read it again."""
        if isinstance(self.transport, SocketTransport):
            self.transport.detach()

    # -- the link's own task -----------------------------------------------------------------------------------------

    async def run(self, peer: Receiver) -> None:
        """Pass what comes in to `peer`, and return when the link is over: within `close_timeout_s` once either side
        closes.
        """
        self._peer = peer
        if isinstance(self.transport, SocketTransport):
            self.transport.receive = peer.receive
            if self.transport.reader is not None:
                self.transport.reader.inputs = peer.input_handler
            self.transport.use_writer()
        try:
            with self._life:
                await self._read(peer)
                await self.transport.ended.wait()
        finally:
            self._end()
            peer.lost(trio.current_time(), self.final_code())

    def check(self, now_s: float) -> None:
        """Apply the time limits of the link's token and of the peer."""
        if now_s >= self.expires_at_s:
            self._cut_off(CloseCode.UNAUTHORIZED, TOKEN_EXPIRED)
        if self._peer is not None:
            self._peer.check(now_s)

    async def refuse(self, code: CloseCode, reason: str) -> None:
        """Close a link that has no peer, with a code that a browser can read, and return when it is over."""
        self.close(code, reason)
        with self._life:
            await self.transport.ended.wait()
        self._end()

    def _end(self) -> None:
        """Leave the room, and cut the references in a circle: link and peer, link and transport. Thousands of links may
        come and go, and the garbage collector, which would have to find them, halts every room."""
        self._over = True
        self.stop_polling()
        self._peer = None
        self.transport.forget_link()

    async def _read(self, peer: Receiver) -> None:
        while True:
            try:
                message = await self._websocket.get_message()
            except trio_websocket.ConnectionClosed:
                return
            peer.receive(message, trio.current_time())
            self.transport.note_returned()

    def final_code(self) -> int | None:
        """Return the code with which the link ended: this side's or the client's; None: the connection broke."""
        if self.close_code is not None:
            return self.close_code
        reason = self._websocket.closed
        return None if reason is None or reason.code == _ABNORMAL else int(reason.code)

    # -- bounds ------------------------------------------------------------------------------------------------------

    def _set_deadline(self) -> None:
        """Bound the time that the link may still take to end."""
        if not self._deadline_set and not self._over:
            self._deadline_set = True
            self._nursery.start_soon(self._end_by_deadline)

    async def _end_by_deadline(self) -> None:
        with trio.move_on_after(self._limits.close_timeout_s):
            await self.transport.ended.wait()
        self.transport.fail()
        self._life.cancel()

    def _count_partial_frames(self, count: int) -> None:
        if not self._partial_frames.take(count, trio.current_time()):
            self._cut_off(CloseCode.RATE_LIMITED, "too many pings and fragments")
