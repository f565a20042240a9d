"""What the own actions spawn: there at once, adopted by the server's, or withdrawn."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gameserver.client.spawns import MAX_WAIT_S, PredictedSpawns
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Float, Int
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from tests.support.ships import Ship


class Shot(Entity):
    x = Float(step=1 / 64, max=500.0)
    vx = Float(step=1 / 16, rate_of="x")
    turn = Angle(steps=1024)
    spin = Float(step=1 / 64, rate_of="turn")
    damage = Int(0, 100)


SCHEMA = Schema([Ship, Shot])
TICK_S = 1 / 60


class Scene:
    """A room that a test moves by hand, and the spawns of one client."""

    def __init__(self) -> None:
        self.world = World(SCHEMA)
        self.world.spawn(Ship)
        self.spawns = PredictedSpawns(SCHEMA, TICK_S)
        self.tick = 0
        self.view = self.look()

    def look(self) -> ViewState:
        self.tick += 1
        self.view = ViewState(SCHEMA, self.tick, self.world.capture())
        return self.view

    def fire(
        self, *, seq: int = 5, at_s: float = 1.0, match: Any = lambda _: True, rewound: bool = False, **values: Any
    ) -> Any:
        shot = {"x": 0.0, "vx": 100.0, **values}
        return self.spawns.add("Shot", shot, seq=seq, at_s=at_s, match=match, view=self.view, rewound=rewound)

    def drawn(self, now_s: float) -> list[Any]:
        return self.spawns.draw(self.tick - 6, now_s)[0]

    def hidden(self, now_s: float = 1.0) -> set[int]:
        return self.spawns.draw(self.tick - 6, now_s)[1]


def test_a_spawn_is_there_at_once_and_moves_by_its_rates() -> None:
    scene = Scene()
    shot = scene.fire(turn=1.0, spin=2.0, damage=7)
    assert shot.id < 0
    assert scene.drawn(1.0) == [shot]
    scene.drawn(1.5)
    assert shot.x == pytest.approx(50.0)
    assert shot.turn == pytest.approx(2.0)
    assert shot.damage == 7
    scene.drawn(2.9)
    assert shot.x == pytest.approx(190.0)


def test_it_stays_in_its_range() -> None:
    scene = Scene()
    shot = scene.fire(vx=1000.0)
    scene.drawn(2.9)
    assert shot.x == 500.0


def test_the_servers_own_takes_its_place_without_a_jump() -> None:
    scene = Scene()
    shot = scene.fire()
    scene.drawn(1.1)
    real = scene.world.spawn(Shot, x=1.0, vx=100.0, damage=30)
    scene.spawns.reconcile(scene.look(), 5, 1.0)
    assert shot.id == real.id
    assert shot.damage == 30
    assert scene.hidden(1.1) == {real.id}, "the one in the past is not drawn beside it"
    assert shot.x == pytest.approx(10.0), "at that instant it is where it was"
    scene.drawn(1.2)
    assert shot.x == pytest.approx(21.0 - math.exp(-1.0), abs=0.01)
    scene.drawn(2.0)
    assert shot.x == pytest.approx(101.0, abs=0.01)
    assert scene.spawns.withdrawn == []


def test_nothing_is_decided_before_its_frame_was_consumed() -> None:
    scene = Scene()
    shot = scene.fire(seq=5)
    scene.spawns.reconcile(scene.look(), 4, None)
    assert scene.drawn(1.0) == [shot]
    assert scene.spawns.withdrawn == []


def test_what_the_server_did_not_spawn_is_withdrawn() -> None:
    scene = Scene()
    shot = scene.fire(seq=5)
    scene.spawns.reconcile(scene.look(), 6, None)
    assert scene.drawn(1.0) == []
    assert scene.spawns.withdrawn == [shot]


def test_only_what_matches_and_did_not_exist_before_is_adopted() -> None:
    scene = Scene()
    older = scene.world.spawn(Shot, damage=30)
    scene.look()
    one, two = (scene.fire(seq=5, match=lambda shot: shot.damage == 30) for _ in range(2))
    scene.world.spawn(Shot, damage=1)
    real = scene.world.spawn(Shot, damage=30)
    scene.spawns.reconcile(scene.look(), 5, 1.0)
    assert one.id == real.id != older.id
    assert scene.spawns.withdrawn == [two], "each one of the server's is adopted once"


def test_an_adopted_one_follows_the_server_and_ends_with_it() -> None:
    scene = Scene()
    shot = scene.fire()
    real = scene.world.spawn(Shot, vx=100.0)
    scene.spawns.reconcile(scene.look(), 5, 1.0)
    real.vx = -100.0
    scene.spawns.reconcile(scene.look(), 8, 1.2)
    scene.drawn(3.0)
    assert shot.x == pytest.approx(-180.0, abs=0.1)
    scene.world.despawn(real)
    scene.spawns.reconcile(scene.look(), 11, 1.4)
    assert scene.drawn(3.0) == []
    assert scene.hidden(3.0) == {real.id}, "the past that is drawn still holds it"
    scene.tick += 10
    assert scene.hidden(3.0) == set()


def test_one_that_the_rules_rewind_is_drawn_among_the_others_once_it_is_adopted() -> None:
    """The room took it 12 ticks along at once: so far it has flown on the player's screen when the others are there."""
    scene = Scene()
    scene.tick = 100
    shot = scene.fire(rewound=True)
    draw = scene.spawns.draw
    draw(94, 1.0 + 5 * TICK_S)
    assert shot.x == pytest.approx(500 * TICK_S), "until then in the player's own time"
    scene.world.spawn(Shot, x=1200 * TICK_S, vx=100.0)
    scene.spawns.reconcile(scene.look(), 5, 1.0)
    assert scene.tick == 101
    for own, others in ((6, 95), (9, 98), (12, 101), (14, 103)):
        draw(others, 1.0 + own * TICK_S)
        assert shot.x == pytest.approx((1200 + 100 * (others - 101)) * TICK_S, abs=0.02)


