"""Files as responses: what is read of them, in which codings, and what of it is kept in memory.

Disks are read, and files compressed, in threads: the rooms of the process tick meanwhile.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from gameserver.net.http.content_types import HTML, content_type, is_compressed
from gameserver.net.http.policy import STRICT
from gameserver.net.http.responses import REVALIDATE, FileBody, Response, etag_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from os import stat_result
    from pathlib import Path

    from gameserver.net.http.policy import Headers, PagePolicy

MAX_CACHED_FILE_BYTES: Final = 1024 * 1024
"""Larger files are read anew for each request, and are sent compressed only if a compressed file is beside them. Pages
are kept whatever their size, because their inline scripts must be known.
"""
MAX_CACHE_BYTES: Final = 64 * 1024 * 1024
"""All cached files together. Those that have not been asked for the longest are dropped."""

_BESIDE: Final = {"br": ".br", "gzip": ".gz"}
"""Content codings, best first, and what the names of files end with that a build has compressed."""
_WORTHWHILE: Final = 0.9
"""A compressed body is used if it is shorter than this share of the plain one."""


class _Loaded(NamedTuple):
    """A file's content, and what shows whether it has changed since."""

    changed: tuple[int, int]
    bodies: dict[str, bytes]
    """By content coding; "" is the file as it is."""
    etag: str
    policy: Headers

    @property
    def held_bytes(self) -> int:
        """How much memory it takes."""
        return sum(map(len, self.bodies.values()))


class FileCache:
    """Makes the responses of files, and keeps those of small ones."""

    def __init__(self, script: str = "") -> None:
        """Begin without any file.

        Args:
            script: the address of a script that all pages get besides their own, while they are written; "": none.
        """
        self._script = script
        self._loaded: dict[Path, _Loaded] = {}  # the one that was asked for last is last
        self.held_bytes = 0

    @property
    def held(self) -> list[Path]:
        """The files whose content is in memory; the one that was asked for last is last."""
        return list(self._loaded)

    async def respond(
        self, file: Path, stat: stat_result, policy: PagePolicy | None, codings: AbstractSet[str]
    ) -> Response:
        """Return the response of a file.

        Args:
            file: its path, without symbolic links.
            stat: its state now.
            policy: what pages of its folder may do; None: what the package's own may.
            codings: the content codings that the client takes.

        Raises:
            OSError: the file cannot be read.
        """
        kind = content_type(file.suffix.lower())
        if stat.st_size > MAX_CACHED_FILE_BYTES and kind != HTML:
            return _streamed(file, stat, kind, policy, codings)
        loaded = self._take(file)
        if loaded is None or loaded.changed != _changed(stat):
            loaded = await trio.to_thread.run_sync(_load, file, stat, kind, policy, self._script)
        self._keep(file, loaded)
        coding = next((coding for coding in _BESIDE if coding in codings and coding in loaded.bodies), "")
        varies = len(loaded.bodies) > 1
        return _response(loaded.bodies[coding], kind, coding, loaded.etag, loaded.policy, varies=varies)

    def _take(self, file: Path) -> _Loaded | None:
        loaded = self._loaded.pop(file, None)
        self.held_bytes -= 0 if loaded is None else loaded.held_bytes
        return loaded

    def _keep(self, file: Path, loaded: _Loaded) -> None:
        self._take(file)  # another request may have loaded it meanwhile
        self._loaded[file] = loaded
        self.held_bytes += loaded.held_bytes
        while self.held_bytes > MAX_CACHE_BYTES:
            self._take(next(iter(self._loaded)))


def _changed(stat: stat_result) -> tuple[int, int]:
    return stat.st_mtime_ns, stat.st_size


def _load(file: Path, stat: stat_result, kind: str, policy: PagePolicy | None, script: str) -> _Loaded:
    """Read a file, in a thread.

    Raises:
        OSError: it cannot be read.
    """
    body = file.read_bytes()
    if script and kind == HTML:
        body = _with_script(body, script)
        return _Loaded(_changed(stat), {"": body}, etag_of(body), _headers(policy, body.decode("utf-8", "replace")))
    bodies = {"": body}
    if not is_compressed(file.suffix.lower()):
        bodies["gzip"] = gzip.compress(body, mtime=0)
    for coding, suffix in _BESIDE.items():
        if (beside := _beside(file, stat, suffix)) is not None:
            bodies[coding] = beside.read_bytes()
    for coding in set(bodies) - {""}:
        if len(bodies[coding]) > _WORTHWHILE * len(body):
            del bodies[coding]
    page = body.decode("utf-8", "replace") if kind == HTML else None
    return _Loaded(_changed(stat), bodies, etag_of(body), _headers(policy, page))


def _with_script(page: bytes, script: str) -> bytes:
    """Return a page with one more script, in its head where it has one."""
    place = page.lower().find(b"</head>")
    place = len(page) if place < 0 else place
    return page[:place] + f'<script type="module" src="{script}"></script>\n'.encode() + page[place:]


def _headers(policy: PagePolicy | None, page: str | None = None) -> Headers:
    return STRICT if policy is None else policy.headers(page)


def _beside(file: Path, stat: stat_result, suffix: str) -> Path | None:
    """Return the file that a build has compressed, unless it is older than the plain one: from another build."""
    beside = file.with_name(file.name + suffix)
    try:
        return beside if beside.stat().st_mtime_ns >= stat.st_mtime_ns else None
    except OSError:
        return None


def _streamed(
    file: Path, stat: stat_result, kind: str, policy: PagePolicy | None, codings: AbstractSet[str]
) -> Response:
    """Return the response of a file that is read while it is sent."""
    found = {coding: _beside(file, stat, suffix) for coding, suffix in _BESIDE.items()}
    beside = {coding: place for coding, place in found.items() if place is not None}
    coding = next((coding for coding in beside if coding in codings), "")
    sent = beside[coding] if coding else file
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    return _response(FileBody(sent, sent.stat().st_size), kind, coding, etag, _headers(policy), varies=bool(beside))


def _response(body: bytes | FileBody, kind: str, coding: str, etag: str, policy: Headers, *, varies: bool) -> Response:
    headers = (
        *((("Content-Encoding", coding),) if coding else ()),
        *((("Vary", "Accept-Encoding"),) if varies else ()),
    )
    if coding:
        etag = f'{etag[:-1]}-{coding}"'
    plain = Response(HTTPStatus.OK, b"", kind, headers, cache=REVALIDATE, etag=etag, policy=policy)
    return replace(plain, file=body) if isinstance(body, FileBody) else replace(plain, body=body)
