"""Parses one request head with h11, and refuses what h11 tolerates but should not be read. No I/O.

Request smuggling uses heads that a proxy and a server read differently. What could be read in two ways is refused with
400: bare line feeds, folded lines, repeated or mixed framing headers, a bad Host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.protocol.constants import CloseCode

END_OF_HEAD = b"\r\n\r\n"

# A line feed or carriage return without the other, or a line that continues the one before (obs-fold).
_AMBIGUOUS_LINES = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]")
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
# Only origin-form, RFC 9112 §3.2.1: the other forms are for proxies.
_TARGET = re.compile(r"/[!-~]*")


class RequestRefused(Exception):
    """The request is answered with an error, and the connection closed: bytes after a bad request are not read."""

    def __init__(
        self, status: HTTPStatus, reason: str, *headers: tuple[str, str], code: CloseCode | None = None
    ) -> None:
        """Refuse a request.

        Args:
            status: of the response.
            reason: what the client is sent.
            headers: additional ones of the response.
            code: closes a WebSocket that is accepted so that the page can read why; None: the status says which.
        """
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers
        self.code = code


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and its headers. Names are in lower case; values are as sent, without surrounding space."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    http_version: bytes = b"1.1"

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of the header `name` (lower case), in order."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: bytes) -> str | None:
        """Return the only value of the header `name` (lower case), or None without it.

        Raises:
            RequestRefused: the header is repeated, or not ASCII.
        """
        values = self.all(name)
        if not values:
            return None
        if len(values) > 1:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, f"the header {name.decode()} is repeated")
        return _ascii(name, values[0])

    def tokens(self, name: bytes) -> list[str]:
        """Return the comma-separated entries of every header `name` (lower case), empty ones left out.

        Raises:
            RequestRefused: the header is not ASCII.
        """
        entries = [entry.strip() for value in self.all(name) for entry in _ascii(name, value).split(",")]
        return [entry for entry in entries if entry]

    def as_bytes(self) -> bytes:
        """Return the head as it can be parsed again, in another process."""
        first = f"{self.method} {self.target} HTTP/{self.http_version.decode()}".encode("latin-1")
        lines = [first, *(b"%b: %b" % header for header in self.headers)]
        return b"\r\n".join([*lines, b"", b""])

    @property
    def has_body(self) -> bool:
        """Whether a body follows, which may be empty."""
        return bool(self.all(b"transfer-encoding")) or int(self.one(b"content-length") or 0) > 0

    @property
    def content_codings(self) -> frozenset[str]:
        """The content codings that the client takes, such as `gzip`."""
        entries = [entry.lower().replace(" ", "").partition(";q=") for entry in self.tokens(b"accept-encoding")]
        return frozenset(name for name, _, weight in entries if weight.strip("0.") or not weight)

    @property
    def wants_upgrade(self) -> bool:
        """Whether the client asks for a WebSocket."""
        return "websocket" in (token.lower() for token in self.tokens(b"upgrade"))

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection stays open after the response."""
        options = {token.lower() for token in self.tokens(b"connection")}
        return self.http_version == b"1.1" and "close" not in options


def _ascii(name: bytes, value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"the header {name.decode()} is not ASCII") from None


def no_body(_head: Head) -> int:
    """Return 0: the request must have no body."""
    return 0


def too_large(max_bytes: int) -> RequestRefused:
    """Return the refusal of a body that has more bytes than it may have."""
    reason = f"a body here has at most {max_bytes} bytes" if max_bytes else "requests must not have a body"
    return RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)


def parse_head(raw: bytes, max_body_bytes: Callable[[Head], int] = no_body) -> tuple[Head, h11.Connection]:
    """Parse one whole head.

    Args:
        raw: the bytes up to END_OF_HEAD, included.
        max_body_bytes: returns how large the body of a request may be; 0: it must have none.

    Returns:
        The head, and the h11 connection that reads the request's body.

    Raises:
        RequestRefused: the head is bad or ambiguous, or says that the body is too large.
    """
    if _AMBIGUOUS_LINES.search(raw):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "lines must end with CR LF, and folded lines are not allowed")
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=len(raw) + 1)
    connection.receive_data(raw)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise RequestRefused(HTTPStatus(error.error_status_hint), "not an HTTP/1.1 request") from None
    if not isinstance(event, h11.Request):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "not an HTTP/1.1 request")
    target = event.target.decode("latin-1")
    head = Head(event.method.decode("ascii"), target, tuple(event.headers), event.http_version)
    _check_names(head)
    _check_framing(head, max_body_bytes(head))
    return head, connection


def _check_framing(head: Head, max_body_bytes: int) -> None:
    if head.all(b"transfer-encoding"):
        if head.all(b"content-length") or head.http_version != b"1.1":
            raise RequestRefused(HTTPStatus.BAD_REQUEST, "Content-Length and Transfer-Encoding exclude each other")
    elif int(head.one(b"content-length") or 0) > max_body_bytes:
        raise too_large(max_body_bytes)


def _check_names(head: Head) -> None:
    host = head.one(b"host")
    if host is None or not _HOST.fullmatch(host):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "the request needs one Host header with a valid host")
    if not _TARGET.fullmatch(head.target):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "the request target must be a path")
