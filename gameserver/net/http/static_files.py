"""Serves the files of one folder, read-only. No request reaches a file outside it."""

from __future__ import annotations

from http import HTTPStatus
from stat import S_ISDIR
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from gameserver.net.http.file_cache import FileCache
from gameserver.net.http.responses import Response, text

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from os import stat_result
    from pathlib import Path

    from gameserver.net.http.policy import PagePolicy

_PACKAGE_FOLDERS: Final = frozenset({"sdk"})
"""Folders of the package that are served beside an author's own page."""

DEVELOPMENT_FOLDER: Final = "dev"
"""Of the package: what only `gameserver dev` serves."""

DEVELOPMENT_PREFIX: Final = "/dev/"
DEVELOPMENT_SCRIPT: Final = "/dev/overlay.js"

_NOT_FOUND: Final = text(HTTPStatus.NOT_FOUND, "no such page")


class StaticFiles:
    """Serves a folder. A file is read at its first request, and again when it has changed on disk."""

    def __init__(
        self, root: Path, policy: PagePolicy | None = None, *, package: Path | None = None, script: str = ""
    ) -> None:
        """Serve a folder.

        Args:
            root: the folder.
            policy: what its pages may do; None: what the package's own may.
            package: the package's own page, for the SDK and what it needs, if `root` is an author's page.
            script: the address of a script that all pages get besides their own; "": none.
        """
        self._root = root.resolve()
        self._policy = policy
        self._package = None if package is None else package.resolve()
        self._cache = FileCache(script)

    async def respond(self, path: str, codings: AbstractSet[str] = frozenset()) -> Response:
        """Answer a GET.

        Args:
            path: percent-encoded as in the request line.
            codings: the content codings that the client takes, such as `gzip`.
        """
        parts = split_path(path)
        if parts is None or (self._policy is None and parts[:1] == [DEVELOPMENT_FOLDER]):
            return _NOT_FOUND
        found = await self._respond_from(self._root, self._policy, parts, codings)
        if found is None and self._package is not None and parts and parts[0] in _PACKAGE_FOLDERS:
            found = await self._respond_from(self._package, None, parts, codings)
        return found or _NOT_FOUND

    async def _respond_from(
        self, root: Path, policy: PagePolicy | None, parts: list[str], codings: AbstractSet[str]
    ) -> Response | None:
        try:
            file, stat = _find(root, parts)
            if S_ISDIR(stat.st_mode) and parts and parts[-1]:
                # Relative, because a proxy may serve this path below another one.
                location = f"./{quote(parts[-1])}/"
                return text(HTTPStatus.MOVED_PERMANENTLY, "this is a folder", ("Location", location))
            return await self._cache.respond(file, stat, policy, codings)
        except OSError:
            return None


class DevelopmentFiles:
    """Serves the page for any room, and the script of all pages, at `/dev/`; with them what they need of the package's
    other files, since at the root there may be an author's own.
    """

    def __init__(self, package: Path) -> None:
        """Serve the package's folder for development."""
        self._own = StaticFiles(package / DEVELOPMENT_FOLDER, script=DEVELOPMENT_SCRIPT)
        self._package = StaticFiles(package)

    async def respond(self, path: str, codings: AbstractSet[str]) -> Response:
        """Answer a GET of a path below `/dev/`."""
        below = path.removeprefix(DEVELOPMENT_PREFIX[:-1])
        found = await self._own.respond(below, codings)
        return found if found is not _NOT_FOUND else await self._package.respond(below, codings)


def _find(root: Path, parts: list[str]) -> tuple[Path, stat_result]:
    """Return the file or folder of a path, and its state. Links are followed, but not to places outside.

    Raises:
        OSError: there is none.
    """
    place = root.joinpath(*parts)
    real = (place / "index.html" if not parts or parts[-1] == "" else place).resolve()
    if not real.is_relative_to(root):
        raise FileNotFoundError(f"{real} is not in {root}")
    return real, real.stat()


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
