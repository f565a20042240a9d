"""A transport on a plain TCP socket, without a stream in between.

Outgoing bytes are written at once as far as the kernel takes them. Incoming bytes are read by the link's own task (the
ordinary path), or by the poller of its room: `poll` then takes out whole messages and leaves all other bytes to
trio-websocket, in the order in which they came. Only the rest of a write that the kernel did not take whole needs a
task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import trio

from gameserver import native
from gameserver.net.frames import BINARY, binary_frames, unmask
from gameserver.net.receive_clock import TIMESTAMP_SPACE, ReceiveClock, enable_timestamps
from gameserver.net.transport import MAX_UNREAD_BYTES, READ_BYTES, Transport

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

FIRST_READ_BYTES: Final = 448
"""Many times a client's frame, and small enough for Python to take the bytes from its own pools: with more, each read
costs a malloc and a realloc.
"""

MORE_READ_BYTES: Final = 1_024
"""A second of a client's frames. As many messages of the smallest size take a millisecond."""

_WHOLE_BINARY: Final = 0x80 | BINARY
_MASKED: Final = 0x80
_HEAD_BYTES: Final = 6  # two, and the masking key: a short client frame's header
_SHORT_FRAME: Final = _MASKED - _HEAD_BYTES  # a short frame's second byte minus the frame's size
_SHORT_FRAMES_END: Final = 126 + _HEAD_BYTES


class Poller(Protocol):
    """What a transport needs of the RoomPoller that it is attached to."""

    def add(self, transport: SocketTransport) -> None:
        """Call the transport's `poll` whenever its socket has bytes."""

    def remove(self, transport: SocketTransport) -> None:
        """Leave the transport alone from now on."""


