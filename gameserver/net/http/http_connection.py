"""HTTP/1.1 on a stream, until the client leaves or asks for a WebSocket.

Sizes, times and the number of requests are bounded. A request that is refused is answered with its status, and the
connection is closed: after a head that can be read in two ways, the bytes that follow cannot be trusted.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from gameserver.net.http.body import BodyReader, Progress
from gameserver.net.http.head import END_OF_HEAD, Head, RequestRefused, no_body, parse_head
from gameserver.net.http.responses import Response, text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gameserver.net.http.responses import FileBody
    from gameserver.net.settings import NetLimits
    from gameserver.net.turnstile import Turnstile

_READ_BYTES: Final = 4_096
_FILE_BYTES: Final = 65_536
"""Read and sent at once of a large file."""
_PARTS_PER_TURN: Final = 32
"""Parts of a body that are read before others have their turn: a chunk of one byte takes as long as one of thousands.
"""
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER_S: Final = 1.0
"""How long the client may take to read the last response and close. If the server closed while bytes of the client are
unread, the kernel would reset the connection, and the response could be lost.
"""
_LINGER_BYTES: Final = 262_144
"""How many more bytes of the client are read and dropped meanwhile."""


def never(_head: Head) -> bool:
    """Return False."""
    return False


class Upgrade(NamedTuple):
    """A request for a WebSocket or a stream, and the bytes that were read after its head."""

    head: Head
    tail: bytes


class HttpConnection:
    """Serves HTTP on one connection."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        limits: NetLimits,
        turnstile: Turnstile,
        respond: Callable[[Head, bytes], Awaitable[Response]],
        on_refused: Callable[[RequestRefused], object],
        max_body_bytes: Callable[[Head], int] = no_body,
        *,
        may_wait: Callable[[Head], bool] = never,
        begun: bytes = b"",
    ) -> None:
        """Begin on a stream that is connected.

        Args:
            stream: carries the requests and responses.
            limits: the operator's.
            turnstile: what is read is handled in its turn.
            respond: answers the requests that are no upgrades, given the head and the body.
            on_refused: called with the request, if there is one, that was refused for its form.
            max_body_bytes: returns how large the body of a request may be; 0: it must have none. Where it may have one,
                `respond` is cancelled when the client leaves.
            may_wait: returns whether `respond` may take long for a request, so that it is cancelled in the same way.
            begun: bytes that have been read already.
        """
        self._stream = stream
        self._limits = limits
        self._turnstile = turnstile
        self._respond = respond
        self._on_refused = on_refused
        self._max_body_bytes = max_body_bytes
        self._may_wait = may_wait
        self._buffer = begun
        self._served = 0

    async def serve(
        self, upgrade_path: str, note_in_use: Callable[[], object], leaves: Callable[[Head], bool] = never
    ) -> Upgrade | None:
        """Answer requests.

        Args:
            upgrade_path: the path of the WebSocket.
            note_in_use: called after each response.
            leaves: returns whether a request is another one that is not answered by `respond`.

        Returns:
            The request for a WebSocket at `upgrade_path`, or one that leaves; None when the connection is over.

        Raises:
            trio.BrokenResourceError: the client is gone.
            trio.TooSlowError: the client does not read a response.
        """
        try:
            while (request := await self._next_request()) is not None:
                head, body = request
                if (head.path == upgrade_path and head.wants_upgrade) or leaves(head):
                    return Upgrade(head, self._buffer)
                if not await self._answer(head, body):
                    break
                note_in_use()
        except RequestRefused as refused:
            self._on_refused(refused)
            await self.send_last(text(refused.status, refused.reason, *refused.headers))
        return None

    async def _answer(self, head: Head, body: bytes) -> bool:
        """Send the response. Return False when it was the last one."""
        self._served += 1
        closes = not head.keeps_alive or self._served >= self._limits.max_requests
        waits = self._max_body_bytes(head) or self._may_wait(head)
        respond = self._respond_while_connected if waits else self._respond
        await self._send(await respond(head, body), closes=closes, with_body=head.method != "HEAD")
        if closes:
            await self._linger()
        return not closes

    async def _respond_while_connected(self, head: Head, body: bytes) -> Response:
        """Make the response, unless the client leaves before it is made.

        Raises:
            RequestRefused: instead of a response.
            trio.BrokenResourceError: the client has left.
        """
        outcome: Response | RequestRefused | None = None

        async def respond() -> None:
            nonlocal outcome
            try:
                outcome = await self._respond(head, body)
            except RequestRefused as refused:
                outcome = refused
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(respond)
            await self._wait_until_gone()
            nursery.cancel_scope.cancel()
        if isinstance(outcome, RequestRefused):
            raise outcome
        if outcome is None:
            raise trio.BrokenResourceError("the client left before its response was made")
        return outcome

    async def _wait_until_gone(self) -> None:
        """Return when the client has left. What it sends meanwhile is the beginning of its next requests."""
        while len(self._buffer) <= self._limits.max_head_bytes:
            try:
                if not await self._receive():
                    return
            except trio.BrokenResourceError:
                return
        await trio.sleep_forever()

    async def send_last(self, response: Response) -> None:
        """Send one more response, and end the connection in such a way that the client can read it."""
        await self._send(response, closes=True, with_body=True)
        await self._linger()

    async def send_last_bytes(self, data: bytes) -> None:
        """Send bytes that are no response, and end the connection in such a way that the client can read them."""
        await self._send_bytes(data)
        await self._linger()

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _next_request(self) -> tuple[Head, bytes] | None:
        """Read a whole request: its head and its body. Return None when the client closes, or sends none in time."""
        raw = await self._read_head()
        if raw is None:
            return None
        await self._turnstile.wait_turn()  # also for requests that came together
        head, connection = parse_head(raw, self._max_body_bytes)
        if not head.has_body:
            return head, b""
        max_bytes = self._max_body_bytes(head)
        with trio.move_on_after(self._limits.body_timeout_s if max_bytes else self._limits.head_timeout_s):
            return head, await self._read_body(BodyReader(connection, max_bytes))
        raise RequestRefused(HTTPStatus.REQUEST_TIMEOUT, "the request took too long")

    async def _read_head(self) -> bytes | None:
        timeout_s = self._limits.idle_timeout_s if self._served else self._limits.head_timeout_s
        with trio.move_on_after(timeout_s):
            while not self._buffer:
                if not await self._receive():
                    return None
        if not self._buffer:
            return None
        with trio.move_on_after(self._limits.head_timeout_s):
            return await self._read_to_end_of_head()
        raise RequestRefused(HTTPStatus.REQUEST_TIMEOUT, "the request head took too long")

    async def _read_to_end_of_head(self) -> bytes | None:
        searched = 0
        while (end := self._buffer.find(END_OF_HEAD, searched)) < 0:
            if len(self._buffer) > self._limits.max_head_bytes:
                break
            searched = max(0, len(self._buffer) - len(END_OF_HEAD) + 1)
            if not await self._receive():
                return None
        size = end + len(END_OF_HEAD)
        if end < 0 or size > self._limits.max_head_bytes:
            raise RequestRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request head is too large")
        raw, self._buffer = self._buffer[:size], self._buffer[size:]
        return raw

    async def _read_body(self, reader: BodyReader) -> bytes:
        """Read to the end of the request: also that of an empty chunked body takes several bytes."""
        if reader.is_awaited:
            await self._send_bytes(_CONTINUE)
        parts = 0
        while (progress := reader.read()) is not Progress.END:
            if progress is Progress.MORE_BYTES:
                if not self._buffer and not await self._receive():
                    raise RequestRefused(HTTPStatus.BAD_REQUEST, "the request is incomplete")
                reader.receive(self._buffer)
                self._buffer = b""
                continue
            parts += 1
            if parts % _PARTS_PER_TURN == 0:
                await self._turnstile.wait_turn()
        self._buffer = reader.tail + self._buffer
        return bytes(reader.body)

    async def _receive(self) -> bool:
        """Read more into the buffer. Return False at the end of the stream."""
        data = await self._stream.receive_some(_READ_BYTES)
        self._buffer += data  # before anything that may be cancelled
        await self._turnstile.wait_turn()
        return bool(data)

    # -- writing -----------------------------------------------------------------------------------------------------

    async def _send(self, response: Response, *, closes: bool, with_body: bool) -> None:
        head = response.head(closes=closes, date_s=time.time())
        await self._send_bytes(head + response.body if with_body else head)
        if with_body and response.file is not None:
            await self._send_file(response.file)

    async def _send_bytes(self, data: bytes) -> None:
        with trio.fail_after(self._limits.response_timeout_s):
            await self._stream.send_all(data)

    async def _send_file(self, body: FileBody) -> None:
        left = body.size
        try:
            async with await trio.open_file(body.path, "rb") as file:
                while left > 0 and (data := await file.read(min(_FILE_BYTES, left))):
                    await self._send_bytes(data)
                    left -= len(data)
        except OSError as error:
            raise trio.BrokenResourceError(f"{body.path} cannot be read any more") from error
        if left > 0:  # the client must not wait for the rest
            raise trio.BrokenResourceError(f"{body.path} has become shorter")

    async def _linger(self) -> None:
        """End the connection's outgoing half, and read and drop what comes in for a moment."""
        with trio.move_on_after(_LINGER_S):
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            left = _LINGER_BYTES
            while left > 0 and (data := await self._stream.receive_some(_READ_BYTES)):
                left -= len(data)
