"""Brains: what decides which controls a bot holds."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import pytest

from gameserver.bots.brains import BRAINS, Chase, Perception, Wander
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float
from gameserver.state.inputs import Inputs
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from tests.support.bot_ships import Ship
from tests.support.sim.flight import Controls


class Lamp(Entity):
    lit = Flag()


class Mouse(Inputs):
    steer = Flag()
    aim = Angle(steps=1024)
    power = Float(step=1 / 8, min=-1.0, max=1.0)
    gear = Choice("low", "high")


def perception(inputs: type[Inputs], *ships: dict[str, Any], avatar: int | None = 1) -> Perception:
    schema = Schema([Lamp, Ship], inputs)
    world = World(schema)
    for ship in ships:
        world.spawn(Ship, **ship)
    return Perception(ViewState(schema, 1, world.capture()), avatar, inputs.inputs_type)


@pytest.mark.parametrize("name", sorted(BRAINS))
@pytest.mark.parametrize("inputs", [Controls, Mouse, Inputs])
def test_every_brain_plays_any_room(name: str, inputs: type[Inputs]) -> None:
    brain = BRAINS[name](random.Random(1))
    for scene in (perception(inputs, avatar=None), perception(inputs, {}), perception(inputs, {}, {"x": 9.0})):
        for _ in range(50):
            controls = brain.decide(scene)
            assert controls is not None
            codes = inputs.inputs_type.to_codes(controls)
            assert all(lo <= code <= hi for code, (lo, hi) in zip(codes, inputs.inputs_type.ranges, strict=True))


def test_wander_tries_all_controls_and_holds_each_for_a_while() -> None:
    brain, scene = Wander(random.Random(1)), perception(Controls)
    held = [Controls.inputs_type.to_codes(brain.decide(scene) or Controls()) for _ in range(2000)]
    changes = sum(a != b for a, b in pairwise(held))
    assert {codes[0] for codes in held} == {-1, 0, 1}
    assert 50 < changes < 500


def test_wander_decides_the_same_with_the_same_seed() -> None:
    one, other = Wander(random.Random("7/3")), Wander(random.Random("7/3"))
    scene = perception(Mouse)
    for _ in range(100):
        assert one.decide(scene) == other.decide(scene)


def test_chase_aims_at_the_nearest_other_avatar_that_lives() -> None:
    scene = perception(Mouse, {}, {"x": 100.0}, {"x": 0.0, "y": 50.0}, {"x": 1.0, "dead": True})
    controls = Chase(random.Random(1)).decide(scene)
    assert isinstance(controls, Mouse)
    assert controls.steer
    assert controls.aim == pytest.approx(math.pi / 2)


@pytest.mark.parametrize(("heading", "turn"), [(0.0, 1), (math.pi, -1), (math.pi / 2, 0)])
def test_chase_turns_the_shorter_way_and_fires_when_it_faces_its_target(heading: float, turn: int) -> None:
    scene = perception(Controls, {"angle": heading}, {"y": 80.0})
    controls = Chase(random.Random(1)).decide(scene)
    assert isinstance(controls, Controls)
    assert controls.turn == turn
    assert controls.fire == (turn == 0)


def test_chase_releases_the_throttle_now_and_then() -> None:
    brain, scene = Chase(random.Random(1)), perception(Controls, {"angle": math.pi / 2}, {"y": 80.0})
    thrusts = [getattr(brain.decide(scene), "thrust", None) for _ in range(300)]
    assert 0.6 < thrusts.count(True) / 300 < 0.95


def test_chase_wanders_without_an_avatar() -> None:
    scene = perception(Controls, {}, {}, avatar=77)
    assert scene.avatar() is None
    assert Chase(random.Random(1)).decide(scene) is not None
