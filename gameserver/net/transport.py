"""The byte stream under a link: trio-websocket speaks on it, and the link writes whole frames to it.

There are two kinds. `Transport` works on any stream: TLS, memory, a socket. `SocketTransport` (socket_transport.py)
works on a plain socket, which a room can poll at its tick. Both keep these rules:

- Bytes leave in the order in which they were given, and frames whole: what was given is in the outbox and leaves even
  if its sender is cancelled.
- `offer` takes a batch only when nothing is waiting to leave.
- trio-websocket sees at most one frame at a time, and none after this side's Close: some input that would crash its
  reader (a ping while closing, several oversized messages in one chunk) never reaches it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.frames import CLOSE, FrameScanner, binary_frames

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES: Final = 4_096
"""The size of one read. A link may send 64 KiB a second; at 20 polls a second that is 3.2 KiB a poll."""

MAX_UNREAD_BYTES: Final = 65_536
"""Bytes passed on and not taken by trio-websocket, which waits until the client reads its pong. While there are more,
nothing is read.
"""

MAX_LINGER_BYTES: Final = 1_048_576
"""How much is read and dropped after this side's Close while waiting for the client's. After that, the connection ends
without it.
"""

MAX_LINGER_FRAMES: Final = 2_000
"""How many frames of these: each costs time, however small it is. A client that keeps the limits has sent fewer."""


class Transport:
    """The bytes of one WebSocket; for trio-websocket it is a stream itself."""

    __slots__ = (
        "_batch_left",
        "_broken",
        "_bytes_in",
        "_bytes_out",
        "_closing",
        "_greeted",
        "_head_given",
        "_lingered_bytes",
        "_lingered_frames",
        "_messages_in",
        "_messages_out",
        "_nursery",
        "_outbox",
        "_pieces",
        "_progress",
        "_sent_bytes",
        "_stream",
        "_writing",
        "ended",
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
        """Make a transport on a stream that is connected.

        Args:
            stream: carries the bytes.
            nursery: runs the tasks that write; it must outlive the transport.
            max_message_bytes: larger messages are passed on to trio-websocket, which refuses them.
            head: a request head, given to trio-websocket unchanged before anything else.
            tail: the bytes that have been read after the head: frames.
        """
        self._stream = stream
        self._nursery = nursery
        self.scanner = FrameScanner(max_message_bytes)
        self._pieces: deque[bytes] = deque([head] if head else ())
        self.unread_bytes = len(head)
        self._outbox: deque[bytes | memoryview] = deque()
        self.outbox_bytes = 0
        self._batch_left = 0  # bytes of the last batch at the front of the outbox
        self._sent_bytes = 0  # in total; waiting senders compare with it
        self._progress = trio.lowlevel.ParkingLot()
        self._writing = False  # the write loop runs: something waits to leave
        self._closing = False
        self._broken = False
        self._lingered_bytes = 0
        self._lingered_frames = 0
        self._greeted = trio.Event()  # set once the handshake is answered: trio-websocket writes frames from then on
        self._head_given = False
        self._bytes_in = len(tail)
        self._bytes_out = 0
        self._messages_in = 0
        self._messages_out = 0
        self.ended = trio.Event()
        """Set when nothing more comes in: the client closed, the stream broke, or this side closed it."""
        self.on_close_sent: Callable[[], None] = _ignore_close
        """Called when trio-websocket sends a Close frame."""
        self.on_partial_frames: Callable[[int], None] = _ignore_count
        """Called with the number of control frames and fragments in a read, if there are any."""
        if tail:
            self._pass_on(tail)

    # -- called by the link ------------------------------------------------------------------------------------------

    @property
    def bytes_in(self) -> int:
        """How many bytes have come in, frames' headers included."""
        return self._bytes_in

    @property
    def messages_in(self) -> int:
        """How many messages have come in."""
        return self._messages_in

    @property
    def bytes_out(self) -> int:
        """How many bytes have left, frames' headers included."""
        return self._bytes_out

    @property
    def messages_out(self) -> int:
        """How many messages were taken."""
        return self._messages_out

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now."""
        return not self._writing and not self._closing

    def offer(self, *messages: bytes) -> bool:
        """Take all of these binary messages and return True, or none and return False. Never waits."""
        if self._writing or self._closing:
            return False
        data = binary_frames(messages)
        self._put(data)
        self._batch_left = len(data)
        self._messages_out += len(messages)
        return True

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait to leave, the last batch left out."""
        return self.outbox_bytes - self._batch_left

    def push(self, *messages: bytes) -> None:
        """Queue messages behind what is waiting. The caller bounds the queue by `queued_bytes`."""
        if not self._closing:
            self._put(binary_frames(messages))
            self._messages_out += len(messages)

    def begin_closing(self) -> None:
        """Take no more messages, and pass nothing more on to trio-websocket."""
        self._closing = True

    def fail(self) -> None:
        """Break the connection off: whatever uses it gets an error."""
        self._break()

    def note_returned(self) -> None:
        """Count a message that trio-websocket has returned to the link."""
        self._messages_in += 1
        self.scanner.note_returned()

    def forget_link(self) -> None:
        """Call the link no more. They refer to each other, and memory is free at once only without such a cycle."""
        self.on_close_sent = _ignore_close
        self.on_partial_frames = _ignore_count

    # -- called by trio-websocket ------------------------------------------------------------------------------------

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Queue `data` and wait until it has left. It leaves whole even if the wait is cancelled.

        Raises:
            trio.BrokenResourceError: the stream is broken.
        """
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
        """Return when the outbox is empty."""
        while self._outbox:
            await self._progress.park()
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return the next piece of at most one frame.

        No frame is returned before the handshake is answered: trio-websocket would keep it until more bytes come.

        Args:
            max_bytes: ignored; a piece has at most the size of a read.

        Returns:
            The piece; `b""` at the end of the stream.

        Raises:
            trio.BrokenResourceError: the stream is broken.
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
        """Close the stream; again without effect."""
        self._break()
        await self._stream.aclose()

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Read once and pass on what came."""
        try:
            data = await self._stream.receive_some(READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._break()
            return
        if data:
            self._bytes_in += len(data)
            self._pass_on(bytes(data))
        else:
            self._end()

    def _pass_on(self, data: bytes) -> None:
        self.scanner.feed(data, take=False)
        self._collect()

    def _collect(self) -> None:
        """Move the pieces that the scanner passed on to where `receive_some` takes them."""
        scanner = self.scanner
        for piece in scanner.passed:
            self._pieces.append(piece)
            self.unread_bytes += len(piece)
        scanner.passed.clear()
        if scanner.partial_frames:
            count, scanner.partial_frames = scanner.partial_frames, 0
            self.on_partial_frames(count)

    def _linger(self) -> bool:
        """Drop what came in while closing. Return False when the client has closed too, or sends too much meanwhile."""
        self._lingered_bytes += self.unread_bytes
        self._lingered_frames += len(self._pieces)  # no piece spans two frames
        self._pieces.clear()
        self.unread_bytes = 0
        if self._lingered_bytes > MAX_LINGER_BYTES or self._lingered_frames > MAX_LINGER_FRAMES:
            return False
        return not self.scanner.close_seen

    def _end(self) -> bytes:
        self.ended.set()
        self._progress.unpark_all()
        return b""

    # -- writing -----------------------------------------------------------------------------------------------------

    def _note_sent(self, data: bytes | bytearray | memoryview) -> None:
        """Recognise the handshake's answer, which is the first write, and a Close, which nothing may follow."""
        if self._greeted.is_set() and data and data[0] & 0x0F == CLOSE:
            self._closing = True
            self.on_close_sent()
        self._greeted.set()

    def _check_open(self) -> None:
        if self._broken:
            raise trio.BrokenResourceError("the WebSocket's stream is broken")

    def _break(self) -> None:
        """Mark the stream as broken in both directions, and drop what waits to leave."""
        self._broken = True
        self._outbox.clear()
        self.outbox_bytes = self._batch_left = 0
        self._end()

    def _put(self, data: bytes | memoryview) -> None:
        self._outbox.append(data)
        self.outbox_bytes += len(data)
        self._start_write_loop()

    def _start_write_loop(self) -> None:
        if not self._writing:
            self._writing = True
            self._nursery.start_soon(self._write_loop)

    async def _write_loop(self) -> None:
        """Send the outbox until it is empty."""
        try:
            while self._outbox:
                data = self._outbox[0]
                await self._stream.send_all(data)
                self._bytes_out += len(data)
                self._note_left(len(data))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._break()
        finally:
            self._writing = False

    def _note_left(self, count: int) -> None:
        """Remove `count` bytes that have left from the outbox's first entry. A broken transport has no outbox."""
        if self._broken:
            return
        first = self._outbox.popleft()
        if count < len(first):
            self._outbox.appendleft(memoryview(first)[count:])  # without a copy: a full state may have megabytes
        self._sent_bytes += count
        self.outbox_bytes -= count
        self._batch_left = max(0, self._batch_left - count)
        self._progress.unpark_all()


trio.abc.Stream.register(Transport)
"""Not inherited from: a class with a Python class above it stays slow in the compiled build."""


def _ignore_close() -> None:
    """Do nothing: the link is not up yet, or over."""


def _ignore_count(_count: int) -> None:
    """Do nothing: the link is not up yet, or over."""
