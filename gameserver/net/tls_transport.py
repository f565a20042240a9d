"""A transport on a TCP socket with TLS, polled by its room like a plain one.

Encryption adds no task: what the room's poll reads is decrypted at once, and what the room sends is encrypted at once.
Encrypted bytes cannot be taken back, so a message counts as sent when it is encrypted; while some of its bytes wait for
the kernel, the link is not ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.receive_clock import TIMESTAMP_SPACE
from gameserver.net.socket_transport import FIRST_READ_BYTES, MORE_READ_BYTES, SocketTransport
from gameserver.net.transport import MAX_UNREAD_BYTES, READ_BYTES

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gameserver.net.receive_clock import ReceiveClock
    from gameserver.net.tls import TlsConnection, TlsStream

MAX_ANSWERS: Final = 64
"""How many answers of TLS itself, such as to a change of keys, may wait for a client that does not read. A client can
ask for one with each message."""

_NOTHING: Final = memoryview(b"")


class TlsWriter:
    """Encrypts what leaves a socket, and keeps what the kernel does not take at once."""

    __slots__ = ("_connection", "_send", "answers", "unsent")

    def __init__(self, connection: TlsConnection, send: Callable[[bytes | memoryview], int]) -> None:
        """Write to a socket.

        Args:
            connection: encrypts.
            send: the socket's method.
        """
        self._connection = connection
        self._send = send
        self.unsent = _NOTHING
        """Encrypted bytes that wait for the kernel."""
        self.answers = 0
        """How many answers of TLS itself are in them."""

    def send(self, data: bytes | memoryview) -> int:
        """Encrypt and send all of `data`, as `socket.send` would.

        Raises:
            BlockingIOError: bytes before it still wait for the kernel; nothing of it was taken.
            OSError: the connection is broken.
        """
        if self.unsent and not self.flush():
            raise BlockingIOError
        self._put(self._connection.encrypt(data))
        return len(data)

    def answer(self) -> bool:
        """Send what TLS itself has to say. Return False if too much of that waits."""
        self._put(self._connection.take_outgoing())
        self.answers = self.answers + 1 if self.unsent else 0
        return self.answers <= MAX_ANSWERS

    def flush(self) -> bool:
        """Send what waits, and return whether all of it has left.

        Raises:
            OSError: the connection is broken.
        """
        data, self.unsent = self.unsent, _NOTHING
        self._put(data)
        if not self.unsent:
            self.answers = 0
        return not self.unsent

    def drop(self) -> None:
        """Forget what waits: the connection is broken."""
        self.unsent = _NOTHING

    def _put(self, data: bytes | memoryview) -> None:
        if self.unsent:
            self.unsent = memoryview(b"".join((self.unsent, data)))
            return
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.unsent = memoryview(data)[sent:]  # not a copy: many sends may follow


class TlsTransport(SocketTransport):
    """A transport that encrypts, writes without waiting, and that a room can poll."""

    __slots__ = ("_connection", "_writer")

    def __init__(
        self,
        stream: TlsStream,
        sock: socket.socket,
        nursery: trio.Nursery,
        *,
        max_message_bytes: int,
        head: bytes,
        tail: bytes,
    ) -> None:
        """Take a connection over once its handshake is done. Nothing else may use its stream from now on.

        Args:
            stream: the connection, used to close it.
            sock: the non-blocking socket below it.
            nursery: see `Transport`.
            max_message_bytes: see `Transport`.
            head: see `Transport`.
            tail: see `Transport`.
        """
        tail += stream.take_plain()
        super().__init__(stream, sock, nursery, max_message_bytes=max_message_bytes, head=head, tail=tail)
        self.reader = self.writer = None  # what they would read and write is encrypted
        self._connection = stream.connection
        self._writer = TlsWriter(stream.connection, sock.send)
        self._send = self._writer.send

    # -- reading -----------------------------------------------------------------------------------------------------

    def poll(self, clock: ReceiveClock) -> bool:
        """Read once what has arrived; see `SocketTransport`."""
        return self._read_records(clock, FIRST_READ_BYTES)

    def poll_more(self, clock: ReceiveClock) -> bool:
        """Read once more; see `SocketTransport`."""
        return self._poller is not None and self._read_records(clock, MORE_READ_BYTES)

    def _read_records(self, clock: ReceiveClock, size: int) -> bool:
        if self.unread_bytes > MAX_UNREAD_BYTES:
            return False
        try:
            encrypted, ancillary, _, _ = self._recvmsg(size, TIMESTAMP_SPACE)
        except BlockingIOError:
            return False
        except OSError:
            self._break()
            return False
        data = self._decrypt(encrypted)
        if data:
            self._bytes_in += len(data)
            at_s = clock.received_at_s(ancillary) if ancillary else clock.now_s
            self._scan(data, at_s, take=not self._closing)
        if not encrypted or self._connection.closed:
            self._end()
        return len(encrypted) == size

    def _read_once(self) -> None:
        try:
            encrypted = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._break()
            return
        data = self._decrypt(encrypted)
        if data:
            self._bytes_in += len(data)
            self._pass_on(data)
        if not encrypted or self._connection.closed:
            self._end()

    def _decrypt(self, encrypted: bytes) -> bytes:
        """Return what can be read now; damaged bytes break the connection."""
        if not encrypted:
            return b""
        try:
            data = self._connection.decrypt(encrypted)
        except OSError:  # ssl.SSLError is one
            self._break()
            return b""
        if self._connection.has_answer:
            self._answer()
        return data

    def _answer(self) -> None:
        try:
            is_bounded = self._writer.answer()
        except OSError:
            is_bounded = False
        if is_bounded:
            self._send_rest()
        else:
            self._break()

    # -- writing -----------------------------------------------------------------------------------------------------

    def offer(self, *messages: bytes) -> bool:
        """Write these messages now, or take none. What the kernel does not take of them leaves as soon as it does."""
        taken = super().offer(*messages)
        if self._writer.unsent:
            self._send_rest()
        return taken

    def _put(self, data: bytes | memoryview) -> None:
        super()._put(data)
        self._send_rest()

    def _send_rest(self) -> None:
        if self._writer.unsent and not self._broken:
            self._start_write_loop()

    async def _write_loop(self) -> None:
        """Write whenever the kernel takes bytes, until nothing waits."""
        try:
            while not self._broken:
                await trio.lowlevel.wait_writable(self._sock)
                if self._flush() and self._outbox:
                    self._note_left(self._write(self._outbox[0]))
                if not self._outbox and not self._writer.unsent:
                    return
        except trio.ClosedResourceError:
            self._break()
        finally:
            self._writing = False
            self._note_ready()

    def _flush(self) -> bool:
        try:
            return self._writer.flush()
        except OSError:
            self._break()
            return False

    def _break(self) -> None:
        super()._break()
        self._writer.drop()
