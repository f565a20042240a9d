"""Players move to rooms of other processes: two servers in memory, and messages between them that a test carries."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.hub.directory import row_of
from gameserver.hub.distant_travel import CERTAIN_S, KEEP_S, DistantTravel, TravelAnswer, TravelMessage, TravelSettled
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.constants import ServerMessage as S
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.moves import FreeSeats
from tests.support.memory_server import MemoryLink, MemoryServer
from tests.support.moving_rooms import Lobby, Match, Single

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine


class Pair:
    """Two processes. The first has a lobby, the second a match."""

    def __init__(self) -> None:
        self.servers = [
            MemoryServer(Lobby, Match, Single, limits=Limits(resume_grace_s=30), seed=seed) for seed in (1, 2)
        ]
        self.servers[1]._tokens = 1000
        self.here, self.there = self.servers
        self.mail: deque[tuple[int, int, TravelMessage]] = deque()
        self.recordings: list[tuple[RoomEngine, bytearray]] = []
        for number, server in enumerate(self.servers):
            server.hub.alone = False
            server.hub.tokens.instance = bytes([number]) * 4
            server.hub.open_recording = self._record
            server.hub.distant = DistantTravel(
                server.hub,
                lambda room, message, number=number: self._post(number, room, message),  # type: ignore[misc]
                lambda to, message, number=number: self._send(number, to, message),  # type: ignore[misc]
                lambda server=server: server.now_s,  # type: ignore[misc]
            )
        self.match = self.there.hub.open_room("match", room_id="z-match")
        self.link, self.peer = self.here.join("lobby", name="Ada")
        lobby: Any = self.here.engine.room
        lobby.to = self.match.id
        self.lobby = lobby

    def _record(self, engine: RoomEngine) -> Recorder:
        data = bytearray()
        self.recordings.append((engine, data))
        return Recorder(engine, data.extend)

    def _post(self, number: int, room: str, message: TravelMessage) -> bool:
        return room[:1] == "z" and self._send(number, 1, message)

    def _send(self, number: int, to: int, message: TravelMessage) -> bool:
        self.mail.append((number, to, message))
        return True

    def carry(self) -> None:
        """Carry the messages that are under way now."""
        for _ in range(len(self.mail)):
            sender, to, message = self.mail.popleft()
            travel = self.servers[to].hub.distant
            assert travel is not None
            travel.receive(sender, message)

    def tick(self, ticks: int = 1, *, carry: bool = True) -> None:
        for _ in range(ticks):
            for server in self.servers:
                server.tick()
                assert server.hub.distant is not None
                server.hub.distant.check()
            if carry:
                self.carry()

    def go(self, payload: Any = None) -> None:
        self.here.say(self.peer, C.MESSAGE, "go", payload)

    def resume(self, token: bytes, *, at: int = 1, event: int | None = None) -> tuple[MemoryLink, Peer]:
        link, peer = self.servers[at].connect()
        self.servers[at].say(peer, C.RESUME, token, 0, event)
        return link, peer

    def calls(self, engine: RoomEngine) -> list[str]:
        room: Any = engine.room
        calls: list[str] = room.calls
        return calls

    def check(self) -> None:
        for engine, data in self.recordings:
            assert verify(Recording(bytes(data)), engine.kind).differs_at is None
        for server in self.servers:
            assert server.hub.distant is not None
            assert not server.hub.distant.going


def test_a_player_leaves_for_its_seat_in_the_other_process_and_comes_in_with_the_token_of_moved() -> None:
    pair = Pair()
    pair.go({"gold": 5})
    pair.tick(4)
    assert pair.lobby.calls[-1] == "leave 1"
    [moved] = pair.link.of(S.MOVED)
    assert moved[:3] == [S.MOVED, "match", pair.match.id]
    assert pair.link.closed is not None
    assert pair.link.closed.code == CloseCode.MOVED
    assert pair.link.event_names()[-1] == "hello"
    link, _ = pair.resume(moved[3])
    pair.tick(2)
    assert pair.calls(pair.match) == ["join 1", "suspend 1", "resume 1"]
    assert (link.welcome["resumed"], link.welcome["room"]) == (True, pair.match.id)
    assert link.of(S.STATE)[0][2] == 0
    [player] = pair.match.players
    assert player.params == {"name": "Ada", "gold": 5}
    assert player.came_from == pair.lobby.id
    assert len(pair.here.hub.tokens) == 0
    pair.check()


def test_a_client_that_is_quicker_than_the_news_has_its_seat() -> None:
    pair = Pair()
    pair.go()
    pair.tick(2)
    pair.tick(carry=False)
    assert isinstance(pair.mail[-1][2], TravelSettled)
    link, peer = pair.resume(pair.link.of(S.MOVED)[0][3])
    pair.tick(3)
    assert link.closed is None
    assert link.welcome["room"] == pair.match.id
    pair.there.say(peer, C.MESSAGE, "hi", None)
    pair.tick()
    assert pair.calls(pair.match)[-1] == "hi 1"
    pair.check()


def test_one_without_a_link_learns_where_it_is_when_it_comes_back_to_the_process_before() -> None:
    pair = Pair()
    token = pair.link.welcome["token"]
    pair.peer.lost(pair.here.now_s, None)
    pair.tick()
    pair.lobby.calls.clear()
    other, other_peer = pair.here.join("lobby")
    pair.here.say(other_peer, C.MESSAGE, "all", None)
    pair.tick(5)
    assert other.closed is not None
    link, _ = pair.resume(token, at=0, event=0)
    assert link.of(S.MOVED)[0][:3] == [S.MOVED, "match", pair.match.id]
    assert link.closed is not None
    assert link.closed.code == CloseCode.MOVED
    again, _ = pair.resume(link.of(S.MOVED)[0][3])
    pair.tick(2)
    assert again.welcome["session"] == 1
    stranger, _ = pair.resume(bytes(24), at=0)
    assert stranger.closed is not None
    assert stranger.closed.code in (CloseCode.SESSION_EXPIRED, CloseCode.SERVER_RESTARTED)
    pair.check()


@pytest.mark.parametrize(
    ("auth", "prepare", "failure"),
    [
        ("refuse", None, "JOIN_REFUSED: not you"),
        (None, "lock", "ROOM_LOCKED: the room takes nobody new now"),
        (None, "close", "ROOM_NOT_FOUND: no such room"),
        (None, "fill", "ROOM_FULL: not enough free seats in this room"),
    ],
)
def test_a_refusal_there_leaves_everyone_here(auth: str | None, prepare: str | None, failure: str) -> None:
    pair = Pair()
    match prepare:
        case "lock":
            pair.match.lock(True)
        case "close":
            pair.match.close(CloseCode.ROOM_CLOSED, "over")
        case "fill":
            for _ in range(2):
                pair.there.join("match", room=pair.match.id)
    pair.go({"auth": auth})
    pair.tick(5)
    assert pair.lobby.calls[-1] == f"failed 1 {failure}"
    assert pair.link.closed is None
    assert len(pair.there.hub.tokens) == (2 if prepare == "fill" else 0)
    pair.check()


def test_no_answer_fails_the_move_and_frees_the_seat_there() -> None:
    pair = Pair()
    pair.go()
    pair.tick()
    pair.tick(carry=False)
    assert isinstance(pair.mail[-1][2], TravelAnswer)
    pair.mail.clear()
    pair.here.now_s += CERTAIN_S
    pair.tick(2, carry=False)
    assert pair.lobby.calls[-1] == "failed 1 UNAVAILABLE: the process of the room there does not answer"
    pair.mail.clear()
    pair.there.now_s += KEEP_S
    pair.tick(3)
    assert pair.match.seats.taken == (0, 0)
    assert len(pair.there.hub.tokens) == 0
    assert pair.calls(pair.match) == []
    pair.check()


def test_an_answer_that_comes_too_late_takes_nobody_away() -> None:
    pair = Pair()
    pair.go()
    pair.tick()
    pair.tick(carry=False)
    pair.carry()
    pair.here.now_s += CERTAIN_S
    pair.tick(4)
    assert pair.lobby.calls[-1] == "failed 1 UNAVAILABLE: the process of the room there does not answer"
    assert pair.match.seats.taken == (0, 0)
    pair.check()


@pytest.mark.parametrize("after", range(6))
@pytest.mark.parametrize("end", ["leave", "close here", "close there", "lose"])
def test_whatever_ends_during_a_move_nothing_is_left(after: int, end: str) -> None:
    pair = Pair()
    pair.go()
    pair.tick(after)
    match end:
        case "leave":
            pair.here.say(pair.peer, C.LEAVE)
        case "lose" if pair.peer.session is not None:
            pair.peer.lost(pair.here.now_s, None)
        case "close here":
            pair.here.engine.close(CloseCode.ROOM_CLOSED, "over")
        case "close there":
            pair.match.close(CloseCode.ROOM_CLOSED, "over")
    pair.tick(6)
    sessions = [
        session
        for server in pair.servers
        for engine in server.hub.rooms.values()
        for session in engine.seats.sessions.values()
    ]
    assert len(sessions) <= 1
    assert all(session.seated for session in sessions)
    assert sum(len(server.hub.tokens) for server in pair.servers) == len(sessions)
    if end == "lose":
        assert len(sessions) == 1
    for server in pair.servers:
        assert server.hub.distant is not None
        assert not server.hub.distant.going
        assert not server.hub.distant.coming


def test_spectators_and_players_take_seats_of_their_own_kind() -> None:
    pair = Pair()
    pair.here.join("lobby", role=Role.SPECTATOR)
    pair.here.say(pair.peer, C.MESSAGE, "all", None)
    pair.tick(5)
    assert pair.match.seats.taken == (1, 1)
    pair.check()


def test_a_locked_room_gets_those_whom_it_has_asked_for_and_nobody_else() -> None:
    pair = Pair()
    room: Any = pair.match.room
    pair.match.lock(True)
    room.backfill("lobby", 1)
    pair.here.hub.take_row(row_of(pair.match))
    assert pair.here.hub.backfills.asked[pair.match.id].free == (1,)
    pair.lobby.to = FreeSeats(pair.match.id, (1,))
    _, second = pair.here.join("lobby")
    pair.here.say(second, C.MESSAGE, "all", None)
    pair.tick(5)
    failure = "ROOM_FULL: the room does not ask for these players now"
    assert pair.lobby.calls[-2:] == [f"failed 1 {failure}", f"failed 2 {failure}"]
    pair.go()
    pair.tick(4)
    assert [player.text("name") for player in pair.match.players] == ["Ada"]
    pair.here.hub.take_row(row_of(pair.match))
    assert pair.here.hub.backfills.asked == {}
    pair.here.say(second, C.MESSAGE, "go", None)
    pair.tick(5)
    assert pair.lobby.calls[-1] == f"failed 2 {failure}"
    pair.check()


@pytest.mark.parametrize("asks", [None, "match"])
def test_a_room_that_asks_for_nobody_or_another_queue_gets_nobody(asks: str | None) -> None:
    pair = Pair()
    room: Any = pair.match.room
    if asks is not None:
        room.backfill(asks)
    pair.lobby.to = FreeSeats(pair.match.id, (1,))
    pair.go()
    pair.tick(5)
    assert pair.lobby.calls[-1] == "failed 1 ROOM_FULL: the room does not ask for these players now"
    pair.check()
