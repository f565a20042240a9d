"""A checkpoint of an entity that rests has its fields and the game's own attributes, and nothing of the server's."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from gameserver import Room
from gameserver.room.checkpoint import saved_entities
from gameserver.room.saving import attributes_of
from gameserver.state.entity import Entity
from gameserver.state.fields import Float, List, Ref, Text
from gameserver.state.resting_store import RestingStore
from gameserver.state.schema import Schema
from gameserver.state.world import World
from tests.support.checkpoints import as_bytes, read, restored
from tests.support.memory_server import MemoryServer


class Stroke(Entity, rests=True):
    x = Float(step=1)
    points = List(Float(step=1), max_items=9)


def test_what_is_saved_of_an_entity_is_the_same_while_it_rests_and_after() -> None:
    world = World(Schema([Stroke]))
    stroke = world.spawn(Stroke)
    stroke.drawn_by = "Ada"  # type: ignore[attr-defined]
    before = sorted(attributes_of(stroke))
    for _ in range(5):
        world.capture()
    assert type(stroke) is not Stroke
    assert sorted(attributes_of(stroke)) == before
    stroke.x = 3.0
    assert sorted(attributes_of(stroke)) == before


def test_a_world_that_is_restored_captures_what_it_was_given() -> None:
    world = World(Schema([Stroke]))
    world.spawn(Stroke, x=1.0)
    for _ in range(5):
        world.capture()
    saved = Stroke(x=7.0, points=[2.0])
    saved.id, saved.alive = 4, True
    world.restore(9, [saved])
    (table,) = world.capture()
    assert (table.ids.tolist(), table.values_at(0)) == ([4], (7, (2,)))
    assert world.spawn(Stroke).id == 9
    assert world.capture()[0].ids.tolist() == [4, 9]


class Wall(Entity, rests=True):
    x = Float(step=1)
    name = Text(max_bytes=20)
    behind: Ref[Any] = Ref()
    cracks = List(Float(step=1 / 4), max_items=20)
    bricks = List(Float(step=1), max_items=20)


class Yard(Room):
    lasting = True
    entities: ClassVar[tuple[type[Entity], ...]] = (Wall,)

    def on_create(self, options: Any) -> None:
        self.walls = [self.spawn(Wall, x=x, name=f"wall {x}", cracks=[0.25, 1.0], bricks=[]) for x in range(3)]
        self.walls[1].behind = self.walls[0]


def yard() -> tuple[MemoryServer, Yard, RestingStore]:
    """A room whose walls rest."""
    server = MemoryServer(Yard)
    server.join("yard")
    room = server.engine.room
    assert isinstance(room, Yard)
    for wall in room.walls:
        wall.bricks = list(range(10))
    server.tick(6)
    (store,) = server.engine.world.stores[-1:]
    assert isinstance(store, RestingStore)
    assert all(map(store.rests, room.walls))
    return server, room, store


def test_a_checkpoint_wakes_nothing_and_packs_what_rests_once() -> None:
    server, room, store = yard()
    first = as_bytes(server.engine)
    packed = dict(store.saved_rows)
    assert len(packed) == 3
    assert as_bytes(server.engine) == first
    assert all(map(store.rests, room.walls))
    assert all(store.saved_rows[number] is fields for number, fields in packed.items())


def test_it_has_what_was_changed_since_the_last_one() -> None:
    server, room, store = yard()
    as_bytes(server.engine)
    room.walls[0].cracks.append(2.0)
    room.walls[1].x = 9.0
    assert set(store.saved_rows) == {room.walls[2].id}
    server.tick(6)
    again = restored(server.engine).room
    assert isinstance(again, Yard)
    assert [wall.cracks for wall in again.walls] == [[0.25, 1.0, 2.0], [0.25, 1.0], [0.25, 1.0]]
    assert [wall.x for wall in again.walls] == [0.0, 9.0, 2.0]
    assert [wall.bricks for wall in again.walls] == [list(range(10))] * 3
    assert [wall.name for wall in again.walls] == ["wall 0", "wall 1", "wall 2"]
    assert [wall.behind for wall in again.walls] == [None, again.walls[0], None]


def test_a_despawned_one_is_in_it_no_more() -> None:
    server, room, store = yard()
    as_bytes(server.engine)
    gone = room.walls.pop(0)
    room.despawn(gone)
    server.tick()
    assert gone.id not in store.saved_rows
    saved = read(as_bytes(server.engine))["entities"]
    assert sorted(number for name, number, _ in saved_entities(saved) if name == "Wall") == [
        wall.id for wall in room.walls
    ]


def test_what_the_rules_have_added_is_read_each_time_and_wakes_nothing() -> None:
    server, room, store = yard()
    room.walls[0].built_by = "Ada"  # type: ignore[attr-defined]
    room.walls[2].owner = room.players[0]
    as_bytes(server.engine)
    room.walls[0].built_by = ["Bob"]  # type: ignore[attr-defined]
    again = restored(server.engine).room
    assert isinstance(again, Yard)
    assert again.walls[0].built_by == ["Bob"]  # type: ignore[attr-defined]
    assert again.walls[0].cracks == [0.25, 1.0]
    assert [wall.owner for wall in again.walls] == [None, None, again.players[0]]
    assert all(map(store.rests, room.walls))


@pytest.mark.parametrize("ticks", [0, 6])
def test_restored_ones_capture_the_same_state(ticks: int) -> None:
    server, _, _ = yard()
    again = restored(server.engine)
    server.tick(ticks)
    for _ in range(ticks):
        again.tick(0.0)
    assert again.world.capture()[-1].codes.tolist() == server.engine.world.capture()[-1].codes.tolist()
    assert again.world.capture()[-1].objects == server.engine.world.capture()[-1].objects
