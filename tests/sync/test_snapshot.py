"""Snapshots of different states have different hashes, and their first difference can be described."""

import subprocess
import sys
from collections.abc import Callable

import msgpack
import pytest

from gameserver import Entity, Int, List
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.snapshot import HASH_VERSION, Snapshot, StateHash, first_difference
from tests.support.sync_world import SCHEMA, Note, Ship, Shot, make_world, snapshot


class Line(Entity, rests=True):
    steps = List(Int(0, 1000), max_items=1000)


def fleet() -> World:
    world = make_world()
    for i in range(3):
        world.spawn(Ship, x=i, name=f"ship {i}")
    world.spawn(Shot, vx=3)
    world.spawn(Note, text="hello")
    return world


CHANGES: dict[str, Callable[[World], object]] = {
    "a code": lambda world: setattr(world.entities(Ship)[1], "x", 7.0),
    "a text": lambda world: setattr(world.entities(Note)[0], "text", "bye"),
    "an item of a list": lambda world: world.entities(Ship)[0].cargo.append(1),
    "an entity more": lambda world: world.spawn(Shot),
    "an entity less": lambda world: world.despawn(world.entities(Note)[0]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_any_difference_changes_the_hash(change: Callable[[World], object]) -> None:
    world = fleet()
    before = snapshot(world, 1)
    change(world)
    after = snapshot(world, 1)
    assert before.hash() != after.hash()
    assert not before.same(after)
    assert first_difference(SCHEMA, before, after) is not None


def test_the_same_state_has_the_same_hash_and_another_tick_has_not() -> None:
    one, other = snapshot(fleet(), 1), snapshot(fleet(), 1)
    assert one.hash() == other.hash()
    assert one.same(other)
    assert first_difference(SCHEMA, one, other) is None
    assert Snapshot(2, one.tables).hash() != one.hash()


def test_its_version_counts_up_with_the_hash() -> None:
    assert (HASH_VERSION, snapshot(fleet(), 1).hash()) == (2, 6929835297114181525)


def test_the_hash_is_the_same_in_another_process() -> None:
    source = "from tests.sync.test_snapshot import fleet, snapshot; print(snapshot(fleet(), 1).hash())"
    printed = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert int(printed.stdout) == snapshot(fleet(), 1).hash()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the entities whose object fields are hashed."""
    ids: list[int] = []
    pack = msgpack.packb

    def note_and_pack(entity: tuple[int, object]) -> bytes:
        ids.append(entity[0])
        return pack(entity)

    monkeypatch.setattr(msgpack, "packb", note_and_pack)
    return ids


def test_of_a_large_board_only_what_changed_is_hashed_again(hashed: list[int]) -> None:
    world = World(Schema([Line]))
    lines = [world.spawn(Line, steps=[i] * 100) for i in range(200)]
    state_hash = StateHash()
    for tick in range(10):  # until the lines rest
        state_hash.of(snapshot(world, tick))
    hashed.clear()
    lines[7].steps.append(5)
    world.despawn(lines[9])
    newest = snapshot(world, 10)
    incremental = state_hash.of(newest)
    assert hashed == [lines[7].id, lines[9].id, lines[7].id]
    assert incremental == newest.hash()


def test_of_a_type_that_does_not_rest_only_what_changed_is_hashed_again(hashed: list[int]) -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, name=f"ship {i}", cargo=[1]) for i in range(50)]
    state_hash = StateHash()
    state_hash.of(snapshot(world, 1))
    hashed.clear()
    ships[7].name = "seven"
    ships[9].cargo.append(2)
    ships[9].name = "nine"
    newest = snapshot(world, 2)
    incremental = state_hash.of(newest)
    assert hashed == [ships[7].id, ships[9].id] * 2
    assert incremental == newest.hash()


def test_where_most_changed_each_entity_is_hashed_once(hashed: list[int]) -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, name=f"ship {i}") for i in range(50)]
    state_hash = StateHash()
    state_hash.of(snapshot(world, 1))
    hashed.clear()
    for ship in ships[:40]:
        ship.name += "!"
    newest = snapshot(world, 2)
    incremental = state_hash.of(newest)
    assert hashed == [ship.id for ship in ships]
    assert incremental == newest.hash()


def test_a_difference_is_described_by_type_id_and_field() -> None:
    world = fleet()
    before = snapshot(world, 1)
    world.entities(Ship)[1].x = 2
    assert first_difference(SCHEMA, before, snapshot(world, 1)) == "Ship 2: x is 16 in the first, 32 in the second"
    world.despawn(world.entities(Ship)[0])
    assert first_difference(SCHEMA, before, snapshot(world, 1)) == "Ship 1 is only in the first"
