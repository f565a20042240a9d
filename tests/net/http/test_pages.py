"""The response of each path."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import pytest

from gameserver.net.http.head import parse_head
from gameserver.net.http.pages import Pages
from gameserver.net.http.responses import Response, text
from gameserver.net.http.static_files import StaticFiles
from gameserver.net.settings import NetSettings

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState


class FakeHub:
    """A hub with one kind of room that has a step."""

    def statistics(self) -> dict[str, Any]:
        return {"sessions": 3, "rooms": [{"id": "abc", "kind": "arena", "players": 3}]}

    def step_module(self, kind: str) -> tuple[str, str] | None:
        return ("0123456789abcdef", "export const step = 1;\n") if kind == "my-arena" else None


@dataclass
class FakeServer:
    """The parts of a ServerState that pages use."""

    hub: FakeHub = field(default_factory=FakeHub)
    settings: NetSettings = field(default_factory=NetSettings)
    draining: bool = False


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def pages(server: FakeServer, tmp_path: Path) -> Pages:
    (tmp_path / "index.html").write_text("<!doctype html>")
    more = {"/more": lambda _server, _head: text(HTTPStatus.OK, "more")}
    return Pages(cast("ServerState", server), StaticFiles(tmp_path), more)


def request(path: str, *lines: str, method: str = "GET") -> Head:
    return parse_head("\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", *lines, "", "")).encode())[0]


def get(pages: Pages, path: str, *lines: str) -> Response:
    return at_once(pages, request(path, *lines))


def at_once(pages: Pages, head: Head) -> Response:
    """Return the response of a page that does not wait."""
    response = pages.respond(head)
    assert isinstance(response, Response)
    return response


def test_a_draining_server_is_healthy_and_not_ready(pages: Pages, server: FakeServer) -> None:
    assert get(pages, "/healthz").status == HTTPStatus.OK
    assert get(pages, "/readyz").status == HTTPStatus.OK
    server.draining = True
    assert get(pages, "/healthz").status == HTTPStatus.OK
    closed = get(pages, "/readyz")
    assert closed.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert ("Retry-After", "2") in closed.headers


def test_rooms_are_listed_as_json_that_is_not_cached(pages: Pages) -> None:
    response = get(pages, "/api/rooms?x=1")
    assert json.loads(response.body)["rooms"][0]["players"] == 3
    assert response.content_type == "application/json"
    assert response.cache == "no-store"


def test_a_step_is_cached_for_ever_and_found_by_its_fingerprint_only(pages: Pages) -> None:
    response = get(pages, "/step/my-arena-0123456789abcdef.js")
    assert response.body == b"export const step = 1;\n"
    assert "immutable" in response.cache
    for path in ("my-arena-ffff.js", "my-arena-0123456789abcdef", "other-0123456789abcdef.js", "my-arena-.js", ""):
        assert get(pages, f"/step/{path}").status == HTTPStatus.NOT_FOUND, path


def test_the_websocket_s_path_answers_with_426(pages: Pages) -> None:
    response = get(pages, "/ws")
    assert response.status == HTTPStatus.UPGRADE_REQUIRED
    assert ("Upgrade", "websocket") in response.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(pages: Pages, method: str) -> None:
    response = at_once(pages, request("/", method=method))
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert ("Allow", "GET, HEAD") in response.headers


def test_a_client_that_has_the_same_bytes_gets_304(pages: Pages) -> None:
    first = get(pages, "/")
    assert first.etag is not None
    for tags in (first.etag, f'"x", {first.etag}', f"W/{first.etag}", "*"):
        again = get(pages, "/", f"If-None-Match: {tags}")
        assert (again.status, again.body, again.etag) == (HTTPStatus.NOT_MODIFIED, b"", first.etag)
    assert get(pages, "/", 'If-None-Match: "x"').status == HTTPStatus.OK


def test_a_range_request_gets_the_whole_file(pages: Pages) -> None:
    response = get(pages, "/", "Range: bytes=0-3")
    assert (response.status, response.body) == (HTTPStatus.OK, b"<!doctype html>")


def test_pages_can_be_added(pages: Pages) -> None:
    assert get(pages, "/more").body == b"more\n"


def test_without_files_only_the_table_is_served(server: FakeServer) -> None:
    pages = Pages(cast("ServerState", server), None, {})
    assert get(pages, "/").status == HTTPStatus.NOT_FOUND
    assert get(pages, "/healthz").status == HTTPStatus.OK
