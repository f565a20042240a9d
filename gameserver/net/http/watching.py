"""Requests to watch a room without a WebSocket: `/api/rooms/ID/stream` and `/api/rooms/ID/state`. No I/O.

A cursor says which session a viewer has and what it has received: the resume token in base64url, the tick of its newest
state, and the number of its newest event, with dots in between; `-` for a viewer that knows nothing of the room. It is
the `id` of each event of a stream, the `next` and the ETag of each answer to a poll.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast
from urllib.parse import parse_qsl, unquote

import msgspec

from gameserver.net.http.head import RequestRefused
from gameserver.protocol.constants import MAX_COUNTER, CloseCode

if TYPE_CHECKING:
    from gameserver.net.http.head import Head

Format: TypeAlias = Literal["json", "messages"]
"""What a viewer gets: JSON, or the protocol's own messages, which the SDK reads."""

_WATCH_PATH: Final = re.compile(r"/api/rooms/([^/]{1,192})/(stream|state)")
MAX_ROOM_ID_CHARS: Final = 64
MAX_POLL_WAIT_S: Final = 25.0
"""Proxies give up on an answer after 30 to 60 seconds."""
_FORMATS: Final = ("json", "messages")
_WATCH_PARAMETERS: Final = ("token", "since", "wait", "format", "params")
_CURSOR: Final = re.compile(r"([A-Za-z0-9_-]{32})\.([0-9]{1,10})\.(-|[0-9]{1,10})")
_NUMBER: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")

STATUSES: Final = {
    CloseCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    CloseCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    CloseCode.JOIN_REFUSED: HTTPStatus.FORBIDDEN,
    CloseCode.KICKED: HTTPStatus.FORBIDDEN,
    CloseCode.BANNED: HTTPStatus.FORBIDDEN,
    CloseCode.ROOM_LOCKED: HTTPStatus.FORBIDDEN,
    CloseCode.ROOM_NOT_FOUND: HTTPStatus.NOT_FOUND,
    CloseCode.UNKNOWN_KIND: HTTPStatus.NOT_FOUND,
    CloseCode.ROOM_CLOSED: HTTPStatus.GONE,
    CloseCode.ROOM_FAILED: HTTPStatus.GONE,
    CloseCode.REPLACED: HTTPStatus.CONFLICT,
    CloseCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    CloseCode.ROOM_FULL: HTTPStatus.SERVICE_UNAVAILABLE,
    CloseCode.SERVER_FULL: HTTPStatus.SERVICE_UNAVAILABLE,
    CloseCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    CloseCode.TOO_SLOW: HTTPStatus.SERVICE_UNAVAILABLE,
    CloseCode.GOING_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    CloseCode.MOVED: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The HTTP status for a viewer whose link is closed with a code; 400 for any other."""


class Cursor(NamedTuple):
    """Which session a viewer has, and what it has received."""

    token: bytes
    tick: int
    event: int | None

    def __str__(self) -> str:
        token = base64.urlsafe_b64encode(self.token).decode()
        return f"{token}.{self.tick}.{'-' if self.event is None else self.event}"


@dataclass(frozen=True, slots=True)
class Watch:
    """One request to watch a room."""

    room: str
    """The room's id."""
    is_stream: bool
    """Whether it asks for a stream; otherwise it is a poll."""
    cursor: Cursor | None
    """What the viewer has; None: it is new."""
    wants_full: bool
    """Whether the answer to a poll must have the whole state."""
    conditional: bool
    """Whether the answer to a poll may be 304."""
    wait_s: float
    format: Format
    token: str | None
    """The JWT in the query; None: there is none."""
    params: dict[str, Any]
    """JOIN's."""


def watches(path: str) -> bool:
    """Return whether a path is one of those that a room is watched at."""
    return _WATCH_PATH.fullmatch(path) is not None


def streams(path: str) -> bool:
    """Return whether a path is that of a stream."""
    found = _WATCH_PATH.fullmatch(path)
    return found is not None and found[2] == "stream"


def watch_of(head: Head) -> Watch:
    """Return what a request asks for; its path is one of those that a room is watched at.

    Raises:
        RequestRefused: a part of it is wrong.
    """
    found = _WATCH_PATH.fullmatch(head.path)
    assert found is not None
    room = unquote(found[1])
    if len(room) > MAX_ROOM_ID_CHARS:
        raise RequestRefused(HTTPStatus.NOT_FOUND, "no such room")
    query = _query(head.target)
    since = query.get("since")
    is_stream = found[2] == "stream"
    header = head.one(b"last-event-id" if is_stream else b"if-none-match")
    noted = None if header is None else find_cursor(header.removeprefix("W/").strip('"'))
    given = None if not since else cursor_of(since)
    return Watch(
        room,
        is_stream,
        # An EventSource connects to the same URL again: what it has received since then counts.
        (noted or given) if is_stream else (given or noted),
        wants_full=not since,
        conditional=not is_stream and noted is not None,
        wait_s=_wait_s(query.get("wait")),
        format=_format(query.get("format", "json")),
        token=query.get("token"),
        params=_params(query.get("params")),
    )


def cursor_of(raw: str) -> Cursor:
    """Return the cursor that a viewer has sent.

    Raises:
        RequestRefused: it is none.
    """
    cursor = find_cursor(raw)
    if cursor is None:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "since: write what `next`, or the id of the newest event, was")
    return cursor


def find_cursor(raw: str) -> Cursor | None:
    """Return the cursor that a text is; None if it is none."""
    found = _CURSOR.fullmatch(raw)
    if found is None:
        return None
    tick, event = int(found[2]), None if found[3] == "-" else int(found[3])
    if tick > MAX_COUNTER or (event or 0) > MAX_COUNTER:
        return None
    return Cursor(base64.urlsafe_b64decode(found[1]), tick, event)


def check_sender(head: Head) -> None:
    """Check that it is not a stranger's page that sends the request without being able to read the answer, as an image
    of it would: that would take a seat.

    Raises:
        RequestRefused: it is.
    """
    site, mode = head.one(b"sec-fetch-site"), head.one(b"sec-fetch-mode")
    if head.one(b"origin") is None and site in ("cross-site", "same-site") and mode == "no-cors":
        raise RequestRefused(HTTPStatus.FORBIDDEN, "pages of other sites may not load this as a part of them")


def status_of(code: int) -> HTTPStatus:
    """Return the HTTP status for a viewer whose link is closed with a code."""
    try:
        return STATUSES.get(CloseCode(code), HTTPStatus.BAD_REQUEST)
    except ValueError:
        return HTTPStatus.BAD_REQUEST


def _query(target: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(target.partition("?")[2], keep_blank_values=True):
        if name not in _WATCH_PARAMETERS or name in query:
            known = ", ".join(_WATCH_PARAMETERS)
            raise RequestRefused(HTTPStatus.BAD_REQUEST, f"give each of {known} once at most, and nothing else")
        query[name] = value
    return query


def _wait_s(raw: str | None) -> float:
    if raw is None:
        return 0.0
    if not _NUMBER.fullmatch(raw) or float(raw) > MAX_POLL_WAIT_S:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"wait: write seconds, 0 to {MAX_POLL_WAIT_S:g}")
    return float(raw)


def _format(raw: str) -> Format:
    if raw not in _FORMATS:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"format: write one of {', '.join(_FORMATS)}")
    return cast("Format", raw)


def _params(raw: str | None) -> dict[str, Any]:
    if raw is None:
        return {}
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, 'params: write a JSON object, such as {"name":"Ada"}') from None
