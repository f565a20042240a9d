"""A checkpoint of an entity that rests has its fields and the game's own attributes, and nothing of the server's."""

from __future__ import annotations

from gameserver.room.saving import attributes_of
from gameserver.state.entity import Entity
from gameserver.state.fields import Float, List
from gameserver.state.schema import Schema
from gameserver.state.world import World


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
