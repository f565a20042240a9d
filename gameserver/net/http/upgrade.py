"""Whether a request may become a WebSocket: protocol.md §1, in order. No I/O but what the operator's authenticator
does.

A refusal is an HTTP status and a sentence; browsers cannot show it, developers can.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gameserver.net.http.auth import AuthRefused
from gameserver.net.http.head import RequestRefused
from gameserver.protocol.constants import SUBPROTOCOL, TOKEN_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.settings import NetSettings

_ANY_VERSION: Final = re.compile(r"gameserver\.v[0-9A-Za-z.]{1,16}")
_KEY_BYTES: Final = 16
_WEBSOCKET_VERSION: Final = "13"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an upgrade request comes down to once it is let in."""

    key: str
    """Sec-WebSocket-Key, checked."""
    subprotocol: str
    """The name that the answer carries: ours, or the client's other version of it."""
    claims: Mapping[str, object] | None
    """What the authenticator found out, None without one."""

    @property
    def supported(self) -> bool:
        """Whether the client speaks a version that this server speaks."""
        return self.subprotocol == SUBPROTOCOL

    def request_head(self) -> bytes:
        """A request head with nothing of the client's in it but what was checked: what trio-websocket gets to read.

        wsproto decodes headers without care (a non-ASCII byte or a Host that is no IDNA raises through the server);
        this one holds no surprise.
        """
        lines = (
            "GET / HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {self.key}",
            f"Sec-WebSocket-Version: {_WEBSOCKET_VERSION}",
            f"Sec-WebSocket-Protocol: {self.subprotocol}",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request for a WebSocket that has been let in: all that it takes to run its link, in this process or another."""

    accepted: Accepted
    address: str
    """The client's, as far as proxies are believed."""
    tail: bytes
    """What came behind the request's head, or, of frames, what nobody has dealt with."""
    at_s: float
    """When, on trio's clock."""
    answered: bool = False
    """The client has had its 101 already."""
    room: str | None = None
    """The room that a director chose for it."""
    reservation: int = 0
    """The seat that the director keeps for it, 0 for none."""


async def check_upgrade(head: Head, settings: NetSettings) -> Accepted:
    """Let an upgrade request in, or raise RequestRefused. Headers that are not ASCII are refused as they are read."""
    check_websocket(head)
    check_origin(head, settings.origins)
    subprotocol = choose_subprotocol(head)
    return Accepted(websocket_key(head), subprotocol, await _claims(head, settings))


def check_websocket(head: Head) -> None:
    """RFC 6455 §4.2.1."""
    if head.method != "GET" or head.http_version != b"1.1":
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "a WebSocket begins with GET and HTTP/1.1")
    if "upgrade" not in (token.lower() for token in head.tokens(b"connection")):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "Connection: Upgrade is missing")
    if head.one(b"sec-websocket-version") != _WEBSOCKET_VERSION:
        name = "Sec-WebSocket-Version"
        raise RequestRefused(
            HTTPStatus.UPGRADE_REQUIRED, f"{name}: {_WEBSOCKET_VERSION} is missing", (name, _WEBSOCKET_VERSION)
        )
    head.tokens(b"sec-websocket-extensions")  # none is taken, but what cannot be read is refused


def websocket_key(head: Head) -> str:
    """Return the handshake's key: 16 bytes in base64."""
    key = head.one(b"sec-websocket-key") or ""
    try:
        size = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        size = 0
    if size != _KEY_BYTES:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key is 16 bytes in base64")
    return key


def check_origin(head: Head, allowed: tuple[str, ...]) -> None:
    """Refuse pages of strangers. A page on the server's own host is no stranger; a client that is no browser names no
    origin.

    Only host and port are compared with Host: behind a proxy that ends TLS the server cannot know the page's scheme.
    """
    origin = head.one(b"origin")
    if origin is None or "*" in allowed or origin in allowed:
        return
    if _authority(origin) != _authority(f"{origin.partition('://')[0]}://{head.one(b'host')}"):
        raise RequestRefused(HTTPStatus.FORBIDDEN, "this page's origin may not connect here")


def _authority(url: str) -> tuple[str, int | None] | None:
    """Host and port of `url`, the scheme's port filled in; None for what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def choose_subprotocol(head: Head) -> str:
    """Ours if it is offered; else the first other version of it, to be closed with 4001; neither: RequestRefused."""
    offered = head.tokens(b"sec-websocket-protocol")
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    for name in offered:
        if _ANY_VERSION.fullmatch(name):
            return name
    raise RequestRefused(HTTPStatus.BAD_REQUEST, f"offer the subprotocol {SUBPROTOCOL}")


def find_token(head: Head) -> str | None:
    """The client's token, from `Authorization: Bearer` or a subprotocol entry. Two different ones: RequestRefused."""
    offered = head.tokens(b"sec-websocket-protocol")
    found = {name.removeprefix(TOKEN_PREFIX) for name in offered if name.startswith(TOKEN_PREFIX)}
    scheme, _, credentials = (head.one(b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        found.add(credentials.strip())
    if len(found) > 1:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "one token, not several")
    return found.pop() if found else None


async def _claims(head: Head, settings: NetSettings) -> Mapping[str, object] | None:
    if settings.authenticator is None:
        return None
    try:
        return await settings.authenticator(find_token(head), head)
    except AuthRefused as refused:
        challenge = (("WWW-Authenticate", "Bearer"),) if refused.status is HTTPStatus.UNAUTHORIZED else ()
        raise RequestRefused(refused.status, refused.reason, *challenge) from None
