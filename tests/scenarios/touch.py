"""What players feel of a ball at their feet, over simulated links on a fake clock: the figures of docs/guide/touch.md.

`python -m tests.scenarios.touch` prints them, each with bodies predicted and not; `--quick` takes a sixth of the time.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameserver.room.kind import make_kind
from gameserver.testing.simulation import Simulation
from tests.support.sim.football import BALL_RADIUS, DISC_RADIUS, HEIGHT, WIDTH, Ball, Football, Push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.testing.simulation import SimClient

FRAME_S = 1 / 60
APART = DISC_RADIUS + BALL_RADIUS
LINKS = ((0.0, 0.0), (0.1, 0.02), (0.15, 0.03))
NEAR = 2.0
"""So near, in pixels, disc and ball touch."""
TURN_FRAMES = 150
CHANGED = 0.1
"""From so many pixels on a ball is drawn elsewhere."""
COST = Path(__file__).parents[2] / "bench/js/touch_cost.mjs"


@dataclass
class Felt:
    """What one player has seen."""

    deepest: float = 0.0
    touching: int = 0
    """Frames in which the own disc and the ball touch."""
    errors: list[float] = field(default_factory=list)
    """How far each correction moved the ball that is drawn."""
    steps: list[float] = field(default_factory=list)
    """How far the ball moved from one frame to the next, beyond what its speed explains."""


class Dribbler:
    """A player who follows the ball that it sees, and looks for another way to it now and then.

    Args:
        rig: The simulation.
        goal_x: To which side it pushes the ball; None: wherever.
        predicted: Whether its client predicts the bodies near its avatar.
        seed: Of its decisions.
    """

    def __init__(self, rig: Simulation, *, goal_x: float | None = None, predicted: bool = True, seed: int = 1) -> None:
        self.rig, self.goal_x = rig, goal_x
        self.random = random.Random(seed)
        self.client = rig.client()
        if not predicted:
            self.client.core.options = replace(self.client.core.options, predict_world=None)
        self.felt = Felt()
        self._ball: tuple[float, ...] | None = None
        self._seen = 0

    def frame(self) -> None:
        """Look, and decide what to do until the next frame."""
        seen = self.look()
        if seen is not None:
            self.client.core.set_controls(self._decide(*seen))

    def look(self) -> tuple[Any, float, float] | None:
        """Draw and measure; return the own disc and where the ball is."""
        replica = self.client.replica
        drawn, own = replica.draw(self.rig.now_s), replica.draw_avatar(self.rig.now_s)
        if drawn is None or own is None or not len(drawn.tables[1]):
            return None
        x, y, vx, vy = (float(drawn.tables[1].column(name)[0]) for name in ("x", "y", "vx", "vy"))
        overlap = APART - math.hypot(x - own.x, y - own.y)
        self.felt.deepest = max(self.felt.deepest, overlap)
        self.felt.touching += overlap > -NEAR
        self._measure(x, y, vx, vy, float(drawn.tables[1].column("jumps")[0]))
        return own, x, y

    def _measure(self, x: float, y: float, vx: float, vy: float, jumps: float) -> None:
        world = self.client.replica.world
        if self._ball is not None and self._ball[4] == jumps:
            speed = max(math.hypot(vx, vy), math.hypot(self._ball[2], self._ball[3]))
            way = math.hypot(x - self._ball[0], y - self._ball[1])
            self.felt.steps.append(max(0.0, way - speed * FRAME_S))
        self._ball = (x, y, vx, vy, jumps)
        if world is None:
            return
        stats = world.stats["Ball"]
        if stats.corrections > self._seen:
            self._seen = stats.corrections
            self.felt.errors.append(stats.units)

    def _decide(self, own: Any, x: float, y: float) -> Push:
        if self.random.random() < 0.01:
            return Push(dx=self.random.randint(-1, 1), dy=self.random.randint(-1, 1))
        aim_x, aim_y = x, y
        if self.goal_x is not None and (x - own.x) * (self.goal_x - x) < 0.0:
            aim_x = x - math.copysign(APART + 30.0, self.goal_x - x)
            aim_y = y + math.copysign(APART + 10.0, HEIGHT / 2 - y)
        return Push(dx=_sign(aim_x - own.x), dy=_sign(aim_y - own.y))


def _sign(value: float) -> int:
    return (value > 8.0) - (value < -8.0)


def dribble(delay_s: float, jitter_s: float, seconds: float, *, predicted: bool) -> tuple[Dribbler, int]:
    """Let one player dribble alone; return it, and how often its own disc was corrected."""
    rig = Simulation(Football, delay_s=delay_s, jitter_s=jitter_s)
    player = Dribbler(rig, predicted=predicted)
    rig.run(4.0)
    before = player.client.replica.corrections
    for frame in range(round(seconds / FRAME_S)):
        if frame % TURN_FRAMES == 0:  # to and fro, or the ball would soon stand in a corner for good
            player.goal_x = 0.2 * WIDTH if player.goal_x == 0.8 * WIDTH else 0.8 * WIDTH
        rig.run(FRAME_S)
        player.frame()
    return player, player.client.replica.corrections - before


def contest(
    delay_s: float,
    jitter_s: float,
    seconds: float,
    *,
    predicted: bool,
    seed: int = 1,
    clients: list[SimClient] | None = None,
) -> list[Dribbler]:
    """Let two players push one ball to opposite sides; return them.

    Args:
        delay_s: Of both links, each way.
        jitter_s: Of both links.
        seconds: How long.
        predicted: Whether their clients predict the bodies near their avatars.
        seed: Of the links and of what the players decide.
        clients: A list that gets their clients before they play.
    """
    rig = Simulation(Football, delay_s=delay_s, jitter_s=jitter_s, seed=seed)
    players = [Dribbler(rig, goal_x=WIDTH, predicted=predicted, seed=2 * seed - 1)]
    rig.run(2.0)
    players.append(Dribbler(rig, goal_x=0.0, predicted=predicted, seed=2 * seed))
    if clients is not None:
        clients.extend(player.client for player in players)
    rig.run(4.0)
    for frame in range(round(seconds / FRAME_S)):
        rig.run(FRAME_S)
        for player in players:
            player.frame()
        if frame % 600 == 599:  # back to the middle, before both stand in a corner for good
            (ball,) = rig.engine.world.entities(Ball)
            rig.engine.room.teleport(ball, x=WIDTH / 2, y=HEIGHT / 2, vx=0.0, vy=0.0)
    return players


def first_change(delay_s: float, *, predicted: bool, presses: int = 4) -> list[int]:
    """Return after how many frames the ball that rests at the disc is drawn elsewhere, for each of some key presses."""
    found = []
    for seed in range(presses):
        rig = Simulation(Football, delay_s=delay_s, jitter_s=delay_s / 5, seed=seed + 1)
        player = Dribbler(rig, predicted=predicted)
        rig.run(3.0)
        (ball,) = rig.engine.world.entities(Ball)
        own = player.client.replica.predictor
        assert own is not None
        ball.x, ball.y = own.avatar.x + APART + 1 / 64, own.avatar.y
        rig.run(2.0 + seed / 100)
        before = _ball_x(player, rig)
        player.client.core.set_controls(Push(dx=1))
        frames = 0
        while abs(_ball_x(player, rig) - before) < CHANGED:
            rig.run(FRAME_S)
            frames += 1
        found.append(frames)
    return found


def _ball_x(player: Dribbler, rig: Simulation) -> float:
    drawn = player.client.replica.draw(rig.now_s)
    assert drawn is not None
    return float(drawn.tables[1].column("x")[0])


def cost() -> str:
    """Return what the SDK's side says of its costs, in Node."""
    kind = make_kind(Football)
    assert kind.step is not None
    node = shutil.which("node")
    if node is None:
        return "there is no node on the PATH"
    job = json.dumps({"schema": kind.schema.to_wire(), "module": kind.step.text})
    # The optimiser otherwise works beside the program, and what it knows when it compiles a function is a matter of
    # chance: one run in three left 16 bytes a body more than the others.
    flags = ["--expose-gc", "--max-semi-space-size=64", "--no-concurrent-recompilation"]
    return subprocess.run([node, *flags, str(COST)], input=job, capture_output=True, text=True, check=True).stdout


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values is; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    seconds = 10.0 if parser.parse_args().quick else 60.0
    _say(f"dribbling alone for {seconds:g} s")
    for delay_s, jitter_s in LINKS:
        for predicted in (True, False):
            player, own = dribble(delay_s, jitter_s, seconds, predicted=predicted)
            world = player.client.replica.world
            balls = "" if world is None else f", {world.stats['Ball'].corrections} corrections of the ball"
            _say(
                f"  {delay_s * 1000:3.0f} ± {jitter_s * 1000:2.0f} ms, {_mode(predicted)}: deepest overlap "
                f"{player.felt.deepest:5.2f} px, {player.felt.touching} frames in touch, {own} corrections of the own "
                f"disc{balls}"
            )
    _say("key press to the ball's first changed pixel, frames")
    for delay_s, _ in LINKS:
        for predicted in (True, False):
            _say(f"  {delay_s * 1000:3.0f} ms, {_mode(predicted)}: {first_change(delay_s, predicted=predicted)}")
    seconds /= 2
    _say(f"two players push one ball to opposite sides for {seconds:g} s")
    for delay_s, jitter_s in LINKS[1:]:
        for predicted in (True, False):
            for player in contest(delay_s, jitter_s, seconds, predicted=predicted):
                felt = player.felt
                _say(
                    f"  {delay_s * 1000:3.0f} ± {jitter_s * 1000:2.0f} ms, {_mode(predicted)}: "
                    f"{len(felt.errors)} corrections of the ball, median {percentile(felt.errors, 0.5):.2f}, "
                    f"p99 {percentile(felt.errors, 0.99):.1f}, largest {max(felt.errors, default=0.0):.1f} px; "
                    f"beyond its speed the ball moved at most {max(felt.steps):.1f} px in a frame; deepest overlap "
                    f"{felt.deepest:.1f} px"
                )
    _say(cost().rstrip())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _mode(predicted: bool) -> str:
    return "predicted" if predicted else "not predicted"


if __name__ == "__main__":
    main()
