"""The response of each path."""

from __future__ import annotations

import gzip
import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from gameserver.net.http.head import parse_head
from gameserver.net.http.pages import MAX_SHARED_QUERIES, Pages, rooms_page
from gameserver.net.http.policy import AUTHOR, STRICT
from gameserver.net.http.responses import Response, text
from gameserver.net.http.static_files import StaticFiles
from gameserver.net.settings import NetSettings
from tests.support.pages_server import FakeHub, FakeServer

if TYPE_CHECKING:
    from trio.testing import MockClock

    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def pages(server: FakeServer, tmp_path: Path) -> Pages:
    (tmp_path / "index.html").write_text("<!doctype html>")
    more = {"/more": lambda _server, _head: text(HTTPStatus.OK, "more")}
    return Pages(cast("ServerState", server), StaticFiles(tmp_path), more)


def request(path: str, *lines: str, method: str = "GET") -> Head:
    return parse_head("\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode())[0]


async def get(pages: Pages, path: str, *lines: str) -> Response:
    return await pages.respond(request(path, *lines))


async def test_a_draining_server_is_healthy_and_not_ready(pages: Pages, server: FakeServer) -> None:
    assert (await get(pages, "/healthz")).status == HTTPStatus.OK
    assert (await get(pages, "/readyz")).status == HTTPStatus.OK
    server.draining = True
    assert (await get(pages, "/healthz")).status == HTTPStatus.OK
    closed = await get(pages, "/readyz")
    assert closed.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert ("Retry-After", "2") in closed.headers


async def test_rooms_are_listed_as_json_that_is_not_cached(pages: Pages) -> None:
    response = await get(pages, "/api/rooms?x=1")
    assert [(room["id"], room["players"]) for room in json.loads(response.body)["rooms"]] == [("abc", 3)]
    assert response.content_type == "application/json"
    assert response.cache == "no-store"


async def test_whoever_asks_for_the_same_rooms_at_the_same_time_gets_the_same_answer(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def make(_hub: object, target: str) -> Response:
        made.append(target)
        return text(HTTPStatus.OK, target)

    monkeypatch.setattr("gameserver.net.http.pages.rooms_of_kind", make)
    page, server = rooms_page(lambda _server, _head: text(HTTPStatus.OK, "all")), cast("ServerState", FakeServer())

    async def ask(target: str) -> str:
        answer = page(server, request(target))
        return (answer if isinstance(answer, Response) else await answer).body.decode().strip()

    targets = [f"/api/rooms?kind=cup&limit={number}" for number in range(1, MAX_SHARED_QUERIES + 2)]
    for target in targets:
        assert await ask(target) == target
    assert made == targets
    assert await ask("/api/rooms") == "all"
    assert len(made) == len(targets)


async def test_a_step_is_cached_for_ever_and_found_by_its_fingerprint_only(pages: Pages) -> None:
    response = await get(pages, "/step/my-arena-0123456789abcdef.js")
    assert response.body == b"export const step = 1;\n"
    assert "immutable" in response.cache
    for path in ("my-arena-ffff.js", "my-arena-0123456789abcdef", "other-0123456789abcdef.js", "my-arena-.js", ""):
        assert (await get(pages, f"/step/{path}")).status == HTTPStatus.NOT_FOUND, path


async def test_a_step_is_sent_compressed_to_clients_that_take_it(pages: Pages) -> None:
    path = "/step/my-arena-0123456789abcdef.js"
    plain, packed = await get(pages, path), await get(pages, path, "Accept-Encoding: br, gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert ("Content-Encoding", "gzip") in packed.headers
    for response in (plain, packed):
        assert ("Vary", "Accept-Encoding") in response.headers


async def test_a_page_that_is_known_already_keeps_its_policy(server: FakeServer, tmp_path: Path) -> None:
    """A browser puts the headers of 304 in place of those that it has."""
    (tmp_path / "index.html").write_text("<script>1</script>")
    pages = Pages(cast("ServerState", server), StaticFiles(tmp_path, AUTHOR), {})
    first = await get(pages, "/")
    again = await get(pages, "/", f"If-None-Match: {first.etag}")
    assert again.status == HTTPStatus.NOT_MODIFIED
    assert again.policy == first.policy
    assert "sha256" in dict(again.policy)["Content-Security-Policy"]


async def test_the_websocket_s_path_answers_with_426(pages: Pages) -> None:
    response = await get(pages, "/ws")
    assert response.status == HTTPStatus.UPGRADE_REQUIRED
    assert ("Upgrade", "websocket") in response.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_other_methods_are_not_allowed(pages: Pages, method: str) -> None:
    response = await pages.respond(request("/", method=method))
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert ("Allow", "GET, HEAD") in response.headers


async def test_a_client_that_has_the_same_bytes_gets_304(pages: Pages) -> None:
    first = await get(pages, "/")
    assert first.etag is not None
    for tags in (first.etag, f'"x", {first.etag}', f"W/{first.etag}", "*"):
        again = await get(pages, "/", f"If-None-Match: {tags}")
        assert (again.status, again.body, again.etag) == (HTTPStatus.NOT_MODIFIED, b"", first.etag)
    assert (await get(pages, "/", 'If-None-Match: "x"')).status == HTTPStatus.OK


async def test_a_range_request_gets_the_whole_file(pages: Pages) -> None:
    response = await get(pages, "/", "Range: bytes=0-3")
    assert (response.status, response.body) == (HTTPStatus.OK, b"<!doctype html>")


async def test_pages_can_be_added(pages: Pages) -> None:
    assert (await get(pages, "/more")).body == b"more\n"


async def test_without_files_only_the_table_is_served(server: FakeServer) -> None:
    pages = Pages(cast("ServerState", server), None, {})
    assert (await get(pages, "/")).status == HTTPStatus.NOT_FOUND
    assert (await get(pages, "/healthz")).status == HTTPStatus.OK


@pytest.mark.parametrize(("kinds", "web"), [(("arena", "tag"), None), (("tag",), Path("web"))])
async def test_a_page_that_plays_the_rooms_is_shown(tmp_path: Path, kinds: tuple[str, ...], web: Path | None) -> None:
    (tmp_path / "index.html").write_text("a page")
    server = FakeServer(FakeHub(kinds), NetSettings(web_root=web))
    pages = Pages(cast("ServerState", server), StaticFiles(tmp_path), {})
    assert (await get(pages, "/")).body == b"a page"


async def test_a_server_whose_rooms_no_page_plays_says_so_and_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the arena's page")
    pages = Pages(cast("ServerState", FakeServer(FakeHub(("tag", "<chess>")))), StaticFiles(tmp_path), {})
    response = await get(pages, "/")
    page = response.body.decode()
    for said in ("<code>tag</code>", "<code>&lt;chess&gt;</code>", "--web FOLDER", 'href="sdk/README.md"'):
        assert said in page
    assert response.content_type == "text/html; charset=utf-8"
    assert response.policy == STRICT
    assert not re.search(r"<script|<style|style=|\son\w+=", page)  # the strict policy allows nothing inline
    assert (await get(pages, "/", f"If-None-Match: {response.etag}")).status == HTTPStatus.NOT_MODIFIED


async def test_a_server_that_has_hockey_but_no_arena_leads_to_its_page(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the arena's page")
    pages = Pages(cast("ServerState", FakeServer(FakeHub(("tag", "hockey")))), StaticFiles(tmp_path), {})
    response = await get(pages, "/")
    assert response.status == HTTPStatus.FOUND
    assert ("Location", "hockey/") in response.headers
    both = Pages(cast("ServerState", FakeServer(FakeHub(("hockey", "arena")))), StaticFiles(tmp_path), {})
    assert (await get(both, "/")).body == b"the arena's page"
