"""The response of each path. A page is a function from a request's head to a response.

Pages that need more than this package knows (metrics, a dashboard) are passed to `serve` as a table of the same shape.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gameserver.net.http.commands import COMMAND_METHODS, COMMANDS_PREFIX, answer_command
from gameserver.net.http.cors import cors_headers, preflight
from gameserver.net.http.handlers import answer_route, refuse
from gameserver.net.http.head import RequestRefused
from gameserver.net.http.no_page import no_page, page_of
from gameserver.net.http.responses import FOREVER, Response, as_json, etag_of, text, with_headers
from gameserver.net.http.rooms import names_kind, rooms_of_kind
from gameserver.net.http.shared_page import SharedPage
from gameserver.net.http.static_files import DEVELOPMENT_PREFIX
from gameserver.net.http.upgrade import check_host
from gameserver.net.http.watching import watches
from gameserver.net.watching import answer_poll, check_viewer
from gameserver.protocol.constants import SUBPROTOCOL, WEBSOCKET_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.static_files import DevelopmentFiles, StaticFiles
    from gameserver.net.server_state import ServerState

Page: TypeAlias = "Callable[[ServerState, Head], Response | Awaitable[Response]]"
"""Answers GET, and HEAD without the body. A page that has to ask other processes returns an awaitable."""

STEP_PREFIX: Final = "/step/"
API_PREFIX: Final = "/api/"
MAX_SHARED_QUERIES: Final = 64
"""Answers that are kept at a time, each for a moment: at most 100 KB each."""
METHODS: Final = ("GET", "HEAD")
_FOR_PROBES: Final = frozenset({"/healthz", "/readyz"})
"""A balancer's probe may name any host."""


class Pages:
    """The table of paths, and the rules that all of them keep."""

    def __init__(
        self,
        server: ServerState,
        files: StaticFiles | None,
        more: Mapping[str, Page],
        development: DevelopmentFiles | None = None,
    ) -> None:
        """Make the table.

        Args:
            server: passed to every page.
            files: answers the paths that are not in the table; None: with 404.
            more: pages added to the table, which may replace some of it.
            development: answers the paths below `/dev/`, while a game is written; None: they are like others.
        """
        self._server = server
        self._files = files
        self._development = development
        self._table: dict[str, Page] = {
            "/healthz": healthz,
            "/readyz": readyz,
            "/api/rooms": rooms_page(SharedPage(api_statistics)),
            WEBSOCKET_PATH: only_websocket,
            **more,
        }

    def owns(self, path: str) -> bool:
        """Return whether the server itself answers at a path, files left out."""
        return path in self._table or path.startswith((STEP_PREFIX, COMMANDS_PREFIX))

    async def respond(self, head: Head, body: bytes = b"", address: str = "") -> Response:
        """Answer one request that is no upgrade.

        Args:
            head: the request's.
            body: of a request to a route; others have none.
            address: the client's.

        Raises:
            RequestRefused: it names a host that is not this server.
        """
        if head.path not in _FOR_PROBES:
            check_host(head, self._server.settings)
        cors = cors_headers(head, self._server.settings.origins) if self._is_for_pages(head.path) else ()
        routes = self._server.routes
        methods = routes.methods(head.path) if routes.has(head.path) else _methods(head.path)
        if head.method not in methods:
            allowed = ", ".join(methods)
            return preflight(head, cors, methods) or text(
                HTTPStatus.METHOD_NOT_ALLOWED, f"allowed here: {allowed}", ("Allow", allowed)
            )
        if routes.has(head.path):
            response = await answer_route(self._server, head, body, address)
        elif head.path.startswith(COMMANDS_PREFIX):
            response = await self._answer_command(head, body, address)
        elif watches(head.path):
            response = await self._watch(head, address)
        else:
            response = _conditional(head, await self._find(head))
        return with_headers(response, cors)

    async def _watch(self, head: Head, address: str) -> Response:
        """Answer a poll; of a stream, this answers what asks for its head only."""
        try:
            viewer = await check_viewer(self._server, head, address)
            if head.method == "HEAD":
                return text(HTTPStatus.METHOD_NOT_ALLOWED, "allowed here: GET", ("Allow", "GET"))
            return await answer_poll(self._server, viewer)
        except RequestRefused as refused:
            return refuse(self._server, refused, address)

    async def _answer_command(self, head: Head, body: bytes, address: str) -> Response:
        try:
            return await answer_command(self._server, head, body, address)
        except RequestRefused as refused:
            return refuse(self._server, refused, address)

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
        if self._development is not None and head.path.startswith(DEVELOPMENT_PREFIX):
            return await self._development.respond(head.path, head.content_codings)
        if head.path == "/" and self._server.settings.web_root is None:
            kinds = self._server.hub.kinds
            path = page_of(kinds)
            if path is None and self._development is not None:
                path = DEVELOPMENT_PREFIX.removeprefix("/")
            if path is None:
                return no_page(kinds)
            if path:  # relative: a proxy may serve it below a path
                return text(HTTPStatus.FOUND, f"the page is at {path}", ("Location", path))
        return await self._files.respond(head.path, head.content_codings)


def _methods(path: str) -> tuple[str, ...]:
    return COMMAND_METHODS if path.startswith(COMMANDS_PREFIX) else METHODS


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


def rooms_page(statistics: Page) -> Page:
    """Return the page of `/api/rooms`: the rooms of one kind where the query names one, else the statistics.

    Whoever asks the same at the same time gets the same answer.

    Args:
        statistics: Answers with the statistics of the whole server and its public rooms.
    """
    by_target: dict[str, SharedPage] = {}

    def answer(server: ServerState, head: Head) -> Response | Awaitable[Response]:
        if not names_kind(head.target):
            return statistics(server, head)
        page = by_target.pop(head.target, None) or SharedPage(api_rooms_of_kind)
        by_target[head.target] = page  # the latest at the end
        if len(by_target) > MAX_SHARED_QUERIES:
            del by_target[next(iter(by_target))]
        return page(server, head)

    return answer


def api_rooms_of_kind(server: ServerState, head: Head) -> Response:
    """Answer with one page of the rooms of a kind, as the query asks for them."""
    return rooms_of_kind(server.hub, head.target)


def api_statistics(server: ServerState, _head: Head) -> Response:
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
