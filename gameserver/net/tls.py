"""The server's end of a TLS connection: first its bytes alone, then as a stream.

`ssl` does the cryptography on bytes in memory, so that a link's transport may encrypt and decrypt at a room's tick,
without a task and without waiting. `trio.SSLStream` keeps its bytes to itself: a link that has begun on it stays there.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from gameserver.net.turnstile import PacedStream

_RECORD_BYTES: Final = 16_384
"""What one record carries at most, RFC 8446 §5.1. A read of so many bytes leaves nothing of a record behind."""
_READ_BYTES: Final = 16_384


class TlsConnection:
    """The cryptography of one connection, without a socket."""

    __slots__ = ("_incoming", "_outgoing", "_ssl", "closed")

    def __init__(self, context: ssl.SSLContext) -> None:
        """Begin before the handshake.

        Args:
            context: the server's, with its certificate.
        """
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.closed = False
        """Whether the client has said that nothing more comes."""

    def shake_hands(self, data: bytes) -> bool:
        """Go on with the handshake, and return whether it is done. What `take_outgoing` returns must be sent.

        Args:
            data: what came from the client; b"" at the beginning.

        Raises:
            ssl.SSLError: the client speaks no TLS that is accepted.
        """
        self._take_in(data)
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def decrypt(self, data: bytes) -> bytes:
        """Return all that can be read now that `data` has come from the client; the protocol may have an answer to it.

        Raises:
            ssl.SSLError: the bytes are damaged.
        """
        self._take_in(data)
        parts: list[bytes] = []
        while not self.closed:
            try:
                part = self._ssl.read(_RECORD_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                part = b""
            if part and not parts and not self._incoming.pending:
                return part  # nearly always: one short record, and nothing behind it
            parts.append(part)
            self.closed = not part
        return b"".join(parts)

    def _take_in(self, data: bytes) -> None:
        if data:  # a read after an empty write fails, as at the end of a file
            self._incoming.write(data)

    def encrypt(self, data: bytes | bytearray | memoryview) -> bytes:
        """Return the bytes to send for `data`, behind those that were not taken yet.

        Raises:
            ssl.SSLError: the connection is closed.
        """
        if len(data) <= _RECORD_BYTES:
            self._write(data)
            return self._outgoing.read()
        parts = []
        for start in range(0, len(data), _RECORD_BYTES):  # the buffer never shrinks: it would stay as large as the data
            self._write(memoryview(data)[start : start + _RECORD_BYTES])
            parts.append(self._outgoing.read())
        return b"".join(parts)

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        left = memoryview(data)
        while left:
            left = left[self._ssl.write(left) :]

    @property
    def has_answer(self) -> bool:
        """Whether the protocol itself has something to send."""
        return self._outgoing.pending > 0

    def take_outgoing(self) -> bytes:
        """Return what the protocol itself has to send: parts of the handshake, answers, alerts."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """Return the bytes that announce to the client that nothing more comes."""
        with contextlib.suppress(ssl.SSLError):  # its own end has not come yet, which is no fault
            self._ssl.unwrap()
        return self._outgoing.read()


class TlsStream(trio.abc.HalfCloseableStream):
    """A TLS connection on a stream. Like a plain one it may end without notice, which HTTP and WebSockets allow."""

    def __init__(self, below: PacedStream, context: ssl.SSLContext) -> None:
        """Begin before the handshake; `below` carries the encrypted bytes."""
        self._below = below
        self.connection = TlsConnection(context)
        self._plain = b""  # decrypted, and not read yet
        self._sending = trio.Lock()  # bytes leave in the order in which they were encrypted

    async def do_handshake(self) -> None:
        """Shake hands with the client.

        Raises:
            trio.BrokenResourceError: the client is gone, or speaks no TLS that is accepted.
        """
        data = b""
        try:
            while not self.connection.shake_hands(data):
                await self._send(self.connection.take_outgoing())
                data = bytes(await self._below.receive_some(_READ_BYTES))
                if not data:
                    raise trio.BrokenResourceError("the client left before its TLS handshake was done")
            self._plain = self.connection.decrypt(b"")  # many clients send their request along
        except ssl.SSLError as error:
            await self._send(self.connection.take_outgoing())  # the alert that says why
            raise trio.BrokenResourceError("the TLS handshake failed") from error
        await self._send(self.connection.take_outgoing())

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return decrypted bytes; `b""` at the end; see `trio.abc.ReceiveStream`.

        Raises:
            trio.BrokenResourceError: the connection is broken.
        """
        while not self._plain:
            if self.connection.closed:
                await trio.lowlevel.checkpoint()
                return b""
            data = await self._below.receive_some(_READ_BYTES)
            if not data:
                return b""
            try:
                self._plain = self.connection.decrypt(bytes(data))
            except ssl.SSLError as error:
                raise trio.BrokenResourceError("the client's TLS is damaged") from error
            await self._send(self.connection.take_outgoing())
        return self.take_plain(max_bytes)

    def take_plain(self, max_bytes: int | None = None) -> bytes:
        """Return what is decrypted already."""
        size = len(self._plain) if max_bytes is None else max_bytes
        data, self._plain = self._plain[:size], self._plain[size:]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send `data`; see `trio.abc.SendStream`.

        Raises:
            trio.BrokenResourceError: the connection is broken.
        """
        async with self._sending:
            try:
                encrypted = self.connection.encrypt(data)
            except ssl.SSLError as error:
                raise trio.BrokenResourceError("the TLS connection is closed") from error
            await self._below.send_all(encrypted)

    async def _send(self, encrypted: bytes) -> None:
        if encrypted:
            async with self._sending:
                await self._below.send_all(encrypted)

    async def wait_send_all_might_not_block(self) -> None:
        """See `trio.abc.SendStream`."""
        await self._below.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Announce to the client that nothing more comes; see `trio.abc.HalfCloseableStream`."""
        await self._send(self.connection.end())

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._below.aclose()
