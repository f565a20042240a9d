"""The world: spawn, despawn, and a capture that sets the attributes to what is replicated."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError, StateError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, List, Ref, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World


class Rock(Entity):
    """One field."""

    size = Int(0, 9)


class Ship(Entity):
    """A field of every type."""

    x = Float(step=1 / 16, min=-500, max=500)
    heading = Angle(steps=1024)
    hp = Int(0, 100, default=100)
    armed = Flag()
    mood = Choice("calm", "angry")
    name = Text(max_bytes=8)
    cargo = List(Int(0, 9), max_items=3)
    target = Ref("Ship")
    on = Ref(Rock)
    fuel = 7  # the game's own, not replicated


class Swarm(Entity, columns=True):
    """Kept in columns."""

    x = Float(step=1)


SCHEMA = Schema([Ship, Rock, Swarm])


def world() -> World:
    return World(SCHEMA)


def values(entity: Entity) -> dict[str, Any]:
    return {name: getattr(entity, name) for name in type(entity).entity_type.fields}


def test_a_new_entity_has_defaults_and_what_it_was_given() -> None:
    owner = object()
    ship = world().spawn(Ship, owner=owner, x=3, name="Ada")
    assert (ship.id, ship.owner, ship.alive, ship.fuel) == (1, owner, True, 7)
    assert values(ship) == {
        "x": 3, "heading": 0, "hp": 100, "armed": False, "mood": "calm",
        "name": "Ada", "cargo": [], "target": None, "on": None,
    }  # fmt: skip


def test_lists_are_not_shared_between_entities() -> None:
    w = world()
    one, other = w.spawn(Ship), w.spawn(Ship)
    one.cargo.append(3)
    assert other.cargo == []


def test_an_unknown_field_is_named_with_those_there_are() -> None:
    w = world()
    with pytest.raises(TypeError, match=r"Rock has no field 'siez'; it has size; did you mean size\?"):
        w.spawn(Rock, siez=3)
    assert len(w) == 0
    assert w.spawn(Rock).id == 1, "a spawn that failed uses up no id"


def test_a_type_of_another_room_is_named() -> None:
    class Other(Entity):
        x = Float(step=1)

    w = world()
    for use in (w.entities, w.spawn, w.table):
        with pytest.raises(KeyError, match="Other is not among the entity types of this room: Ship, Rock, Swarm"):
            use(Other)


def test_objects_and_columns_are_told_apart() -> None:
    w = world()
    with pytest.raises(TypeError, match=r"use self\.table\(Swarm\)\.spawn_many"):
        w.spawn(Swarm)
    with pytest.raises(TypeError, match=r"use self\.table\(Swarm\)"):
        w.entities(Swarm)
    with pytest.raises(TypeError, match=r"declare class Ship\(Entity, columns=True\)"):
        w.table(Ship)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=30))
def test_ids_ascend_and_are_never_used_again(steps: list[tuple[bool, int]]) -> None:
    w = world()
    spawned: list[Entity] = []
    for is_spawn, pick in steps:
        if is_spawn:
            spawned.append(w.spawn(Ship if pick % 2 else Rock))
        elif spawned:
            w.despawn(spawned[pick % len(spawned)])
    assert [entity.id for entity in spawned] == list(range(1, len(spawned) + 1))
    living = [entity for entity in spawned if entity.alive]
    assert len(w) == len(living)
    for cls in (Ship, Rock):
        assert list(w.entities(cls)) == [entity for entity in living if type(entity) is cls]
    assert all((w.get(entity.id) is entity) is entity.alive for entity in spawned)


def test_rules_may_spawn_and_despawn_while_going_through_entities() -> None:
    w = world()
    for _ in range(5):
        w.spawn(Rock)
    for rock in w.entities(Rock):
        w.despawn(rock)
        w.spawn(Ship)
    assert len(w.entities(Ship)) == 5
    assert w.entities(Rock) == ()


def test_to_despawn_twice_or_in_another_room_is_no_error_and_no_effect() -> None:
    one, other = world(), world()
    here, there = one.spawn(Rock), other.spawn(Rock)
    one.despawn(there)
    assert here.alive
    assert there.alive
    one.despawn(here)
    one.despawn(here)
    assert not here.alive


def test_ids_run_out_with_an_error() -> None:
    w = world()
    w._next_id = MAX_CODE
    assert w.spawn(Rock).id == MAX_CODE
    with pytest.raises(StateError, match="used up"):
        w.spawn(Rock)


ODD = st.sampled_from([1e308, -1e308, 5e-324, 1e9]) | st.floats(-1000, 1000)


@given(
    ODD,
    st.floats(-1e6, 1e6),
    st.integers() | st.floats(-1e3, 1e3),
    st.text(max_size=9),
    st.lists(st.integers(), max_size=5),
)
def test_after_capture_the_attributes_are_what_was_captured(
    x: float, heading: float, hp: Any, name: str, cargo: list[int]
) -> None:
    w = world()
    ships = [w.spawn(Ship) for _ in range(3)]
    ship = ships[1]
    ship.x, ship.heading, ship.hp, ship.armed, ship.mood = x, heading, hp, x > 0, "angry"
    ship.name, ship.cargo, ship.target, ship.on = name, cargo, ships[2], w.spawn(Rock)
    expected = {
        name: field.snap(getattr(ship, name))
        for name, field in Ship.entity_type.numeric.items()
        if name not in ("target", "on")
    }
    first = w.capture()
    assert {name: getattr(ship, name) for name in expected} == expected
    assert [type(getattr(ship, n)) for n in ("x", "heading", "hp", "armed", "mood")] == [float, float, int, bool, str]
    assert ship.target is ships[2]
    codes = [field.encode(getattr(ship, name)) for name, field in Ship.entity_type.numeric.items()]
    assert first[0].codes[:, 1].tolist() == codes
    assert (ship.name, ship.cargo) == (first[0].objects[0][1], list(first[0].objects[1][1]))  # type: ignore[call-overload]
    again = w.capture()
    assert all(a.same(b) for a, b in zip(first, again, strict=True)), "what was snapped stays where it is"


@pytest.mark.parametrize(("x", "code"), [(1 / 32, 1), (-1 / 32, 0), (0.0312, 0), (0.0, 0), (-0.0, 0)])
def test_what_lies_between_two_codes_goes_to_the_upper(x: float, code: int) -> None:
    w = world()
    ship = w.spawn(Ship, x=x)
    assert w.capture()[0].codes[0].tolist() == [code]
    assert ship.x == code / 16


def test_captures_of_what_did_not_change_share_their_arrays() -> None:
    w = world()
    ship = w.spawn(Ship, name="Ada", cargo=[1, 2])
    first = w.capture()[0]
    ship.x += 1
    second = w.capture()[0]
    assert second.ids is first.ids
    assert second.objects[0] is first.objects[0]
    assert second.objects[1] is first.objects[1]
    w.spawn(Ship)
    assert first.ids.tolist() == [1]
    assert w.capture()[0].ids.tolist() == [1, 2]


def test_nobody_can_write_to_what_was_captured() -> None:
    w = world()
    w.spawn(Rock)
    w.table(Swarm).spawn_many(2)
    for table in w.capture()[1:]:
        for array in (table.ids, table.codes):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 7
    w.table(Swarm).x += 1


def test_a_later_change_of_a_list_does_not_reach_an_earlier_capture() -> None:
    w = world()
    ship = w.spawn(Ship, cargo=[1])
    first = w.capture()[0]
    ship.cargo.append(2)
    assert first.objects[1] == ((1,),)
    assert w.capture()[0].objects[1] == ((1, 2),)


def test_a_reference_to_what_was_despawned_becomes_none() -> None:
    w = world()
    one, other = w.spawn(Ship), w.spawn(Ship)
    one.target = other
    w.despawn(other)
    codes = w.capture()[0].codes
    assert one.target is None
    assert codes[list(Ship.entity_type.numeric).index("target"), 0] == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("x", math.nan, "Ship.x of entity 2 is nan: a rule divided by zero, or grew without bound"),
        ("x", math.inf, "Ship.x of entity 2 is inf"),
        ("x", "1", "Ship.x of entity 2 is '1', not a number"),
        ("x", None, "Ship.x of entity 2 is None, not a number"),
        ("heading", 1e308, "Ship.heading of entity 2 is 1e.308, too large for an angle"),
        ("mood", "sad", "Ship.mood of entity 2 is 'sad', not one of calm, angry"),
        ("name", 7, "Ship.name of entity 2 is 7, not a str"),
        ("cargo", [1, "x"], "Ship.cargo of entity 2 is 'x', not a number"),
        ("target", 1, "Ship.target of entity 2 is 1, which is no Ship of this room"),
    ],
)
def test_what_cannot_be_replicated_names_class_field_and_entity(name: str, value: object, says: str) -> None:
    w = world()
    ships = [w.spawn(Ship, x=0.03) for _ in range(3)]
    setattr(ships[1], name, value)
    with pytest.raises(StateError, match=says):
        w.capture()
    assert ships[0].x == 0.03, "nothing was snapped"


def test_a_deleted_attribute_is_what_a_new_entity_has() -> None:
    w = world()
    ship = w.spawn(Ship, hp=7)
    del ship.hp
    w.capture()
    assert ship.hp == Ship().hp


def test_references_across_rooms_and_to_another_type_are_errors() -> None:
    w = world()
    ship = w.spawn(Ship)
    for wrong in (world().spawn(Ship), w.spawn(Rock)):
        ship.target = wrong
        with pytest.raises(StateError, match=r"Ship\.target of entity 1 is <.*>, which is no Ship of this room"):
            w.capture()


def test_two_types_of_one_name_are_refused() -> None:
    class Rock(Entity):
        x = Float(step=1)

    first = globals()["Rock"]
    with pytest.raises(DeclarationError, match="Rock: a room has two entity types of this name"):
        Schema([first, Rock])


def test_the_number_of_arrays_does_not_grow_with_the_room() -> None:
    w = world()
    for i in range(1000):
        w.spawn(Rock, size=i)
    table = w.capture()[1]
    assert table.codes.shape == (1, 1000)
    assert table.codes.dtype == table.ids.dtype == np.int64
    assert table.codes.max() == 9
