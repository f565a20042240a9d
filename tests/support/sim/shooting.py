"""A game for the simulations in which shots push a ball: they fly and hit in the predicted world."""

from __future__ import annotations

from typing import Any

from gameserver import Entity, Flag, Float, Inputs, Int, Player, Room, Touch, shared
from gameserver.shared_math import hypot
from tests.support.sim.football import BALL_RADIUS, HEIGHT, Ball, roll

RELOAD_TICKS = 60
SHOT_SPEED = 600.0
GUN_X = 300.0


class Gun(Entity):
    x = Float(step=1 / 64)
    y = Float(step=1 / 64)
    wait = Int(0, RELOAD_TICKS)


class Shot(Entity):
    x = Float(step=1 / 64)
    y = Float(step=1 / 64)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    spent = Flag()


class Trigger(Inputs):
    fire = Flag()


@shared
def load(gun: Gun, trigger: Trigger, dt: float) -> None:
    if gun.wait > 0:
        gun.wait -= 1
    elif trigger.fire:
        gun.wait = RELOAD_TICKS


@shared
def fly(shot: Shot, dt: float) -> None:
    if not shot.spent:
        shot.x += shot.vx * dt
        shot.y += shot.vy * dt


@shared
def knock(shot: Shot, ball: Ball, dt: float) -> None:
    if not shot.spent and hypot(ball.x - shot.x, ball.y - shot.y) < BALL_RADIUS:
        ball.vx += 0.5 * shot.vx
        ball.vy += 0.5 * shot.vy
        shot.spent = True


class Shooting(Room[Trigger]):
    tick_hz = 60
    snapshot_hz = 20
    entities = (Gun, Ball, Shot)
    predict = load
    predict_world = Touch(700, steps={Ball: roll, Shot: fly}, contacts=[(Shot, Ball, knock)])

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Gun, owner=player, x=GUN_X, y=HEIGHT / 2)

    def on_tick(self) -> None:
        for shot in self.all(Shot):
            if shot.spent:
                self.despawn(shot)
        for gun in self.all(Gun):
            if gun.wait == RELOAD_TICKS:
                self.spawn(Shot, **shot_of(gun))


def shot_of(gun: Gun) -> dict[str, Any]:
    """The fields of a shot that a gun has just fired."""
    return {"x": gun.x, "y": gun.y, "vx": SHOT_SPEED, "vy": 0.0}
