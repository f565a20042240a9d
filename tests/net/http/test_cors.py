"""Pages of other origins: the allowed ones may read what a game needs, and no others."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import pytest

from gameserver.net.http.head import Head, parse_head
from gameserver.net.http.pages import Pages
from gameserver.net.http.responses import Response, text
from gameserver.net.http.static_files import StaticFiles
from gameserver.net.settings import NetSettings
from tests.support.pages_server import FakeServer

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.server_state import ServerState

VITE = "http://localhost:5173"
ALLOW = "Access-Control-Allow-Origin"
NEEDED = ("/sdk/index.js", "/sdk/no-such.js", "/step/my-arena-0123456789abcdef.js", "/api/rooms", "/")
FOR_OPERATORS = ("/healthz", "/readyz", "/metrics", "/ws")


def pages(folder: Path, *origins: str) -> Pages:
    (folder / "sdk").mkdir(exist_ok=True)
    (folder / "sdk" / "index.js").write_text("export {}")
    (folder / "index.html").write_text("<!doctype html>")
    server = FakeServer(settings=NetSettings(origins=origins))
    more = {"/metrics": lambda _server, _head: text(HTTPStatus.OK, "figures")}
    return Pages(cast("ServerState", server), StaticFiles(folder), more)


def request(path: str, origin: str | None, *lines: str, method: str = "GET") -> Head:
    origin_line = () if origin is None else (f"Origin: {origin}",)
    return parse_head(
        "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *origin_line, *lines, "", "")).encode()
    )[0]


def allowed(response: Response) -> str | None:
    return dict(response.headers).get(ALLOW)


@pytest.mark.parametrize("path", NEEDED)
async def test_a_page_of_an_allowed_origin_reads_what_a_game_needs(tmp_path: Path, path: str) -> None:
    response = await pages(tmp_path, "https://play.example.org", VITE).respond(request(path, VITE))
    assert allowed(response) == VITE
    assert ("Vary", "Origin") in response.headers


@pytest.mark.parametrize("path", FOR_OPERATORS)
async def test_what_is_for_operators_is_for_no_other_origin(tmp_path: Path, path: str) -> None:
    assert allowed(await pages(tmp_path, "*").respond(request(path, VITE))) is None


@pytest.mark.parametrize("origin", ["http://localhost:5174", "https://localhost:5173", "null", "x"])
async def test_other_origins_read_nothing_and_caches_keep_them_apart(tmp_path: Path, origin: str) -> None:
    for path in NEEDED:
        response = await pages(tmp_path, VITE).respond(request(path, origin))
        assert allowed(response) is None
        assert ("Vary", "Origin") in response.headers


async def test_a_request_without_an_origin_varies_by_it_too(tmp_path: Path) -> None:
    response = await pages(tmp_path, VITE).respond(request("/sdk/index.js", None))
    assert ("Vary", "Origin") in response.headers


async def test_every_origin_may_be_allowed(tmp_path: Path) -> None:
    response = await pages(tmp_path, "*").respond(request("/sdk/index.js", "https://any.example"))
    assert allowed(response) == "*"


async def test_without_allowed_origins_there_is_no_such_header(tmp_path: Path) -> None:
    response = await pages(tmp_path).respond(request("/sdk/index.js", VITE))
    assert ALLOW not in dict(response.headers)
    assert ("Vary", "Origin") not in response.headers


async def test_a_cached_copy_stays_readable(tmp_path: Path) -> None:
    served = pages(tmp_path, VITE)
    first = await served.respond(request("/sdk/index.js", VITE))
    again = await served.respond(request("/sdk/index.js", VITE, f"If-None-Match: {first.etag}"))
    assert again.status == HTTPStatus.NOT_MODIFIED
    assert allowed(again) == VITE


async def test_a_preflight_is_answered_for_allowed_origins_only(tmp_path: Path) -> None:
    served = pages(tmp_path, VITE)
    lines = ("Access-Control-Request-Method: GET", "Access-Control-Request-Headers: x-a, x-b")
    response = await served.respond(request("/api/rooms", VITE, *lines, method="OPTIONS"))
    assert response.status == HTTPStatus.NO_CONTENT
    assert {
        ALLOW: VITE,
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "x-a, x-b",
    }.items() <= dict(response.headers).items()
    for origin, path in (("https://evil.example", "/api/rooms"), (VITE, "/metrics")):
        refused = await served.respond(request(path, origin, *lines, method="OPTIONS"))
        assert refused.status == HTTPStatus.METHOD_NOT_ALLOWED
