"""The forms of JOIN's `room`: any with options, create, by id, by code; what each finds and how each is refused."""

from __future__ import annotations

import random
from typing import Any, Literal

import msgpack
import pytest

from gameserver import Listing, Options, Room
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import ROOM_ID_ALPHABET, ROOM_ID_CHARS, code_of_room, room_of_code
from gameserver.room.overload import MAX_LEVEL
from tests.support.memory_server import MemoryLink, MemoryServer, strain


class RaceOptions(Options):
    track: Literal["ice", "sand"] = "sand"
    private: bool = False


class RaceListing(Listing):
    track: Literal["ice", "sand"] = "sand"
    laps: int = 3


class Race(Room):
    options = RaceOptions()
    listing = RaceListing()
    max_players = 2

    def on_create(self, options: object) -> None:
        self.listing.track = self.options.track
        if self.options.private:
            self.set_visibility("unlisted")


class Town(Room):
    single = True
    options = RaceOptions()
    listing = RaceListing()
    max_players = 2

    def on_create(self, options: object) -> None:
        self.listing.track = self.options.track


class Plain(Room):
    """Has no options."""


def join(server: MemoryServer, room: Any, kind: str = "race") -> MemoryLink:
    link, peer = server.connect()
    server.say(peer, C.JOIN, kind, room, 0, {})
    server.tick()
    return link


def track(server: MemoryServer, link: MemoryLink) -> object:
    room = server.hub.rooms[link.welcome["room"]].room
    assert isinstance(room, Race)
    return room.options.track


def test_create_makes_a_room_also_where_others_have_free_seats() -> None:
    server = MemoryServer(Race)
    first, second = join(server, {"create": {"track": "ice"}}), join(server, {"create": {}})
    assert first.welcome["room"] != second.welcome["room"]
    assert [track(server, first), track(server, second)] == ["ice", "sand"]


def test_any_with_options_makes_a_room_with_them_only_if_it_must() -> None:
    server = MemoryServer(Race)
    first = join(server, {"options": {"track": "ice"}})
    assert track(server, first) == "ice"
    second = join(server, {"options": {"track": "sand"}})
    assert second.welcome["room"] == first.welcome["room"]


def test_a_filter_finds_a_room_whose_listing_fits_and_makes_one_where_there_is_none() -> None:
    server = MemoryServer(Race)
    sand = join(server, None)
    ice = join(server, {"where": {"track": "ice"}, "options": {"track": "ice"}})
    assert ice.welcome["room"] != sand.welcome["room"]
    assert track(server, ice) == "ice"
    assert join(server, {"where": {"track": ["ice"]}}).welcome["room"] == ice.welcome["room"]
    other = join(server, {"where": {}, "options": {"track": "ice"}})
    assert other.welcome["room"] == sand.welcome["room"], "no condition: any room"


def test_a_listing_that_the_rules_change_is_matched_from_the_next_tick_on() -> None:
    server = MemoryServer(Race)
    first = join(server, None)
    room = server.engine.room
    assert isinstance(room, Race)
    room.listing.laps = 1
    server.tick()
    assert join(server, {"where": {"laps": {"max": 1}}}).welcome["room"] == first.welcome["room"]


def test_unlisted_and_locked_rooms_are_found_by_no_filter() -> None:
    server = MemoryServer(Race)
    hidden, locked = (server.hub.open_room("race") for _ in range(2))
    hidden.room.set_visibility("unlisted")
    locked.room.lock()
    assert join(server, {"where": {"track": "sand"}}).welcome["room"] not in {hidden.id, locked.id}


def test_a_room_that_a_director_chose_is_left_for_another_if_its_listing_does_not_fit() -> None:
    server = MemoryServer(Race)
    engine = server.hub.open_room("race")
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, room=engine.id)
    peer.receive(msgpack.packb([C.JOIN, "race", {"where": {"track": "ice"}}, 0, {}]), server.now_s)
    server.tick()
    assert link.welcome["room"] != engine.id


