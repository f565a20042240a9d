"""Whether a request may become a WebSocket: the checks of protocol.md §1, in order.

A refusal is an HTTP status and a sentence; for a client that speaks this protocol, it is a close code and the sentence,
since browsers do not show a page the status. There is no I/O here, except that of an operator's authenticator.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import trio

from gameserver.hub.refusals import Refusal
from gameserver.net.addresses import AddressError, read_origin
from gameserver.net.author_errors import pass_on_cancelled
from gameserver.net.http.auth import AuthRefused, check_claims
from gameserver.net.http.cors import is_allowed
from gameserver.net.http.head import RequestRefused
from gameserver.protocol.constants import SUBPROTOCOL, TOKEN_PREFIX, CloseCode
from gameserver.protocol.errors import fit_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.settings import NetSettings

_ANY_VERSION: Final = re.compile(r"gameserver\.v[0-9A-Za-z.]{1,16}")
_KEY_BYTES: Final = 16
_WEBSOCKET_VERSION: Final = "13"
_PAGE_SCHEMES: Final = frozenset({"http", "https"})
_NOT_NOW: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the server needs of an upgrade request that passed the checks."""

    key: str
    """Sec-WebSocket-Key, checked."""
    subprotocol: str
    """The name for the answer: SUBPROTOCOL, or another version of it that the client offered."""
    claims: Mapping[str, object] | None
    """From the authenticator; None without one."""
    refusal: Refusal | None = None
    """Why the link is closed as soon as it is up; None: it is not."""

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


class LinkRefused(RequestRefused):
    """The client is not let in, and speaks this protocol: its link is closed with a code that it can read."""

    def __init__(self, refused: RequestRefused, accepted: Accepted) -> None:
        """Refuse as `refused` does; `accepted` answers the handshake."""
        super().__init__(refused.status, refused.reason, *refused.headers, code=refused.code)
        self.accepted = accepted


async def check_upgrade(head: Head, settings: NetSettings, *, draining: bool = False) -> Accepted:
    """Check an upgrade request.

    Args:
        head: the request.
        settings: the operator's.
        draining: whether the server is stopping.

    Raises:
        LinkRefused: the client is not let in, and offers a subprotocol of this protocol.
        RequestRefused: the client is not let in, and offers none.
    """
    check_websocket(head)
    key, subprotocol = websocket_key(head), choose_subprotocol(head)
    try:
        if subprotocol not in (None, SUBPROTOCOL):
            reason = f"this server speaks {SUBPROTOCOL}"
            raise RequestRefused(HTTPStatus.BAD_REQUEST, reason, code=CloseCode.UNSUPPORTED_VERSION)
        if draining:
            raise _draining(settings.retry_after_s)
        check_host(head, settings)
        check_origin(head, settings.origins)
        claims = await verified_claims(head, settings)
    except RequestRefused as refused:
        if subprotocol is None:
            raise
        raise LinkRefused(refused, Accepted(key, subprotocol, None, refusal_of(refused))) from refused.__cause__
    if subprotocol is None:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"offer the subprotocol {SUBPROTOCOL}")
    return Accepted(key, subprotocol, claims)


def accept_to_refuse(head: Head, refused: RequestRefused) -> Accepted | None:
    """Return how an upgrade request that was refused unseen is accepted, so that its link can be closed with a code.

    None: it is no handshake of this protocol, and is answered with the HTTP status.
    """
    with contextlib.suppress(RequestRefused):
        check_websocket(head)
        key, subprotocol = websocket_key(head), choose_subprotocol(head)
        if subprotocol is not None:
            return Accepted(key, subprotocol, None, refusal_of(refused))
    return None


def refusal_of(refused: RequestRefused) -> Refusal:
    """Return how a link is closed whose request was refused: with the code of its own, or one for its HTTP status."""
    status = refused.status
    if refused.code is not None:
        code = refused.code
    elif status is HTTPStatus.UNAUTHORIZED:
        code = CloseCode.UNAUTHORIZED
    elif status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        code = CloseCode.UNAVAILABLE
    else:
        code = CloseCode.FORBIDDEN
    return Refusal(code, fit_reason(refused.reason))


