"""Links that are read once a tick, by their room, without waiting: the fast path.

A room keeps its links' sockets in one epoll. `RoomPoller.drain` asks the kernel which of them have bytes, reads those,
hands whole messages to their peers and everything else to trio-websocket, which a task of the link's own goes on
speaking. Nothing here awaits, but for what a full socket leaves over. What a link may do on the ordinary path it may
do here: a room that is gone just gives its links back.
"""

from __future__ import annotations

import logging
import select
import time
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.arrival import TIMESTAMP_SPACE, ArrivalClock, stamp_arrivals
from gameserver.net.frames import BINARY, binary_frames, unmask
from gameserver.net.transport import MAX_UNREAD_BYTES, READ_BYTES, Transport

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

log = logging.getLogger("gameserver.net")

AVAILABLE: Final = hasattr(select, "epoll")
"""Linux. Elsewhere every link takes the ordinary path."""

FIRST_READ_BYTES: Final = 448
"""Many times a client's frame, and small enough for Python to take the bytes from its own pools: with more, each read
costs a malloc and a realloc.
"""

MAX_MORE_READS: Final = 8
"""32 KiB from one link in one drain, then the others' turn: more than the protocol's byte limit lets in between two
ticks.
"""

_WHOLE_BINARY: Final = 0x80 | BINARY
_MASKED: Final = 0x80
_HEAD_BYTES: Final = 6  # two, and the masking key: a short client frame's header
_SHORT_FRAME: Final = _MASKED - _HEAD_BYTES  # what a short frame's second byte has above the frame's size
_SHORT_FRAMES_END: Final = 126 + _HEAD_BYTES


