"""`GET /api/rooms?kind=…`: the rooms of a kind that strangers may see, filtered, sorted, and page by page."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from gameserver.hub.directory import Sort, listed_room, sorted_by
from gameserver.hub.where import Where, WhereInvalid
from gameserver.net.http.responses import Response, as_json, text
from gameserver.protocol.room_code import code_of_room

if TYPE_CHECKING:
    from gameserver.hub.directory import Position, RoomRow
    from gameserver.hub.hub import Hub
    from gameserver.room.kind import Kind

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
_PARAMETERS: Final = ("kind", "where", "sort", "limit", "cursor")


class _QueryInvalid(ValueError):
    """The text says which parameter is wrong, and what to write."""


def names_kind(target: str) -> bool:
    """Return whether a request's target asks for the rooms of one kind."""
    return any(name == "kind" for name, _ in _pairs(target))


def rooms_of_kind(hub: Hub, target: str) -> Response:
    """Answer one page of rooms.

    Args:
        hub: Has the directory.
        target: The request's, with its query.
    """
    try:
        query = _query(target)
        kind = hub.kinds.get(query["kind"])
        if kind is None:
            return text(HTTPStatus.NOT_FOUND, f"no such kind of room; there are: {', '.join(sorted(hub.kinds))}")
        where, sort = _where(query.get("where"), kind), _sort(query.get("sort", "-players"), kind)
        limit, after = _limit(query.get("limit")), _position(query.get("cursor"))
    except (_QueryInvalid, WhereInvalid) as error:
        return text(HTTPStatus.BAD_REQUEST, str(error))
    rows = hub.directory.page(kind.name, where, sort, limit + 1, after)
    shown = rows[:limit]
    return as_json(
        {
            "kind": kind.name,
            "rooms": [_described(row, kind) for row in shown],
            "next": _cursor(shown[-1], sort) if len(rows) > limit else None,
        }
    )


def _described(row: RoomRow, kind: Kind) -> dict[str, Any]:
    return {"code": code_of_room(row.id), **msgspec.to_builtins(listed_room(row, kind.room_class))}


def _pairs(target: str) -> list[tuple[str, str]]:
    return parse_qsl(target.partition("?")[2], keep_blank_values=True)


def _query(target: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in _pairs(target):
        if name not in _PARAMETERS or name in query:
            raise _QueryInvalid(f"give each of {', '.join(_PARAMETERS)} once at most, and nothing else")
        query[name] = value
    return query


def _where(raw: str | None, kind: Kind) -> Where | None:
    if raw is None:
        return None
    try:
        return Where(msgspec.json.decode(raw, type=dict[str, Any]), kind.room_class.listing)
    except (msgspec.DecodeError, RecursionError):
        raise _QueryInvalid('where: write a JSON object, such as {"track":"ice"}') from None


def _sort(raw: str, kind: Kind) -> Sort:
    field = raw.removeprefix("-")
    names = ("players", "spectators", "id", *kind.room_class.listing.__struct_fields__)
    if field not in names:
        raise _QueryInvalid(f"sort: write one of {', '.join(names)}, after - for the greatest first")
    return Sort(field, raw.startswith("-"))


def _limit(raw: str | None) -> int:
    if raw is None:
        return DEFAULT_LIMIT
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= len(str(MAX_LIMIT)) and 1 <= int(raw) <= MAX_LIMIT):
        raise _QueryInvalid(f"limit: write a number from 1 to {MAX_LIMIT}")
    return int(raw)


_positions: Final = msgspec.json.Decoder(tuple[bool | int | float | str | None, str])


def _cursor(row: RoomRow, sort: Sort) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((sorted_by(row, sort), row.id))).decode()


def _position(raw: str | None) -> Position | None:
    if raw is None:
        return None
    try:
        return _positions.decode(base64.urlsafe_b64decode(raw))
    except (ValueError, msgspec.DecodeError):
        raise _QueryInvalid("cursor: write what `next` of the page before was, with the same sort") from None
