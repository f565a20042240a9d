"""Seats that a room keeps: who may have them, how long, and that none is given twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver import Entity, Flag, Role, Room
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.kind import make_kind
from gameserver.room.overload import MAX_LEVEL
from tests.support.memory_server import MemoryLink, MemoryServer, strain

if TYPE_CHECKING:
    from gameserver import Player
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine


class Den(Room):
    """A private room for three, whose players reserve seats."""

    tick_hz = 20
    max_players = 3
    max_spectators = 1
    visibility = "private"
    empty_close_s = 0.5

    def on_create(self, options: object) -> None:
        self.kept: list[bytes | None] = []
        self.joined: list[int] = []

    def on_join(self, player: Player) -> None:
        self.joined.append(player.number)
        if player.params.get("invites"):
            self.kept.append(self.reserve(seconds=1))
            self.broadcast("kept", self.kept[-1])

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "cancel":
            self.cancel_reservation(payload)
        else:
            self.kept.append(self.reserve(**payload))


def den(server: MemoryServer) -> Den:
    room = server.engine.room
    assert isinstance(room, Den)
    return room


def keep(server: MemoryServer, **how: Any) -> bytes:
    """Have the rules reserve a seat."""
    kept = den(server).reserve(**how)
    assert kept is not None
    return kept


def enter(
    server: MemoryServer,
    key: bytes,
    *,
    room: str | None = None,
    role: int = 0,
    claims: dict[str, object] | None = None,
    ticks: int = 1,
) -> tuple[MemoryLink, Peer]:
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, claims=claims)
    room_id = next(iter(server.hub.rooms)) if room is None else room
    server.say(peer, C.JOIN, "den", {"room": room_id, "reservation": key}, role, {})
    server.tick(ticks)
    return link, peer


def opened(**rules: Any) -> MemoryServer:
    server = MemoryServer(type("Den", (Den,), rules))
    server.hub.open_room("den")
    return server


REFUSED = (CloseCode.INVALID_RESERVATION, "no such reservation: expired, used, or for another")


def test_nobody_gets_into_a_private_room_but_with_a_reservation_and_it_is_in_no_list() -> None:
    server = opened()
    room_id = server.engine.id
    for room in (room_id, {"code": room_id}):
        link, peer = server.connect()
        server.say(peer, C.JOIN, "den", room, 0, {})
        assert link.closed == (CloseCode.ROOM_NOT_FOUND, "no such room"), "as if there were none"
    assert server.join("den")[0].welcome["room"] != room_id, "a stranger gets a room of its own"
    assert len(server.hub.directory) == 0
    link, _ = enter(server, server.hub.rooms[room_id].room.reserve() or b"", room=room_id)
    assert link.welcome["room"] == room_id


def test_a_reserved_seat_is_taken_for_all_others_until_it_expires() -> None:
    server = opened(visibility="public")
    keys = [keep(server, seconds=1), keep(server, seconds=2)]
    first, _ = server.join("den", room=server.engine.id)
    assert first.closed is None
    full, _ = server.join("den", room=server.engine.id)
    assert full.closed == (CloseCode.ROOM_FULL, "no free seat in this room")
    assert den(server).reserve() is None
    assert server.hub.directory.row(server.engine.id).players == 3  # type: ignore[union-attr]
    server.tick(17)
    link, _ = enter(server, keys[0])
    assert link.closed is None, "up to the last tick"
    server.tick(21)
    assert enter(server, keys[1])[0].closed == REFUSED
    assert server.join("den", room=server.engine.id)[0].closed is None


@pytest.mark.parametrize(
    ("how", "who"),
    [
        ({"role": Role.SPECTATOR}, {"role": 0}),
        ({}, {"role": 1}),
        ({"subject": "ada"}, {}),
        ({"subject": "ada"}, {"claims": {"sub": "bob"}}),
        ({"subject": "ada"}, {"claims": {}}),
    ],
)
def test_a_reservation_is_for_its_role_and_subject(how: dict[str, Any], who: dict[str, Any]) -> None:
    server = opened()
    key = keep(server, **how)
    assert enter(server, key, **who)[0].closed == REFUSED
    right: dict[str, Any] = {"role": int(how.get("role", 0)), "claims": {"sub": how.get("subject", "anybody")}}
    assert enter(server, key, **right)[0].closed is None


def test_it_is_of_its_room_only_and_cannot_be_guessed_from_others() -> None:
    server = opened()
    first = server.engine
    key = keep(server)
    second = server.hub.open_room("den")
    assert enter(server, key, room=second.id)[0].closed == REFUSED
    others = [second.room.reserve() for _ in range(3)]
    assert len({key, *others}) == 4
    assert all(len(other or b"") == 16 for other in others)
    assert enter(server, key, room="nowhere")[0].closed == REFUSED
    assert enter(server, key, room=first.id)[0].closed is None


def test_the_same_one_again_is_the_same_seat_and_after_leaving_it_is_used_up() -> None:
    server = opened()
    key = keep(server)
    first, _ = enter(server, key)
    again, peer = enter(server, key)
    assert first.closed is not None
    assert first.closed.code == CloseCode.REPLACED
    assert (again.welcome["session"], again.welcome["resumed"]) == (1, False)
    assert den(server).joined == [1]
    peer.lost(server.now_s, None)
    back, peer = enter(server, key)
    assert back.welcome["session"] == 1
    server.say(peer, C.LEAVE)
    assert enter(server, key)[0].closed == REFUSED
    server.tick()
    assert enter(server, key)[0].closed == REFUSED


def test_a_link_that_breaks_before_the_tick_loses_nothing() -> None:
    server = opened(max_players=1)
    key = keep(server)
    _, peer = enter(server, key, ticks=0)
    peer.lost(server.now_s, None)
    _, peer = enter(server, key, ticks=0)
    peer.lost(server.now_s, CloseCode.NORMAL)
    server.tick()
    assert server.engine.seats.taken == (1, 0), "reserved again"
    assert enter(server, key)[0].closed is None
    assert len(den(server).joined) == 1


def test_a_locked_room_lets_in_whom_it_expects_and_stays_open_for_it() -> None:
    server = opened()
    key = keep(server, seconds=2)
    server.engine.room.lock()
    server.tick(30)
    assert enter(server, key)[0].closed is None, "though it was empty for longer than it stays open"


def test_an_overloaded_room_lets_in_only_who_is_there_already_and_keeps_the_seat() -> None:
    server = opened()
    keys = [keep(server) for _ in range(2)]
    assert enter(server, keys[0])[0].closed is None
    strain(server.engine, MAX_LEVEL)
    assert enter(server, keys[1])[0].closed == (CloseCode.SERVER_FULL, "this room has more to do than it can")
    assert enter(server, keys[0])[0].closed is None
    assert server.engine.seats.taken == (2, 0)


def test_a_cancelled_reservation_frees_the_seat_but_not_one_that_is_taken() -> None:
    server = opened(max_players=1)
    key = keep(server)
    assert den(server).cancel_reservation(key)
    assert not den(server).cancel_reservation(key)
    assert enter(server, key)[0].closed == REFUSED
    key = keep(server)
    link, _ = enter(server, key)
    assert den(server).cancel_reservation(key)
    server.tick()
    assert link.closed is None
    assert server.engine.seats.taken == (1, 0)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 86_401])
def test_a_reservation_for_no_time_or_for_ever_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="write a number above 0, at most 86400"):
        keep(opened(), seconds=seconds)


def test_a_replay_makes_the_same_reservations_whoever_was_on_its_way_at_each_moment() -> None:
    server = MemoryServer(type("Den", (Den,), {"visibility": "public"}))
    data: list[bytes] = []

    def record(engine: RoomEngine) -> Recorder:
        return Recorder(engine, data.append)

    server.hub.open_recording = record
    engine = server.hub.open_room("den")

    def send_join(**params: object) -> Peer:
        _, peer = server.connect()
        server.say(peer, C.JOIN, "den", engine.id, 0, params)
        return peer

    for lost in (False, True):
        send_join(invites=True)
        gone = send_join()
        if lost:
            gone.lost(server.now_s, None)
        server.tick(3)
        for peer in list(server.hub._peers):
            server.say(peer, C.LEAVE)
        server.tick(25)
    _, peer = enter(server, keep(server), ticks=2)
    server.say(peer, C.MESSAGE, "reserve", {"seconds": 0.5})
    server.tick(2)
    kept = den(server).kept
    assert [key is None for key in kept] == [False, False, False]
    engine.close(CloseCode.ROOM_CLOSED, "over")
    kind = make_kind(type(engine.room), "den")
    verdict = verify(Recording(b"".join(data)), kind)
    assert verdict.differs_at is None, verdict.how


class Mark(Entity):
    kept = Flag()


class Counting(Room):
    """Everyone who joins reserves a seat, and a mark in the state says whether one was free."""

    max_players = 4
    empty_close_s = 1_000.0
    entities = (Mark,)

    def on_join(self, player: Player) -> None:
        self.keep()

    def on_leave(self, player: Player) -> None:
        self.keep()

    def keep(self) -> None:
        self.spawn(Mark, kept=self.reserve(seconds=0.2) is not None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "join", "cut", "close", "leave", "reserved", "tick"]), st.integers(0, 3)),
    max_size=40,
)


@given(STEPS)
def test_in_a_replay_the_rules_find_the_same_seats_free(steps: list[tuple[str, int]]) -> None:
    server = MemoryServer(Counting)
    data: list[bytes] = []
    server.hub.open_recording = lambda engine: Recorder(engine, data.append)
    engine = server.hub.open_room("counting")
    peers: list[Peer] = []
    for step, number in steps:
        if step == "join":
            _, peer = server.connect()
            server.say(peer, C.JOIN, "counting", engine.id, 0, {})
            peers.append(peer)
        elif step == "reserved":
            for key in list(engine.seats.reservations._by_key)[: number + 1]:
                _, peer = server.connect()
                server.say(peer, C.JOIN, "counting", {"room": engine.id, "reservation": key}, 0, {})
                peers.append(peer)
        elif step == "tick":
            server.tick(number)
        elif peers:
            peer = peers.pop(number % len(peers))
            if step == "leave":
                server.say(peer, C.LEAVE)
            peer.lost(server.now_s, {"cut": None, "close": CloseCode.NORMAL}.get(step))
    server.tick(2)
    assert engine.failure is None
    engine.close(CloseCode.ROOM_CLOSED, "over")
    verdict = verify(Recording(b"".join(data)), engine.kind)
    assert verdict.differs_at is None, verdict.how


def test_a_reservation_for_anybody_is_no_way_into_the_seat_of_another_subject() -> None:
    server = opened()
    key = keep(server)
    ada, _ = enter(server, key, claims={"sub": "ada"})
    others: tuple[dict[str, object] | None, ...] = ({"sub": "bob"}, None)
    for claims in others:
        assert enter(server, key, claims=claims)[0].closed == REFUSED
    assert ada.closed is None
    again, _ = enter(server, key, claims={"sub": "ada"})
    assert again.welcome["session"] == ada.welcome["session"]


def test_no_answer_says_whether_there_is_a_private_room() -> None:
    server = opened(visibility="private")
    junk = b"j" * 16
    assert enter(server, junk)[0].closed == REFUSED
    assert enter(server, junk, room="nowhere")[0].closed == REFUSED
