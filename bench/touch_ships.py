"""Whether it would help the arena to predict the ships near the own one.

    python -m bench.touch_ships

Two ships fly as the arena's do, at 100 ± 20 ms each way: both chase each other, or both hold random controls for 0.1 to
1.2 s, as people do. Ships of the arena do not touch; what counts is where a ship is drawn and where a shot at it is
judged. One that is interpolated is judged in the past that its player saw; one that is predicted, in its player's
present (docs/guide/lag-compensation.md, docs/guide/touch.md).
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gameserver import Angle, Flag, Int, Player, Room, Touch, shared
from gameserver.bots.brains import Chase, Perception, Wander
from gameserver.games.arena_flight import HEIGHT, SHIP_RADIUS, WIDTH, Controls, Ship, steer
from gameserver.testing.simulation import Simulation
from tests.scenarios.touch import percentile

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.bots.brains import Brain

DELAY_S, JITTER_S = 0.1, 0.02
SECONDS = 120.0
FRAME_S = 1 / 60
SHOWN = ("turn", "thrust", "brake", "steer", "aim")


class Flyer(Ship):
    turn = Int(-1, 1)
    thrust = Flag()
    brake = Flag()
    steer = Flag()
    aim = Angle(steps=1024)


@shared
def pass_by(one: Flyer, other: Flyer, dt: float) -> None:
    """Two ships do not touch."""


class Flight(Room[Controls]):
    tick_hz = 60
    snapshot_hz = 20
    predict = steer
    predict_world = Touch(3000, contacts=[(Flyer, Flyer, pass_by)], shows=SHOWN)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Flyer, owner=player, x=WIDTH / 2 + 200.0 * len(self.players), y=HEIGHT / 2)


@dataclass
class Seen:
    """How one client drew the other ship."""

    off: list[float] = field(default_factory=list)
    """From where a shot at it is judged."""
    late: list[float] = field(default_factory=list)
    """From where it is when the own newest input counts."""
    steps: list[float] = field(default_factory=list)
    """How far it moved from one frame to the next, beyond what its speed explains."""
    errors: list[float] = field(default_factory=list)
    """How far each correction moved it."""


class Pilots:
    """Two ships, and how the first one's client draws the second.

    Args:
        brain: Makes what steers one.
        predicted: Whether clients predict the ship that is not their own.
    """

    def __init__(self, brain: Callable[[random.Random], Brain], *, predicted: bool) -> None:
        self.predicted = predicted
        self.rig = Simulation(Flight, delay_s=DELAY_S, jitter_s=JITTER_S)
        self.clients = [self.rig.client(), self.rig.client()]
        for client in () if predicted else self.clients:
            client.core.options = replace(client.core.options, predict_world=None)
        self.brains = [brain(random.Random(seed)) for seed in (1, 2)]
        self.rig.run(3.0)
        self.path: dict[int, tuple[float, float]] = {}
        """Where the server has had the second ship, by the tick."""
        self.drawn: list[tuple[int, float, float, float]] = []
        """The tick in which the first one's newest input counts; the tick in which a shot is judged; the place."""
        self.seen = Seen()
        self._before: tuple[float, float, float] | None = None

    def frame(self) -> None:
        """Move time by a frame, and look."""
        self.rig.run(FRAME_S)
        (_, ship) = self.rig.engine.world.entities(Flyer)
        self.path[self.rig.engine.room.tick] = ship.x, ship.y
        replica = self.clients[0].replica
        drawn, predictor = replica.draw(self.rig.now_s), replica.predictor
        assert drawn is not None
        assert predictor is not None
        table = next(table for table in drawn.tables if table.entity_type.name == "Flyer")
        row = table.ids.tolist().index(ship.id)
        x, y, vx, vy = (float(table.column(name)[row]) for name in ("x", "y", "vx", "vy"))
        present = replica.view.tick + predictor.pending
        self.drawn.append((present, float(present) if self.predicted else drawn.tick, x, y))
        self._measure(x, y, math.hypot(vx, vy))

    def _measure(self, x: float, y: float, speed: float) -> None:
        if self._before is not None:
            way = math.hypot(x - self._before[0], y - self._before[1])
            self.seen.steps.append(max(0.0, way - max(speed, self._before[2]) * FRAME_S))
        self._before = x, y, speed
        world = self.clients[0].replica.world
        if world is not None and world.stats["Flyer"].corrections > len(self.seen.errors):
            self.seen.errors.append(world.stats["Flyer"].units)

    def decide(self) -> None:
        """Let both brains look at the newest state."""
        for client, brain in zip(self.clients, self.brains, strict=True):
            replica = client.replica
            perception = Perception(replica.view, replica.avatar_id, replica.schema.inputs)
            client.core.set_controls(brain.decide(perception))

    def compare(self) -> None:
        """Work out how far off the drawn places were, now that the path is known."""
        for present, judged, x, y in self.drawn:
            low = math.floor(judged)
            if low in self.path and low + 1 in self.path and present in self.path:
                (from_x, from_y), (to_x, to_y) = self.path[low], self.path[low + 1]
                share = judged - low
                at_x, at_y = from_x + (to_x - from_x) * share, from_y + (to_y - from_y) * share
                self.seen.off.append(math.hypot(x - at_x, y - at_y))
                self.seen.late.append(math.hypot(x - self.path[present][0], y - self.path[present][1]))


def fly(brain: Callable[[random.Random], Brain], *, predicted: bool) -> Seen:
    """Let two ships fly; return how the first one's client drew the second."""
    pilots = Pilots(brain, predicted=predicted)
    for frame in range(round(SECONDS / FRAME_S)):
        if frame % 3 == 0:
            pilots.decide()
        pilots.frame()
    pilots.compare()
    return pilots.seen


def main() -> None:
    for name, brain in (("chasing", Chase), ("holding random controls", Wander)):
        for predicted in (False, True):
            seen = fly(brain, predicted=predicted)
            missed = sum(off > SHIP_RADIUS for off in seen.off) / len(seen.off)
            sys.stdout.write(
                f"{name}, {'predicted' if predicted else 'interpolated'}:\n"
                f"  from where a shot is judged: median {percentile(seen.off, 0.5):.1f}, p99 "
                f"{percentile(seen.off, 0.99):.1f}; {100.0 * missed:.1f} % of frames more than a ship's radius\n"
                f"  from where it is when the own input counts: median {percentile(seen.late, 0.5):.1f}, p99 "
                f"{percentile(seen.late, 0.99):.1f}\n"
                f"  {len(seen.errors) * 60.0 / SECONDS:.0f} corrections a minute: median "
                f"{percentile(seen.errors, 0.5):.1f}, p99 {percentile(seen.errors, 0.99):.1f}; beyond its speed it "
                f"moved at most {max(seen.steps):.1f} in a frame\n"
            )


if __name__ == "__main__":
    main()
