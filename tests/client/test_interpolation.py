"""What is drawn between snapshots, and beyond the last."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.interpolation import Interpolator
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.snapshot import Snapshot
from tests.support.ships import Ghost, Ship, Wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.drawn import Drawn
    from gameserver.state.entity import Entity

TICK_HZ = 60


SCHEMA = Schema([Ship, Wheel, Ghost])
GHOSTS = 2


@dataclass
class Scene:
    """A world that a test moves by hand, and an interpolator that sees it at the ticks the test chooses."""

    world: World
    seen: Interpolator

    def show(self, tick: int) -> None:
        self.seen.add(Snapshot(tick, self.world.capture()))

    def draw(self, tick: float) -> Drawn:
        drawn = self.seen.draw(tick / TICK_HZ)
        assert drawn is not None
        return drawn

    def value(self, name: str, tick: float, table: int = 0) -> float:
        return float(self.draw(tick).tables[table].column(name)[0])


def make_scene() -> Scene:
    return Scene(World(SCHEMA), Interpolator(SCHEMA, TICK_HZ))


def move(before: dict[str, Any], after: dict[str, Any], cls: type[Entity] = Ship, *, ticks: int = 6) -> Scene:
    """A scene with one entity, `before` at tick 0 and `after` at tick `ticks`."""
    scene = make_scene()
    entity = scene.world.spawn(cls, **before)
    scene.show(0)
    for name, value in after.items():
        setattr(entity, name, value)
    scene.show(ticks)
    return scene


def test_nothing_is_drawn_before_the_first_snapshot() -> None:
    assert make_scene().seen.draw(1.0) is None


def test_a_single_snapshot_is_drawn_as_it_is_at_earlier_moments() -> None:
    scene = make_scene()
    scene.world.spawn(Ship, x=10.0, vx=60.0)
    scene.show(100)
    assert scene.value("x", 90) == 10.0


def test_steady_motion_is_drawn_at_its_speed() -> None:
    scene = move({"x": 0.0, "vx": 60.0}, {"x": 6.0, "vx": 60.0})
    for tick in range(6):
        assert scene.value("x", tick) == pytest.approx(tick)


def test_a_rate_makes_the_motion_a_curve_that_starts_and_ends_at_that_speed() -> None:
    braking = move({"x": 0.0, "vx": 60.0}, {"x": 3.0, "vx": 0.0})
    positions = [braking.value("x", tick) for tick in np.linspace(0, 5.999, 30)]
    steps = np.diff(positions)
    assert steps[0] == pytest.approx(6 * 5.999 / 6 / 29, rel=0.05)
    assert steps[-1] == pytest.approx(0.0, abs=0.02)
    assert all(steps >= -1e-9)


def test_without_a_rate_a_float_moves_on_a_line() -> None:
    scene = move({"heat": 0.0}, {"heat": 3.0})
    assert [scene.value("heat", tick) for tick in (0, 2, 4)] == pytest.approx([0.0, 1.0, 2.0])


@pytest.mark.parametrize(("start", "end", "middle"), [(0.2, 2 * pi - 0.2, 0.0), (2 * pi - 0.4, 0.2, 2 * pi - 0.1)])
def test_angles_turn_the_short_way(start: float, end: float, middle: float) -> None:
    scene = move({"heading": start}, {"heading": end})
    assert (scene.value("heading", 3) - middle + pi) % (2 * pi) == pytest.approx(pi, abs=0.002)


def test_a_wheel_that_turns_more_than_half_between_snapshots_is_drawn_turning_so() -> None:
    spin = 1.5 * pi * 10  # three quarters of a turn in a tenth of a second
    scene = move({"turn": 0.0, "spin": spin}, {"turn": 1.5 * pi, "spin": spin}, Wheel)
    assert scene.value("turn", 2, table=1) == pytest.approx(0.5 * pi, abs=0.01)
    assert scene.value("turn", 4, table=1) == pytest.approx(pi, abs=0.01)


def test_what_does_not_move_steps_with_the_snapshot() -> None:
    scene = move({"hp": 100, "thrusting": False, "name": "Ada"}, {"hp": 40, "thrusting": True, "name": "Bob"})
    was, at = scene.draw(5.999).tables[0], scene.draw(6).tables[0]
    assert (was.column("hp")[0], was.column("thrusting")[0], was.objects[0][0]) == (100, 0, "Ada")
    assert (at.column("hp")[0], at.column("thrusting")[0], at.objects[0][0]) == (40, 1, "Bob")


def test_entities_come_and_go_with_the_snapshot_that_says_so() -> None:
    scene = make_scene()
    leaving = scene.world.spawn(Ship, x=5.0, vx=60.0)
    scene.show(0)
    scene.world.despawn(leaving)
    scene.world.spawn(Ship, x=9.0)
    scene.show(6)
    before = scene.draw(5.9).tables[0]
    assert before.ids.tolist() == [1]
    assert before.column("x")[0] == pytest.approx(5.0 + 5.9, abs=0.01), "it flies on until it is gone"
    assert scene.draw(6).tables[0].ids.tolist() == [2]


def test_others_move_on_while_one_comes_and_one_goes() -> None:
    scene = make_scene()
    gone, stays = scene.world.spawn(Ship), scene.world.spawn(Ship, x=0.0, vx=60.0)
    scene.show(0)
    scene.world.despawn(gone)
    scene.world.spawn(Ship)
    stays.x = 6.0
    scene.show(6)
    drawn = scene.draw(3).tables[0]
    assert drawn.ids.tolist() == [1, 2]
    assert drawn.column("x")[1] == pytest.approx(3.0)


def test_beyond_the_last_snapshot_motion_goes_on_for_a_quarter_second_only() -> None:
    scene = make_scene()
    scene.world.spawn(Ship, x=0.0, vx=60.0)
    scene.show(0)
    assert scene.value("x", 12) == pytest.approx(12.0)
    assert scene.value("x", 15) == pytest.approx(15.0)
    assert scene.value("x", 600) == pytest.approx(15.0)


def test_motion_beyond_the_last_snapshot_stays_in_range() -> None:
    scene = make_scene()
    scene.world.spawn(Ship, x=1999.0, vx=60.0)
    scene.show(0)
    assert scene.value("x", 12) == 2000.0


def test_motion_that_ends_is_drawn_at_rest_at_its_exact_end() -> None:
    scene = move({"x": 0.0, "vx": 60.0}, {"x": 5.328125, "vx": 0.0})
    scene.show(9)
    for tick in (6, 6.3, 7.77, 9, 11.5, 500):
        assert scene.value("x", tick) == 5.328125


def test_what_was_put_elsewhere_is_not_drawn_on_the_way() -> None:
    scene = move({"x": -900.0, "vx": 0.0, "heading": 0.0}, {"x": 900.0, "vx": 0.0, "heading": 1.0})
    assert scene.value("x", 5.9) == -900.0
    assert scene.value("heading", 5.9) == 0.0
    assert scene.value("x", 6) == 900.0


def test_what_the_author_says_was_put_elsewhere_is_not_drawn_on_the_way_however_near() -> None:
    scene = move({"x": 0.0, "vx": 6.0, "heading": 0.0}, {"x": 2.0, "vx": 0.0, "heading": 1.0, "gates": 1}, Ghost)
    assert scene.value("x", 5.9, GHOSTS) == pytest.approx(0.59)
    assert scene.value("heading", 5.9, GHOSTS) == 0.0
    assert scene.value("x", 6, GHOSTS) == 2.0


def test_a_type_that_counts_its_jumps_is_taken_at_its_word_however_far_it_moves() -> None:
    scene = move({"x": -900.0}, {"x": 900.0}, Ghost)
    assert scene.value("x", 3, GHOSTS) == pytest.approx(0.0)


def test_a_fast_start_is_no_jump() -> None:
    scene = move({"x": 0.0, "vx": 0.0}, {"x": 30.0, "vx": 600.0})
    assert 0.0 < scene.value("x", 3) < 30.0


def test_a_client_that_joined_anew_draws_the_new_room() -> None:
    scene = move({"x": 0.0}, {"x": 1.0}, ticks=600)
    scene.world.capture()
    scene.seen.add(Snapshot(3, scene.world.capture()))
    assert len(scene.seen) == 1


def test_snapshots_that_are_no_longer_needed_are_let_go() -> None:
    scene = make_scene()
    for tick in range(0, 300, 3):
        scene.show(tick)
    assert len(scene.seen) == 64
    scene.draw(290)
    assert len(scene.seen) == 4


def steady_pose(x: float, vx: float) -> Callable[[float], float]:
    return lambda seconds: x + vx * seconds


@given(x=st.floats(-500, 500), vx=st.floats(-400, 400), tick=st.floats(0, 18))
def test_drawn_motion_follows_real_motion_within_the_grid(x: float, vx: float, tick: float) -> None:
    scene = make_scene()
    ship = scene.world.spawn(Ship, x=x, vx=vx)
    scene.show(0)
    real = steady_pose(ship.x, ship.vx)
    for at in range(3, 21, 3):
        ship.x = real(at / TICK_HZ)
        scene.show(at)
    assert scene.value("x", tick) == pytest.approx(real(tick / TICK_HZ), abs=1 / 32)
