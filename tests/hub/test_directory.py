"""The rows that strangers may see follow their rooms, and come page by page in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from gameserver import Listing, Room
from gameserver.hub.directory import Directory, RoomRow, Sort, sorted_by
from gameserver.hub.where import Where
from gameserver.protocol.constants import ClientMessage as C
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.directory import Position


class CupListing(Listing):
    laps: int = 0
    leader: str | None = None


class Cup(Room):
    listing = CupListing()
    max_players = 4


def seen(server: MemoryServer) -> list[tuple[int, int, bool, dict[str, Any]]]:
    return [(row.players, row.spectators, row.locked, row.listing) for row in server.hub.directory.rows("cup")]


def test_a_row_is_what_its_room_is_now() -> None:
    server = MemoryServer(Cup)
    changes: list[tuple[str, str]] = []
    server.hub.directory.on_change = lambda kind, room_id: changes.append((kind, room_id))
    _, peer = server.join("cup")
    server.join("cup", role=1)
    room = server.engine.room
    assert seen(server) == [(1, 1, False, {"laps": 0, "leader": None})]
    assert isinstance(room, Cup)
    room.listing.leader = "Ada"
    room.lock()
    server.tick()
    assert seen(server) == [(1, 1, True, {"laps": 0, "leader": "Ada"})]
    server.say(peer, C.LEAVE)
    server.tick()
    assert seen(server)[0][:2] == (0, 1)
    assert set(changes) == {("cup", room.id)}
    changes.clear()
    server.tick(3)
    assert changes == [], "what has not changed is not announced"
    room.close()
    server.tick()
    assert seen(server) == []
    assert changes == [("cup", room.id)]
    assert len(server.hub.directory) == 0


def test_strangers_see_no_unlisted_room_from_the_moment_it_is_unlisted() -> None:
    server = MemoryServer(Cup)
    server.join("cup")
    server.engine.room.set_visibility("unlisted")
    assert seen(server) == []
    assert server.hub.directory.row(server.engine.id) is None
    server.engine.room.set_visibility("public")
    assert len(seen(server)) == 1


VALUES = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.sampled_from(["", "a", "b"])
ROWS = st.lists(st.tuples(st.integers(0, 3), VALUES), max_size=20)
SORTS = st.builds(Sort, st.sampled_from(["players", "id", "value"]), st.booleans())


@given(ROWS, SORTS, st.integers(1, 7), st.data())
def test_pages_have_each_row_once_in_order_whatever_comes_and_goes_between_them(
    rows: list[tuple[int, Any]], sort: Sort, limit: int, data: st.DataObject
) -> None:
    directory = Directory()
    for at, (players, value) in enumerate(rows):
        directory.update(RoomRow(f"r{at:02}", "cup", players, 0, True, {"value": value}))
    whole = [row.id for row in directory.page("cup", None, sort, len(rows) + 1, None)]
    assert sorted(whole) == [f"r{at:02}" for at in range(len(rows))]
    gone = data.draw(st.sets(st.sampled_from(whole)) if whole else st.just(set()))
    after: Position | None = None
    found: list[str] = []
    while page := directory.page("cup", None, sort, limit, after):
        assert len(page) <= limit
        found += [row.id for row in page]
        after = sorted_by(page[-1], sort), page[-1].id
        for room_id in gone:
            directory.remove(room_id)
    first = whole[:limit]
    assert found == first + [room_id for room_id in whole[limit:] if room_id not in gone]


def test_none_comes_last_both_ways_and_equal_rows_come_by_id() -> None:
    directory = Directory()
    for room_id, value in (("d", 1), ("b", None), ("c", 2), ("a", None), ("e", 1)):
        directory.update(RoomRow(room_id, "cup", 0, 0, True, {"laps": value}))
    for descending, ids in ((False, "decab"), (True, "cdeab")):
        assert "".join(row.id for row in directory.page("cup", None, Sort("laps", descending), 9, None)) == ids
    fitting = Where({"laps": {"min": 1}}, CupListing())
    assert "".join(row.id for row in directory.page("cup", fitting, Sort("id", descending=False), 2, None)) == "cd"
