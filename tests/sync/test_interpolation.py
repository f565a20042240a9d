"""The state between two ticks: where a client that draws between them shows it."""

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


def blended(share: float, change: dict[str, Any], **start: Any) -> Bird:
    """One bird, at `share` of the way to what it is after the change."""
    world = World(SCHEMA)
    bird = world.spawn(Bird, **start)
    before = world.capture()
    for name, value in change.items():
        setattr(bird, name, value)
    state = ViewState(SCHEMA, 1, interpolate_tables(SCHEMA, before, world.capture(), share))
    (found,) = state.entities(Bird)
    return found


@pytest.mark.parametrize(("share", "x"), [(0.0, 10.0), (0.25, 12.0), (0.5, 14.0), (1.0, 18.0)])
def test_floats_move_on_a_line(share: float, x: float) -> None:
    assert blended(share, {"x": 18.0}, x=10.0).x == x


def test_what_lies_between_is_on_the_grid() -> None:
    assert blended(0.5, {"x": 10.3125}, x=10.0).x in (10.125, 10.1875)


@pytest.mark.parametrize(("start", "end", "middle"), [(350, 10, 0), (10, 350, 0), (90, 180, 135), (0, 179, 90)])
def test_angles_turn_the_short_way_round(start: int, end: int, middle: int) -> None:
    heading = blended(0.5, {"heading": end * pi / 180}, heading=start * pi / 180).heading
    assert heading * 180 / pi == pytest.approx(middle, abs=0.6)


def test_everything_else_is_as_it_was_until_the_later_tick() -> None:
    bird = blended(0.9, {"eggs": 3, "sings": True, "name": "Bo"}, eggs=1, name="Ada")
    assert (bird.eggs, bird.sings, bird.name) == (1, False, "Ada")


def test_who_is_put_elsewhere_is_where_it_was_until_the_later_tick() -> None:
    bird = blended(0.5, {"x": 18.0, "heading": 1.0, "flights": 0}, x=10.0, flights=255)
    assert (bird.x, bird.heading) == (10.0, 0.0)


def test_who_comes_is_not_there_yet_and_who_leaves_still_is_where_it_was() -> None:
    world = World(SCHEMA)
    leaves, stays = world.spawn(Bird, x=1.0), world.spawn(Bird, x=2.0)
    before = world.capture()
    world.despawn(leaves)
    stays.x = 4.0
    world.spawn(Bird, x=50.0)
    state = ViewState(SCHEMA, 1, interpolate_tables(SCHEMA, before, world.capture(), 0.5))
    assert [(bird.id, bird.x) for bird in state.entities(Bird)] == [(leaves.id, 1.0), (stays.id, 3.0)]


def test_states_without_anybody_have_nobody_between() -> None:
    world = World(SCHEMA)
    state = ViewState(SCHEMA, 1, interpolate_tables(SCHEMA, world.capture(), world.capture(), 0.5))
    assert state.entities(Bird) == []
