"""Shots that their player's client spawns ahead of the server, and the bodies that they hit in its present."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gameserver.client.predicted_world import PredictedWorld
from gameserver.client.session_events import Withdrawn
from gameserver.testing.simulation import Simulation
from tests.scenarios.touch import FRAME_S
from tests.support.sim.football import BALL_RADIUS, HEIGHT, Ball
from tests.support.sim.shooting import GUN_X, RELOAD_TICKS, SHOT_SPEED, Shooting, Trigger, shot_of

if TYPE_CHECKING:
    import pytest

    from gameserver.client.session_events import PredictedTick

ROUND_TRIP_FRAMES = 18


class Marksman:
    """A player who fires once at a ball, and looks.

    Args:
        away: How far the ball is from the gun.
    """

    def __init__(self, away: float) -> None:
        self.rig = Simulation(Shooting, delay_s=0.15, jitter_s=0.02)
        self.client = self.rig.client()
        self.client.core.options = replace(self.client.core.options, on_predicted=self._fired)
        self.shots: list[Any] = []
        self.rig.run(3.0)
        self.rig.engine.world.spawn(Ball, x=GUN_X + away, y=HEIGHT / 2)
        self.rig.run(1.0)

    def _fired(self, tick: PredictedTick) -> None:
        if tick.avatar.wait == RELOAD_TICKS:
            self.shots.append(self.client.seat.spawn(tick, "Shot", shot_of(tick.avatar), lambda _: True))

    def fire(self, frames: int) -> list[tuple[float, float | None]]:
        """Press the key; return where the ball, and the shot if there is one, are drawn in each frame."""
        self.client.core.set_controls(Trigger(fire=True))
        seen = []
        for _ in range(frames):
            self.rig.run(FRAME_S)
            self.client.core.set_controls(Trigger())
            drawn = self.client.replica.draw(self.rig.now_s)
            assert drawn is not None
            spawns: tuple[Any, ...] = drawn.spawns
            shots = [shot.x for shot in spawns] + drawn.tables[2].column("x").tolist()
            assert len(shots) < 2, "one shot is drawn once"
            seen.append((float(drawn.tables[1].column("x")[0]), shots[0] if shots else None))
        return seen

    @property
    def corrections(self) -> int:
        world = self.client.replica.world
        assert world is not None
        return sum(stats.corrections for stats in world.stats.values())


def first_move(seen: list[tuple[float, float | None]]) -> int:
    """Return the first frame in which the ball is drawn elsewhere."""
    return next(frame for frame, (ball, _) in enumerate(seen) if abs(ball - seen[0][0]) > 0.1)


def test_a_shot_hits_a_ball_at_once_before_the_server_knows_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    marksman = Marksman(away=100.0)
    seen = marksman.fire(90)
    flight_frames = (100.0 - BALL_RADIUS) / SHOT_SPEED * 60
    assert flight_frames - 1 <= first_move(seen) <= flight_frames + 4 < ROUND_TRIP_FRAMES
    assert seen[-1][0] > seen[0][0] + 100.0
    assert marksman.corrections == 0
    assert len(marksman.shots) == 1
    assert not marksman.client.replica.spawns.withdrawn
    monkeypatch.setattr(PredictedWorld, "holds", lambda *_: False)
    assert first_move(Marksman(away=100.0).fire(90)) > ROUND_TRIP_FRAMES


def test_a_shot_that_flies_for_longer_becomes_the_servers_without_a_jump() -> None:
    marksman = Marksman(away=500.0)
    seen = marksman.fire(90)
    assert marksman.shots[0].id > 0
    places = [shot for _, shot in seen if shot is not None]
    assert len(places) > 40
    steps = [after - before for before, after in pairwise(places)]
    assert max(steps) <= SHOT_SPEED * FRAME_S * 1.2
    assert min(steps) >= -0.1
    assert abs(places[-1] - (GUN_X + 500.0)) <= BALL_RADIUS + 12.0, "it is drawn until it hits"
    assert marksman.corrections == 0


def test_a_shot_that_the_server_does_not_fire_is_taken_back_and_the_ball_with_it() -> None:
    marksman = Marksman(away=100.0)
    (gun,) = [player.avatar for player in marksman.rig.engine.room.players]
    gun.wait = RELOAD_TICKS - 1  # the server's gun is not loaded any more, which the client does not know yet
    seen = marksman.fire(60)
    moved = max(abs(ball - seen[0][0]) for ball, _ in seen)
    assert moved > 5.0
    assert abs(seen[-1][0] - seen[0][0]) < 1.0
    assert len(marksman.client.of(Withdrawn)) == 1
    assert seen[-1][1] is None


def test_a_shot_that_flies_out_of_reach_goes_on_in_its_players_present() -> None:
    marksman = Marksman(away=2000.0)
    places = [shot for _, shot in marksman.fire(150) if shot is not None]
    steps = [after - before for before, after in pairwise(places)]
    assert places[-1] > GUN_X + 1200.0
    assert max(steps) <= SHOT_SPEED * FRAME_S * 1.2
    assert min(steps) > 0.0


def test_a_shot_of_a_frame_that_was_never_sent_does_not_hang_in_the_air() -> None:
    marksman = Marksman(away=2000.0)
    marksman.client.core.set_controls(Trigger(fire=True))
    while not marksman.shots:
        marksman.rig.run(FRAME_S)
    replica = marksman.client.replica
    assert replica.world is not None
    bodies = len(replica.world)
    replica.drop(marksman.client.seat.frames.recent[-1].seq)
    assert len(replica.world) == bodies - 1
