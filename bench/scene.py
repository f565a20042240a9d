"""The reference scene, "arena reference": the room behind every figure in docs/performance.md.

Each player has one body, which inputs accelerate, with a limited speed, inside four walls; in each tick one body in a
hundred is hit. The rules are those of `peers/colyseus/server.mjs`, line by line, and the grids are those of its
quantised variant. Distances are in units, times in seconds.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gameserver import Angle, Entity, Float, Inputs, Int, Near, Room, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver import Player

WORLD_SIZE = 2000.0
ACCELERATION = 1200.0
MAX_SPEED = 300.0
HIT_CHANCE = 0.01
HIT_SCORE = 10
VIEW_RADIUS = 400.0
CROWD = 10_000
CROWD_VIEW_RADIUS = 100.0
CROWD_SPEED = 60.0


class Body(Entity):
    x = Float(step=1 / 16, min=0.0, max=WORLD_SIZE)
    y = Float(step=1 / 16, min=0.0, max=WORLD_SIZE)
    vx = Float(step=1 / 64, rate_of="x")
    vy = Float(step=1 / 64, rate_of="y")
    angle = Angle(steps=65_536)
    hp = Int(0, 100, default=100)
    score = Int(0, 1_000_000)
    name = Text(max_bytes=24)


class Push(Inputs):
    dx = Float(step=1 / 128, min=-1.0, max=1.0)
    dy = Float(step=1 / 128, min=-1.0, max=1.0)
    aim = Angle(steps=65_536)


class ArenaReference(Room[Push]):
    """Everyone sees everyone."""

    tick_hz = 20
    snapshot_hz = 20
    entities: ClassVar[tuple[type[Entity], ...]] = (Body,)

    def on_join(self, player: Player) -> None:
        x, y = self.random.uniform(0.0, WORLD_SIZE), self.random.uniform(0.0, WORLD_SIZE)
        player.avatar = self.spawn(Body, owner=player, x=x, y=y, name=player.text("name", "player"))

    def on_input(self, player: Player, controls: Push) -> None:
        push(player.avatar, controls, self.dt)

    def on_tick(self) -> None:
        chance = self.random.random
        for body in self.all(Body):
            if chance() < HIT_CHANCE:
                body.hp = (body.hp + 93) % 101
                body.score += HIT_SCORE


class ArenaReferenceNear(ArenaReference):
    """Each player sees the bodies near its own."""

    interest = Near(VIEW_RADIUS)


class Boid(Entity, columns=True):
    """One of a crowd: flies at a constant speed and turns a little in every tick."""

    x = Float(step=1 / 16, min=0.0, max=WORLD_SIZE)
    y = Float(step=1 / 16, min=0.0, max=WORLD_SIZE)
    vx = Float(step=1 / 64, rate_of="x")
    vy = Float(step=1 / 64, rate_of="y")
    angle = Angle(steps=1024)


class ArenaReferenceCrowd(ArenaReference):
    """The same scene with ten thousand boids in columns; each player sees some eighty of them."""

    entities = (Body, Boid)
    interest = Near(CROWD_VIEW_RADIUS)

    def on_create(self, _options: Mapping[str, object]) -> None:
        self.chance = np.random.default_rng(self.random.getrandbits(63))
        x, y, angle = (self.chance.uniform(0.0, high, CROWD) for high in (WORLD_SIZE, WORLD_SIZE, 6.28))
        self.table(Boid).spawn_many(CROWD, x=x, y=y, angle=angle)

    def on_tick(self) -> None:
        super().on_tick()
        boids = self.table(Boid)
        boids.angle += self.chance.normal(0.0, 0.1, CROWD)
        boids.vx, boids.vy = CROWD_SPEED * np.cos(boids.angle), CROWD_SPEED * np.sin(boids.angle)
        boids.x = (boids.x + boids.vx * self.dt) % WORLD_SIZE
        boids.y = (boids.y + boids.vy * self.dt) % WORLD_SIZE


def push(body: Body, controls: Push, dt: float) -> None:
    """Advance one body by one tick of `dt` seconds."""
    vx = body.vx + controls.dx * ACCELERATION * dt
    vy = body.vy + controls.dy * ACCELERATION * dt
    speed = sqrt(vx * vx + vy * vy)
    if speed > MAX_SPEED:
        vx *= MAX_SPEED / speed
        vy *= MAX_SPEED / speed
    x, y = body.x + vx * dt, body.y + vy * dt
    if not 0.0 <= x <= WORLD_SIZE:
        x, vx = wall(x), -vx
    if not 0.0 <= y <= WORLD_SIZE:
        y, vy = wall(y), -vy
    body.x, body.y, body.vx, body.vy, body.angle = x, y, vx, vy, controls.aim


def wall(place: float) -> float:
    """Return the coordinate at which a body that crossed a wall is stopped."""
    return max(0.0, min(WORLD_SIZE, place))
