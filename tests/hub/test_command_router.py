"""Commands find their rooms: those that rules send, and those that come from outside."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, cast

import pytest
from msgspec import Struct

from gameserver import Player, Room
from gameserver.hub.command_router import MAX_WAITING_COMMANDS, CommandRouter, OutsideCommand
from gameserver.protocol.constants import ClientMessage
from gameserver.protocol.errors import ProtocolError
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.accepted_commands import CommandInvalid, CommandUnknown
from gameserver.room.kind import make_kind
from tests.support.memory_server import MemoryServer


class Line(Struct):
    text: str
    size: int = 1


class Wall(Room):
    """Keeps what it is sent."""

    kind = "wall"
    single = True
    commands: ClassVar = {"write": Line}

    def on_create(self, options: Any) -> None:
        self.lines: list[Any] = []

    def on_command(self, name: str, payload: Any) -> None:
        self.lines.append(payload)


class Table(Room):
    """May be there many times."""

    kind = "table"
    commands: ClassVar = {"write": Line}

    def on_create(self, options: Any) -> None:
        self.lines: list[Any] = []

    def on_command(self, name: str, payload: Any) -> None:
        self.lines.append(payload)


class Writer(Room):
    """Sends what its players say to the wall."""

    kind = "writer"

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.send_command(*payload)


def server_with_a_writer() -> tuple[MemoryServer, Room[Any]]:
    server = MemoryServer(Writer, Wall, Table)
    server.join("writer")
    return server, server.engine.room


def wall(server: MemoryServer) -> Wall:
    return cast("Wall", server.hub.single_rooms["wall"].room)


def outside(kind: str = "wall", name: str = "write", payload: Any = None, room: str | None = None) -> OutsideCommand:
    return OutsideCommand(kind, room, name, {"text": "hello"} if payload is None else payload)


def test_rules_send_to_the_one_room_of_a_kind_which_is_opened() -> None:
    server, writer = server_with_a_writer()
    writer.send_command("wall", "write", {"text": "Ada has won"})
    assert not server.hub.single_rooms
    server.tick(2)
    assert wall(server).lines == [{"text": "Ada has won", "size": 1}]
    writer.send_command("wall", "write", {"text": "again", "size": 2})
    server.tick(2)
    assert [line["text"] for line in wall(server).lines] == ["Ada has won", "again"]
    assert len(server.hub.rooms) == 2


def test_what_rules_send_wrongly_is_dropped_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    server, writer = server_with_a_writer()
    for _ in range(3):
        writer.send_command("wall", "write", {"text": 7})
        writer.send_command("nowhere", "write", None)
        writer.send_command("table", "write", {"text": "which one?"})
        server.tick()
    assert not server.hub.single_rooms
    assert not server.engine.closed
    dropped = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(dropped) == 3
    assert "'text': expected str" in dropped[0]


@pytest.mark.parametrize("arguments", [(7, "write", None), ("wall", None, None), ("wall", "write", object())])
def test_what_is_no_command_is_an_error_where_it_is_sent(arguments: Any) -> None:
    _, writer = server_with_a_writer()
    with pytest.raises((TypeError, ValueError)):
        writer.send_command(*arguments)


def test_a_replay_sends_nothing() -> None:
    server, data = MemoryServer(Writer, Wall), bytearray()

    def record(engine: Any) -> Any:
        return Recorder(engine, data.extend) if engine.kind.name == "writer" else None

    server.hub.open_recording = record
    _, peer = server.join("writer")
    server.say(peer, ClientMessage.MESSAGE, "write", ["wall", "write", {"text": "hello"}])
    server.tick(3)
    assert wall(server).lines == [{"text": "hello", "size": 1}]
    verdict = verify(Recording(bytes(data)), make_kind(Writer))
    assert verdict.differs_at is None


def test_a_command_from_outside_reaches_the_room_that_it_names() -> None:
    server = MemoryServer(Wall, Table)
    router = server.hub.commands
    first, second = (server.hub.open_room("table") for _ in range(2))
    router.deliver(router.check(outside("table", room=first.id)))
    router.deliver(router.check(outside("table", room=second.id.upper())))
    server.tick()
    assert [cast("Table", engine.room).lines for engine in (first, second)] == [[{"text": "hello", "size": 1}]] * 2
    for command, error in (
        (outside("table"), CommandUnknown),
        (outside("writer"), CommandUnknown),
        (outside(name="erase"), CommandUnknown),
        (outside(payload={"text": None}), CommandInvalid),
    ):
        with pytest.raises(error):
            router.check(command)
    with pytest.raises(ProtocolError, match="no such room"):
        router.deliver(outside("table", room="nowhere"))
    with pytest.raises(ProtocolError, match="no such room"):
        router.deliver(outside("wall", room=first.id))


def test_commands_that_wait_are_bounded() -> None:
    server = MemoryServer(Wall)
    router: CommandRouter = server.hub.commands
    command = router.check(outside())
    for _ in range(MAX_WAITING_COMMANDS):
        router.deliver(command)
    with pytest.raises(ProtocolError, match="too many"):
        router.deliver(command)
    server.tick()
    router.deliver(command)
    assert len(wall(server).lines) == MAX_WAITING_COMMANDS


def test_the_one_room_of_a_kind_does_not_make_place_for_others() -> None:
    server = MemoryServer(Wall, Writer)
    _, peer = server.join("wall")
    server.say(peer, ClientMessage.LEAVE)
    _, peer = server.join("writer")
    server.say(peer, ClientMessage.LEAVE)
    server.tick(3)
    assert {engine.kind.name for engine in server.hub.rooms.values() if engine.empty_s} == {"wall", "writer"}
    for _ in range(2):
        server.hub._end_an_empty_room()
    assert [engine.kind.name for engine in server.hub.rooms.values()] == ["wall"]
