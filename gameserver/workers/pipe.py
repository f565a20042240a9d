"""Typed messages and sockets between two processes of one machine: msgpack with a length prefix, over a Unix socket
pair.

Sockets are sent with SCM_RIGHTS. The kernel delivers a socket no later than the first byte it was sent with, so the
receiver queues the sockets that arrive, and each message whose header says that it has one takes the next.
"""

from __future__ import annotations

import array
import logging
import socket
from collections import deque
from struct import Struct
from typing import Any, Final, Generic, TypeVar

import msgspec
import trio

log = logging.getLogger("gameserver.workers")

T = TypeVar("T")

MAX_WAITING: Final = 4_096
"""Messages queued for a process that does not read. Beyond it, that process hangs."""
MAX_MESSAGE_BYTES: Final = 64 * 2**20
"""Far above the description of thousands of rooms; a larger length is a bug."""

_READ_BYTES: Final = 65_536
_MAX_FDS: Final = 32
_LOST: Final = -1  # in place of a descriptor
_head: Final = Struct("<I?")  # length of the message, whether a socket travels with it
_encode: Final = msgspec.msgpack.encode


class PipeBroken(Exception):
    """The bytes or sockets received are not what the other end's code sends."""


class Pipe(Generic[T]):
    """One end of the socket pair."""

    def __init__(self, sock: socket.socket, receives: Any) -> None:
        """Use a non-blocking Unix socket.

        Args:
            sock: This pipe's from now on.
            receives: The union of the message types that arrive.
        """
        self._sock = trio.socket.from_stdlib_socket(sock)
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(receives)
        self._waiting: deque[tuple[bytes, socket.socket | None]] = deque()
        self._wake = trio.Event()
        self._buffer = bytearray()
        self._fds: deque[int] = deque()

    def post(self, message: object, sock: socket.socket | None = None) -> bool:
        """Queue a message without waiting.

        Args:
            message: Of a type that the other end receives.
            sock: Travels with the message. It is this pipe's from now on, and closed here once it is sent.

        Returns:
            False if too many messages wait already; the message is dropped and `sock` closed.
        """
        if len(self._waiting) >= MAX_WAITING:
            if sock is not None:
                sock.close()
            return False
        body = _encode(message)
        self._waiting.append((_head.pack(len(body), sock is not None) + body, sock))
        self._wake.set()
        return True

    async def send_posted(self) -> None:
        """Send the queued messages, until cancelled or until the other end is gone."""
        try:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                while self._waiting:
                    await self._send(*self._waiting[0])
                    sent = self._waiting.popleft()[1]
                    if sent is not None:
                        sent.close()
        except (OSError, trio.ClosedResourceError):
            return  # the task that receives sees the end as well, and acts on it

    async def _send(self, data: bytes, sock: socket.socket | None) -> None:
        sent = 0
        if sock is not None:
            rights = array.array("i", [sock.fileno()])
            sent = await self._sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        while sent < len(data):
            sent += await self._sock.send(data[sent:])

    async def receive(self) -> tuple[T, socket.socket | None] | None:
        """Return the next message and the socket that came with it; None when the other end has closed.

        The socket is None as well for a message whose socket was lost, because this process has too many files open.

        Raises:
            PipeBroken: What arrived is no message.
        """
        while (message := self._next_message()) is None:
            if not await self._read():
                return None
        return message

    def _next_message(self) -> tuple[T, socket.socket | None] | None:
        if len(self._buffer) < _head.size:
            return None
        size, with_socket = _head.unpack_from(self._buffer)
        if size > MAX_MESSAGE_BYTES:
            raise PipeBroken(f"a message of {size} bytes")
        end = _head.size + size
        if len(self._buffer) < end:
            return None
        try:
            message = self._decoder.decode(memoryview(self._buffer)[_head.size : end])
        except msgspec.DecodeError as error:
            raise PipeBroken(str(error)) from error
        del self._buffer[:end]
        return message, self._next_socket() if with_socket else None

    def _next_socket(self) -> socket.socket | None:
        if not self._fds:
            raise PipeBroken("a socket is missing")
        fd = self._fds.popleft()
        if fd == _LOST:
            return None
        sock = socket.socket(fileno=fd)
        sock.setblocking(False)
        return sock

    async def _read(self) -> bool:
        space = socket.CMSG_SPACE(_MAX_FDS * array.array("i").itemsize)
        try:
            data, ancillary, flags, _ = await self._sock.recvmsg(_READ_BYTES, space, socket.MSG_CMSG_CLOEXEC)
        except ConnectionError:
            return False
        for level, control_type, raw in ancillary:
            if (level, control_type) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds = array.array("i")
                fds.frombytes(raw[: len(raw) - len(raw) % fds.itemsize])
                self._fds.extend(fds)
        if flags & socket.MSG_CTRUNC and not ancillary:
            self._fds.append(_LOST)  # one recvmsg carries the socket of one message
        self._buffer += data
        return bool(data)

    def close(self) -> None:
        """Close this end, and every socket that is queued in either direction."""
        self._sock.close()
        for _, sock in self._waiting:
            if sock is not None:
                sock.close()
        self._waiting.clear()
        while self._fds:
            if (fd := self._fds.popleft()) != _LOST:
                socket.close(fd)
