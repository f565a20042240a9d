"""Cross-origin requests: pages of the origins that the operator allows may read what a game needs. No I/O.

Nothing here is about cookies: the server has none, and allows no credentials.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gameserver.net.addresses import ANY_ORIGIN, LOOPBACK_ORIGINS, AddressError, is_loopback, read_origin
from gameserver.net.http.responses import Response

if TYPE_CHECKING:
    from gameserver.net.http.head import Head
    from gameserver.net.http.policy import Headers

_PREFLIGHT_AGE_S: Final = 7_200
"""How long a browser may keep the answer of a preflight: no browser keeps one longer."""


def cors_headers(head: Head, allowed: tuple[str, ...]) -> Headers:
    """Return the headers that let the page that asks read the response.

    Args:
        head: the request.
        allowed: origins as `read_origin` returns them; `*` allows all, `loopback` those of this machine.
    """
    if ANY_ORIGIN in allowed:
        return (("Access-Control-Allow-Origin", ANY_ORIGIN),)
    if not allowed:
        return ()
    varies = ("Vary", "Origin")  # also for requests without an origin: caches must not answer others with these
    origin = head.one(b"origin")
    if origin is None or not is_allowed(origin, allowed):
        return (varies,)
    return (("Access-Control-Allow-Origin", origin), varies)


def is_allowed(origin: str, allowed: tuple[str, ...]) -> bool:
    """Return whether an origin is one of those that the operator allows."""
    if ANY_ORIGIN in allowed:
        return True
    try:
        read = read_origin(origin)
        return read in allowed or (LOOPBACK_ORIGINS in allowed and is_loopback(read))
    except AddressError:
        return False


def preflight(head: Head, cors: Headers, methods: tuple[str, ...]) -> Response | None:
    """Answer a browser that asks whether a request of another origin is allowed; None if this is no such question."""
    allowed = any(name == "Access-Control-Allow-Origin" for name, _ in cors)
    if not allowed or head.method != "OPTIONS" or head.one(b"access-control-request-method") is None:
        return None
    asked = ", ".join(head.tokens(b"access-control-request-headers"))
    return Response(
        HTTPStatus.NO_CONTENT,
        headers=(
            *cors,
            ("Access-Control-Allow-Methods", ", ".join(methods)),
            *((("Access-Control-Allow-Headers", asked),) if asked else ()),
            ("Access-Control-Max-Age", str(_PREFLIGHT_AGE_S)),
        ),
    )
