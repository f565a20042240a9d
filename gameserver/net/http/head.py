"""One request head, from bytes to values: h11 parses, and what h11 forgives is refused here first. No I/O.

Request smuggling lives on differences of opinion between a proxy and a server, so whatever two readers could read
differently is refused with 400: bare line feeds, folded lines, doubled or mixed framing headers, a bad Host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

import h11

END_OF_HEAD = b"\r\n\r\n"

# A line feed without its carriage return, or a line that continues the one before (obs-fold).
_AMBIGUOUS_LINES = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]")
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
# RFC 9112 §3: origin-form is all that a server which is no proxy needs.
_TARGET = re.compile(r"/[!-~]*")


class RequestRefused(Exception):
    """The request gets this answer, and then the connection is closed: nothing after it can be trusted."""

    def __init__(self, status: HTTPStatus, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and its headers. Names are lower case; values are as sent, without surrounding space."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    http_version: bytes = b"1.1"

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    def all(self, name: bytes) -> list[bytes]:
        """Every value of header `name` (lower case), in order."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: bytes) -> str | None:
        """The only value of header `name`, None if absent. Twice, or not ASCII: RequestRefused."""
        values = self.all(name)
        if not values:
            return None
        if len(values) > 1:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, f"header {name.decode()} twice")
        return _ascii(name, values[0])

    def tokens(self, name: bytes) -> list[str]:
        """The comma-separated entries of every header `name`. Not ASCII: RequestRefused."""
        entries = [entry.strip() for value in self.all(name) for entry in _ascii(name, value).split(",")]
        return [entry for entry in entries if entry]

    @property
    def wants_upgrade(self) -> bool:
        """Whether this asks for a WebSocket."""
        return "websocket" in (token.lower() for token in self.tokens(b"upgrade"))

    @property
    def keeps_alive(self) -> bool:
        """Whether the client will send another request on this connection."""
        wishes = {token.lower() for token in self.tokens(b"connection")}
        return self.http_version == b"1.1" and "close" not in wishes


def _ascii(name: bytes, value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"header {name.decode()} is not ASCII") from None


def parse_head(raw: bytes) -> tuple[Head, h11.Connection]:
    """Parse one whole head, END_OF_HEAD included. The connection that comes along reads the body. Raises
    RequestRefused.
    """
    if _AMBIGUOUS_LINES.search(raw):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "lines end with CR LF, and none continues the one before")
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
    _check_framing(head)
    _check_names(head)
    return head, connection


def _check_framing(head: Head) -> None:
    if head.all(b"transfer-encoding"):
        if head.all(b"content-length") or head.http_version != b"1.1":
            raise RequestRefused(HTTPStatus.BAD_REQUEST, "Content-Length or Transfer-Encoding, not both")
    elif int(head.one(b"content-length") or 0) > 0:
        raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "no request here has a body")


def _check_names(head: Head) -> None:
    host = head.one(b"host")
    if host is None or not _HOST.fullmatch(host):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "one Host header, naming a host")
    if not _TARGET.fullmatch(head.target):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "the target is a path")


def check_no_body(connection: h11.Connection) -> bool:
    """Read on after the head: True when the message has ended, False when more bytes are needed. A body:
    RequestRefused.
    """
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "the chunked body is broken") from None
    if isinstance(event, h11.Data):
        raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "no request here has a body")
    return isinstance(event, h11.EndOfMessage)
