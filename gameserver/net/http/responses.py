"""HTTP responses as values, and the headers that all of them have. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        # In older browsers 'self' does not include ws: on the page's own host.
        "connect-src 'self' ws: wss:",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        # The latency lab shows two clients side by side.
        "frame-ancestors 'self'",
    )
)
"""Scripts and styles are files of this origin: nothing inline, no eval, nothing from other hosts."""

_SECURITY_HEADERS: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)

NO_STORE: Final = "no-store"
REVALIDATE: Final = "no-cache"  # cached, but checked with the server each time (ETag)
FOREVER: Final = "public, max-age=31536000, immutable"  # for addresses that change with their content

_BODILESS: Final = frozenset({HTTPStatus.NOT_MODIFIED, HTTPStatus.NO_CONTENT})


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers and body of one response."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    cache: str = NO_STORE
    etag: str | None = None

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
        fields = [("Date", formatdate(date_s, usegmt=True)), ("Cache-Control", self.cache), *_SECURITY_HEADERS]
        if self.etag is not None:
            fields.append(("ETag", self.etag))
        if self.status not in _BODILESS:
            fields += [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        return [*fields, *self.headers, ("Connection", "close" if closes else "keep-alive")]


def text(status: HTTPStatus, message: str, *headers: tuple[str, str]) -> Response:
    """Return a response with one line of plain text."""
    return Response(status, f"{message}\n".encode(), headers=headers)


def as_json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a response with `value` as JSON, which is never cached."""
    return Response(status, json.dumps(value, separators=(",", ":")).encode() + b"\n", "application/json")
