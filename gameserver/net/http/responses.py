"""HTTP responses as values, and the headers that all of them have. No I/O."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from gameserver.net.http.policy import STRICT

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.http.policy import Headers

NO_STORE: Final = "no-store"
REVALIDATE: Final = "no-cache"  # cached, but checked with the server each time (ETag)
FOREVER: Final = "public, max-age=31536000, immutable"  # for addresses that change with their content

BODILESS: Final = frozenset({HTTPStatus.NOT_MODIFIED, HTTPStatus.NO_CONTENT})


class FileBody(NamedTuple):
    """A body that is read while it is sent."""

    path: Path
    size: int
    """How many bytes of the file are sent: the file may grow meanwhile."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers and body of one response."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Headers = ()
    cache: str = NO_STORE
    etag: str | None = None
    policy: Headers = STRICT
    """What a page may do."""
    file: FileBody | None = None
    """Sent instead of `body`."""

    @property
    def body_bytes(self) -> int:
        """The length of the body."""
        return len(self.body) if self.file is None else self.file.size

    def head(self, *, closes: bool, date_s: float) -> bytes:
        """Return the status line and headers.

        Args:
            closes: whether the server closes the connection after this response.
            date_s: seconds since the epoch.
        """
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in self._fields(closes, date_s)]
        return "\r\n".join((*lines, "", "")).encode("latin-1")

    def _fields(self, closes: bool, date_s: float) -> list[tuple[str, str]]:
        fields = [("Date", formatdate(date_s, usegmt=True)), ("Cache-Control", self.cache), *self.policy]
        if self.etag is not None:
            fields.append(("ETag", self.etag))
        if self.status not in BODILESS:
            fields += [("Content-Type", self.content_type), ("Content-Length", str(self.body_bytes))]
        return [*fields, *self.headers, ("Connection", "close" if closes else "keep-alive")]


def with_headers(response: Response, more: Headers) -> Response:
    """Return a response with more headers."""
    return replace(response, headers=(*response.headers, *more)) if more else response


def text(status: HTTPStatus, message: str, *headers: tuple[str, str]) -> Response:
    """Return a response with one line of plain text."""
    return Response(status, f"{message}\n".encode(), headers=headers)


def as_json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a response with `value` as JSON, which is never cached."""
    return Response(status, json.dumps(value, separators=(",", ":")).encode() + b"\n", "application/json")


def etag_of(body: bytes) -> str:
    """Return a strong validator: equal only for equal bytes."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
