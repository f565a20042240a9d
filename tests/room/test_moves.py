"""Participants move from room to room with their links: seats there first, and nobody is in two rooms or in none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver import AnyRoom, Job, NewRoom
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.constants import ServerMessage as S
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.moves import Move, Moves
from gameserver.room.player import Player
from tests.support.memory_server import MemoryLink, MemoryServer
from tests.support.moving_rooms import Lobby, Match, Pawn, Single

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from gameserver.room.moves import Destination


class World:
    """A server in memory, whose rooms are recorded and verified in the end."""

    def __init__(self, **limits: Any) -> None:
        self.server = MemoryServer(Lobby, Match, Single, limits=Limits(**limits))
        self.recordings: list[tuple[RoomEngine, bytearray]] = []
        self.jobs: list[tuple[RoomEngine, Job]] = []
        self.server.hub.open_recording = self._record
        self.server.hub.run_work = lambda engine, job: self.jobs.append((engine, job))

    def _record(self, engine: RoomEngine) -> Recorder:
        data = bytearray()
        self.recordings.append((engine, data))
        return Recorder(engine, data.extend)

    def check(self) -> None:
        """A replay of each room gives the same game."""
        for engine, data in self.recordings:
            assert verify(Recording(bytes(data)), engine.kind).differs_at is None

    def room(self, kind: str = "lobby", nth: int = 0) -> Any:
        return [engine.room for engine in self.server.hub.rooms.values() if engine.kind.name == kind][nth]

    def calls(self, kind: str, nth: int = 0) -> list[str]:
        calls: list[str] = self.room(kind, nth).calls
        return calls

    def join(self, **params: Any) -> tuple[MemoryLink, Peer]:
        return self.server.join("lobby", **params)

    def say(self, peer: Peer, name: str, payload: Any = None) -> None:
        self.server.say(peer, C.MESSAGE, name, payload)

    def seats(self) -> int:
        return sum(engine.session_count for engine in self.server.hub.rooms.values())


def kinds_of(link: MemoryLink, since: int = 0) -> list[int]:
    return [message[0] for message in link.messages[since:]]


def test_a_player_moves_with_its_link() -> None:
    world = World()
    link, peer = world.join(name="Ada", gold=3)
    token = link.welcome["token"]
    world.say(peer, "go", {"gold": 7})
    before = len(link.messages)
    world.server.tick(6)
    assert world.calls("lobby") == ["join 1", "go 1", "leave 1"]
    assert world.calls("match") == ["join 1"]
    match = world.room("match")
    [player] = match.players
    assert (player.params, player.came_from) == ({"name": "Ada", "gold": 7}, world.room("lobby").id)
    assert player.avatar.gold == 7
    after = kinds_of(link, before)
    moved = after.index(S.MOVED)
    assert link.messages[before + moved] == [S.MOVED, "match", match.id, None]
    assert after[moved + 1] == S.WELCOME
    assert S.EVENTS in after[moved:]
    welcome = link.welcome
    assert (welcome["kind"], welcome["room"], welcome["resumed"]) == ("match", match.id, False)
    assert (welcome["token"], welcome["session"], welcome["seq"]) == (token, 1, 0)
    assert welcome["schema"]["inputs"] != link.of(S.WELCOME)[0][1]["schema"]["inputs"]
    assert len(world.room("lobby").roster) == 0
    assert [entry.name for entry in match.roster] == ["Ada"]
    assert not world.room("lobby").all(Pawn)
    world.check()


def test_what_was_sent_for_the_room_before_has_no_effect() -> None:
    world = World()
    link, peer = world.join()
    world.say(peer, "go")
    world.server.tick(4)
    for message in ([C.INPUT, 1, 0, 0, 1], [C.MESSAGE, "go", None], [C.ACK, 3], [C.RESYNC, 3], [C.PING, 7]):
        world.server.say(peer, *message)
    world.server.tick(2)
    assert world.calls("match") == ["join 1"]
    assert link.of(S.PONG)[-1][1] == 7
    session = peer.session
    assert session is not None
    assert session.input_queue.consumed == 0
    world.server.say(peer, C.ARRIVED)
    world.server.say(peer, C.INPUT, 1, 0, 0, 5, -9)
    world.say(peer, "hi")
    world.server.tick(2)
    assert session.input_queue.consumed == 1
    assert world.calls("match") == ["join 1", "hi 1"]
    assert link.closed is None
    world.server.say(peer, C.ARRIVED)
    assert link.closed is not None
    assert link.closed.code == CloseCode.OUT_OF_STATE
    world.check()


def test_what_was_sent_for_the_room_before_is_held_to_that_room() -> None:
    world = World()
    link, peer = world.join()
    world.say(peer, "go")
    world.server.tick(4)
    world.server.say(peer, C.INPUT, 1, 0, 0, 5, -9)  # in the inputs of the other room, before ARRIVED
    assert link.closed is not None
    assert link.closed.code == CloseCode.INVALID_FIELD


def test_events_of_the_room_before_come_before_the_move_and_none_after() -> None:
    world = World()
    link, peer = world.join()
    other, _ = world.join()
    lobby = world.room()
    for number in range(3):
        lobby.send(lobby.players[0], "mine", number)
    lobby.broadcast("big", "x" * 60_000)
    lobby.broadcast("more", "x" * 60_000)
    link.ready = False
    world.say(peer, "go")
    world.server.tick(6)
    link.ready = True
    world.server.tick(2)
    names = [message[1] if message[0] == S.MOVED else [e[1] for e in message[3]] for message in link.messages
             if message[0] in (S.MOVED, S.EVENTS)]  # fmt: skip
    moved = names.index("match")
    assert [name for batch in names[:moved] for name in batch][-5:] == ["mine", "mine", "mine", "big", "more"]
    assert [name for batch in names[moved + 1 :] for name in batch] == ["@avatar", "hello"]
    assert other.event_names()[-1] == "bye"
    world.check()


def test_all_move_or_none() -> None:
    world = World()
    peers = [world.join()[1] for _ in range(3)]
    world.say(peers[0], "all")
    world.server.tick(4)
    reason = "ROOM_FULL: no room of kind 'match' has so many seats"
    assert world.calls("lobby")[-3:] == [f"failed {number} {reason}" for number in (1, 2, 3)]
    assert len(world.room().players) == 3
    world.server.say(peers[2], C.LEAVE)
    world.server.tick()
    _, spectator = world.server.join("lobby", role=Role.SPECTATOR)
    world.say(peers[0], "all")
    world.server.tick(6)
    assert world.room().players == world.room().spectators == []
    match = world.room("match")
    assert [len(match.players), len(match.spectators)] == [2, 1]
    assert spectator.session is not None
    assert spectator.engine is not None
    assert spectator.engine.room is match
    world.check()


@pytest.mark.parametrize(
    ("to", "failure"),
    [
        ("nowhere", "ROOM_NOT_FOUND: no such room"),
        (NewRoom("nothing"), "UNKNOWN_KIND: no such kind of room: 'nothing'"),
        (NewRoom("match", {"level": "x"}), "INVALID_OPTIONS: options: 'level': expected int, got str"),
        (AnyRoom("match", where={"colour": 1}), "INVALID_WHERE: where: no field 'colour'; there are: level"),
    ],
)
def test_a_move_that_leads_nowhere_fails(to: Destination, failure: str) -> None:
    world = World()
    link, peer = world.join()
    world.room().to = to
    world.say(peer, "go")
    world.server.tick(3)
    assert world.calls("lobby")[-1] == f"failed 1 {failure}"
    assert S.MOVED not in kinds_of(link)
    assert list(world.server.hub.rooms) == [world.room().id]
    world.check()


def test_a_room_that_takes_nobody_now_fails_a_move() -> None:
    world = World()
    _, peer = world.join()
    lobby = world.room()
    match = world.server.hub.open_room("match")
    match.lock(True)
    other = world.server.hub.open_room("match")
    lobby.to = match.id
    world.say(peer, "go")
    world.server.tick(3)
    assert world.calls("lobby")[-1] == "failed 1 ROOM_LOCKED: the room takes nobody new now"
    for _ in range(2):
        world.server.join("match", room=other.id)
    lobby.to = other.id
    world.say(peer, "go")
    world.server.tick(3)
    assert world.calls("lobby")[-1] == "failed 1 ROOM_FULL: not enough free seats in this room"
    lobby.to = lobby.id
    world.say(peer, "go")
    world.server.tick(3)
    assert world.calls("lobby")[-1] == "failed 1 OUT_OF_STATE: this is the room"
    lobby.to = AnyRoom("match")  # one is locked, one is full
    world.say(peer, "go")
    world.server.tick(6)
    assert len(world.server.hub.rooms) == 4
    world.check()


def test_any_room_is_the_fullest_that_fits_and_has_seats_for_all() -> None:
    world = World()
    hub = world.server.hub
    full, fits, small = (hub.open_room("match", {"level": level}) for level in (2, 2, 1))
    world.server.join("match", room=full.id)
    world.server.join("match", room=small.id)
    peers = [world.join()[1] for _ in range(2)]
    world.room().to = AnyRoom("match", where={"level": 2}, options={"level": 9})
    world.say(peers[0], "all")
    world.server.tick(6)
    assert len(fits.players) == 2
    _, peer = world.join()
    world.say(peer, "go")
    world.server.tick(6)
    assert len(full.players) == 2
    _, peer = world.join()
    world.say(peer, "go")
    world.server.tick(6)
    assert world.room("match", 3).options.level == 9
    world.check()


def test_a_single_room_is_found_or_made() -> None:
    world = World()
    world.room  # noqa: B018
    peers = [world.join()[1] for _ in range(2)]
    world.room().to = NewRoom("town")
    for peer in peers:
        world.say(peer, "go")
        world.server.tick(6)
    assert len(world.room("town").players) == 2
    world.check()


@pytest.mark.parametrize(
    ("auth", "failure"),
    [("refuse", "JOIN_REFUSED: not you"), ("kick", "KICKED: the room there has given the seat back")],
)
def test_the_rules_there_decide_before_anybody_leaves(auth: str, failure: str) -> None:
    world = World()
    link, peer = world.join()
    world.say(peer, "go", {"auth": auth})
    world.server.tick(6)
    assert world.calls("lobby") == ["join 1", "go 1", f"failed 1 {failure}"]
    assert world.calls("match") == []
    assert (world.seats(), link.closed) == (1, None)
    world.check()


def test_one_who_is_refused_keeps_all_here() -> None:
    world = World()
    world.join()
    _, peer = world.join(auth="refuse")
    world.say(peer, "all")
    world.server.tick(6)
    assert world.calls("lobby")[-2:] == [f"failed {number} JOIN_REFUSED: not you" for number in (1, 2)]
    assert world.seats() == 2
    world.check()


def test_on_auth_may_wait() -> None:
    world = World()
    link, peer = world.join()
    world.say(peer, "go", {"auth": "wait"})
    world.server.tick(8)
    assert world.calls("lobby") == ["join 1", "go 1"]
    assert world.room("match").players == []
    engine, job = world.jobs.pop()
    engine.work.finish(job, 1, None)
    world.server.tick(4)
    assert world.calls("match") == ["join 1"]
    world.say(peer, "go")
    assert link.welcome["kind"] == "match"
    world.check()


def test_a_refusal_in_on_join_comes_too_late_and_ends_the_session() -> None:
    world = World()
    link, peer = world.join()
    world.say(peer, "go", {"join": "refuse"})
    world.server.tick(6)
    assert link.closed == (CloseCode.JOIN_REFUSED, "too late")
    assert world.seats() == 0
    assert len(world.server.hub.tokens) == 0
    world.check()


def test_the_seat_there_is_taken_while_on_auth_waits_and_free_when_the_player_leaves() -> None:
    world = World()
    _, peer = world.join()
    world.say(peer, "go", {"auth": "wait"})
    world.server.tick(2)
    match = next(engine for engine in world.server.hub.rooms.values() if engine.kind.name == "match")
    assert match.seats.taken == (1, 0)
    world.server.say(peer, C.LEAVE)
    world.server.tick(2)
    assert match.seats.taken == (0, 0)
    engine, job = world.jobs.pop()
    engine.work.finish(job, 1, None)
    world.server.tick(4)
    assert match.seats.taken == (0, 0)
    assert world.calls("lobby")[-1] == "leave 1"
    assert world.calls("match") == []
    world.check()


def test_a_second_move_fails_while_the_first_is_under_way() -> None:
    world = World()
    _, peer = world.join()
    world.say(peer, "go", {"auth": "wait"})
    world.say(peer, "go")
    world.server.tick(3)
    assert world.calls("lobby")[-1] == "failed 1 OUT_OF_STATE: on the way to another room already"
    world.check()


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_a_suspended_player_moves_too_and_resumes_there(after: int) -> None:
    """Its link is lost before the move, or so many ticks after it was asked for."""
    world = World()
    link, peer = world.join()
    token, cursor = link.welcome["token"], link.of(S.EVENTS)[-1][2]
    world.say(peer, "go")
    world.server.tick(after)
    peer.lost(world.server.now_s, None)
    world.server.tick(6)
    match = world.room("match")
    assert not match.players[0].connected
    assert world.calls("match") == ["join 1", "suspend 1"]
    again, back = world.server.connect()
    world.server.say(back, C.RESUME, token, 1, cursor)
    world.server.tick(2)
    assert kinds_of(again)[:2] == [S.MOVED, S.WELCOME]
    assert again.of(S.MOVED) == [[S.MOVED, "match", match.id, None]]
    assert not again.welcome["resumed"]
    assert again.of(S.STATE)[0][2] == 0
    assert "hello" in again.event_names()
    assert world.calls("match") == ["join 1", "suspend 1", "resume 1"]
    world.server.say(back, C.ARRIVED)
    world.say(back, "hi")
    world.server.tick()
    assert world.calls("match")[-1] == "hi 1"
    assert world.seats() == 1
    world.check()


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_takeover_during_a_move_ends_in_the_room_there(after: int) -> None:
    world = World()
    link, peer = world.join()
    token, cursor = link.welcome["token"], link.of(S.EVENTS)[-1][2]
    world.say(peer, "go")
    world.server.tick(after)
    again, back = world.server.connect()
    world.server.say(back, C.RESUME, token, 1, cursor)
    world.server.tick(6)
    assert link.closed is not None
    assert link.closed.code == CloseCode.REPLACED
    assert again.closed is None
    assert again.welcome["kind"] == "match"
    assert again.of(S.WELCOME)[-1] is again.messages[kinds_of(again).index(S.MOVED) + 1]
    world.server.say(back, C.ARRIVED)
    world.say(back, "hi")
    world.server.tick()
    assert world.calls("match")[-1] == "hi 1"
    assert world.seats() == 1
    world.check()


@pytest.mark.parametrize("after", range(6))
@pytest.mark.parametrize("end", ["leave", "kick", "close here", "close there", "fail here"])
def test_whatever_ends_during_a_move_nothing_is_left(after: int, end: str) -> None:
    world = World(resume_grace_s=0.5)
    link, peer = world.join()
    _, other = world.join()
    lobby = world.server.engine
    world.say(peer, "go")
    world.server.tick(after)
    match = next((engine for engine in world.server.hub.rooms.values() if engine is not lobby), None)
    match end:
        case "leave":
            world.server.say(peer, C.LEAVE)
        case "kick":
            world.say(other, "kick", 0)
        case "close here":
            lobby.close(CloseCode.ROOM_CLOSED, "over")
        case "close there" if match is not None:
            match.close(CloseCode.ROOM_CLOSED, "over")
        case "fail here":
            world.say(other, "kick", 99)
    world.server.tick(8)
    inside = [s for e in world.server.hub.rooms.values() for s in e.seats.sessions.values() if s.peer is peer]
    assert len(inside) == (link.closed is None)
    assert all(session.seated for session in inside)
    assert len(world.server.hub.tokens) == world.seats()
    if end != "fail here":
        world.check()


def test_two_moves_in_a_row_before_the_client_knows_of_the_first() -> None:
    world = World()
    link, peer = world.join()
    world.say(peer, "go", {"onward": True})
    world.server.tick(10)
    assert [moved[1] for moved in link.of(S.MOVED)] == ["match", "town"]
    world.server.say(peer, C.ARRIVED)
    world.server.say(peer, C.INPUT, 1, 0, 0, 9, -9)  # meant for the match, and held to its inputs
    world.say(peer, "lost")
    world.server.say(peer, C.ARRIVED)
    world.server.say(peer, C.INPUT, 1, 0, 0, 1)
    world.say(peer, "hi")
    world.server.tick()
    assert link.closed is None
    assert world.calls("town")[-1] == "hi 1"
    session = peer.session
    assert session is not None
    assert session.input_queue.consumed == 1
    world.check()


def test_the_end_of_a_replay_moves_nobody() -> None:
    world = World()
    _, peer = world.join()
    world.say(peer, "go")
    world.server.tick(6)
    [lobby] = [bytes(data) for engine, data in world.recordings if engine.kind.name == "lobby"]
    words = [command[0] for tick in Recording(lobby).ticks() for command in tick.commands]
    assert words == ["join", "message", "moved"]
    [match] = [bytes(data) for engine, data in world.recordings if engine.kind.name == "match"]
    assert [command for tick in Recording(match).ticks() for command in tick.commands] == [
        ["expect", 1, 0, {}, None, world.room().id],
        ["arrive", 1],
    ]
    world.check()


@pytest.mark.parametrize(
    ("to", "params", "error"),
    [
        (3, None, TypeError),
        ("r", [1], TypeError),
        ("r", {"x": object()}, ValueError),
        ("r", {"x": float("nan")}, ValueError),
    ],
)
def test_what_is_no_destination_raises(to: Any, params: Any, error: type[Exception]) -> None:
    world = World()
    world.join()
    lobby = world.room()
    with pytest.raises(error):
        lobby.move(lobby.players[0], to, params=params)


def test_who_is_not_in_the_room_moves_nowhere_and_the_others_keep_their_params() -> None:
    moves = Moves("id")
    carried: list[Move] = []
    moves.carry_with(carried.append)
    one, other = (Player(number, Role.PLAYER, {}) for number in (1, 2))
    moves.start([one, other], "r", lambda player: {"team": player.number})
    moves.begin(lambda player: player is other)
    assert [(move.players, move.params) for move in carried] == [((other,), ({"team": 2},))]


def test_a_moved_message_is_short() -> None:
    assert len(msgpack.packb([S.MOVED, "match", "k7p2qx", None])) == 16
