"""Whether a request may become a WebSocket: the checks of protocol.md §1, in order.

A refusal is an HTTP status and a sentence, which a developer can read; browsers do not show it to a page. There is no
I/O here, except that of an operator's authenticator.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gameserver.net.addresses import AddressError, read_origin
from gameserver.net.http.auth import AuthRefused
from gameserver.net.http.cors import is_allowed
from gameserver.net.http.head import RequestRefused
from gameserver.protocol.constants import SUBPROTOCOL, TOKEN_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.settings import NetSettings

_ANY_VERSION: Final = re.compile(r"gameserver\.v[0-9A-Za-z.]{1,16}")
_KEY_BYTES: Final = 16
_WEBSOCKET_VERSION: Final = "13"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the server needs of an upgrade request that passed the checks."""

    key: str
    """Sec-WebSocket-Key, checked."""
    subprotocol: str
    """The name for the answer: SUBPROTOCOL, or another version of it that the client offered."""
    claims: Mapping[str, object] | None
    """From the authenticator; None without one."""

    @property
    def supported(self) -> bool:
        """Whether the client speaks a version that this server speaks."""
        return self.subprotocol == SUBPROTOCOL

    def request_head(self) -> bytes:
        """Return a request head for trio-websocket, with the checked values only.

        The client's own head could raise errors in wsproto, which decodes headers without checks: non-ASCII bytes, or a
        Host that is not valid IDNA.
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
    """An upgrade request that was let in, with all that is needed to run its link in this process or another."""

    accepted: Accepted
    address: str
    """The client's address, if need be as a trusted proxy names it."""
    tail: bytes
    """Bytes read after the request's head and not handled yet: frames."""
    at_s: float
    """When it was let in, in seconds on trio's clock."""
    answered: bool = False
    """Whether the client has been sent its 101 response."""
    room: str | None = None
    """The id of the room that was chosen for the link, by a director of several processes."""
    reservation: int = 0
    """The number of the seat that the director keeps for the link; 0: none."""


async def check_upgrade(head: Head, settings: NetSettings) -> Accepted:
    """Check an upgrade request.

    Raises:
        RequestRefused: the request is not let in.
    """
    check_websocket(head)
    check_origin(head, settings.origins)
    subprotocol = choose_subprotocol(head)
    return Accepted(websocket_key(head), subprotocol, await _claims(head, settings))


def check_websocket(head: Head) -> None:
    """Check what RFC 6455 §4.2.1 requires, the key left out.

    Raises:
        RequestRefused: something is missing or wrong.
    """
    if head.method != "GET" or head.http_version != b"1.1":
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "a WebSocket needs GET and HTTP/1.1")
    if "upgrade" not in (token.lower() for token in head.tokens(b"connection")):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "Connection: Upgrade is missing")
    if head.one(b"sec-websocket-version") != _WEBSOCKET_VERSION:
        name = "Sec-WebSocket-Version"
        raise RequestRefused(
            HTTPStatus.UPGRADE_REQUIRED, f"{name}: {_WEBSOCKET_VERSION} is missing", (name, _WEBSOCKET_VERSION)
        )
    head.tokens(b"sec-websocket-extensions")  # no extension is used, but a header that is not ASCII is refused


def websocket_key(head: Head) -> str:
    """Return the handshake's key, 16 bytes in base64.

    Raises:
        RequestRefused: there is none, or it is none.
    """
    key = head.one(b"sec-websocket-key") or ""
    try:
        size = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        size = 0
    if size != _KEY_BYTES:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64")
    return key


def check_origin(head: Head, allowed: tuple[str, ...]) -> None:
    """Check that the page that connects has an allowed origin, or is on the server's own host.

    Clients that are no browsers send no origin and are let in. Only host and port are compared with the Host header:
    behind a proxy that ends TLS, the server does not know the page's scheme.

    Args:
        head: the request.
        allowed: origins as `read_origin` returns them; `*` allows all.

    Raises:
        RequestRefused: the origin is another one.
    """
    origin = head.one(b"origin")
    if origin is None or is_allowed(origin, allowed):
        return
    with contextlib.suppress(AddressError):
        if read_origin(origin) == read_origin(f"{origin.partition('://')[0]}://{head.one(b'host')}"):
            return
    raise RequestRefused(HTTPStatus.FORBIDDEN, "this page's origin may not connect here")


def choose_subprotocol(head: Head) -> str:
    """Choose among the subprotocols that the client offers.

    Returns:
        SUBPROTOCOL if it is offered, else the first other version of it: that link is closed with 4001.

    Raises:
        RequestRefused: neither is offered.
    """
    offered = head.tokens(b"sec-websocket-protocol")
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    for name in offered:
        if _ANY_VERSION.fullmatch(name):
            return name
    raise RequestRefused(HTTPStatus.BAD_REQUEST, f"offer the subprotocol {SUBPROTOCOL}")


def find_token(head: Head) -> str | None:
    """Return the client's token, from `Authorization: Bearer` or a subprotocol entry; None without one.

    Raises:
        RequestRefused: there are two different tokens.
    """
    offered = head.tokens(b"sec-websocket-protocol")
    found = {name.removeprefix(TOKEN_PREFIX) for name in offered if name.startswith(TOKEN_PREFIX)}
    scheme, _, credentials = (head.one(b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        found.add(credentials.strip())
    if len(found) > 1:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "there are two different tokens")
    return found.pop() if found else None


async def _claims(head: Head, settings: NetSettings) -> Mapping[str, object] | None:
    if settings.authenticator is None:
        return None
    try:
        return await settings.authenticator(find_token(head), head)
    except AuthRefused as refused:
        challenge = (("WWW-Authenticate", "Bearer"),) if refused.status is HTTPStatus.UNAUTHORIZED else ()
        raise RequestRefused(refused.status, refused.reason, *challenge) from None
