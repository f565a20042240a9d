"""Static files: no path reaches anything outside the folder."""

from __future__ import annotations

import gzip
import os
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.http import file_cache
from gameserver.net.http.file_cache import MAX_CACHED_FILE_BYTES
from gameserver.net.http.head import parse_head
from gameserver.net.http.policy import AUTHOR, STRICT
from gameserver.net.http.static_files import StaticFiles, split_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A page with a secret beside it, and some files in it that must not be served."""
    (tmp_path / "secret.txt").write_text("secret")
    page = tmp_path / "page"
    (page / "sdk").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html>")
    (page / "sdk" / "index.js").write_text("export {}")
    (page / "sdk" / "index.html").write_text("sdk")
    (page / ".hidden").write_text("secret")
    (page / "a b.txt").write_text("space")
    (page / "data.unknown").write_bytes(b"\0")
    (page / "link.txt").symlink_to(tmp_path / "secret.txt")
    (page / "out").symlink_to(tmp_path)
    return page


async def test_files_are_served_with_their_type(root: Path) -> None:
    files = StaticFiles(root)
    for path, content_type, body in [
        ("/", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/index.html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/sdk/", "text/html; charset=utf-8", b"sdk"),
        ("/sdk/index.js", "text/javascript; charset=utf-8", b"export {}"),
        ("/a%20b.txt", "text/plain; charset=utf-8", b"space"),
        ("/data.unknown", "application/octet-stream", b"\0"),
    ]:
        response = await files.respond(path)
        assert (response.status, response.content_type, response.body) == (HTTPStatus.OK, content_type, body), path


async def test_a_folder_without_its_slash_is_redirected(root: Path) -> None:
    response = await StaticFiles(root).respond("/sdk")
    assert response.status == HTTPStatus.MOVED_PERMANENTLY
    assert ("Location", "./sdk/") in response.headers


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/sdk/../../secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "/.hidden",
        "/sdk/./index.js",
        "//secret.txt",
        "//example.org/sdk",
        "/sdk//index.js",
        "/index.html%00.txt",
        "/index.html/",
        "/c:/secret.txt",
        "/link.txt",
        "/out/secret.txt",
        "/%ff",
        "/nothing",
        "",
        "index.html",
    ],
)
async def test_what_is_not_in_the_folder_is_not_found(root: Path, path: str) -> None:
    assert (await StaticFiles(root).respond(path)).status == HTTPStatus.NOT_FOUND


@given(st.text(max_size=60).map(lambda text: "/" + text))
def test_no_segment_has_a_meaning_for_a_file_system(path: str) -> None:
    for segment in split_path(path) or []:
        assert segment not in {".", ".."}
        assert not set(segment) & {"/", "\\", "\0"}


async def test_a_changed_file_is_read_again_and_gets_another_etag(root: Path) -> None:
    files, file = StaticFiles(root), root / "sdk" / "index.js"
    before = await files.respond("/sdk/index.js")
    assert (await files.respond("/sdk/index.js")).etag == before.etag
    file.write_text("export {};")
    os.utime(file, (1, 1))
    after = await files.respond("/sdk/index.js")
    assert after.body == b"export {};"
    assert after.etag != before.etag


async def test_a_deleted_file_is_not_found(root: Path) -> None:
    files = StaticFiles(root)
    assert (await files.respond("/sdk/index.js")).status == HTTPStatus.OK
    (root / "sdk" / "index.js").unlink()
    assert (await files.respond("/sdk/index.js")).status == HTTPStatus.NOT_FOUND


async def test_the_package_s_sdk_is_served_beside_an_author_s_page(tmp_path: Path) -> None:
    own, package = tmp_path / "own", tmp_path / "package"
    for folder, name in (
        (own, "index.html"),
        (package, "index.html"),
        (package, "sdk/index.js"),
        (package, "demo/x.js"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(str(folder.name))
    files = StaticFiles(own, package=package)
    assert (await files.respond("/")).body == b"own"
    assert (await files.respond("/sdk/index.js")).body == b"package"
    assert (await files.respond("/demo/x.js")).status == HTTPStatus.NOT_FOUND
    assert (await files.respond("/sdk/../index.html")).status == HTTPStatus.NOT_FOUND
    (own / "sdk").mkdir()
    (own / "sdk" / "index.js").write_text("mine")
    assert (await files.respond("/sdk/index.js")).body == b"mine"


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("GZip;q=0.5", "gzip"),
        ("deflate", None),
        ("gzip;q=0, identity", None),
        ("gzip; q=0.000", None),
        ("", None),
    ],
)
async def test_a_file_is_compressed_for_clients_that_take_it(tmp_path: Path, header: str, coding: str | None) -> None:
    text = "export const ship = 1;\n" * 100
    (tmp_path / "game.js").write_text(text)
    head = parse_head(f"GET /game.js HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {header}\r\n\r\n".encode())[0]
    files = StaticFiles(tmp_path)
    response = await files.respond("/game.js", head.content_codings)
    assert dict(response.headers).get("Content-Encoding") == coding
    assert ("Vary", "Accept-Encoding") in response.headers
    body = gzip.decompress(response.body) if coding else response.body
    assert body.decode() == text
    plain = await files.respond("/game.js")
    assert (plain.etag == response.etag) is (coding is None)


async def test_what_is_compressed_by_itself_or_gets_no_shorter_is_sent_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(10_000))
    (tmp_path / "b.js").write_bytes(b"1")
    for path in ("/a.png", "/b.js"):
        response = await StaticFiles(tmp_path).respond(path, {"gzip"})
        assert response.headers == ()


async def test_files_that_a_build_has_compressed_are_preferred_unless_they_are_older(tmp_path: Path) -> None:
    (tmp_path / "game.wasm").write_bytes(bytes(10_000))
    (tmp_path / "game.wasm.br").write_bytes(b"brotli")
    response = await StaticFiles(tmp_path).respond("/game.wasm", {"br", "gzip"})
    assert (response.body, response.content_type) == (b"brotli", "application/wasm")
    assert ("Content-Encoding", "br") in response.headers
    os.utime(tmp_path / "game.wasm.br", (1, 1))
    response = await StaticFiles(tmp_path).respond("/game.wasm", {"br", "gzip"})
    assert ("Content-Encoding", "gzip") in response.headers


async def test_a_large_file_is_not_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "music.data").write_bytes(bytes(MAX_CACHED_FILE_BYTES + 1))
    files = StaticFiles(tmp_path)
    response = await files.respond("/music.data", {"gzip"})
    assert (response.status, response.body_bytes, response.body) == (HTTPStatus.OK, MAX_CACHED_FILE_BYTES + 1, b"")
    assert response.file is not None
    assert response.etag is not None
    (tmp_path / "music.data.gz").write_bytes(b"packed")
    packed = await files.respond("/music.data", {"gzip"})
    assert (packed.body_bytes, dict(packed.headers)["Content-Encoding"]) == (6, "gzip")
    assert packed.etag not in (None, response.etag)


async def test_the_files_in_memory_are_bounded_and_those_in_use_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cache, "MAX_CACHE_BYTES", 2_500)
    cache = file_cache.FileCache()
    for name in ("a", "b", "a", "c"):
        file = tmp_path / f"{name}.png"
        if not file.exists():
            file.write_bytes(bytes(1_000))
        await cache.respond(file, file.stat(), None, frozenset())
        assert cache.held_bytes <= 2_500
    assert [file.stem for file in cache.held] == ["a", "c"]


async def test_an_author_s_page_has_its_own_policy_and_the_package_s_files_theirs(tmp_path: Path) -> None:
    own, package = tmp_path / "own", tmp_path / "package"
    (package / "sdk").mkdir(parents=True)
    (package / "sdk" / "index.js").write_text("export {}")
    own.mkdir()
    (own / "index.html").write_text("<script>alert(1)</script>")
    (own / "worker.js").write_text("1")
    files = StaticFiles(own, AUTHOR, package=package)
    page, worker = await files.respond("/"), await files.respond("/worker.js")
    assert "'sha256-" in dict(page.policy)["Content-Security-Policy"]
    assert "'sha256-" not in dict(worker.policy)["Content-Security-Policy"]
    assert worker.policy != STRICT
    assert (await files.respond("/sdk/index.js")).policy == STRICT
    assert (await StaticFiles(own).respond("/")).policy == STRICT