def test_a_friend_joins_by_the_code_in_any_spelling_and_a_stranger_is_not_put_there() -> None:
    server = MemoryServer(Race)
    ada = join(server, {"create": {"private": True}})
    code = ada.welcome["room"].upper()
    assert join(server, None).welcome["room"] != ada.welcome["room"]
    bob = join(server, {"code": f" {code[:3]}-{code[3:]} "})
    assert bob.welcome["room"] == ada.welcome["room"]
    full = join(server, {"code": code})
    assert full.closed == (CloseCode.ROOM_FULL, "no free seat in this room")


def test_an_unlisted_room_that_becomes_public_is_found_by_anyone() -> None:
    server = MemoryServer(Race)
    ada = join(server, {"create": {"private": True}})
    server.engine.room.set_visibility("public")
    assert join(server, None).welcome["room"] == ada.welcome["room"]
    with pytest.raises(ValueError, match="visibility is 'hidden'; write one of 'public', 'unlisted'"):
        server.engine.room.set_visibility("hidden")


@pytest.mark.parametrize(
    ("kind", "room", "code", "reason"),
    [
        ("chess", {"create": {}}, CloseCode.UNKNOWN_KIND, "no such kind of room; there are: plain, race"),
        ("race", {"create": {"track": 1}}, CloseCode.INVALID_OPTIONS, "options: 'track': expected str, got int"),
        (
            "race",
            {"options": {"fog": 1}},
            CloseCode.INVALID_OPTIONS,
            "options: no option 'fog'; there are: track, private",
        ),
        ("race", {"where": {"track": 1}}, CloseCode.INVALID_WHERE, "where: 'track': expected str, got int"),
        ("race", {"where": {"fog": 1}}, CloseCode.INVALID_WHERE, "where: no field 'fog'; there are: track, laps"),
        ("plain", {"where": {"fog": 1}}, CloseCode.INVALID_WHERE, "where: no field 'fog'; there are: none"),
        (
            "race",
            {"where": {}, "options": {"track": 1}},
            CloseCode.INVALID_OPTIONS,
            "options: 'track': expected str, got int",
        ),
        ("plain", {"create": {"fog": 1}}, CloseCode.INVALID_OPTIONS, "options: no option 'fog'; there are: none"),
        ("race", {"code": "zzzzzz"}, CloseCode.ROOM_NOT_FOUND, "no such room"),
        ("race", {"code": " - "}, CloseCode.ROOM_NOT_FOUND, "no such room"),
        ("race", "zzzzzz", CloseCode.ROOM_NOT_FOUND, "no such room"),
    ],
)
def test_each_refusal_has_its_code_and_changes_nothing(kind: str, room: Any, code: CloseCode, reason: str) -> None:
    server = MemoryServer(Race, Plain)
    waiting = server.hub.open_room("race")
    assert join(server, room, kind).closed == (code, reason)
    assert list(server.hub.rooms) == [waiting.id]
    assert waiting.session_count == 0


def test_a_locked_room_is_refused_as_locked_by_id_and_by_code_and_its_players_resume() -> None:
    server = MemoryServer(Race)
    link, peer = server.join("race")
    engine = server.engine
    engine.room.lock()
    for room in (engine.id, {"code": engine.id}):
        assert join(server, room).closed == (CloseCode.ROOM_LOCKED, "the room takes nobody new now")
    peer.lost(server.now_s, None)
    again, resuming = server.connect()
    server.say(resuming, C.RESUME, link.welcome["token"], 0, link.welcome["event"])
    server.tick()
    assert again.welcome["resumed"]


def test_rooms_that_clients_create_are_counted_like_all_others() -> None:
    server = MemoryServer(Race, limits=Limits(max_rooms=2))
    for _ in range(2):
        join(server, {"create": {}})
    assert join(server, {"create": {}}).closed == (CloseCode.SERVER_FULL, "no more rooms on this server now")
    busy = MemoryServer(Race)
    strain(busy.hub.open_room("race"), MAX_LEVEL)
    assert join(busy, {"create": {}}).closed == (CloseCode.SERVER_FULL, "the rooms here have more to do than they can")


