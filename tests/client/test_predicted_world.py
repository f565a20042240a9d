"""What a player spawns into the predicted world: it takes part, goes on without it, and leaves nothing behind."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gameserver.client.predicted_world import PredictedWorld
from gameserver.client.spawns import PredictedSpawns
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from tests.support.sim.football import BALL_DRAG, Ball, Disc, Football, Push, glide

TICK_HZ = 60
TICK_S = 1 / TICK_HZ
SPEED = 240.0
SCHEMA = Schema([Disc, Ball], Push)


class Scene:
    """A disc at rest that shoots balls, and its client."""

    def __init__(self) -> None:
        assert Football.predict_world is not None
        self.server = World(SCHEMA)
        self.own = self.server.spawn(Disc, x=400.0, y=450.0)
        self.avatar = Disc(x=400.0, y=450.0)
        self.avatar.id = self.own.id
        self.world: PredictedWorld | None = PredictedWorld(SCHEMA, Football.predict_world, glide, TICK_HZ)
        self.spawns = PredictedSpawns(SCHEMA, TICK_S)
        self.seq, self.now_s = 0, 10.0
        self.state(0)

    def state(self, seq: int) -> None:
        """Take a state in which frame `seq` is the newest consumed one."""
        assert self.world is not None
        self.view = ViewState(SCHEMA, self.seq + 1, self.server.capture())
        self.spawns.reconcile(self.view, seq, self.now_s + (seq - self.seq + 1) * TICK_S, self.world)
        self.world.take(seq, self.view, self.avatar, self.now_s)
        for again in range(seq + 1, self.seq + 1):
            self.world.touch(self.avatar, Push(), again)
        self.world.settle(self.now_s)

    def tick(self) -> None:
        self.seq, self.now_s = self.seq + 1, self.now_s + TICK_S
        if self.world is not None:
            self.world.touch(self.avatar, Push(), self.seq)
            self.world.ticked(self.now_s, TICK_S)

    def shoot(self, **values: float) -> Any:
        """Spawn a ball ahead of the server, in the newest frame."""
        ball = {"x": 500.0, "y": 450.0, "vx": SPEED, **values}
        return self.spawns.add(
            "Ball",
            ball,
            seq=self.seq,
            at_s=self.now_s + TICK_S,
            match=lambda _: True,
            view=self.view,
            world=self.world,
        )

    def steps(self, ball: Any, ticks: int) -> list[float]:
        """Tick and draw; return how far a ball moves in each frame."""
        steps = []
        for _ in range(ticks):
            before = ball.x
            self.tick()
            drawn, hidden = self.spawns.draw(self.seq - 12, self.now_s, self.world)
            assert drawn == [ball]
            assert ball.id in hidden
            steps.append(ball.x - before)
        return steps


def is_smooth(steps: list[float]) -> bool:
    """Whether each is at most what the speed explains, and at least what is left of it by the drag."""
    return all(SPEED * TICK_S * (1.0 - BALL_DRAG) < step < SPEED * TICK_S * 1.3 for step in steps)


def test_after_a_lost_link_what_is_spawned_takes_part_before_the_first_state() -> None:
    scene = Scene()
    assert scene.world is not None
    scene.world.clear()
    scene.spawns.clear()
    scene.tick()
    ball = scene.shoot()
    assert is_smooth(scene.steps(ball, 8)[2:])


def test_an_adopted_one_goes_on_where_it_is_drawn_when_there_is_no_predicted_world_any_more() -> None:
    scene = Scene()
    scene.tick()
    ball = scene.shoot()
    fired = scene.seq
    scene.steps(ball, 6)
    real = scene.server.spawn(Ball, x=500.0, y=450.0, vx=SPEED)
    scene.state(fired)
    assert ball.id == real.id
    assert is_smooth(scene.steps(ball, 6))
    scene.world = None
    assert is_smooth(scene.steps(ball, 6))


def test_one_that_adopts_what_an_earlier_state_had_goes_on_where_it_is_drawn() -> None:
    scene = Scene()
    scene.tick()
    ball = scene.shoot()
    fired = scene.seq
    scene.steps(ball, 6)
    real = scene.server.spawn(Ball, x=450.0, y=450.0)
    scene.state(0)
    real.x, real.vx = 500.0, SPEED
    scene.state(fired)
    assert ball.id == real.id
    assert scene.world is not None
    assert len(scene.world) == 1
    assert is_smooth(scene.steps(ball, 6))


def test_a_value_that_no_field_can_hold_is_refused_and_nothing_of_it_is_kept() -> None:
    scene = Scene()
    assert scene.world is not None
    scene.tick()
    with pytest.raises(ValueError, match="NaN"):
        scene.shoot(x=math.nan)
    with pytest.raises(OverflowError):
        scene.shoot(x=math.inf)
    assert len(scene.spawns) == len(scene.world) == 0


def test_what_a_frame_that_was_never_sent_has_spawned_flies_on_and_is_withdrawn_by_a_later_frames_state() -> None:
    scene = Scene()
    assert scene.world is not None
    scene.tick()
    ball = scene.shoot()
    scene.world.drop(scene.seq)
    assert len(scene.world) == 0
    scene.tick()
    scene.state(0)
    assert is_smooth(scene.steps(ball, 8)[2:])
    scene.state(scene.seq)
    assert scene.spawns.draw(scene.seq, scene.now_s, scene.world)[0] == []
    assert scene.spawns.withdrawn == [ball]
