"""Reads a request's body with h11, up to a bound. No I/O."""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus

import h11

from gameserver.net.http.head import RequestRefused, too_large


class Progress(Enum):
    """What reading on has led to."""

    MORE_BYTES = auto()
    """More bytes are needed."""
    SOME = auto()
    """Some of the body was read, and there may be more in the bytes that have come."""
    END = auto()
    """The request has ended."""


class BodyReader:
    """The body of one request."""

    def __init__(self, connection: h11.Connection, max_bytes: int) -> None:
        """Begin after the head.

        Args:
            connection: has read the head.
            max_bytes: of the body; 0: there must be none.
        """
        self._connection = connection
        self._max_bytes = max_bytes
        self.body = bytearray()
        """What has been read."""

    def receive(self, data: bytes) -> None:
        """Take bytes that have come."""
        self._connection.receive_data(data)

    def read(self) -> Progress:
        """Read on.

        Raises:
            RequestRefused: the body is too large, or its framing is broken.
        """
        try:
            event = self._connection.next_event()
        except h11.RemoteProtocolError:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, "the chunked body is broken") from None
        if isinstance(event, h11.Data):
            if len(self.body) + len(event.data) > self._max_bytes:
                raise too_large(self._max_bytes)
            self.body += event.data
            return Progress.SOME
        return Progress.END if isinstance(event, h11.EndOfMessage) else Progress.MORE_BYTES

    @property
    def is_awaited(self) -> bool:
        """Whether the client sends the body only after an answer that says to go on (100 Continue)."""
        return self._max_bytes > 0 and self._connection.they_are_waiting_for_100_continue

    @property
    def tail(self) -> bytes:
        """What has come after the request."""
        return bytes(self._connection.trailing_data[0])
