"""A type kept in columns is captured like the same type kept as objects."""

from __future__ import annotations

import math
import types
from typing import cast

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.state.entity import Entity
from gameserver.state.errors import StateError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Ref
from gameserver.state.schema import Schema
from gameserver.state.world import World


class Boid(Entity):
    x = Float(step=1 / 16, min=-50, max=50, default=1)
    heading = Angle(steps=64)
    hp = Int(0, 10, default=4)
    awake = Flag(default=True)
    mood = Choice("calm", "angry", default="angry")
    leader = Ref()


Objects = Boid
Columns: type[Entity] = type("Boid", (Entity,), dict(vars(Boid)["entity_type"].fields), columns=True)
REALS = st.floats(-100, 100) | st.sampled_from([1e308, -1e308])


def columns() -> World:
    return World(Schema([Columns]))


@given(st.lists(st.tuples(REALS, st.floats(-9, 9), st.integers(-5, 20), st.booleans()), max_size=8), st.data())
def test_both_ways_give_the_same_tables(rows: list[tuple[float, float, int, bool]], data: st.DataObject) -> None:
    as_objects, as_columns = World(Schema([Objects])), columns()
    table = as_columns.table(Columns)
    for x, heading, hp, awake in rows:
        as_objects.spawn(Objects, x=x, heading=heading, hp=hp, awake=awake)
    xs, headings, hps, awakes = zip(*rows, strict=True) if rows else ((), (), (), ())
    ids = table.spawn_many(len(rows), x=xs, heading=headings, hp=hps, awake=awakes)
    gone = data.draw(st.lists(st.sampled_from(ids.tolist()), unique=True)) if rows else []
    table.despawn([*gone, 999])
    for entity_id in gone:
        entity = as_objects.get(entity_id)
        assert entity is not None
        as_objects.despawn(entity)
    one, other = as_objects.capture()[0], as_columns.capture()[0]
    assert one.same(other)
    assert table.x.tolist() == [boid.x for boid in as_objects.entities(Objects)]
    assert table.awake.tolist() == [boid.awake for boid in as_objects.entities(Objects)]
    assert as_columns.capture()[0].same(other)


def test_columns_have_the_field_s_type_and_default() -> None:
    table = columns().table(Columns)
    table.spawn_many(2)
    found = {
        name: (getattr(table, name).dtype.kind, getattr(table, name).tolist()) for name in Columns.entity_type.fields
    }
    assert found == {
        "x": ("f", [1, 1]), "heading": ("f", [0, 0]), "hp": ("i", [4, 4]),
        "awake": ("b", [True, True]), "mood": ("i", [1, 1]), "leader": ("i", [0, 0]),
    }  # fmt: skip


def test_a_column_is_changed_in_place_or_assigned() -> None:
    table = columns().table(Columns)
    table.spawn_many(3, x=[1, 2, 3])
    column = table.x
    table.x += 1
    assert table.x is column
    table.x = table.x * 2
    assert column.tolist() == [4, 6, 8]
    table.x = 7
    assert column.tolist() == [7, 7, 7]
    with pytest.raises(ValueError, match=r"Boid\.x: values of shape \(2,\) for 3 entities"):
        table.x = [1, 2]
    with pytest.raises(AttributeError, match="'speed' is neither a field"):
        _ = table.speed


def test_a_spawn_that_fails_adds_nothing() -> None:
    world = columns()
    table = world.table(Columns)
    with pytest.raises(TypeError, match="Boid has no field 'y'; it has x, heading"):
        table.spawn_many(2, y=1)
    with pytest.raises(ValueError, match=r"Boid\.x: values of shape \(2,\) for 3 entities"):
        table.spawn_many(3, x=[1, 2])
    assert len(table) == len(world) == 0
    assert table.spawn_many(2).tolist() == [1, 2]


def test_rows_of_ids() -> None:
    table = columns().table(Columns)
    table.spawn_many(5)
    table.despawn([2, 4])
    assert table.ids.tolist() == [1, 3, 5]
    assert table.rows([5, 2, 1, 9]).tolist() == [2, 0]


def test_a_captured_table_does_not_follow_the_columns() -> None:
    world = columns()
    table = world.table(Columns)
    table.spawn_many(2, x=1)
    first = world.capture()[0]
    table.x += 1
    second = world.capture()[0]
    assert first.codes[0].tolist() == [16, 16]
    assert second.codes[0].tolist() == [32, 32]
    assert second.ids is first.ids


@pytest.mark.parametrize(
    ("name", "value"), [("x", math.nan), ("x", -math.inf), ("heading", 1e308), ("heading", math.inf)]
)
def test_what_cannot_be_replicated_is_named(name: str, value: float) -> None:
    world = columns()
    table = world.table(Columns)
    table.spawn_many(3, x=[1e308, 2, 3])
    getattr(table, name)[1] = value
    with pytest.raises(StateError, match=rf"Boid\.{name} of entity 2 is"):
        world.capture()


def test_references_lead_to_entities_kept_as_objects() -> None:
    class Captain(Entity):
        x = Float(step=1)

    world = World(Schema([Captain, Columns]))
    captain, other = world.spawn(Captain), world.spawn(Captain)
    table = world.table(Columns)
    table.spawn_many(3, leader=[captain.id, other.id, 77])
    world.despawn(other)
    codes = world.capture()[1].codes
    assert codes[-1].tolist() == table.leader.tolist() == [captain.id, 0, 0]
    assert np.array_equal(table.leader, codes[-1])


@pytest.mark.parametrize("name", ["self", "count", "values"])
def test_a_column_may_be_called_like_a_parameter(name: str) -> None:
    grain = types.new_class("Grain", (Entity,), {"columns": True}, lambda body: body.update({name: Int(0, 9)}))
    world = World(Schema([cast("type[Entity]", grain)]))
    world.table(cast("type[Entity]", grain)).spawn_many(2, **{name: [4, 5]})
    assert world.capture()[0].codes.tolist() == [[4, 5]]
