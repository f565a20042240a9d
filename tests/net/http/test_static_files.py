"""Static files: no path reaches anything outside the folder."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_files_are_served_with_their_type(root: Path) -> None:
    files = StaticFiles(root)
    for path, content_type, body in [
        ("/", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/index.html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/sdk/", "text/html; charset=utf-8", b"sdk"),
        ("/sdk/index.js", "text/javascript; charset=utf-8", b"export {}"),
        ("/a%20b.txt", "text/plain; charset=utf-8", b"space"),
        ("/data.unknown", "application/octet-stream", b"\0"),
    ]:
        response = files.respond(path)
        assert (response.status, response.content_type, response.body) == (HTTPStatus.OK, content_type, body), path


def test_a_folder_without_its_slash_is_redirected(root: Path) -> None:
    response = StaticFiles(root).respond("/sdk")
    assert response.status == HTTPStatus.MOVED_PERMANENTLY
    assert ("Location", "/sdk/") in response.headers


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
def test_what_is_not_in_the_folder_is_not_found(root: Path, path: str) -> None:
    assert StaticFiles(root).respond(path).status == HTTPStatus.NOT_FOUND


@given(st.text(max_size=60).map(lambda text: "/" + text))
def test_no_segment_has_a_meaning_for_a_file_system(path: str) -> None:
    for segment in split_path(path) or []:
        assert segment not in {".", ".."}
        assert not set(segment) & {"/", "\\", "\0"}


def test_a_changed_file_is_read_again_and_gets_another_etag(root: Path) -> None:
    files, file = StaticFiles(root), root / "sdk" / "index.js"
    before = files.respond("/sdk/index.js")
    assert files.respond("/sdk/index.js").etag == before.etag
    file.write_text("export {};")
    os.utime(file, (1, 1))
    after = files.respond("/sdk/index.js")
    assert after.body == b"export {};"
    assert after.etag != before.etag


def test_a_deleted_file_is_not_found(root: Path) -> None:
    files = StaticFiles(root)
    assert files.respond("/sdk/index.js").status == HTTPStatus.OK
    (root / "sdk" / "index.js").unlink()
    assert files.respond("/sdk/index.js").status == HTTPStatus.NOT_FOUND


def test_the_package_s_sdk_is_served_beside_an_author_s_page(tmp_path: Path) -> None:
    own, package = tmp_path / "own", tmp_path / "package"
    for folder, name in (
        (own, "index.html"),
        (package, "index.html"),
        (package, "sdk/index.js"),
        (package, "demo/x.js"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(str(folder.name))
    files = StaticFiles(own, package)
    assert files.respond("/").body == b"own"
    assert files.respond("/sdk/index.js").body == b"package"
    assert files.respond("/demo/x.js").status == HTTPStatus.NOT_FOUND
    assert files.respond("/sdk/../index.html").status == HTTPStatus.NOT_FOUND
    (own / "sdk").mkdir()
    (own / "sdk" / "index.js").write_text("mine")
    assert files.respond("/sdk/index.js").body == b"mine"
