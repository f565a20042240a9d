"""What the author's own program sends to a room arrives at its next tick, is recorded, and is replayed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gameserver import Int, Room
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.kind import make_kind
from gameserver.state.entity import Entity
from gameserver.testing import game
from tests.support.memory_server import MemoryServer


class Score(Entity):
    points = Int(0, 1000)


class Board(Room[Any]):
    """Adds what it is sent."""

    kind = "board"
    entities = (Score,)

    def on_create(self, options: Any) -> None:
        self.got: list[tuple[int, str, Any]] = []
        self.score = self.spawn(Score)

    def on_command(self, name: str, payload: Any) -> None:
        self.got.append((self.tick, name, payload))
        if name == "add":
            self.score.points += payload["points"]


def board(server: MemoryServer) -> Board:
    return cast("Board", server.engine.room)


def test_a_command_arrives_at_the_next_tick_in_order() -> None:
    server = MemoryServer(Board)
    server.join("board")
    engine, room = server.engine, board(server)
    points = {"points": 3}
    engine.command("add", points)
    points["points"] = 99  # what was sent stays as it was
    engine.command("stop", None)
    assert room.got == []
    server.tick()
    assert room.got == [(2, "add", {"points": 3}), (2, "stop", None)]
    server.tick()
    assert len(room.got) == 2
    assert room.score.points == 3


@pytest.mark.parametrize(
    ("name", "payload", "error"),
    [
        (7, None, TypeError),
        ("x", object(), ValueError),
        ("x", {1: 2}, ValueError),
        ("x", {"a": float("nan")}, ValueError),
        ("\ud800", None, ValueError),
        ("x", "\ud800", ValueError),
    ],
)
def test_what_a_recording_cannot_hold_is_refused_at_once(name: Any, payload: Any, error: type[Exception]) -> None:
    server = MemoryServer(Board)
    server.join("board")
    with pytest.raises(error):
        server.engine.command(name, payload)
    server.tick()
    assert board(server).got == []


def test_a_room_that_has_ended_ignores_commands() -> None:
    server = MemoryServer(Board)
    server.join("board")
    engine, room = server.engine, board(server)
    room.close()
    server.tick()
    engine.command("add", {"points": 1})
    engine.tick(server.now_s)
    assert room.got == []


def test_a_replay_gets_the_same_commands_at_the_same_ticks() -> None:
    server = MemoryServer(Board)
    data = bytearray()
    server.hub.open_recording = lambda engine: Recorder(engine, data.extend)
    server.join("board")
    for points in (2, 3, 5):
        server.engine.command("add", {"points": points})
        server.tick(3)
    assert board(server).score.points == 10
    recording = Recording(bytes(data))
    sent = [command for tick in recording.ticks() for command in tick.commands if command[0] == "external"]
    assert sent == [["external", 0, "add", {"points": points}] for points in (2, 3, 5)]
    verdict = verify(recording, make_kind(Board))
    assert (verdict.ticks, verdict.differs_at) == (10, None)


def test_a_test_of_an_author_sends_commands() -> None:
    with game(Board) as played:
        played.join("board")
        played.command("add", {"points": 4})
        played.ticks(2)
        assert played.room.score.points == 4
        played.command("add", {"points": 1}, room=played.room)
        played.ticks(2)
        assert played.room.score.points == 5
