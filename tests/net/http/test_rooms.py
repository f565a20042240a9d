"""`GET /api/rooms?kind=…`: filtered, sorted, page by page, and refused with what to write."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest

from gameserver import Listing, Room
from gameserver.net.http.rooms import MAX_LIMIT, names_kind, rooms_of_kind
from gameserver.protocol.constants import Limits
from tests.support.memory_server import MemoryServer


class CupListing(Listing):
    track: str = "sand"
    laps: int = 0


class Cup(Room):
    listing = CupListing()
    max_players = 4
    max_spectators = 2


class Other(Room):
    """Another kind."""


def served(rooms: int) -> MemoryServer:
    """A server with so many rooms, each with laps of its own, every other on the ice."""
    server = MemoryServer(Cup, Other, limits=Limits(max_rooms=1000))
    server.hub.open_room("other")
    for at in range(rooms):
        room = server.hub.open_room("cup").room
        assert isinstance(room, Cup)
        room.listing.laps, room.listing.track = at, ("sand", "ice")[at % 2]
    server.tick()
    return server


def get(server: MemoryServer, **query: object) -> dict[str, Any]:
    target = "/api/rooms?" + "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    response = rooms_of_kind(server.hub, target)
    assert response.status == HTTPStatus.OK, response.body
    assert response.cache == "no-store"
    found: dict[str, Any] = json.loads(response.body)
    return found


def laps(page: dict[str, Any]) -> list[int]:
    return [room["listing"]["laps"] for room in page["rooms"]]


def test_a_row_says_what_a_page_needs_to_show_the_room_and_to_join_it() -> None:
    server = served(1)
    engine = next(engine for engine in server.hub.rooms.values() if engine.kind.name == "cup")
    server.join("cup", room=engine.id)
    assert get(server, kind="cup") == {
        "kind": "cup",
        "rooms": [
            {
                "id": engine.id,
                "code": engine.id.upper(),
                "players": 1,
                "max_players": 4,
                "spectators": 0,
                "max_spectators": 2,
                "locked": False,
                "listing": {"track": "sand", "laps": 0},
            }
        ],
        "next": None,
    }


def test_rooms_are_filtered_sorted_and_come_page_by_page() -> None:
    server = served(60)
    assert laps(get(server, kind="cup", sort="-laps", limit=3)) == [59, 58, 57]
    ice = {"where": '{"track":"ice","laps":{"max":5}}'}
    assert laps(get(server, kind="cup", sort="laps", **ice)) == [1, 3, 5]
    assert get(server, kind="cup", **ice)["next"] is None
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = get(server, kind="cup", sort="laps", limit=7, **cursor)
        found += laps(page)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == list(range(60))
    assert len(get(server, kind="cup")["rooms"]) == 50


def test_the_fullest_come_first_and_unlisted_rooms_never() -> None:
    server = served(3)
    first, second, hidden = (room for room in server.hub.rooms.values() if room.kind.name == "cup")
    for room in (second, second, first, hidden):
        server.join("cup", room=room.id)
    hidden.room.set_visibility("unlisted")
    assert [room["id"] for room in get(server, kind="cup")["rooms"]] == [second.id, first.id]


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("kind=chess", 404, "no such kind of room; there are: cup, other"),
        ("kind=", 404, "no such kind of room; there are: cup, other"),
        ("kind=cup&kind=cup", 400, "give each of kind, where, sort, limit, cursor once at most, and nothing else"),
        ("kind=cup&size=3", 400, "give each of kind, where, sort, limit, cursor once at most, and nothing else"),
        ("kind=cup&where=", 400, 'where: write a JSON object, such as {"track":"ice"}'),
        ("kind=cup&where=[]", 400, 'where: write a JSON object, such as {"track":"ice"}'),
        ("kind=cup&where=" + "[" * 3000, 400, 'where: write a JSON object, such as {"track":"ice"}'),
        ('kind=cup&where={"laps":"3"}', 400, "where: 'laps': expected int, got str"),
        ('kind=cup&where={"fog":3}', 400, "where: no field 'fog'; there are: track, laps"),
        ('kind=other&where={"laps":3}', 400, "where: no field 'laps'; there are: none"),
        ("kind=cup&sort=", 400, "sort: write one of players, spectators, id, track, laps, after - for the greatest"),
        ("kind=other&sort=laps", 400, "sort: write one of players, spectators, id, after - for the greatest first"),
        ("kind=cup&limit=0", 400, f"limit: write a number from 1 to {MAX_LIMIT}"),
        ("kind=cup&limit=101", 400, f"limit: write a number from 1 to {MAX_LIMIT}"),
        ("kind=cup&limit=-1", 400, f"limit: write a number from 1 to {MAX_LIMIT}"),
        ("kind=cup&limit=%D9%A3", 400, f"limit: write a number from 1 to {MAX_LIMIT}"),
        ("kind=cup&cursor=", 400, "cursor: write what `next` of the page before was, with the same sort"),
        ("kind=cup&cursor=!!!", 400, "cursor: write what `next` of the page before was, with the same sort"),
        ("kind=cup&cursor=WzEsMl0=", 400, "cursor: write what `next` of the page before was, with the same sort"),
        ("kind=cup&cursor=%C3%BC", 400, "cursor: write what `next` of the page before was, with the same sort"),
    ],
)
def test_a_query_that_is_wrong_is_refused_with_what_to_write(query: str, status: int, reason: str) -> None:
    response = rooms_of_kind(served(1).hub, f"/api/rooms?{query}")
    assert response.status == status
    assert response.body.decode().startswith(reason)


def test_a_query_without_a_kind_asks_for_the_statistics() -> None:
    assert not names_kind("/api/rooms")
    assert not names_kind("/api/rooms?x=kind")
    assert names_kind("/api/rooms?x=1&kind=")
