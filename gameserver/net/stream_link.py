"""A stream of Server-Sent Events, as its room sees it: one answer of HTTP that goes on until either side ends it.

An update that does not leave at once is the last one that the viewer gets until it has left; then comes one from what
the viewer has to what is newest. So at most one update and a few short messages wait for a client that does not read.
"""

from __future__ import annotations

import base64
import contextlib
import socket
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.net.byte_outbox import ByteOutbox
from gameserver.net.http.watching import Cursor
from gameserver.net.watch_link import WatchLink, as_json
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.net.http.watching import Format
    from gameserver.net.settings import NetLimits
    from gameserver.protocol.constants import Limits
    from gameserver.room.session import Update

RETRY_MS: Final = 1_000
"""After how long an EventSource connects again."""
BEATS_PER_DEAD_TIME: Final = 3
"""So often something is sent within the time after which a client takes a silent link for dead."""
_READ_BYTES: Final = 512
_MAX_READ_BYTES: Final = 16_384
"""What a client may send behind its request; it has nothing to say."""


class StreamLink(WatchLink):
    """Implements JsonLink, and LinkHandle for the protocol's own messages."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        sock: socket.socket | None,
        nursery: trio.Nursery,
        limits: NetLimits,
        *,
        head: bytes,
        form: Format,
        cursor: Cursor | None,
        protocol_limits: Limits,
    ) -> None:
        """Make the link of a request that is let in.

        Args:
            stream: carries the answer.
            sock: the non-blocking socket that `stream` wraps; None: it is no plain socket.
            nursery: runs the tasks of the link; it must outlive `run`.
            limits: the operator's.
            head: of the answer, sent before the first event.
            form: what the viewer gets.
            cursor: what it has; None: it is new.
            protocol_limits: of sessions.
        """
        super().__init__(limits, form, cursor)
        self._stream = stream
        self._nursery = nursery
        self._head = head
        self._evict_after_s = protocol_limits.evict_after_s
        self._beat_s = protocol_limits.dead_after_s / BEATS_PER_DEAD_TIME
        self._outbox = ByteOutbox(stream, sock, nursery)
        self._spoke_s = self._moved_s = self._now()
        self._nonce = 0
        self._over = trio.Event()
        self._left = False
        if sock is not None:
            _give_up_after(sock, protocol_limits.dead_after_s)

    @property
    def bytes_out(self) -> int:
        """What has left."""
        return self._outbox.bytes_out

    @property
    def begun(self) -> bool:
        """Whether the answer has begun: before, the link can be refused with a status."""
        return not self._head

    # -- called by rooms; never waits ----------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether an update would be taken now."""
        return self._outbox.idle and self.close_code is None

    @property
    def idle(self) -> bool:
        """A viewer always waits for the next update."""
        return False

    def offer_update(self, update: Update) -> bool:
        """Take an update, or none."""
        if not self.ready:
            return False
        self.send_update(update)
        return True

    def send_update(self, update: Update) -> None:
        """Take an update, behind what has not left yet."""
        if self.close_code is not None:
            return
        name = b"state" if update.full else b"change"
        cursor = str(Cursor(self._token, update.tick, update.event)).encode()
        self._put(b"id: %b\nevent: %b\ndata: " % (cursor, name), update.data, b"\n\n")

    def note_unchanged(self) -> None:
        """Send nothing."""

    def offer(self, *messages: bytes) -> bool:
        """Take all of these messages, or none."""
        if not self.ready:
            return False
        self._put(b"".join([_as_data(message) for message in messages]))
        return True

    def _send_event(self, name: str, value: dict[str, Any]) -> None:
        cursor = b""
        if name == "moved":  # which resumes the session where it goes on
            cursor = b"id: %b\n" % str(Cursor(self._token, 0, None)).encode()
        self._push(b"%bevent: %b\ndata: %b\n\n" % (cursor, name.encode(), as_json(value)))

    def _send_message(self, message: bytes) -> None:
        self._push(_as_data(message))

    def _push(self, data: bytes) -> None:
        if self._outbox.queued_bytes > self._limits.max_queued_bytes and self.begun:
            self._cut_off(CloseCode.TOO_SLOW, f"more than {self._limits.max_queued_bytes} bytes are unread")
            return
        self._put(data)

    def _put(self, *parts: bytes) -> None:
        head, self._head = self._head, b""
        self._outbox.put(*((head, *parts) if head else parts))
        self._spoke_s = self._now()
        self.messages_out += 1

    def close(self, code: int, reason: str) -> None:
        """Begin to close. What was queued before leaves first, if the client reads it in time."""
        if self.close_code is not None or self._over.is_set():
            return
        if self.begun:
            again = _retry_ms(reason) if code == CloseCode.GOING_AWAY else RETRY_MS
            self._put(b"event: close\nretry: %d\ndata: %b\n\n" % (again, as_json({"code": code, "reason": reason})))
        self.close_code, self.close_reason = code, reason
        self._nursery.start_soon(self._finish)

    # -- the link's own tasks ------------------------------------------------------------------------------------------

    async def run(self, peer: Peer, first: bytes) -> None:
        """Let the peer handle the client's first message, and return when the link is over.

        Args:
            peer: the server side of the link.
            first: JOIN or RESUME, on behalf of the client.
        """
        self._peer = peer
        try:
            if not self.is_json:
                self._begin()
            peer.receive(first, self._now())
            self._nursery.start_soon(self._read)
            self._nursery.start_soon(self._watch_outbox)
            await self._over.wait()
        finally:
            self._over.set()
            self._peer = None
            peer.lost(self._now(), self.final_code())

    def _begin(self) -> None:
        """Send the head at once: whoever reads messages reads from them why it is refused."""
        self._put(b":\n\n")

    async def _read(self) -> None:
        """Return when the client has left."""
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while self.bytes_in <= _MAX_READ_BYTES and (data := await self._stream.receive_some(_READ_BYTES)):
                self.bytes_in += len(data)
            self._left = not data
        self._over.set()

    async def _watch_outbox(self) -> None:
        await self._outbox.broken.wait()
        self._over.set()

    async def _finish(self) -> None:
        with trio.move_on_after(self._limits.close_timeout_s):
            await self._outbox.empty.wait()
        self._over.set()

    def final_code(self) -> int | None:
        """Return the code with which the link ended; None: the connection broke, or the SDK's has ended.

        An EventSource says nothing when its page closes it: its connection just ends. If it comes back, it does so
        within seconds, so its seat waits as it does for a page that is loaded again.
        """
        if self.close_code is None and self._left and self.is_json:
            return CloseCode.GOING_AWAY
        return self.close_code

    def _show_life(self, peer: Peer, now_s: float) -> None:
        """The client is there as long as the kernel gets rid of what is sent: if not, the connection breaks, or the
        client is too slow."""
        peer.heard(now_s)
        if self._outbox.idle:
            self._moved_s = now_s
            if self.begun and now_s - self._spoke_s >= self._beat_s:
                self._beat()
        elif now_s - self._moved_s > self._evict_after_s:
            self._cut_off(CloseCode.TOO_SLOW, f"behind for {self._evict_after_s:g} s")

    def _beat(self) -> None:
        """Show life: JSON's viewers get a comment, the SDK a message."""
        if self.is_json:
            self._put(b":\n\n")
        else:
            self._nonce += 1
            self._put(_as_data(encode_server(m.ServerPing(self._nonce))))


def _as_data(message: bytes) -> bytes:
    return b"data: %b\n\n" % base64.b64encode(message)


def _retry_ms(reason: str) -> int:
    """Return when to come again after the reason `retry in N s`."""
    with contextlib.suppress(ValueError, IndexError):
        return max(RETRY_MS, int(float(reason.split()[2]) * 1000))
    return RETRY_MS


def _give_up_after(sock: socket.socket, seconds: float) -> None:
    """Have the kernel break the connection when the other end has not acked anything for so long."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))
