"""The response of each path. A page is a function from a request's head to a response.

Pages that need more than this package knows (metrics, a dashboard) are passed to `serve` as a table of the same shape.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gameserver.net.http.cors import cors_headers, preflight
from gameserver.net.http.no_page import DEMO_KIND, no_page
from gameserver.net.http.responses import FOREVER, Response, as_json, etag_of, text
from gameserver.net.http.shared_page import SharedPage
from gameserver.net.http.upgrade import check_host
from gameserver.protocol.constants import SUBPROTOCOL, WEBSOCKET_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.static_files import StaticFiles
    from gameserver.net.server_state import ServerState

Page: TypeAlias = "Callable[[ServerState, Head], Response | Awaitable[Response]]"
"""Answers GET, and HEAD without the body. A page that has to ask other processes returns an awaitable."""

STEP_PREFIX: Final = "/step/"
API_PREFIX: Final = "/api/"
METHODS: Final = ("GET", "HEAD")
_FOR_PROBES: Final = frozenset({"/healthz", "/readyz"})
"""A balancer's probe may name any host."""


class Pages:
    """The table of paths, and the rules that all of them keep."""

    def __init__(self, server: ServerState, files: StaticFiles | None, more: Mapping[str, Page]) -> None:
        """Make the table.

        Args:
            server: passed to every page.
            files: answers the paths that are not in the table; None: with 404.
            more: pages added to the table, which may replace some of it.
        """
        self._server = server
        self._files = files
        self._table: dict[str, Page] = {
            "/healthz": healthz,
            "/readyz": readyz,
            "/api/rooms": SharedPage(api_rooms),
            WEBSOCKET_PATH: only_websocket,
            **more,
        }

    async def respond(self, head: Head) -> Response:
        """Answer one request that is no upgrade.

        Raises:
            RequestRefused: it names a host that is not this server.
        """
        if head.path not in _FOR_PROBES:
            check_host(head, self._server.settings)
        cors = cors_headers(head, self._server.settings.origins) if self._is_for_pages(head.path) else ()
        if head.method not in METHODS:
            return preflight(head, cors, METHODS) or text(
                HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are allowed", ("Allow", ", ".join(METHODS))
            )
        response = _conditional(head, await self._find(head))
        return replace(response, headers=(*response.headers, *cors)) if cors else response

    def _is_for_pages(self, path: str) -> bool:
        """Whether a page of another origin may read what is at a path: all but what is for operators."""
        return path.startswith(API_PREFIX) or path not in self._table

    async def _find(self, head: Head) -> Response:
        page = self._table.get(head.path)
        if page is not None:
            response = page(self._server, head)
            return response if isinstance(response, Response) else await response
        if head.path.startswith(STEP_PREFIX):
            return step_module(self._server, head)
        if self._files is None:
            return text(HTTPStatus.NOT_FOUND, "this server has no pages")
        if head.path == "/" and self._server.settings.web_root is None and DEMO_KIND not in self._server.hub.kinds:
            return no_page(self._server.hub.kinds)
        return await self._files.respond(head.path, head.content_codings)


def _conditional(head: Head, response: Response) -> Response:
    """Return 304 instead if the client has the same bytes. Ranges are ignored, as a server may do."""
    if response.etag is None or response.status is not HTTPStatus.OK:
        return response
    known = {tag.removeprefix("W/") for tag in head.tokens(b"if-none-match")}
    if response.etag in known or "*" in known:
        # A browser replaces the headers that it has with these.
        headers = tuple(header for header in response.headers if header[0] == "Vary")
        return replace(response, status=HTTPStatus.NOT_MODIFIED, body=b"", file=None, headers=headers)
    return response


def healthz(_server: ServerState, _head: Head) -> Response:
    """Answer 200: the process runs."""
    return text(HTTPStatus.OK, "ok")


def readyz(server: ServerState, _head: Head) -> Response:
    """Answer 200 if a balancer may send players here, otherwise 503."""
    if server.draining:
        retry_s = max(1, round(server.settings.retry_after_s))
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "draining", ("Retry-After", str(retry_s)))
    return text(HTTPStatus.OK, "ready")


def api_rooms(server: ServerState, _head: Head) -> Response:
    """Answer with the hub's statistics as JSON, and with each public room."""
    return as_json(without_unlisted(server.hub.statistics()))


def without_unlisted(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Return a hub's statistics with its public rooms only: strangers read `/api/rooms`."""
    return {**statistics, "rooms": [room for room in statistics["rooms"] if room["visibility"] == "public"]}


def step_module(server: ServerState, head: Head) -> Response:
    """Answer `/step/<kind>-<fingerprint>.js` with a kind's shared step, cached for ever: other code has another
    fingerprint.
    """
    found = server.hub.step_module(head.path.removeprefix("/"))
    if found is None:
        return text(HTTPStatus.NOT_FOUND, "no such step")
    body = found.encode()
    plain = Response(
        HTTPStatus.OK,
        body,
        "text/javascript; charset=utf-8",
        (("Vary", "Accept-Encoding"),),
        cache=FOREVER,
        etag=etag_of(body),
    )
    if "gzip" not in head.content_codings:
        return plain
    return replace(plain, body=_compressed(body), headers=(*plain.headers, ("Content-Encoding", "gzip")))


_compressed = lru_cache(maxsize=64)(gzip.compress)


def only_websocket(_server: ServerState, _head: Head) -> Response:
    """Answer a request for the WebSocket's path that is no upgrade."""
    message = f"this is a WebSocket: connect with the subprotocol {SUBPROTOCOL}"
    return text(HTTPStatus.UPGRADE_REQUIRED, message, ("Upgrade", "websocket"))
