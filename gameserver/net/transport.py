"""The stream that trio-websocket speaks on, and that a link writes its own frames to.

Two kinds. `Transport` sits on any stream: TLS, memory, a socket. `SocketTransport` (gameserver.net.poller) sits on a
plain socket that a room can drain at its tick. Rules that both keep:

- Bytes leave in the order in which they were given, and frames whole: a sender that is cancelled leaves nothing half
  written, since what was given is in the outbox and goes on leaving without it.
- `offer` takes a batch only when nothing is waiting to leave.
- trio-websocket sees one frame at a time, and nothing any more once this side's Close has been sent: what would crash
  its reader (a ping while closing, several oversized messages in one chunk) never reaches it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.frames import CLOSE, FrameScanner, binary_frames

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES: Final = 4_096
"""One read. A link may send 64 KiB a second; at 20 drains a second that is 3.2 KiB a drain."""

MAX_UNREAD_BYTES: Final = 65_536
"""Bytes passed on that trio-websocket has not taken: it is waiting for the peer to read its pong. No more is read
until it has.
"""

MAX_LINGER_BYTES: Final = 1_048_576
"""What is read and thrown away after our Close while waiting for the peer's. More than that, and it gets no answer."""


class Transport:
    """A WebSocket's bytes over `stream`, and to trio-websocket a stream itself. Tasks that it needs run in `nursery`,
    which must outlive it.
    """

    __slots__ = (
        "_batch_left",
        "_broken",
        "_busy",
        "_closing",
        "_greeted",
        "_head_given",
        "_lingered_bytes",
        "_nursery",
        "_outbox",
        "_pieces",
        "_progress",
        "_sent_bytes",
        "_stream",
        "bytes_in",
        "bytes_out",
        "ended",
        "messages_in",
        "messages_out",
        "on_close_sent",
        "on_partial_frames",
        "outbox_bytes",
        "scanner",
        "unread_bytes",
    )

    def __init__(
        self,
        stream: trio.abc.Stream,
        nursery: trio.Nursery,
        *,
        max_message_bytes: int,
        head: bytes = b"",
        tail: bytes = b"",
    ) -> None:
        """`head` is for trio-websocket as it is, a request's; `tail` is what came behind it, frames already."""
        self._stream = stream
        self._nursery = nursery
        self.scanner = FrameScanner(max_message_bytes)
        self._pieces: deque[bytes] = deque([head] if head else ())
        self.unread_bytes = len(head)
        self._outbox: deque[bytes] = deque()
        self.outbox_bytes = 0
        self._batch_left = 0  # bytes of the last batch that are still in the outbox; they come first there
        self._sent_bytes = 0  # counts up for ever; waiting senders compare with it
        self._progress = trio.lowlevel.ParkingLot()
        self._busy = False  # a pump is running: something waits to leave
        self._closing = False
        self._broken = False
        self._lingered_bytes = 0
        self._greeted = trio.Event()  # the handshake is answered: what trio-websocket writes from now on are frames
        self._head_given = False
        self.bytes_in = len(tail)
        self.bytes_out = 0
        self.messages_in = 0
        self.messages_out = 0
        self.ended = trio.Event()
        """Nothing more comes in: the peer closed, or the stream broke, or this side closed it."""
        self.on_close_sent: Callable[[], None] = _nothing
        """Called when a Close frame of trio-websocket's goes out."""
        self.on_partial_frames: Callable[[int], None] = _ignore
        """Called with how many control frames and fragments a read brought."""
        if tail:
            self._pass_on(tail)

    # -- what the link calls -----------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now."""
        return not self._busy and not self._closing

    def offer(self, *messages: bytes) -> bool:
        """Take these binary messages whole, or none of them and return False. Never waits."""
        if self._busy or self._closing:
            return False
        data = binary_frames(messages)
        self._put(data)
        self._batch_left = len(data)
        self.messages_out += len(messages)
        return True

    @property
    def queued_bytes(self) -> int:
        """What waits to leave besides a batch."""
        return self.outbox_bytes - self._batch_left

    def push(self, message: bytes) -> None:
        """Queue a message behind what is waiting. The caller keeps the queue bounded (`queued_bytes`)."""
        if not self._closing:
            self._put(binary_frames((message,)))
            self.messages_out += 1

    def begin_closing(self) -> None:
        """Take no more messages, and show trio-websocket no more frames than the peer's Close."""
        self._closing = True

    def fail(self) -> None:
        """Give the connection up: whatever uses it finds it broken."""
        self._break()

    def delivered(self) -> None:
        """trio-websocket has given out one message."""
        self.messages_in += 1
        self.scanner.delivered()

    # -- what trio-websocket calls -----------------------------------------------------------------------------------

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Queue `data` and wait until it has left. Cancelled or not, it leaves whole."""
        self._check_open()
        self._note_sent(data)
        self._put(bytes(data))
        self._check_open()
        target = self._sent_bytes + self.outbox_bytes
        while self._sent_bytes < target:
            await self._progress.park()
            self._check_open()
        await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        """Return when nothing is waiting to leave."""
        while self._outbox:
            await self._progress.park()
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return the next piece: at most one frame; `b""` at the end. `max_bytes` is not needed: pieces are small.

        No frame before the handshake is answered: trio-websocket would put it aside and look at it when more comes.
        """
        if self._head_given and not self._greeted.is_set():
            await self._greeted.wait()
        self._head_given = True
        while True:
            await trio.lowlevel.checkpoint()
            self._check_open()
            if self._closing and not self._linger():
                return self._end()
            if self._pieces:
                piece = self._pieces.popleft()
                self.unread_bytes -= len(piece)
                return piece
            if self.ended.is_set():
                return b""
            await self._read()

    async def aclose(self) -> None:
        """Close the stream; idempotent."""
        self._break()
        await self._stream.aclose()

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Read once. Nothing is held here: what comes in is passed on, or dropped while closing."""
        try:
            data = await self._stream.receive_some(READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._break()
            return
        if data:
            self.bytes_in += len(data)
            self._pass_on(bytes(data))
        else:
            self._end()

    def _pass_on(self, data: bytes) -> None:
        self.scanner.feed(data, take=False)
        self._collect()

    def _collect(self) -> None:
        """Move what the scanner passed on to where `receive_some` finds it."""
        scanner = self.scanner
        for piece in scanner.passed:
            self._pieces.append(piece)
            self.unread_bytes += len(piece)
        scanner.passed.clear()
        if scanner.partial_frames:
            count, scanner.partial_frames = scanner.partial_frames, 0
            self.on_partial_frames(count)

    def _linger(self) -> bool:
        """While closing: drop what came in. False when the peer has closed too, or sends too much to wait for that."""
        self._lingered_bytes += self.unread_bytes
        self._pieces.clear()
        self.unread_bytes = 0
        return not self.scanner.peer_closed and self._lingered_bytes <= MAX_LINGER_BYTES

    def _end(self) -> bytes:
        self.ended.set()
        self._progress.unpark_all()
        return b""

    # -- writing -----------------------------------------------------------------------------------------------------

    def _note_sent(self, data: bytes | bytearray | memoryview) -> None:
        """Recognise trio-websocket's Close: nothing may follow it. Its first write is the handshake's answer."""
        if self._greeted.is_set() and data and data[0] & 0x0F == CLOSE:
            self._closing = True
            self.on_close_sent()
        self._greeted.set()

    def _check_open(self) -> None:
        if self._broken:
            raise trio.BrokenResourceError("the WebSocket's stream is gone")

    def _break(self) -> None:
        """The stream is of no use any more, in either direction."""
        self._broken = True
        self._outbox.clear()
        self.outbox_bytes = self._batch_left = 0
        self._end()

    def _put(self, data: bytes) -> None:
        self._outbox.append(data)
        self.outbox_bytes += len(data)
        self._start_pump()

    def _start_pump(self) -> None:
        if not self._busy:
            self._busy = True
            self._nursery.start_soon(self._pump)

    async def _pump(self) -> None:
        """Send what is in the outbox; ends when it is empty."""
        try:
            while self._outbox:
                data = self._outbox[0]
                await self._stream.send_all(data)
                self.bytes_out += len(data)
                self._note_left(len(data))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._break()
        finally:
            self._busy = False

    def _note_left(self, count: int) -> None:
        """So many bytes of the outbox's first entry have left. A broken transport has no outbox any more."""
        if self._broken:
            return
        first = self._outbox.popleft()
        if count < len(first):
            self._outbox.appendleft(first[count:])
        self._sent_bytes += count
        self.outbox_bytes -= count
        self._batch_left = max(0, self._batch_left - count)
        self._progress.unpark_all()


trio.abc.Stream.register(Transport)
"""Not inherited from: a class with a Python class above it stays slow in the compiled build."""


def _nothing() -> None:
    """Until somebody wants to know."""


def _ignore(_count: int) -> None:
    """Until somebody wants to know."""