def test_the_room_that_a_director_chose_for_a_creator_is_made_with_its_options() -> None:
    server = MemoryServer(Race)
    links = []
    for _ in range(2):
        link = MemoryLink()
        peer = server.hub.open(link, server.now_s, room="chosen")
        peer.receive(msgpack.packb([C.JOIN, "race", {"create": {"track": "ice"}}, 0, {}]), server.now_s)
        server.tick()
        links.append(link)
    assert links[0].welcome["room"] == "chosen"
    assert links[1].welcome["room"] != "chosen", "somebody was faster: a creator is never put into another's room"
    assert [track(server, link) for link in links] == ["ice", "ice"]


def test_whoever_asks_for_a_room_of_a_single_kind_in_whatever_way_comes_into_the_one() -> None:
    server = MemoryServer(Town)
    rooms = []
    for how, role in (
        ({"create": {"track": "ice"}}, 0),
        ({"create": {"track": "sand"}}, 0),
        (None, 1),
        ({"options": {"track": "sand"}}, 1),
        ({"where": {"track": "ice"}}, 1),
    ):
        link, peer = server.connect()
        server.say(peer, C.JOIN, "town", how, role, {})
        server.tick()
        rooms.append(link.welcome["room"])
    assert set(rooms) == {server.engine.id}
    assert server.engine.listing["track"] == "ice", "the options of the first"
    refused: tuple[dict[str, dict[str, str]] | None, ...] = (None, {"create": {}})
    for how in refused:
        assert join(server, how, "town").closed == (CloseCode.ROOM_FULL, "no free seat in this room")
    server.engine.room.lock()
    assert join(server, None, "town").closed == (CloseCode.ROOM_LOCKED, "the room takes nobody new now")


def test_a_single_room_that_does_not_fit_is_not_doubled_and_opens_anew_after_its_end() -> None:
    server = MemoryServer(Town)
    join(server, {"create": {"track": "ice"}}, "town")
    reason = "the only room of this kind does not fit"
    assert join(server, {"where": {"track": "sand"}}, "town").closed == (CloseCode.ROOM_NOT_FOUND, reason)
    server.engine.room.set_visibility("unlisted")
    join(server, None, "town")
    with pytest.raises(ProtocolError, match="it is the only one"):
        server.hub.open_room("town")
    first = server.engine
    first.close(CloseCode.ROOM_CLOSED, "over")
    again = join(server, {"create": {"track": "sand"}}, "town")
    assert again.welcome["room"] == server.engine.id != first.id
    assert server.engine.listing["track"] == "sand"


def test_one_of_several_processes_opens_a_single_room_only_if_the_director_says_so() -> None:
    server = MemoryServer(Town)
    server.hub.alone = False
    reason = "the room cannot be found now: retry in 1 s"
    assert join(server, None, "town").closed == (CloseCode.SERVER_FULL, reason)
    for _ in range(2):
        link = MemoryLink()
        peer = server.hub.open(link, server.now_s, room="chosen")
        server.say(peer, C.JOIN, "town", {"create": {}}, 0, {})
        server.tick()
        assert link.welcome["room"] == "chosen"
    assert join(server, None, "town").closed == (CloseCode.ROOM_FULL, "no free seat in this room")


def test_a_code_is_read_as_people_type_it() -> None:
    draw = random.Random(1)
    for _ in range(100):
        room_id = "".join(draw.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS))
        for typed in (room_id.upper(), f"{room_id[:3]} {room_id[3:]}", "-".join(room_id), f"\t{room_id}\n"):
            assert room_of_code(typed) == room_id
        assert room_of_code(code_of_room(room_id) or "") == room_id
    assert ROOM_ID_ALPHABET == "23456789abcdefghjkmnpqrstuvwxyz"


@pytest.mark.parametrize("room_id", ["cup-1", "the final", "Final", "k7p 2qx"])
def test_a_room_whose_id_no_code_leads_to_has_none(room_id: str) -> None:
    assert code_of_room(room_id) is None
