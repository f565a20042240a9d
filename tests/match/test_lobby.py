"""The built-in lobby shows the rooms of its kind that strangers may see, as they are now, and replays the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver import Listing, Room
from gameserver.hub.hub import Hub
from gameserver.hub.kinds import make_lobbies
from gameserver.hub.lobby_feed import MAX_ROWS
from gameserver.match.lobby import LobbyRow, lobby_of
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.state.errors import DeclarationError
from gameserver.testing import game
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine


class CupListing(Listing):
    laps: int = 0
    leader: str | None = None


class Cup(Room):
    listing = CupListing()
    max_players = 4
    empty_close_s = 1_000


class Other(Room):
    empty_close_s = 1_000


def served(*kinds: type[Room[Any]], limits: Limits | None = None) -> MemoryServer:
    server = MemoryServer(*(kinds or (Cup, Other)), limits=limits)
    hub = server.hub
    hub.lobbies = make_lobbies(hub.kinds, lobby_of)
    return server


def lobby(server: MemoryServer) -> RoomEngine:
    return next(engine for engine in server.hub.rooms.values() if engine.kind.name == "lobby.cup")


def shown(server: MemoryServer) -> dict[str, tuple[Any, ...]]:
    rows = lobby(server).world.entities(LobbyRow)
    found = {
        row.room: (row.players, row.max_players, row.spectators, row.locked, json.loads(row.listing)) for row in rows
    }
    assert len(found) == len(rows), "one row for each room"
    return found


def true_rows(server: MemoryServer) -> dict[str, tuple[Any, ...]]:
    """What the rows must be, straight from the rooms."""
    return {
        engine.id: (*engine.seats.taken[:1], 4, engine.seats.taken[1], engine.locked, engine.listing)
        for engine in server.hub.rooms.values()
        if engine.kind.name == "cup" and engine.visibility == "public"
    }


def test_a_lobby_shows_the_rooms_of_its_kind_and_each_change_of_them() -> None:
    server = served()
    before = server.hub.open_room("cup")
    server.hub.open_room("other")
    link, _ = server.join("lobby.cup")
    assert shown(server) == {before.id: (0, 4, 0, False, {"laps": 0, "leader": None})}
    room = before.room
    assert isinstance(room, Cup)
    room.listing.leader = 'Ada "the fast"'
    _, peer = server.join("cup", room=before.id)
    room.lock()
    server.tick(2)
    assert shown(server) == {before.id: (1, 4, 0, True, {"laps": 0, "leader": 'Ada "the fast"'})}
    after = server.hub.open_room("cup")
    room.set_visibility("unlisted")
    server.tick(2)
    assert list(shown(server)) == [after.id]
    room.set_visibility("public")
    server.say(peer, C.LEAVE)
    after.close(CloseCode.ROOM_CLOSED, "over")
    server.tick(2)
    assert shown(server) == true_rows(server) == {before.id: (0, 4, 0, True, before.listing)}
    assert link.welcome["schema"]["entities"][0]["name"] == "LobbyRow"


def test_there_is_one_lobby_for_each_kind_and_it_is_in_no_list_and_makes_no_room_by_itself() -> None:
    server = served()
    rooms = {server.join("lobby.cup")[0].welcome["room"] for _ in range(3)}
    assert len(rooms) == 1
    server.join("lobby.other")
    assert {engine.kind.name for engine in server.hub.rooms.values()} == {"lobby.cup", "lobby.other"}
    assert len(server.hub.directory) == 0
    link, _ = server.join("lobby.chess")
    assert link.closed == (CloseCode.UNKNOWN_KIND, "no such kind of room; there are: cup, other")


def test_a_lobby_that_opens_while_thousands_of_rooms_run_gets_them_within_a_few_ticks() -> None:
    server = served(limits=Limits(max_rooms=10_000))
    for _ in range(3 * MAX_ROWS):
        server.hub.open_room("cup")
    server.join("lobby.cup")
    engine = lobby(server)
    for ticks in range(1, 4):
        assert len(engine.world) == ticks * MAX_ROWS
        engine.tick(server.now_s)
    assert shown(server) == true_rows(server)


DEEDS = ["open", "close", "join", "leave", "list", "lock", "hide", "show", "tick", "tick"]


@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 5)), max_size=40))
def test_whatever_happens_the_rows_are_those_of_the_rooms_after_a_tick(deeds: list[tuple[str, int]]) -> None:
    server = served(limits=Limits(max_rooms=10))
    data: list[bytes] = []
    server.hub.open_recording = lambda engine: (
        Recorder(engine, data.append) if engine.kind.name == "lobby.cup" else None
    )
    server.join("lobby.cup")
    peers: list[Any] = []
    for deed, number in deeds:
        cups = [engine for engine in server.hub.rooms.values() if engine.kind.name == "cup"]
        if deed == "open" and len(cups) < 6:
            server.hub.open_room("cup")
        elif deed == "tick":
            server.tick()
        elif deed == "leave" and peers:
            server.say(peers.pop(), C.LEAVE)
        elif cups:
            act(server, cups[number % len(cups)], deed, number, peers)
    server.tick(2)
    assert shown(server) == true_rows(server)
    kind, engine = lobby(server).kind, lobby(server)
    engine.close(CloseCode.ROOM_CLOSED, "over")
    verdict = verify(Recording(b"".join(data)), kind)
    assert verdict.differs_at is None, verdict.how


def act(server: MemoryServer, engine: RoomEngine, deed: str, number: int, peers: list[Any]) -> None:
    room = engine.room
    assert isinstance(room, Cup)
    match deed:
        case "close":
            engine.close(CloseCode.ROOM_CLOSED, "over")
        case "join":
            _, peer = server.connect()
            server.say(peer, C.JOIN, "cup", engine.id, number % 2, {})
            if peer.session is not None:
                peers.append(peer)
        case "list":
            room.listing.laps = number
        case "lock":
            room.lock(number % 2 == 0)
        case "hide":
            room.set_visibility(("unlisted", "private")[number % 2])
        case "show":
            room.set_visibility("public")


def test_an_author_s_own_lobby_shows_what_it_likes_and_one_of_no_kind_is_refused() -> None:
    class Board(Room):
        lists = "cup"

        def on_create(self, options: object) -> None:
            self.seen: list[str] = []

        def on_rooms(self, rooms: Any, removed: Any) -> None:
            self.seen += [f"{room.id} {room.listing['laps']}" for room in rooms] + list(removed)

    server = served(Cup, Board)
    engine = server.hub.open_room("cup")
    server.join("board")
    engine.close(CloseCode.ROOM_CLOSED, "over")
    server.tick()
    board = next(iter(server.hub.rooms.values())).room
    assert isinstance(board, Board)
    assert board.seen == [f"{engine.id} 0", engine.id]
    with pytest.raises(DeclarationError, match=r"Board\.lists is 'cup'; write one of board"):
        Hub([Board], token_bytes=bytes, seed=1)


def test_a_kind_with_a_name_of_its_own_for_it_and_one_whose_name_is_too_long_have_no_built_in_one() -> None:
    own = type("Own", (Room,), {"kind": "lobby.cup"})
    long = type("Long", (Room,), {"kind": "k" * 60})
    hub = Hub([Cup, own, long], token_bytes=bytes, seed=1, lobby_of=lobby_of)
    assert list(hub.lobbies) == ["lobby.lobby.cup"]
    assert hub.all_kinds["lobby.cup"].room_class is own


def test_a_game_in_memory_has_lobbies_too() -> None:
    with game(Cup) as played:
        played.join()
        viewer = played.join("lobby.cup")
        played.seconds(1)
        (row,) = viewer.view.entities("LobbyRow")
        assert (row.room, row.players) == (next(iter(played.rooms)).id, 1)


def test_a_room_that_comes_and_goes_between_two_ticks_of_the_lobby_was_never_there() -> None:
    seen: list[tuple[list[str], list[str]]] = []

    class Watching(Room):
        lists = "cup"

        def on_rooms(self, rooms: Any, removed: Any) -> None:
            seen.append(([room.id for room in rooms], list(removed)))

    server = served(Cup, Watching)
    server.join("watching")
    (watching,) = server.hub.rooms.values()
    stays, goes = server.hub.open_room("cup"), server.hub.open_room("cup")
    goes.close(CloseCode.ROOM_CLOSED, "at once")
    watching.tick(server.now_s)
    assert seen == [([stays.id], [])]
    stays.close(CloseCode.ROOM_CLOSED, "now")
    watching.tick(server.now_s)
    assert seen[1:] == [([], [stays.id])]