class SocketTransport(Transport):
    """A transport that writes without waiting, and that a room can poll."""

    __slots__ = (
        "_poller",
        "_read_scope",
        "_recvmsg",
        "_send",
        "_sock",
        "_wake_reader",
        "reader",
        "receive",
        "wait_turn",
        "writer",
    )

    def __init__(
        self,
        stream: trio.abc.Stream,
        sock: socket.socket,
        nursery: trio.Nursery,
        *,
        max_message_bytes: int,
        head: bytes,
        tail: bytes,
    ) -> None:
        """Make a transport for a socket that is connected.

        Args:
            stream: the socket as trio has it, used to close it.
            sock: the non-blocking socket below `stream`.
            nursery: see `Transport`.
            max_message_bytes: see `Transport`.
            head: see `Transport`.
            tail: see `Transport`.
        """
        super().__init__(stream, nursery, max_message_bytes=max_message_bytes, head=head, tail=tail)
        self._sock = sock
        self._send: Callable[[bytes | memoryview], int] = sock.send
        self._recvmsg = sock.recvmsg
        self._poller: Poller | None = None
        self._read_scope = trio.CancelScope()
        self._wake_reader = trio.lowlevel.ParkingLot()
        self.wait_turn: Callable[[], Awaitable[None]] | None = None
        """Waited for before each read of the link's own task; None: it reads at once. Thousands of links that are cut
        in the same moment would otherwise all be ended before the next tick."""
        self.reader = native.make_link_reader()
        """Reads the socket for the poller, except what is unusual; None: `poll` reads all."""
        self.writer = native.make_link_writer()
        """Writes STATEs to the socket, as `offer` does, while the link runs; None: there is none."""
        self.receive: Callable[[bytes, float], None] = _ignore_message
        """Called by `poll` with each whole message, and when it arrived in seconds on trio's clock."""

    # -- polled by a room --------------------------------------------------------------------------------------------

    @property
    def fd(self) -> int:
        """The socket's file descriptor."""
        return self._sock.fileno()

    def attach(self, poller: Poller) -> None:
        """Have `poller` read this socket from now on, unless nothing more comes in."""
        if self.ended.is_set():
            return
        self.detach()
        enable_timestamps(self._sock)
        self._poller = poller
        self._note_idle()
        poller.add(self)
        self._read_scope.cancel()

    def detach(self) -> None:
        """Have the link's own task read the socket again."""
        if self._poller is not None:
            self._poller.remove(self)
            self._poller = None
            self._wake_reader.unpark_all()

    def use_writer(self) -> None:
        """Let rooms write STATEs natively from now on."""
        if self.writer is not None and not self._broken:
            self.writer.start(self.fd, self)
            self._note_ready()

    def forget_link(self) -> None:
        """Call neither the link nor its peer any more."""
        super().forget_link()
        self.receive = _ignore_message
        if self.reader is not None:
            self.reader.inputs = None
        self._stop_writer()

    @property
    def bytes_in(self) -> int:
        """How many bytes have come in, frames' headers included."""
        return self._bytes_in if self.reader is None else self._bytes_in + self.reader.bytes_in

    @property
    def messages_in(self) -> int:
        """How many messages have come in."""
        return self._messages_in if self.reader is None else self._messages_in + self.reader.messages_in

    @property
    def bytes_out(self) -> int:
        """How many bytes have left, frames' headers included."""
        return self._bytes_out if self.writer is None else self._bytes_out + self.writer.bytes_out

    @property
    def messages_out(self) -> int:
        """How many messages were taken."""
        return self._messages_out if self.writer is None else self._messages_out + self.writer.messages_out

    def _note_idle(self) -> None:
        """Have the reader read on by itself, if the next byte begins a frame that it may take. All that changes this
        comes in through this class, or makes the transport stop."""
        if self.reader is not None:
            scanner = self.scanner
            self.reader.idle = scanner.idle and not (self._pieces or self._closing or scanner.close_seen)

    def begin_closing(self) -> None:
        """Take no more messages, and pass nothing more on to trio-websocket."""
        super().begin_closing()
        self._note_idle()
        self._note_ready()

    def _note_sent(self, data: bytes | bytearray | memoryview) -> None:
        super()._note_sent(data)
        self._note_idle()
        self._note_ready()

    def poll(self, clock: ReceiveClock) -> bool:
        """Read once what has arrived, without waiting.

        This runs for every link at every tick. Nearly always one short message has come, so that case is handled
        first, without a call that it can do without.

        Returns:
            Whether more has come than one read takes: then `poll_more` reads on.
        """
        if self.unread_bytes > MAX_UNREAD_BYTES:
            return False
        self._note_idle()
        try:
            data, ancillary, _, _ = self._recvmsg(FIRST_READ_BYTES, TIMESTAMP_SPACE)
        except BlockingIOError:
            return False
        except OSError:
            self._break()
            return False
        size = len(data)
        if (
            _HEAD_BYTES <= size < _SHORT_FRAMES_END
            and data[0] == _WHOLE_BINARY
            and data[1] == size + _SHORT_FRAME
            and self.scanner.idle
        ):
            self._bytes_in += size
            self._messages_in += 1
            at_s = clock.received_at_s(ancillary) if ancillary else clock.now_s
            self.receive(unmask(data[2:_HEAD_BYTES], data[_HEAD_BYTES:]), at_s)
            return False
        self._take(data, clock.received_at_s(ancillary) if ancillary else clock.now_s)
        return size == FIRST_READ_BYTES

    def take_rest(self, data: bytes, at_s: float) -> None:
        """Take what the reader has read and does not handle; no bytes are the end of the connection.

        It reads while the transport is not closing, so messages are taken out of the rest of that read in any case.
        """
        if data:
            self._bytes_in += len(data)
            self._scan(data, at_s, take=True)
        else:
            self._end()

    def poll_more(self, clock: ReceiveClock) -> bool:
        """Read once more, and return whether there may be still more."""
        if self._poller is None or self.unread_bytes > MAX_UNREAD_BYTES:
            return False
        try:
            data, ancillary, _, _ = self._recvmsg(MORE_READ_BYTES, TIMESTAMP_SPACE)
        except BlockingIOError:
            return False
        except OSError:
            self._break()
            return False
        self._take(data, clock.received_at_s(ancillary) if ancillary else clock.now_s)
        return len(data) == MORE_READ_BYTES

    def _take(self, data: bytes, at_s: float) -> None:
        """Take the bytes of one read; none are the end of the connection."""
        if data:
            self._bytes_in += len(data)
            self._scan(data, at_s, take=not self._closing)
        else:
            self._end()

    def _scan(self, data: bytes, at_s: float, *, take: bool) -> None:
        scanner = self.scanner
        for message in scanner.feed(data, take=take):
            self._messages_in += 1
            self.receive(message, at_s)
        if scanner.passed:
            self._collect()
            self._wake_reader.unpark_all()
        self._note_idle()

    # -- the ordinary path -------------------------------------------------------------------------------------------

    @property
    def _is_polled(self) -> bool:
        """Whether a room reads the socket. After an await it may be otherwise, which a test of the attribute itself
        would not find: the compiled build takes it for what it was before.
        """
        return self._poller is not None

    async def _read(self) -> None:
        if self._is_polled:
            await self._wake_reader.park()
            return
        with trio.CancelScope() as self._read_scope:
            await trio.lowlevel.wait_readable(self._sock)
            if self.wait_turn is not None:
                await self.wait_turn()
        if not self._read_scope.cancelled_caught and not self._is_polled:
            self._read_once()

    def _read_once(self) -> None:
        """Read what has come, and pass it on."""
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._break()
            return
        if data:
            self._bytes_in += len(data)
            self._pass_on(data)
        else:
            self._end()

    def _end(self) -> bytes:
        super()._end()
        self.detach()
        self._read_scope.cancel()
        self._wake_reader.unpark_all()
        return b""

    # -- writing -----------------------------------------------------------------------------------------------------

    def offer(self, *messages: bytes) -> bool:
        """Write these messages now, or take none. The rest of a partial write leaves as soon as the kernel takes it."""
        if self._writing or self._closing:
            return False
        data = binary_frames(messages)
        try:
            sent = self._send(data)
        except BlockingIOError:
            self.note_full()
            return False
        except OSError:
            self._break()
            return False
        self._bytes_out += sent
        self._messages_out += len(messages)
        if sent < len(data):
            self.keep_rest(memoryview(data)[sent:])
        return True

    def keep_rest(self, data: bytes | memoryview) -> None:
        """Have the rest of a batch leave as soon as the kernel takes it."""
        super()._put(data)
        self._batch_left = len(data)

    def note_full(self) -> None:
        """The kernel takes nothing now: the transport is not ready until it does."""
        self._start_write_loop()

    def _note_ready(self) -> None:
        """Let the writer know whether it may write. All that changes this comes through here."""
        if self.writer is not None:
            self.writer.ready = not (self._writing or self._closing)

    def _stop_writer(self) -> None:
        """The socket's number may belong to another connection soon."""
        if self.writer is not None:
            self.writer.stop()

    def _break(self) -> None:
        super()._break()
        self._stop_writer()

    def _start_write_loop(self) -> None:
        super()._start_write_loop()
        self._note_ready()

    def _put(self, data: bytes | memoryview) -> None:
        sent = 0 if self._writing else self._write(data)
        if sent < len(data) and not self._broken:
            super()._put(memoryview(data)[sent:])

    async def _write_loop(self) -> None:
        """Write the outbox whenever the kernel takes bytes, until it is empty."""
        try:
            while not self._broken:
                await trio.lowlevel.wait_writable(self._sock)
                if self._outbox:
                    self._note_left(self._write(self._outbox[0]))
                if not self._outbox:
                    return
        except trio.ClosedResourceError:
            self._break()
        finally:
            self._writing = False
            self._note_ready()

    def _write(self, data: bytes | memoryview) -> int:
        """Write without waiting, and return how many bytes the kernel took; 0 when the socket is broken."""
        try:
            sent = self._send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._break()
            return 0
        self._bytes_out += sent
        return sent


def _ignore_message(_message: bytes, _at_s: float) -> None:
    """Drop a message: the link does not run yet, or is over."""
