"""The handle on rooms of the program that the server is a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from gameserver import Entity, Flag, Listing, Options, Room
from gameserver.hub.room_handles import RoomClosed, RoomNotMade, Rooms
from gameserver.hub.where import WhereInvalid
from gameserver.protocol.constants import ClientMessage, CloseCode, Limits
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.kind import make_kind
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver import Player


class CupOptions(Options):
    laps: int = 3


class CupListing(Listing):
    track: str = "ice"


class Cup(Room[Any]):
    kind = "cup"
    options = CupOptions()
    listing = CupListing()

    def on_create(self, options: Any) -> None:
        self.got: list[tuple[str, Any]] = []
        self.listing.track = options.get("track", "ice")
        if options.get("fails"):
            raise RuntimeError("no")

    def on_command(self, name: str, payload: Any) -> None:
        self.got.append((name, payload))


class Town(Room[Any]):
    kind = "town"
    single = True
    visibility = "unlisted"


def rooms(limits: Limits | None = None) -> tuple[MemoryServer, Rooms]:
    server = MemoryServer(Cup, Town, limits=limits)
    return server, Rooms(server.hub)


def test_a_room_that_the_program_makes_is_one_that_players_join() -> None:
    server, found = rooms()
    room = found.create(Cup, laps=5, sponsor="Ada")
    assert (room.kind, room.options, room.players, room.closed) == ("cup", {"laps": 5, "sponsor": "Ada"}, 0, False)
    server.join("cup", room=room.id)
    assert (room.players, room.spectators, room.max_players, room.locked) == (1, 0, 16, False)
    assert room.code == room.id.upper()


def test_rooms_are_found_by_id_code_kind_and_listing_unlisted_ones_included() -> None:
    _, found = rooms()
    ice, sand, town = found.create("cup"), found.create(Cup, track="sand"), found.create(Town)
    assert len(found) == 3
    assert found.get(ice.id) == found.get(f" {ice.id[:3].upper()}-{ice.id[3:]} ") == ice
    assert found.get("nothing") is None
    assert found.find() == [ice, sand, town]
    assert found.find(Cup) == found.find("cup") == [ice, sand]
    assert found.find("cup", where={"track": "sand"}) == [sand]
    assert found.find(Town) == [town]
    assert sand.listing == {"track": "sand"}
    assert {ice, sand, found.find()[0]} == {ice, sand}


def test_what_cannot_be_found_or_made_is_said_by_name() -> None:
    server, found = rooms(Limits(max_rooms=2))
    with pytest.raises(LookupError, match="cup, town"):
        found.find("race")
    with pytest.raises(LookupError):
        found.create(Room)
    with pytest.raises(WhereInvalid, match="mood"):
        found.find("cup", where={"mood": "good"})
    with pytest.raises(TypeError, match="kind"):
        found.find(where={"track": "ice"})
    with pytest.raises(RoomNotMade, match="laps"):
        found.create("cup", laps="many")
    with pytest.raises(RoomNotMade, match="RuntimeError"):
        found.create("cup", fails=True)
    found.create("town")
    with pytest.raises(RoomNotMade, match="only one"):
        found.create("town")
    found.create("cup")
    with pytest.raises(RoomNotMade, match="no more rooms"):
        found.create("cup")
    assert len(found) == 2
    server.hub.drain(1.0)
    with pytest.raises(RoomNotMade, match="stopping"):
        found.create("cup")


def test_what_is_sent_arrives_at_the_next_tick_and_not_after_the_end() -> None:
    server, found = rooms()
    room = found.create("cup")
    rules = cast("Cup", server.engine.room)
    room.send("goal", {"by": "Ada"})
    room.send("pause")
    assert rules.got == []
    server.tick()
    assert rules.got == [("goal", {"by": "Ada"}), ("pause", None)]
    with pytest.raises(ValueError, match="payload"):
        room.send("goal", object())
    rules.close()
    server.tick()
    assert room.closed
    assert "closed" in repr(room)
    with pytest.raises(RoomClosed):
        room.send("goal")
    assert found.find() == []


class Answer(Entity):
    """What a player that asked for one more seat has got."""

    was_kept = Flag()


class Den(Room[Any]):
    """A private room for two. Whoever is in it asks for one more seat."""

    kind = "den"
    entities = (Answer,)
    visibility = "private"
    max_players = 2

    def on_join(self, player: Player) -> None:
        self.spawn(Answer, was_kept=self.reserve(seconds=60) is not None)


def join_den(server: MemoryServer, room: str, seat: bytes) -> int | None:
    """Join with a reservation. Return the close code of the link; None while it is up."""
    link, peer = server.connect()
    server.say(peer, ClientMessage.JOIN, "den", {"room": room, "reservation": seat}, 0, {})
    server.tick()
    return None if link.closed is None else link.closed[0]


def test_a_seat_is_kept_for_whoever_has_the_reservation_and_a_replay_keeps_it_as_well() -> None:
    server = MemoryServer(Den)
    data = bytearray()
    server.hub.open_recording = lambda engine: Recorder(engine, data.extend)
    room = Rooms(server.hub).create(Den)
    server.tick(2)
    seats = [room.reserve(seconds=30) for _ in range(3)]
    assert seats[2] is None
    assert room.players == 2
    first, second = seats[0], seats[1]
    assert first is not None
    assert second is not None
    assert join_den(server, room.id, b"x" * 16) == CloseCode.INVALID_RESERVATION
    assert join_den(server, room.id, first) is None
    assert join_den(server, room.id, second) is None
    server.tick(3)
    verdict = verify(Recording(bytes(data)), make_kind(Den))
    assert verdict.differs_at is None
    assert [answer.was_kept for answer in server.engine.room.all(Answer)] == [False, False]
    with pytest.raises(ValueError, match="seconds"):
        room.reserve(seconds=0)


def test_a_seat_that_nobody_takes_is_free_again_in_a_replay_too() -> None:
    server = MemoryServer(Den)
    data = bytearray()
    server.hub.open_recording = lambda engine: Recorder(engine, data.extend)
    room = Rooms(server.hub).create(Den)
    server.tick()
    assert room.reserve(seconds=0.1)
    late = room.reserve(seconds=30, subject=None)
    assert late
    server.tick(5)
    assert room.players == 1
    assert join_den(server, room.id, late) is None
    assert [answer.was_kept for answer in server.engine.room.all(Answer)] == [True]
    assert verify(Recording(bytes(data)), make_kind(Den)).differs_at is None
