"""Running rooms ask a queue for players, who travel into their free seats."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver import Player, Room
from gameserver.hub.backfills import MAX_BACKFILL_ROWS
from gameserver.match import MatchRules
from gameserver.match.queue import ASK_AGAIN_S
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.testing import game
from tests.support.backfilled_rooms import Duel, Duels
from tests.support.waiting import Waiting

if TYPE_CHECKING:
    import pytest

    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from tests.support.memory_server import MemoryLink


class Threes(Duels):
    """Nobody waits in it for a match of their own for long."""

    kind = "threes"
    rules = MatchRules(team_size=2)


class Crew(Room[Any]):
    """Asks for whoever is missing, without teams."""

    kind = "crew"
    tick_hz = 5
    max_players = 3
    empty_close_s = 1_000

    def on_create(self, options: object) -> None:
        self.backfill("threes", pool="ice")

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        player.kick("enough")


KINDS = (Duel, Duels, Threes, Crew)


def a_duel(server: Waiting) -> tuple[RoomEngine, list[tuple[MemoryLink, Peer]]]:
    """A room with the two whom the queue has matched."""
    players = [server.join("duels", name=name) for name in ("Ada", "Bob")]
    server.seconds(3)
    for _, peer in players:
        server.say(peer, C.ARRIVED)
    return server.hub.rooms[players[0][0].welcome["room"]], players


def names(engine: RoomEngine) -> list[str]:
    return [player.text("name") for player in engine.players]


def asked(server: Waiting) -> dict[str, tuple[int, ...]]:
    return {room: seats.free for room, seats in server.hub.backfills.asked.items()}


def queue_of(server: Waiting, kind: str = "duels") -> Any:
    return next(engine.room for engine in server.hub.rooms.values() if engine.kind.name == kind)


def test_a_locked_match_that_has_lost_a_player_gets_the_next_who_waits_on_that_team() -> None:
    server = Waiting(*KINDS)
    engine, [(_, ada), (bob, _)] = a_duel(server)
    assert asked(server) == {}
    server.say(ada, C.LEAVE)
    server.tick(2)
    assert asked(server) == {engine.id: (1, 0)}
    cat, _ = server.join("duels", name="Cat")
    dan, _ = server.join("duels", name="Dan")
    server.seconds(3)
    assert names(engine) == ["Bob", "Cat"]
    assert bob.events[-1][2] == ["Cat", 0]
    assert (server.kind_of(cat), server.kind_of(dan)) == ("duel", "duels")
    assert asked(server) == {}
    stranger, _ = server.join("duel", room=engine.id)
    assert stranger.closed is not None
    assert stranger.closed.code is CloseCode.ROOM_LOCKED


def test_a_room_that_is_opened_alone_is_filled_from_the_queue_before_new_matches_are_made() -> None:
    server = Waiting(*KINDS)
    engine = server.hub.open_room("duel")
    for name in ("Ada", "Bob", "Cat"):
        server.join("duels", name=name)
    server.seconds(3)
    assert names(engine) == ["Ada", "Bob"]
    assert [room.kind.name for room in server.hub.rooms.values()] == ["duel", "duels"]


def test_without_teams_whoever_fits_comes_until_no_seat_is_free() -> None:
    server = Waiting(*KINDS)
    engine = server.hub.open_room("crew")
    links = [server.join("threes", mode="ice", name=str(number)) for number in range(4)]
    sand, _ = server.join("threes", mode="sand")
    server.seconds(3)
    assert names(engine) == ["0", "1", "2"]
    assert all("team" not in player.params for player in engine.players)
    server.say(links[0][1], C.ARRIVED)
    server.say(links[0][1], C.MESSAGE, "kick", None)
    server.seconds(3)
    assert names(engine) == ["1", "2", "3"]
    assert server.kind_of(sand) == "threes"


def test_parties_come_whole_or_not() -> None:
    server = Waiting(*KINDS)
    engine = server.hub.open_room("crew")
    server.join("crew", room=engine.id, name="Ada")
    server.join("crew", room=engine.id, name="Bob")
    for name in ("Cat", "Dan"):
        server.join("threes", mode="ice", name=name, party="key", party_size=2)
    server.seconds(4)
    assert names(engine) == ["Ada", "Bob"]
    server.join("threes", mode="ice", name="Eve")
    server.seconds(3)
    assert names(engine) == ["Ada", "Bob", "Eve"]


def test_a_room_asks_otherwise_or_not_at_all_whenever_its_rules_say_so() -> None:
    server = Waiting(*KINDS)
    engine, [(_, ada), (_, bob)] = a_duel(server)
    server.say(ada, C.MESSAGE, "cancel", None)
    server.say(ada, C.LEAVE)
    server.tick(2)
    server.join("duels", name="Cat")
    server.seconds(3)
    assert (asked(server), names(engine)) == ({}, ["Bob"])
    server.say(bob, C.MESSAGE, "ask", [2, 2])
    server.seconds(3)
    assert names(engine) == ["Bob", "Cat"]
    assert asked(server) == {engine.id: (1, 1)}
    server.say(bob, C.MESSAGE, "close", None)
    server.tick(3)
    assert asked(server) == {}
    assert queue_of(server)._asking == {}


def test_a_room_that_does_not_take_somebody_gets_nobody_for_a_while_and_who_was_sent_waits_on() -> None:
    server = Waiting(*KINDS)
    engine, [(_, ada), _] = a_duel(server)
    server.say(ada, C.LEAVE)
    server.tick(2)
    eve, _ = server.join("duels", name="Eve", refused=True)
    server.seconds(4)
    assert queue_of(server).failures == ["not you"]
    server.join("duels", name="Cat", mode="other")  # who cannot meet Eve, and whom the room does not want
    server.seconds(ASK_AGAIN_S)
    assert queue_of(server).failures == ["not you"], "Eve is not sent again soon"
    server.join("duels", name="Dan")
    server.seconds(3)
    assert names(engine) == ["Bob", "Dan"]
    assert (eve.closed, server.kind_of(eve)) == (None, "duels")


def test_a_seat_that_is_taken_at_the_last_moment_fails_the_move_and_makes_no_third() -> None:
    server = Waiting(*KINDS)
    engine = server.hub.open_room("crew")
    for name in ("Ada", "Bob"):
        server.join("crew", room=engine.id, name=name)
    cat, _ = server.join("threes", mode="ice", name="Cat")
    queue = queue_of(server, "threes")
    while not queue._groups[1].moving:
        server.tick()
        if queue._asking and not queue._groups[1].moving:
            link, peer = server.connect()
            server.say(peer, C.JOIN, "crew", engine.id, 0, {"name": "Dan"})  # before the queue's next tick
            assert link.closed is None
            break
    server.seconds(3)
    assert names(engine) == ["Ada", "Bob", "Dan"]
    assert (cat.closed, server.kind_of(cat)) == (None, "threes")


def test_a_queue_that_opens_later_and_one_that_opens_anew_know_who_asks() -> None:
    server = Waiting(*KINDS, limits=Limits(max_rooms=3 * MAX_BACKFILL_ROWS))
    rooms = [server.hub.open_room("crew") for _ in range(MAX_BACKFILL_ROWS + 10)]
    server.join("threes")
    server.tick()
    assert len(queue_of(server, "threes")._asking) == len(rooms)
    queue = next(engine for engine in server.hub.rooms.values() if engine.kind.name == "threes")
    queue.close(CloseCode.ROOM_CLOSED, "over")
    rooms[0].close(CloseCode.ROOM_CLOSED, "over")
    server.join("threes")
    server.tick()
    assert set(queue_of(server, "threes")._asking) == {room.id for room in rooms[1:]}


def test_a_room_that_asks_another_queue_asks_the_first_no_longer() -> None:
    server = Waiting(*KINDS)
    engine, [(_, ada), (_, bob)] = a_duel(server)
    server.say(ada, C.LEAVE)
    server.join("duels", name="Cat", mode="other")
    server.join("threes", name="Dan")
    server.tick(2)
    assert set(queue_of(server)._asking) == {engine.id}
    engine.room.asks = "threes"  # type: ignore[attr-defined]
    server.say(bob, C.MESSAGE, "ask", [1, 1])
    server.tick(2)
    assert queue_of(server)._asking == {}
    server.seconds(3)
    assert names(engine) == ["Bob", "Dan"]


def test_asking_what_is_no_queue_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    class Lost(Duel):
        kind = "lost"
        asks = "crew"

    with caplog.at_level(logging.WARNING):
        server = Waiting(Lost, Crew)
        for _ in range(3):
            server.hub.open_room("lost")
    assert [record.getMessage().partition(") ")[2] for record in caplog.records] == [
        "asks 'crew' for players, which is no kind of queue"
    ]


def test_a_game_in_memory_has_backfill_and_replays_it() -> None:
    with game(Duel, Duels) as played:
        clients = [played.join("duels", name=str(number)) for number in range(3)]
        played.seconds(4)
        first = next(room for room in played.rooms if isinstance(room, Duel))
        names = [player.text("name") for player in first.players]
        assert len(names) == 2
        clients[int(names[0])].leave()
        played.seconds(4)
        assert sorted(player.text("name") for player in first.players) == sorted({"0", "1", "2"} - {names[0]})


DEEDS = [
    "wait",
    "wait",
    "wait refused",
    "join",
    "leave",
    "lose",
    "ask",
    "cancel",
    "lock",
    "close",
    "open",
    "tick",
    "tick",
]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 7)), max_size=30))
def test_whatever_happens_nobody_is_lost_and_no_room_is_fuller_than_it_asked_for(
    deeds: list[tuple[str, int]],
) -> None:
    server = Waiting(*KINDS, limits=Limits(max_rooms=8, resume_grace_s=1.0))
    recordings: list[tuple[RoomEngine, bytearray]] = []

    def record(engine: RoomEngine) -> Recorder:
        recordings.append((engine, bytearray()))
        return Recorder(engine, recordings[-1][1].extend)

    server.hub.open_recording = record
    clients: list[tuple[MemoryLink, Peer]] = []
    for deed, number in deeds:
        act(server, clients, deed, number)
        check_seats(server, clients)
    server.seconds(12)
    check_seats(server, clients)
    true = {e.id: e.open_seats for e in server.hub.rooms.values() if e.open_seats is not None}
    assert server.hub.backfills.asked == true
    for engine in list(server.hub.rooms.values()):
        if engine.kind.name == "duels":
            known = {room: asking.seats for room, asking in engine.room._asking.items()}  # type: ignore[attr-defined]
            assert known == {room: seats for room, seats in true.items() if seats.queue == "duels"}
            is_moving = any(group.moving for group in engine.room._groups.values())  # type: ignore[attr-defined]
            assert not is_moving or len(engine.moves)
    for engine in list(server.hub.rooms.values()):
        engine.close(CloseCode.ROOM_CLOSED, "over")
    assert server.hub.backfills.asked == {}
    assert len(server.hub.tokens) == 0
    for engine, data in recordings:
        assert engine.failure is None, engine.failure
        verdict = verify(Recording(bytes(data)), engine.kind)
        assert verdict.differs_at is None, verdict.how


def act(server: Waiting, clients: list[tuple[MemoryLink, Peer]], deed: str, number: int) -> None:
    rooms = [engine for engine in server.hub.rooms.values() if engine.kind.name == "duel"]
    inside = [peer for link, peer in clients if link.closed is None and peer.session is not None]
    room = rooms[number % len(rooms)] if rooms else None
    peer = inside[number % len(inside)] if inside else None
    match deed:
        case "wait" | "wait refused":
            clients.append(server.join("duels", name=str(len(clients)), refused=deed == "wait refused"))
        case "open" if len(server.hub.rooms) < 6:
            server.hub.open_room("duel")
        case "tick":
            server.tick(number)
        case "join" if room is not None:
            clients.append(server.join("duel", room=room.id, team=number - 2))
        case "leave" if peer is not None:
            server.say(peer, C.LEAVE)
        case "lose" if peer is not None:
            peer.lost(server.now_s, None)
        case "ask" | "cancel" | "lock" | "close" if peer is not None:
            payload = {"ask": [number % 3, 1 + number % 2], "lock": number % 2 == 0}.get(deed)
            server.say(peer, C.MESSAGE, deed, payload)


def check_seats(server: Waiting, clients: list[tuple[MemoryLink, Peer]]) -> None:
    for engine in server.hub.rooms.values():
        assert engine.seats.count_free()[Role.PLAYER] >= 0
    for link, peer in clients:
        session = peer.session
        if link.closed is None and session is not None:
            assert server.hub.tokens.session_of(session.key) is session
            assert session.number in server.hub.rooms[session.room_id].seats.sessions
