"""Runs the author's own handlers: async functions that answer requests, beside the server's pages.

A handler costs nobody but its own client: what it raises is a 500 and one line in the log; its time, how many run, and
the body are bounded; and it is cancelled when its client leaves or the server stops. The checks come first, in the
order of protocol.md §1: the page's origin, then the token.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.author_errors import pass_on_cancelled
from gameserver.net.http.head import RequestRefused
from gameserver.net.http.request import BodyInvalid, request_of, response_of
from gameserver.net.http.responses import text
from gameserver.net.http.upgrade import check_origin, verified_claims

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.request import Request
    from gameserver.net.http.responses import Response
    from gameserver.net.http.routes import Route
    from gameserver.net.server_state import ServerState

log = logging.getLogger("gameserver.routes")

_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""What a stranger's page may send anyway, by a link; a browser keeps the answer from it."""


async def answer_route(server: ServerState, head: Head, body: bytes, address: str) -> Response:
    """Answer a request whose path and method have a handler.

    Args:
        server: has the routes.
        head: the request's.
        body: the request's.
        address: the client's.
    """
    route = server.routes.find(head.path, head.method)
    try:
        claims = await _check(server, head, route)
    except RequestRefused as refused:
        return refuse(server, refused, address)
    key = server.settings.limit_key(address)
    busy = server.routes.too_many(server.settings.limits, key)
    if busy is not None:
        return busy
    with server.routes.counted(key):
        return await _call(server, route, request_of(head, body, claims, address))


async def _check(server: ServerState, head: Head, route: Route) -> Mapping[str, object] | None:
    """Return the claims of the request's token, if one is needed.

    Raises:
        RequestRefused: a page of a strange origin sends it, or its token is missing or not valid.
    """
    if head.method not in _SAFE_METHODS:
        check_origin(head, server.settings.origins)
    return await verified_claims(head, server.settings) if route.token else None


def refuse(server: ServerState, refused: RequestRefused, address: str) -> Response:
    """Return the response to a request that is refused, and count and log it."""
    if refused.__cause__ is not None:
        server.counters.errors += 1
        log.error("the authenticator failed", exc_info=refused.__cause__, extra={"address": address})
    now_s, status = trio.current_time(), int(refused.status)
    server.hub.refusals.note(refused.reason, now_s, status=status, address=address)
    return text(refused.status, refused.reason, *refused.headers)


async def _call(server: ServerState, route: Route, request: Request) -> Response:
    """Run a handler; whatever it does, there is a response."""
    settings = server.settings
    try:
        with trio.move_on_after(settings.limits.handler_timeout_s):
            return response_of(await route.handler(request), settings.page_policy)
    except BodyInvalid as invalid:
        return text(HTTPStatus.BAD_REQUEST, str(invalid))
    except BaseException as error:
        pass_on_cancelled(error)
        server.counters.errors += 1
        _log_failure(route, request, "failed", error)
        return text(HTTPStatus.INTERNAL_SERVER_ERROR, "the server's code for this has failed")
    _log_failure(route, request, f"was cancelled after {settings.limits.handler_timeout_s:g} s")
    return text(HTTPStatus.SERVICE_UNAVAILABLE, "this takes too long at the moment")


def _log_failure(route: Route, request: Request, what: str, error: BaseException | None = None) -> None:
    left_out = route.failure_lines.take(trio.current_time())
    if left_out is None:
        return
    more: dict[str, object] = {"address": request.address}
    if left_out:
        more["left_out"] = left_out
    trace = None
    if error is not None:
        own = error.__traceback__ and error.__traceback__.tb_next  # begins in the author's code
        trace = type(error), error, own
    log.error("the handler of %s %s %s", request.method, request.path, what, exc_info=trace, extra=more)