class SocketTransport(Transport):
    """A transport on a plain TCP socket: written without waiting as far as the kernel takes it; a room may adopt it."""

    __slots__ = ("_fed", "_reading", "_recvmsg", "_room", "_send", "_sock", "deliver")

    def __init__(
        self,
        stream: trio.SocketStream,
        sock: socket.socket,
        nursery: trio.Nursery,
        *,
        max_message_bytes: int,
        head: bytes,
        tail: bytes,
    ) -> None:
        """`sock` is the non-blocking socket that `stream` wraps."""
        super().__init__(stream, nursery, max_message_bytes=max_message_bytes, head=head, tail=tail)
        self._sock = sock
        self._send = sock.send
        self._recvmsg = sock.recvmsg
        self._room: RoomPoller | None = None
        self._reading = trio.CancelScope()
        self._fed = trio.lowlevel.ParkingLot()
        self.deliver: Callable[[bytes, float], None] = _drop
        """Gets each whole message that a drain takes out, and when it arrived."""

    # -- the room's side ---------------------------------------------------------------------------------------------

    @property
    def fd(self) -> int:
        """The socket's file descriptor."""
        return self._sock.fileno()

    def adopt(self, room: RoomPoller) -> None:
        """From now on `room` reads this socket."""
        if self.ended.is_set():
            return
        self.release()
        stamp_arrivals(self._sock)
        self._room = room
        room.add(self)
        self._reading.cancel()

    def release(self) -> None:
        """From now on this link's own task reads the socket again."""
        if self._room is not None:
            self._room.remove(self)
            self._room = None
            self._fed.unpark_all()

    def drain(self, clock: ArrivalClock) -> None:
        """Read what has arrived, without waiting. Nearly always that is one short message, and the way to it is kept
        as short: this runs for every link at every tick.
        """
        if self.unread_bytes > MAX_UNREAD_BYTES:
            return
        try:
            data, ancillary, _, _ = self._recvmsg(FIRST_READ_BYTES, TIMESTAMP_SPACE)
        except BlockingIOError:
            return
        except OSError:
            self._break()
            return
        size = len(data)
        if (
            _HEAD_BYTES <= size < _SHORT_FRAMES_END
            and data[0] == _WHOLE_BINARY
            and data[1] == size + _SHORT_FRAME
            and self.scanner.idle
        ):
            self.bytes_in += size
            self.messages_in += 1
            at_s = clock.convert(ancillary) if ancillary else clock.now_s
            self.deliver(unmask(data[2:_HEAD_BYTES], data[_HEAD_BYTES:]), at_s)
        else:
            self._take(data, clock.convert(ancillary) if ancillary else clock.now_s)
            if size == FIRST_READ_BYTES:
                self._drain_more(clock)

    def _drain_more(self, clock: ArrivalClock) -> None:
        for _ in range(MAX_MORE_READS):
            if self._room is None or self.unread_bytes > MAX_UNREAD_BYTES:
                return
            try:
                data, ancillary, _, _ = self._recvmsg(READ_BYTES, TIMESTAMP_SPACE)
            except BlockingIOError:
                return
            except OSError:
                self._break()
                return
            self._take(data, clock.convert(ancillary) if ancillary else clock.now_s)
            if len(data) < READ_BYTES:
                return

    def _take(self, data: bytes, at_s: float) -> None:
        """Take any bytes that were read; none: that was the end."""
        if data:
            self.bytes_in += len(data)
            self._scan(data, at_s)
        else:
            self._end()

    def _scan(self, data: bytes, at_s: float) -> None:
        scanner = self.scanner
        for message in scanner.feed(data, take=not self._closing):
            self.messages_in += 1
            self.deliver(message, at_s)
        if scanner.passed:
            self._collect()
            self._fed.unpark_all()

    # -- the ordinary path, with the socket instead of a stream ------------------------------------------------------

    async def _read(self) -> None:
        if self._room is not None:
            await self._fed.park()
            return
        with trio.CancelScope() as self._reading:
            await trio.lowlevel.wait_readable(self._sock)
        if self._reading.cancelled_caught or self._room is not None:
            return
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._break()
            return
        if data:
            self.bytes_in += len(data)
            self._pass_on(data)
        else:
            self._end()

    def _end(self) -> bytes:
        super()._end()
        self.release()
        self._reading.cancel()
        self._fed.unpark_all()
        return b""

    def offer(self, *messages: bytes) -> bool:
        """Write these messages now, or take none. What the kernel takes in part leaves as soon as it takes the rest."""
        if self._busy or self._closing:
            return False
        data = binary_frames(messages)
        try:
            sent = self._send(data)
        except BlockingIOError:
            self._start_pump()  # not ready until the kernel takes something again
            return False
        except OSError:
            self._break()
            return False
        self.bytes_out += sent
        self.messages_out += len(messages)
        if sent < len(data):
            super()._put(data[sent:])
            self._batch_left = len(data) - sent
        return True

    def _put(self, data: bytes) -> None:
        sent = 0 if self._busy else self._write(data)
        if sent < len(data) and not self._broken:
            super()._put(data[sent:])

    async def _pump(self) -> None:
        """Wait until the kernel takes bytes, and give it the outbox, until that is empty."""
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
            self._busy = False

    def _write(self, data: bytes) -> int:
        """Write what the kernel takes now. A broken socket takes nothing."""
        try:
            sent = self._send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._break()
            return 0
        self.bytes_out += sent
        return sent


class RoomPoller:
    """The sockets that one room drains."""

    def __init__(self, on_close: Callable[[], object] | None = None) -> None:
        """`on_close` is called when the room drains no more."""
        self._on_close = on_close
        self._epoll = select.epoll()
        self._transports: dict[int, SocketTransport] = {}
        self._clock = ArrivalClock()

    def __len__(self) -> int:
        return len(self._transports)

    def add(self, transport: SocketTransport) -> None:
        """Drain `transport` from now on."""
        self._transports[transport.fd] = transport
        self._epoll.register(transport.fd, select.EPOLLIN)

    def remove(self, transport: SocketTransport) -> None:
        """Drain it no more. Its socket is still open."""
        del self._transports[transport.fd]
        self._epoll.unregister(transport.fd)

    def drain(self, now_s: float) -> None:
        """Read every socket that has bytes. `now_s` is trio's clock; messages are handed over with their time of
        arrival.
        """
        if not self._transports:
            return
        self._clock.set(now_s, time.time())
        for fd, _ in self._epoll.poll(0, len(self._transports)):
            transport = self._transports.get(fd)
            if transport is None:
                continue  # a peer before it in this drain has ended this one
            try:
                transport.drain(self._clock)
            except Exception:
                log.exception("a link failed while its room read it")
                transport.fail()

    def close(self) -> None:
        """Give every link back to its own task."""
        for transport in list(self._transports.values()):
            transport.release()
        self._epoll.close()
        if self._on_close is not None:
            self._on_close()


def _drop(_message: bytes, _at_s: float) -> None:
    """Nobody listens yet."""
