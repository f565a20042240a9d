"""What waits to leave on a stream that carries no WebSocket: an answer of HTTP that goes on and on.

On a plain socket, bytes leave at once as far as the kernel takes them; only the rest needs a task. What many viewers
are sent is one object, of which each keeps a view until it has left.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    import socket


class ByteOutbox:
    """The outgoing bytes of one connection, in order."""

    __slots__ = ("_nursery", "_queue", "_sock", "_stream", "_writing", "broken", "bytes_out", "empty", "queued_bytes")

    def __init__(self, stream: trio.abc.Stream, sock: socket.socket | None, nursery: trio.Nursery) -> None:
        """Begin empty.

        Args:
            stream: carries the bytes.
            sock: the non-blocking socket that `stream` wraps; None: it is no plain socket.
            nursery: runs the task that writes.
        """
        self._stream = stream
        self._sock = sock
        self._nursery = nursery
        self._queue: deque[memoryview] = deque()
        self._writing = False
        self.queued_bytes = 0
        """Bytes that wait to leave."""
        self.bytes_out = 0
        self.broken = trio.Event()
        """Set when the client is gone."""
        self.empty = trio.Event()
        """Set while nothing waits to leave."""
        self.empty.set()

    @property
    def idle(self) -> bool:
        """Whether nothing waits to leave."""
        return not self._writing

    def put(self, *parts: bytes) -> None:
        """Send bytes behind what waits. The caller bounds the queue by `queued_bytes`."""
        if self.broken.is_set():
            return
        if self._sock is None:
            parts = (b"".join(parts),)
        sent = 0 if self._writing or self._sock is None else self._send(self._sock, parts)
        for part in parts:
            if sent >= len(part):
                sent -= len(part)
                continue
            self._queue.append(memoryview(part)[sent:])
            self.queued_bytes += len(part) - sent
            sent = 0
        if self._queue and not self._writing and not self.broken.is_set():
            self._writing = True
            self.empty = trio.Event()
            self._nursery.start_soon(self._write)

    def _send(self, sock: socket.socket, parts: tuple[bytes, ...] | list[memoryview]) -> int:
        """Write without waiting. Return how many bytes the kernel took."""
        try:
            sent = sock.send(parts[0]) if len(parts) == 1 else sock.sendmsg(parts)
        except BlockingIOError:
            return 0
        except OSError:
            self._break()
            return 0
        self.bytes_out += sent
        return sent

    async def _write(self) -> None:
        """Write whenever the stream takes bytes, until nothing waits."""
        try:
            while self._queue and not self.broken.is_set():
                if self._sock is None:
                    part = self._queue[0]
                    await self._stream.send_all(bytes(part))
                    self.bytes_out += len(part)
                    self._note_left(len(part))
                else:
                    await trio.lowlevel.wait_writable(self._sock)
                    self._note_left(self._send(self._sock, [self._queue[0]]))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._break()
        finally:
            self._writing = False
            self.empty.set()

    def _note_left(self, count: int) -> None:
        if not self._queue:
            return
        self.queued_bytes -= count
        first = self._queue.popleft()
        if count < len(first):
            self._queue.appendleft(first[count:])

    def _break(self) -> None:
        self._queue.clear()
        self.queued_bytes = 0
        self.broken.set()
