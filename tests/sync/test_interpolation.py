"""The state between two ticks is where a client that draws between them shows it."""

from __future__ import annotations

from math import pi
from typing import Any

import pytest

from gameserver import Angle, Entity, Flag, Float, Int, Jumps, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.interpolation import interpolate_tables


class Bird(Entity):
    x = Float(step=1 / 16, min=-100.0, max=100.0)
    heading = Angle(steps=360)
    eggs = Int(0, 100)
    flights = Jumps()
    sings = Flag()
    name = Text(max_bytes=8)


SCHEMA = Schema([Bird])


def interpolated(fraction: float, change: dict[str, Any], **start: Any) -> Bird:
    """Return one bird, at `fraction` of the way to what it is after the change."""
    world = World(SCHEMA)
    bird = world.spawn(Bird, **start)
    before = world.capture()
    for name, value in change.items():
        setattr(bird, name, value)
    state = ViewState(SCHEMA, 1, interpolate_tables(SCHEMA, before, world.capture(), fraction))
    (found,) = state.entities(Bird)
    return found


@pytest.mark.parametrize(("fraction", "x"), [(0.0, 10.0), (0.25, 12.0), (0.5, 14.0), (1.0, 18.0)])
def test_floats_move_on_a_line(fraction: float, x: float) -> None:
    assert interpolated(fraction, {"x": 18.0}, x=10.0).x == x


def test_floats_between_two_states_are_whole_steps() -> None:
    assert interpolated(0.5, {"x": 10.3125}, x=10.0).x in (10.125, 10.1875)


@pytest.mark.parametrize(("start", "end", "middle"), [(350, 10, 0), (10, 350, 0), (90, 180, 135), (0, 179, 90)])
def test_angles_turn_the_shorter_way_round(start: int, end: int, middle: int) -> None:
    heading = interpolated(0.5, {"heading": end * pi / 180}, heading=start * pi / 180).heading
    assert heading * 180 / pi == pytest.approx(middle, abs=0.6)


def test_all_other_fields_are_as_before_until_the_later_tick() -> None:
    bird = interpolated(0.9, {"eggs": 3, "sings": True, "name": "Bo"}, eggs=1, name="Ada")
    assert (bird.eggs, bird.sings, bird.name) == (1, False, "Ada")


def test_an_entity_that_jumps_is_where_it_was_until_the_later_tick() -> None:
    bird = interpolated(0.5, {"x": 18.0, "heading": 1.0, "flights": 0}, x=10.0, flights=255)
    assert (bird.x, bird.heading) == (10.0, 0.0)


def test_an_entity_that_enters_is_missing_and_one_that_leaves_is_where_it_was() -> None:
    world = World(SCHEMA)
    leaves, stays = world.spawn(Bird, x=1.0), world.spawn(Bird, x=2.0)
    before = world.capture()
    world.despawn(leaves)
    stays.x = 4.0
    world.spawn(Bird, x=50.0)
    state = ViewState(SCHEMA, 1, interpolate_tables(SCHEMA, before, world.capture(), 0.5))
    assert [(bird.id, bird.x) for bird in state.entities(Bird)] == [(leaves.id, 1.0), (stays.id, 3.0)]


def test_between_empty_states_there_is_an_empty_one() -> None:
    world = World(SCHEMA)
    state = ViewState(SCHEMA, 1, interpolate_tables(SCHEMA, world.capture(), world.capture(), 0.5))
    assert state.entities(Bird) == []
