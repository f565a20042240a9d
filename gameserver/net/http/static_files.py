"""Serves the files of one folder, read-only. No request reaches a file outside it."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from gameserver.net.http.responses import REVALIDATE, Response, text

if TYPE_CHECKING:
    from pathlib import Path

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_UNKNOWN_TYPE: Final = "application/octet-stream"
MAX_FILE_BYTES: Final = 8 * 1024 * 1024  # larger ones are not served, since files are kept in memory

_PACKAGE_FOLDERS: Final = frozenset({"sdk", "vendor"})
"""Folders of the package that are served beside an author's own page: the SDK, and the msgpack library that it uses."""

_NOT_FOUND: Final = text(HTTPStatus.NOT_FOUND, "no such page")


class _CachedFile(NamedTuple):
    """A file's content, and what tells whether it has changed since."""

    mtime_ns: int
    size: int
    body: bytes
    etag: str


class StaticFiles:
    """Serves a folder. A file is read at its first request, and again when it has changed on disk."""

    def __init__(self, root: Path, package: Path | None = None) -> None:
        """Serve a folder.

        Args:
            root: the folder.
            package: the package's own page, for the SDK and what it needs, if `root` is an author's page.
        """
        self._root = root.resolve()
        self._package = None if package is None else package.resolve()
        self._cache: dict[Path, _CachedFile] = {}

    def respond(self, path: str) -> Response:
        """Answer a GET of `path`, which is percent-encoded as in the request line."""
        parts = split_path(path)
        if parts is None:
            return _NOT_FOUND
        found = self._respond_from(self._root, parts, path)
        if found is None and self._package is not None and parts and parts[0] in _PACKAGE_FOLDERS:
            found = self._respond_from(self._package, parts, path)
        return found or _NOT_FOUND

    def _respond_from(self, root: Path, parts: list[str], path: str) -> Response | None:
        place = root.joinpath(*parts)
        if not parts or parts[-1] == "":
            place = place / "index.html"
        try:
            return self._respond_file(root, place, path)
        except OSError:
            return None

    def _respond_file(self, root: Path, place: Path, path: str) -> Response | None:
        real = place.resolve()  # follows symbolic links: their targets must be inside as well
        if not real.is_relative_to(root):
            return None
        if real.is_dir():
            return text(HTTPStatus.MOVED_PERMANENTLY, "this is a folder", ("Location", f"{path}/"))
        cached = self._read(real)
        content_type = _TYPES.get(real.suffix.lower(), _UNKNOWN_TYPE)
        return Response(HTTPStatus.OK, cached.body, content_type, cache=REVALIDATE, etag=cached.etag)

    def _read(self, real: Path) -> _CachedFile:
        stat = real.stat()
        cached = self._cache.get(real)
        if cached is None or (cached.mtime_ns, cached.size) != (stat.st_mtime_ns, stat.st_size):
            if stat.st_size > MAX_FILE_BYTES:
                raise OSError(f"{real} is larger than {MAX_FILE_BYTES} bytes")
            body = real.read_bytes()
            cached = _CachedFile(stat.st_mtime_ns, stat.st_size, body, etag_of(body))
            self._cache[real] = cached
        return cached


def split_path(path: str) -> list[str] | None:
    """Decode an absolute path, once, and split it into segments.

    No segment has a meaning for a file system: `.`, `..`, hidden and empty names, separators and NUL are not allowed.

    Returns:
        The segments, the last one empty if the path ends with a slash; None for a path that is not served.
    """
    if not path.startswith("/"):
        return None
    try:
        segments = [unquote(segment, errors="strict") for segment in path[1:].split("/")]
    except UnicodeDecodeError:
        return None
    if segments == [""]:
        return []
    inner, last = segments[:-1], segments[-1]
    if all(map(_is_name, inner)) and (last == "" or _is_name(last)):
        return segments
    return None


def _is_name(segment: str) -> bool:
    return bool(segment) and not segment.startswith(".") and not set(segment) & {"/", "\\", "\0", ":"}


def etag_of(body: bytes) -> str:
    """Return a strong validator: equal only for equal bytes."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
