"""One WebSocket as a room sees it: gameserver.room.link.LinkHandle on a channel and trio-websocket.

trio-websocket reads (what no room drains), answers pings and shakes hands for the close; messages of ours go to the
channel as whole frames. Every way in which a link can end comes together in `run`, which returns after a bounded time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

import trio
import trio_websocket

from gameserver.net.drain import SocketChannel
from gameserver.protocol.constants import CloseCode
from gameserver.sync.flow import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.net.drain import RoomLinks
    from gameserver.net.settings import NetLimits
    from gameserver.net.transport import Channel
log = logging.getLogger("gameserver.net")

_ABNORMAL: Final = 1006


class Listener(Protocol):
    """Who gets what a link brings: a Guest of the hub's."""

    def receive(self, data: bytes | str, at_s: float) -> None:
        """One whole message, and when it arrived."""

    def check(self, now_s: float) -> None:
        """It is time to look at the clock."""

    def lost(self, now_s: float, code: int | None) -> None:
        """The link is over; called once."""


class Link:
    """Implements LinkHandle. Its guest is whoever `hub.open` made for it."""

    offer: Callable[..., bool]
    """Take messages whole, or none of them: the channel's own method, since every state goes this way."""

    def __init__(
        self,
        channel: Channel,
        websocket: trio_websocket.WebSocketConnection,
        nursery: trio.Nursery,
        limits: NetLimits,
        room_links: Callable[[str], RoomLinks | None],
    ) -> None:
        """`room_links` finds the room's drained links; None: links of that room take the ordinary path."""
        self.channel = channel
        self.offer = channel.offer
        self._websocket = websocket
        self._nursery = nursery
        self._limits = limits
        self._room_links = room_links
        self._partial_frames = TokenBucket(
            limits.max_partial_frames_per_s, limits.max_partial_frames_burst, trio.current_time()
        )
        self._guest: Listener | None = None
        self._life = trio.CancelScope()
        self._over = False
        self._deadline_set = False
        self.close_code: int | None = None
        """Why this side closed the link; None: it did not."""
        channel.on_close_sent = self._set_deadline
        channel.on_partial_frames = self._count_partial_frames

    # -- LinkHandle: called by rooms, never waits --------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now."""
        return self.channel.ready

    def send(self, message: bytes) -> None:
        """Queue a message that must not be lost."""
        if self.channel.queued_bytes > self._limits.max_queued_bytes:
            self.close(CloseCode.TOO_SLOW, f"more than {self._limits.max_queued_bytes} bytes wait to be read")
            return
        self.channel.push(message)

    def close(self, code: int, reason: str) -> None:
        """Begin to close. What was queued before goes out first, if the peer reads it in time."""
        if self._over or self.close_code is not None:
            return
        self.close_code = code
        self.leave_room()
        self.channel.begin_closing()
        self._set_deadline()
        self._nursery.start_soon(self._websocket.aclose, code, reason)

    def join_room(self, room_id: str) -> None:
        """From now on the room of this id drains this link, if room and link can do that."""
        links = self._room_links(room_id)
        if links is not None and isinstance(self.channel, SocketChannel) and self.close_code is None:
            self.channel.adopt(links)

    def leave_room(self) -> None:
        """The link reads for itself again."""
        if isinstance(self.channel, SocketChannel):
            self.channel.release()

    # -- the link's own task -----------------------------------------------------------------------------------------

    async def run(self, guest: Listener) -> None:
        """Give `guest` what comes in until the link is over: within the close timeout once either side closes."""
        self._guest = guest
        if isinstance(self.channel, SocketChannel):
            self.channel.deliver = guest.receive
        try:
            with self._life:
                await self._read(guest)
                await self.channel.ended.wait()
        finally:
            self._over = True
            self.leave_room()
            guest.lost(trio.current_time(), self.final_code())

    def check(self, now_s: float) -> None:
        """Have the guest look at its time limits."""
        if self._guest is not None:
            self._guest.check(now_s)

    async def refuse(self, code: CloseCode, reason: str) -> None:
        """Close at once, with a code that a browser can read. No guest ever hears of this link."""
        self.close(code, reason)
        with self._life:
            await self.channel.ended.wait()
        self._over = True

    async def _read(self, guest: Listener) -> None:
        while True:
            try:
                message = await self._websocket.get_message()
            except trio_websocket.ConnectionClosed:
                return
            guest.receive(message, trio.current_time())
            self.channel.delivered()

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
            await self.channel.ended.wait()
        self.channel.fail()
        self._life.cancel()

    def _count_partial_frames(self, count: int) -> None:
        if not self._partial_frames.take(count, trio.current_time()):
            self.close(CloseCode.RATE_LIMITED, "too many pings and fragments")
