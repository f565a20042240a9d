"""What each path answers. A page is a function from a request's head to a response; those of this package never wait.

Pages that need more than this package knows (metrics, a dashboard) are handed to `serve` as a table of the same shape.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from gameserver.net.http.responses import FOREVER, Response, as_json, text
from gameserver.net.http.static_files import etag_of
from gameserver.protocol.constants import SUBPROTOCOL, WEBSOCKET_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.static_files import StaticFiles
    from gameserver.net.server_state import ServerState

Page: TypeAlias = "Callable[[ServerState, Head], Response | Awaitable[Response]]"
"""Answers GET (and, without its body, HEAD), at once or, where other processes have to be asked, later."""

STEP_PREFIX: Final = "/step/"
METHODS: Final = ("GET", "HEAD")


class Pages:
    """The table of paths, and the rules that hold for all of them."""

    def __init__(self, server: ServerState, files: StaticFiles | None, more: Mapping[str, Page]) -> None:
        self._server = server
        self._files = files
        self._table: dict[str, Page] = {
            "/healthz": healthz,
            "/readyz": readyz,
            "/api/rooms": api_rooms,
            WEBSOCKET_PATH: only_websocket,
            **more,
        }

    def respond(self, head: Head) -> Response | Awaitable[Response]:
        """The answer to one request that is not an upgrade."""
        if head.method not in METHODS:
            return text(HTTPStatus.METHOD_NOT_ALLOWED, "GET and HEAD only", ("Allow", ", ".join(METHODS)))
        response = self._find(head)
        return _conditional(head, response) if isinstance(response, Response) else response

    def _find(self, head: Head) -> Response | Awaitable[Response]:
        page = self._table.get(head.path)
        if page is not None:
            return page(self._server, head)
        if head.path.startswith(STEP_PREFIX):
            return step_module(self._server, head)
        if self._files is None:
            return text(HTTPStatus.NOT_FOUND, "this server carries no page")
        return self._files.respond(head.path)


def _conditional(head: Head, response: Response) -> Response:
    """304 if the client holds the same bytes already. Ranges are not served: the whole is always a correct answer."""
    if response.etag is None or response.status is not HTTPStatus.OK:
        return response
    known = {tag.removeprefix("W/") for tag in head.tokens(b"if-none-match")}
    if response.etag in known or "*" in known:
        return Response(HTTPStatus.NOT_MODIFIED, cache=response.cache, etag=response.etag)
    return response


def healthz(_server: ServerState, _head: Head) -> Response:
    """The process lives."""
    return text(HTTPStatus.OK, "ok")


def readyz(server: ServerState, _head: Head) -> Response:
    """Whether to send players here."""
    if server.draining:
        retry_s = max(1, round(server.settings.retry_after_s))
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "draining", ("Retry-After", str(retry_s)))
    return text(HTTPStatus.OK, "ready")


def api_rooms(server: ServerState, _head: Head) -> Response:
    """What runs here, for lobbies and operators."""
    return as_json(server.hub.statistics())


def step_module(server: ServerState, head: Head) -> Response:
    """`/step/<kind>-<fingerprint>.js`: a room's shared step. The fingerprint makes the address as immutable as its
    content.
    """
    name = head.path.removeprefix(STEP_PREFIX)
    kind, _, fingerprint = name.removesuffix(".js").rpartition("-")
    found = server.hub.step_module(kind)
    if found is None or name != f"{kind}-{found[0]}.js" or not fingerprint:
        return text(HTTPStatus.NOT_FOUND, "no such step")
    body = found[1].encode()
    return Response(HTTPStatus.OK, body, "text/javascript; charset=utf-8", cache=FOREVER, etag=etag_of(body))


def only_websocket(_server: ServerState, _head: Head) -> Response:
    """The WebSocket's path, asked without an upgrade."""
    message = f"this is a WebSocket: connect with the subprotocol {SUBPROTOCOL}"
    return text(HTTPStatus.UPGRADE_REQUIRED, message, ("Upgrade", "websocket"))