def test_a_rewound_one_ends_when_the_others_are_where_it_ended() -> None:
    scene = Scene()
    shot = scene.fire(rewound=True)
    real = scene.world.spawn(Shot, x=20.0, vx=100.0)
    scene.spawns.reconcile(scene.look(), 5, 1.0)
    scene.world.despawn(real)
    gone_at = scene.look().tick
    scene.spawns.reconcile(scene.view, 6, None)
    scene.spawns.reconcile(scene.look(), 7, None)
    assert scene.spawns.draw(gone_at - 0.1, 1.2) == ([shot], {real.id})
    assert scene.spawns.draw(gone_at, 1.3) == ([], set())


def test_one_that_no_state_decides_on_is_withdrawn() -> None:
    scene = Scene()
    shot = scene.fire(at_s=1.0)
    assert scene.drawn(1.0 + MAX_WAIT_S - 0.1) == [shot]
    assert scene.drawn(1.0 + MAX_WAIT_S) == []
    assert scene.spawns.withdrawn == [shot]


def test_a_lost_link_ends_them_all() -> None:
    scene = Scene()
    adopted, waiting = scene.fire(seq=5), scene.fire(seq=9)
    scene.world.spawn(Shot)
    scene.spawns.reconcile(scene.look(), 5, 1.0)
    scene.spawns.clear()
    assert len(scene.spawns) == 0
    assert scene.hidden() == set()
    assert scene.spawns.withdrawn == [waiting]
    assert adopted.id > 0


def test_what_the_room_does_not_have_is_refused() -> None:
    scene = Scene()
    with pytest.raises(TypeError, match="no field 'speed'"):
        scene.fire(speed=1.0)
    with pytest.raises(KeyError):
        scene.spawns.add("Boat", {}, seq=1, at_s=0.0, match=lambda _: True, view=scene.view)
