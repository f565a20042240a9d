"""Which rooms a JOIN without an id may be put into, and that finding one does not look at the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.room.engine import RoomEngine
from gameserver.room.overload import MAX_LEVEL
from tests.support.field_room import Field
from tests.support.memory_server import MemoryServer, strain

if TYPE_CHECKING:
    import pytest

ROOMS = 300


def found(server: MemoryServer, role: Role = Role.PLAYER, kind: str = "field") -> list[str]:
    return [engine.id for engine in server.hub.open_rooms.fullest_first(kind, role)]


def test_the_fullest_room_comes_first_and_a_full_one_is_not_among_them() -> None:
    server = MemoryServer(Field)
    rooms = [server.hub.open_room("field").id for _ in range(3)]
    server.join("field", room=rooms[2])
    assert found(server) == [rooms[2], rooms[0], rooms[1]]
    for _ in range(Field.max_players - 1):
        server.join("field", room=rooms[2])
    assert found(server) == rooms[:2]
    assert found(server, Role.SPECTATOR) == [rooms[2], *rooms[:2]]
    assert found(server, kind="hall") == []


def test_a_room_whose_players_leave_is_filed_as_less_full_and_one_that_ends_is_forgotten() -> None:
    server = MemoryServer(Field)
    first, second = (server.hub.open_room("field") for _ in range(2))
    _, leaving = server.join("field", room=first.id)
    server.join("field", room=first.id)
    server.join("field", room=second.id)
    assert found(server) == [first.id, second.id]
    server.join("field", room=second.id)
    server.say(leaving, C.LEAVE)
    server.tick()
    assert found(server) == [second.id, first.id]
    second.room.close()
    server.tick()
    assert found(server) == [first.id]
    assert len(server.hub.open_rooms) == 1


def test_a_room_that_is_locked_or_overloaded_is_not_among_them_until_it_is_no_longer() -> None:
    server = MemoryServer(Field)
    engine = server.hub.open_room("field")
    engine.room.lock()
    assert found(server) == []
    engine.room.lock(False)
    assert found(server) == [engine.id]
    strain(engine, MAX_LEVEL)
    assert found(server) == []
    assert server.hub.overloaded
    engine.close(CloseCode.ROOM_CLOSED, "over")
    assert not server.hub.overloaded


def test_a_join_looks_at_its_own_room_only_however_many_rooms_run(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: set[str] = set()
    has_free_seat = RoomEngine.has_free_seat

    def count(self: RoomEngine, role: Role) -> bool:
        looked_at.add(self.id)
        return has_free_seat(self, role)

    server = MemoryServer(Field, limits=Limits(max_rooms=ROOMS, max_rooms_per_address=ROOMS))
    for _ in range(ROOMS):
        server.hub.open_room("field")
    monkeypatch.setattr(RoomEngine, "has_free_seat", count)
    link, peer = server.connect()
    server.say(peer, C.JOIN, "field", None, 0, {})
    assert link.closed is None
    assert looked_at == {peer.engine.id if peer.engine else None}
