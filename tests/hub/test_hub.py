"""All rooms of one process: which room a join gets, what a room's opening and ending announce, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver.games.arena import Arena
from gameserver.hub.hub import Hub
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.constants import ServerMessage as S
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import ROOM_ID_ALPHABET, ROOM_ID_CHARS
from gameserver.room.overload import MAX_LEVEL
from gameserver.room.room import Room
from gameserver.state.errors import DeclarationError
from tests.support.field_room import Field
from tests.support.memory_server import MemoryLink, MemoryServer, strain

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine


class Hall(Room):
    """Takes many; its options are kept."""

    max_players = 100
    max_spectators = 2

    def on_create(self, options: Any) -> None:
        self.given = options
        if options.get("broken"):
            raise RuntimeError("a bug of the author's")


def room_of(link: MemoryLink) -> str:
    room: str = link.welcome["room"]
    return room


# -- kinds -------------------------------------------------------------------------------------------------------------


def test_a_kind_is_called_like_its_class_or_as_the_mapping_says() -> None:
    assert list(MemoryServer(Field, Hall).hub.kinds) == ["field", "hall"]
    named = Hub({"small": Hall, "large": Hall}, token_bytes=bytes, seed=1)
    assert list(named.kinds) == ["small", "large"]


def test_two_kinds_of_one_name_are_an_error_that_says_what_to_write() -> None:
    class Other(Hall):
        kind = "hall"

    with pytest.raises(DeclarationError, match=r"'hall': give Other a `kind` of its own"):
        MemoryServer(Hall, Other)


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    server = MemoryServer(Hall, Field)
    link, _ = server.join("chess")
    assert link.closed == (CloseCode.UNKNOWN_KIND, "no such kind of room; there are: field, hall")
    assert server.hub.rooms == {}


def test_the_shared_step_of_a_kind_is_served_at_its_path_only() -> None:
    hub = MemoryServer(Arena, Hall).hub
    path = hub.kinds["arena"].step_path
    assert path is not None
    assert "export" in (hub.step_module(path) or "")
    for other in ("step/hall-0.js", "step/arena-0.js", path.removesuffix(".js"), f"/{path}", "None", ""):
        assert hub.step_module(other) is None


# -- which room a join gets --------------------------------------------------------------------------------------------


def test_without_a_room_id_the_fullest_room_with_a_free_seat_is_joined() -> None:
    server = MemoryServer(Field)
    rooms = [server.hub.open_room("field").id for _ in range(3)]
    server.join("field", room=rooms[1])
    assert room_of(server.join("field")[0]) == rooms[1]
    assert room_of(server.join("field")[0]) == rooms[1]
    assert room_of(server.join("field")[0]) != rooms[1], "three seats are all there are"


def test_seats_of_players_and_of_spectators_are_counted_apart() -> None:
    server = MemoryServer(Hall)
    watched = [room_of(server.join("hall", role=Role.SPECTATOR)[0]) for _ in range(3)]
    assert watched[0] == watched[1] != watched[2]
    assert room_of(server.join("hall")[0]) == watched[0]


def test_a_locked_room_takes_nobody_new() -> None:
    server = MemoryServer(Hall)
    locked = server.hub.open_room("hall")
    locked.room.lock()
    assert room_of(server.join("hall")[0]) != locked.id
    refused, _ = server.join("hall", room=locked.id)
    assert refused.closed == (CloseCode.ROOM_LOCKED, "the room takes nobody new now")
    locked.room.lock(False)
    assert room_of(server.join("hall", room=locked.id)[0]) == locked.id


def test_a_room_id_of_another_kind_is_not_found() -> None:
    server = MemoryServer(Hall, Field)
    hall = server.hub.open_room("hall")
    link, _ = server.join("field", room=hall.id)
    assert link.closed == (CloseCode.ROOM_NOT_FOUND, "no such room")


def test_the_room_that_the_director_chose_is_joined_or_opened() -> None:
    server = MemoryServer(Hall)
    fuller = server.hub.open_room("hall")
    server.join("hall", room=fuller.id)
    for _ in range(2):
        link = MemoryLink()
        peer = server.hub.open(link, server.now_s, room="chosen")
        server.say(peer, C.JOIN, "hall", None, 0, {})
        server.tick()
        assert room_of(link) == "chosen"
    assert list(server.hub.rooms) == [fuller.id, "chosen"]


def test_an_overloaded_process_opens_no_room_and_an_overloaded_room_takes_nobody() -> None:
    server = MemoryServer(Field, Hall)
    busy, idle = server.hub.open_room("field"), server.hub.open_room("hall")
    strain(busy, MAX_LEVEL)
    assert server.hub.overloaded
    assert server.join("field")[0].closed == (CloseCode.SERVER_FULL, "the rooms here have more to do than they can")
    refused, _ = server.join("field", room=busy.id)
    assert refused.closed == (CloseCode.SERVER_FULL, "this room has more to do than it can")
    assert room_of(server.join("hall")[0]) == idle.id, "a room that keeps up takes more"


# -- opening and ending rooms ------------------------------------------------------------------------------------------


def test_a_new_room_has_an_id_that_can_be_read_out_with_the_prefix_of_its_process() -> None:
    hub = Hub([Hall], token_bytes=bytes, seed=1, room_id_prefix="w3")
    ids = {hub.open_room("hall").id for _ in range(50)}
    assert len(ids) == 50
    for room_id in ids:
        assert room_id.startswith("w3")
        assert len(room_id) == ROOM_ID_CHARS
        assert set(room_id[2:]) <= set(ROOM_ID_ALPHABET)
    assert not set("il1o0") & set(ROOM_ID_ALPHABET), "letters and digits that look alike"


def test_a_room_gets_its_options_and_its_seed() -> None:
    def draws(seed: int) -> list[float]:
        hub = Hub([Hall], token_bytes=bytes, seed=seed)
        return [hub.open_room("hall").room.random.random() for _ in range(2)]

    hall = MemoryServer(Hall).hub.open_room("hall", {"map": "moon"}).room
    assert isinstance(hall, Hall)
    assert hall.given == {"map": "moon"}
    assert draws(1) == draws(1) != draws(2)
    assert len(set(draws(1))) == 2, "each room its own"


def test_a_room_whose_rules_fail_at_once_is_refused_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    server = MemoryServer(Hall)
    with pytest.raises(ProtocolError) as refused:
        server.hub.open_room("hall", {"broken": True})
    assert refused.value.code == CloseCode.ROOM_FAILED
    assert "a bug of the author's" in caplog.text
    assert server.hub.rooms == {}
    assert server.hub.statistics()["rooms_opened"] == 0


def test_the_opening_of_a_room_and_each_change_of_seats_are_announced() -> None:
    server = MemoryServer(Hall)
    opened: list[RoomEngine] = []
    taken: list[int] = []
    server.hub.on_room_opened = opened.append
    server.hub.on_rooms_changed = lambda: taken.append(len(server.hub.tokens))
    _, peer = server.join("hall")
    assert opened == [server.engine]
    assert taken == [0, 1]
    server.say(peer, C.LEAVE)
    server.tick()
    assert taken == [0, 1, 0]
    server.engine.close(CloseCode.NORMAL, "over")
    assert taken == [0, 1, 0, 0], "a room has ended: no seats are left to give"


def test_when_a_room_ends_its_sessions_cannot_resume() -> None:
    server = MemoryServer(Hall)
    link, peer = server.join("hall")
    peer.lost(server.now_s, None)
    server.engine.close(CloseCode.NORMAL, "over")
    assert server.hub.rooms == {}
    again, resuming = server.connect()
    server.say(resuming, C.RESUME, link.welcome["token"], 0, 0)
    assert again.closed is not None
    assert again.closed.code == CloseCode.SESSION_EXPIRED


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_draining_notifies_and_closes_everyone_ends_the_rooms_and_refuses_joins() -> None:
    server = MemoryServer(Hall)
    seated, _ = server.join("hall")
    undecided, _ = server.connect()
    server.hub.drain(2.5)
    for link in (seated, undecided):
        assert link.of(S.NOTICE) == [[S.NOTICE, "draining", {"retry_after_s": 2.5}]]
        assert link.closed == (CloseCode.GOING_AWAY, "retry in 2.5 s")
    assert server.hub.rooms == {}
    late, peer = server.connect()
    server.say(peer, C.JOIN, "hall", None, 0, {})
    assert late.closed == (CloseCode.GOING_AWAY, "the server is stopping: retry in 2.5 s")


# -- figures -----------------------------------------------------------------------------------------------------------


def test_statistics_count_links_joins_resumes_rooms_and_refusals() -> None:
    server = MemoryServer(Hall, limits=Limits(max_rooms=1))
    link, peer = server.join("hall")
    server.join("chess")
    server.join("hall", room="nowhere")
    peer.lost(server.now_s, None)
    _, resumed = server.connect()
    server.say(resumed, C.RESUME, link.welcome["token"], link.of(S.STATE)[-1][1], link.welcome["event"])
    server.tick()
    seen = server.hub.statistics()
    counts = {name: seen[name] for name in ("links", "joins", "resumes", "rooms_opened", "rooms_closed", "sessions")}
    assert counts == {"links": 4, "joins": 1, "resumes": 1, "rooms_opened": 1, "rooms_closed": 0, "sessions": 1}
    assert seen["refused"] == {"UNKNOWN_KIND": 1, "ROOM_NOT_FOUND": 1}
    assert seen["server"] == link.welcome["server"]
    assert [room["id"] for room in seen["rooms"]] == [room_of(link)]


def test_a_peer_is_counted_until_its_link_is_lost() -> None:
    server = MemoryServer(Hall)
    peers = [server.connect()[1] for _ in range(3)]
    assert server.hub.statistics()["links_open"] == 3
    peers[0].receive(msgpack.packb([99]), server.now_s)
    assert server.hub.statistics()["links_open"] == 3, "closed, and not gone yet"
    peers[0].lost(server.now_s, None)
    assert server.hub.statistics()["links_open"] == 2
