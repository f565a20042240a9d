"""States and changes as JSON: a viewer that applies every change has the state, whatever happens in between."""

from __future__ import annotations

import gc
import json
import random
from enum import Enum
from typing import Any

from gameserver import Angle, Choice, Entity, Flag, Float, Int, List, Ref, Text
from gameserver.state.schema import Schema
from gameserver.state.table import Change
from gameserver.state.world import World
from gameserver.sync.encode.json_state import JsonState
from gameserver.sync.snapshot import Snapshot
from tests.support.wallboard import Wallboard


class Mood(Enum):
    """What a pet may be in."""

    CALM = 1
    WILD = 2


class Pet(Entity):
    """Has a field of each type."""

    x = Float(step=1 / 16)
    turn = Angle(360)
    age = Int(0, 50)
    tame = Flag()
    mood = Choice(Mood)
    coat = Choice("red", "grey")
    friend: Any = Ref("Pet")
    name = Text(20)
    marks = List(Choice("a", "b"), max_items=4)


class Resting(Entity, rests=True):
    """The same, captured when it may have changed."""

    x = Float(step=1 / 16)
    friend: Any = Ref()
    name = Text(20)
    marks = List(Choice("a", "b"), max_items=4)
    steps = List(Int(-9, 9), max_items=4)


class Bowl(Entity):
    """Never changes."""

    x = Float(step=1)


SCHEMA = Schema([Pet, Resting, Bowl])


def snapshot_of(world: World, tick: int = 1) -> Snapshot:
    return Snapshot(tick, world.capture())


def test_a_full_state_has_every_field_as_rules_read_it() -> None:
    world = World(SCHEMA)
    first = world.spawn(Pet, x=1.25, turn=0.0, age=7, tame=True, mood=Mood.WILD, coat="grey", name='"\n\u2028')
    world.spawn(Pet, friend=first, marks=["b", "a"])
    state = json.loads(JsonState(SCHEMA).full(snapshot_of(world)))
    one, other = state["Pet"]
    assert (one["id"], one["x"], one["turn"], one["age"], one["tame"]) == (1, 1.25, 0.0, 7, True)
    assert (one["mood"], one["coat"], one["friend"], one["name"]) == ("WILD", "grey", None, '"\n\u2028')
    assert (other["friend"], other["marks"]) == (1, ["b", "a"])
    assert state["Bowl"] == []


def test_equal_states_have_no_change() -> None:
    world = World(SCHEMA)
    world.spawn(Pet)
    assert JsonState(SCHEMA).change(snapshot_of(world), snapshot_of(world, 2)) is None


def test_no_encoded_state_has_a_line_break_which_would_end_an_event() -> None:
    world = World(SCHEMA)
    world.spawn(Pet, name="a\r\n\r\nid: 7\n")
    assert not {b"\n"[0], b"\r"[0]} & set(JsonState(SCHEMA).full(snapshot_of(world)))


def change_something(world: World, pets: list[Any], rng: random.Random) -> None:
    match rng.randrange(5) if pets else 0:
        case 0:
            pets.append(
                world.spawn(rng.choice([Pet, Resting]), x=rng.randrange(9), name=rng.choice(["", "Rex", "Tom"]))
            )
        case 1:
            world.despawn(pets.pop(rng.randrange(len(pets))))
        case 2:
            rng.choice(pets).x = rng.randrange(9)
        case 3:
            rng.choice(pets).marks = rng.choices(["a", "b"], k=rng.randrange(4))
        case _:
            pet = rng.choice(pets)
            pet.friend = rng.choice([each for each in pets if isinstance(each, type(pet).entity_type.cls)])


def by_type(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(each, key=lambda row: row["id"]) for name, each in rows.items() if each}


def test_whoever_applies_the_changes_has_the_state() -> None:
    rng, world, encoder = random.Random(5), World(SCHEMA), JsonState(SCHEMA)
    world.spawn(Bowl, x=3)
    first, pets = snapshot_of(world), list[Any]()
    boards = [Wallboard() for _ in range(3)]
    bases = [first] * len(boards)
    for board in boards:
        board.take({"entities": json.loads(encoder.full(first))}, full=True)
    for tick in range(2, 200):
        for _ in range(rng.randrange(4)):
            change_something(world, pets, rng)
        for pet in pets[:1]:
            if isinstance(pet, Resting) and rng.random() < 0.3:
                pet.steps.append(rng.randrange(9))
        now = snapshot_of(world, tick)
        for number, board in enumerate(boards):
            if rng.random() > 1 / (number + 1):
                continue  # one of them gets every change, and the others have gaps
            change = encoder.change(bases[number], now)
            bases[number] = now
            if change is not None:
                board.take({"entities": json.loads(change[0]), "gone": json.loads(change[1])}, full=False)
            if rng.random() < 0.5:
                assert encoder.full(now) == JsonState(SCHEMA).full(now)
            held = {name: list(rows.values()) for name, rows in board.entities.items()}
            assert by_type(held) == by_type(json.loads(encoder.full(now)))


def test_a_full_state_of_long_ago_does_not_keep_all_changes_since() -> None:
    world, encoder = World(SCHEMA), JsonState(SCHEMA)
    pets = [world.spawn(Resting, x=number) for number in range(20)]
    for tick in range(1, 10):
        now = snapshot_of(world, tick)
    encoder.full(now)
    for tick in range(10, 200):
        pets[0].x = tick % 50
        now = snapshot_of(world, tick)
        encoder.advance(now)
    gc.collect()
    assert sum(isinstance(each, Change) for each in gc.get_objects()) < 20
    assert encoder.full(now) == JsonState(SCHEMA).full(now)