def _draining(retry_after_s: float) -> RequestRefused:
    return RequestRefused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"retry in {retry_after_s:g} s",  # the form that clients read, protocol.md §10
        ("Retry-After", str(max(1, round(retry_after_s)))),
        code=CloseCode.GOING_AWAY,
    )


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


def check_host(head: Head, settings: NetSettings) -> None:
    """Check that the request means this server.

    Raises:
        RequestRefused: it names another host.
    """
    host = head.one(b"host") or ""
    if not settings.answers_to(host):
        raise RequestRefused(HTTPStatus.MISDIRECTED_REQUEST, f"this server is not known as {host}: see --host-name")


def check_origin(head: Head, allowed: tuple[str, ...]) -> None:
    """Check that the page that connects has an allowed origin, or is on the server's own host.

    Clients that are no browsers send no origin and are let in. Of the server's own pages, only host and port are
    compared with the Host header: behind a proxy that ends TLS, the server does not know the page's scheme.

    Args:
        head: the request.
        allowed: origins as `read_origin` returns them; `*` allows all.

    Raises:
        RequestRefused: the origin is another one.
    """
    origin = head.one(b"origin")
    if origin is None or is_allowed(origin, allowed):
        return
    scheme = origin.partition("://")[0]
    if scheme in _PAGE_SCHEMES:
        with contextlib.suppress(AddressError):
            if read_origin(origin) == read_origin(f"{scheme}://{head.one(b'host')}"):
                return
    raise RequestRefused(HTTPStatus.FORBIDDEN, f"pages of {origin} may not connect here: see --origin")


def choose_subprotocol(head: Head) -> str | None:
    """Choose among the subprotocols that the client offers.

    Returns:
        SUBPROTOCOL if it is offered, else the first other version of it: that link is closed with 4001. None if there
        is neither.
    """
    offered = head.tokens(b"sec-websocket-protocol")
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    for name in offered:
        if _ANY_VERSION.fullmatch(name):
            return name
    return None


def find_token(head: Head, in_query: str | None = None) -> str | None:
    """Return the client's token, from `Authorization: Bearer`, a subprotocol entry or the query; None without one.

    Args:
        head: the request.
        in_query: the token of the query, where it may have one.

    Raises:
        RequestRefused: there are two different tokens.
    """
    offered = head.tokens(b"sec-websocket-protocol")
    found = {name.removeprefix(TOKEN_PREFIX) for name in offered if name.startswith(TOKEN_PREFIX)}
    if in_query is not None:
        found.add(in_query)
    scheme, _, credentials = (head.one(b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        found.add(credentials.strip())
    if len(found) > 1:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "there are two different tokens")
    return found.pop() if found else None


async def verified_claims(
    head: Head, settings: NetSettings, in_query: str | None = None
) -> Mapping[str, object] | None:
    """Return what the authenticator says.

    Args:
        head: the request.
        settings: the operator's.
        in_query: the token of the query, where it may have one.

    Raises:
        RequestRefused: it refuses the client, takes too long, or fails. The exception that it failed with is the cause.
    """
    if settings.authenticator is None:
        return None
    token = find_token(head, in_query)
    try:
        with trio.move_on_after(settings.limits.upgrade_timeout_s):
            return check_claims(await settings.authenticator(token, head))
    except AuthRefused as refused:
        challenge = (("WWW-Authenticate", "Bearer"),) if refused.status is HTTPStatus.UNAUTHORIZED else ()
        raise RequestRefused(refused.status, refused.reason, *challenge) from None
    except BaseException as error:
        pass_on_cancelled(error)
        raise RequestRefused(HTTPStatus.SERVICE_UNAVAILABLE, "the token cannot be checked at the moment") from error
    raise RequestRefused(HTTPStatus.SERVICE_UNAVAILABLE, "the token was not checked in time")
