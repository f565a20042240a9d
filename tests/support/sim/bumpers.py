"""A game for the simulations in which players touch: discs on a plane that bounce off each other."""

from __future__ import annotations

from gameserver import Entity, Float, Inputs, Int, Player, Room, shared
from gameserver.shared_math import hypot

RADIUS = 16.0
START_X = 200.0
ACCELERATION = 200.0


class Disc(Entity):
    x = Float(step=1 / 64)
    y = Float(step=1 / 64)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")


class Push(Inputs):
    dx = Int(-1, 1)
    dy = Int(-1, 1)


@shared
def glide(disc: Disc, push: Push, dt: float) -> None:
    disc.vx += push.dx * ACCELERATION * dt
    disc.vy += push.dy * ACCELERATION * dt
    disc.x += disc.vx * dt
    disc.y += disc.vy * dt


@shared
def bump(me: Disc, other: Disc, dt: float) -> None:
    """Push two discs of equal mass apart and exchange their speeds along the line between them."""
    away_x = me.x - other.x
    away_y = me.y - other.y
    gap = hypot(away_x, away_y)
    if gap >= 2.0 * RADIUS or gap == 0.0:
        return
    away_x /= gap
    away_y /= gap
    me.x += away_x * (RADIUS - 0.5 * gap)
    me.y += away_y * (RADIUS - 0.5 * gap)
    closing = (other.vx - me.vx) * away_x + (other.vy - me.vy) * away_y
    if closing > 0.0:
        me.vx += closing * away_x
        me.vy += closing * away_y


class Bumpers(Room[Push]):
    tick_hz = 60
    snapshot_hz = 20
    entities = (Disc,)
    predict = glide
    predict_contact = bump

    def on_join(self, player: Player) -> None:
        left = len(self.players) == 1
        player.avatar = self.spawn(Disc, owner=player, x=-START_X if left else START_X)
