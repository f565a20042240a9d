"""One WebSocket as a room sees it: gameserver.room.session.LinkHandle on a transport and trio-websocket.

trio-websocket reads (what no room drains), answers pings and shakes hands for the close; messages of ours go to the
transport as whole frames. Every way in which a link can end comes together in `run`, which returns after a bounded
time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

import trio
import trio_websocket

from gameserver.net.poller import SocketTransport
from gameserver.protocol.constants import CloseCode
from gameserver.sync.rate_limit import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.net.poller import RoomPoller
    from gameserver.net.settings import NetLimits
    from gameserver.net.transport import Transport
log = logging.getLogger("gameserver.net")

_ABNORMAL: Final = 1006


class Listener(Protocol):
    """Who gets what a link brings: a Peer of the hub's."""

    def receive(self, data: bytes | str, at_s: float) -> None:
        """One whole message, and when it arrived."""

    def check(self, now_s: float) -> None:
        """It is time to look at the clock."""

    def lost(self, now_s: float, code: int | None) -> None:
        """The link is over; called once."""


class Link:
    """Implements LinkHandle. Its peer is whoever `hub.open` made for it."""

    offer: Callable[..., bool]
    """Take messages whole, or none of them: the transport's own method, since every state goes this way."""

    def __init__(
        self,
        transport: Transport,
        websocket: trio_websocket.WebSocketConnection,
        nursery: trio.Nursery,
        limits: NetLimits,
        room_poller: Callable[[str], RoomPoller | None],
    ) -> None:
        """`room_poller` finds the room's drained links; None: links of that room take the ordinary path."""
        self.transport = transport
        self.offer = transport.offer
        self._websocket = websocket
        self._nursery = nursery
        self._limits = limits
        self._room_pollers = room_poller
        self._partial_frames = TokenBucket(
            limits.max_partial_frames_per_s, limits.max_partial_frames_burst, trio.current_time()
        )
        self._peer: Listener | None = None
        self._life = trio.CancelScope()
        self._over = False
        self._deadline_set = False
        self.close_code: int | None = None
        """Why this side closed the link; None: it did not."""
        transport.on_close_sent = self._set_deadline
        transport.on_partial_frames = self._count_partial_frames

    # -- LinkHandle: called by rooms, never waits --------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now."""
        return self.transport.ready

    def send(self, message: bytes) -> None:
        """Queue a message that must not be lost."""
        if self.transport.queued_bytes > self._limits.max_queued_bytes:
            self.close(CloseCode.TOO_SLOW, f"more than {self._limits.max_queued_bytes} bytes wait to be read")
            return
        self.transport.push(message)

    def close(self, code: int, reason: str) -> None:
        """Begin to close. What was queued before goes out first, if the peer reads it in time."""
        if self._over or self.close_code is not None:
            return
        self.close_code = code
        self.leave_room()
        self.transport.begin_closing()
        self._set_deadline()
        self._nursery.start_soon(self._websocket.aclose, code, reason)

    def join_room(self, room_id: str) -> None:
        """From now on the room of this id drains this link, if room and link can do that."""
        links = self._room_pollers(room_id)
        if links is not None and isinstance(self.transport, SocketTransport) and self.close_code is None:
            self.transport.adopt(links)

    def leave_room(self) -> None:
        """The link reads for itself again."""
        if isinstance(self.transport, SocketTransport):
            self.transport.release()

    # -- the link's own task -----------------------------------------------------------------------------------------

    async def run(self, peer: Listener) -> None:
        """Give `peer` what comes in until the link is over: within the close timeout once either side closes."""
        self._peer = peer
        if isinstance(self.transport, SocketTransport):
            self.transport.deliver = peer.receive
        try:
            with self._life:
                await self._read(peer)
                await self.transport.ended.wait()
        finally:
            self._over = True
            self.leave_room()
            peer.lost(trio.current_time(), self.final_code())

    def check(self, now_s: float) -> None:
        """Have the peer look at its time limits."""
        if self._peer is not None:
            self._peer.check(now_s)

    async def refuse(self, code: CloseCode, reason: str) -> None:
        """Close at once, with a code that a browser can read. No peer ever hears of this link."""
        self.close(code, reason)
        with self._life:
            await self.transport.ended.wait()
        self._over = True

    async def _read(self, peer: Listener) -> None:
        while True:
            try:
                message = await self._websocket.get_message()
            except trio_websocket.ConnectionClosed:
                return
            peer.receive(message, trio.current_time())
            self.transport.delivered()

    def final_code(self) -> int | None:
        """What the link ended with: this side's code, the peer's, or None for a link that broke."""
        if self.close_code is not None:
            return self.close_code
        reason = self._websocket.closed
        return None if reason is None or reason.code == _ABNORMAL else int(reason.code)

    # -- bounds ------------------------------------------------------------------------------------------------------

    def _set_deadline(self) -> None:
        """From now on the link has a bounded time to end."""
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
            self.close(CloseCode.RATE_LIMITED, "too many pings and fragments")
