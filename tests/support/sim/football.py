"""A game for the simulations in which players touch what is nobody's: discs, and a ball between walls."""

from __future__ import annotations

from gameserver import Entity, Float, Inputs, Int, Jumps, Player, Room, Touch, shared
from gameserver.shared_math import clamp, hypot

WIDTH, HEIGHT = 1600.0, 900.0
DISC_RADIUS, BALL_RADIUS = 28.0, 18.0
ACCELERATION, DISC_DRAG, BALL_DRAG = 1400.0, 2.5, 0.6
DISC_BOUNCE, BALL_BOUNCE = 0.3, 0.8
BALL_SHARE = 0.8
"""How much of a collision the ball takes; the disc takes the rest."""


class Disc(Entity):
    x = Float(step=1 / 64, min=0.0, max=WIDTH)
    y = Float(step=1 / 64, min=0.0, max=HEIGHT)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    dx = Int(-1, 1)
    dy = Int(-1, 1)


class Ball(Entity):
    x = Float(step=1 / 64, min=0.0, max=WIDTH)
    y = Float(step=1 / 64, min=0.0, max=HEIGHT)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    jumps = Jumps()


class Push(Inputs):
    dx = Int(-1, 1)
    dy = Int(-1, 1)


@shared
def stay_inside(body: Disc | Ball, radius: float, bounce: float) -> None:
    x = clamp(body.x, radius, WIDTH - radius)
    y = clamp(body.y, radius, HEIGHT - radius)
    if x != body.x:
        body.x = x
        body.vx *= -bounce
    if y != body.y:
        body.y = y
        body.vy *= -bounce


@shared
def glide(disc: Disc, push: Push, dt: float) -> None:
    disc.vx += push.dx * ACCELERATION * dt
    disc.vy += push.dy * ACCELERATION * dt
    disc.vx *= 1.0 - DISC_DRAG * dt
    disc.vy *= 1.0 - DISC_DRAG * dt
    disc.x += disc.vx * dt
    disc.y += disc.vy * dt
    stay_inside(disc, DISC_RADIUS, DISC_BOUNCE)


@shared
def roll(ball: Ball, dt: float) -> None:
    ball.vx *= 1.0 - BALL_DRAG * dt
    ball.vy *= 1.0 - BALL_DRAG * dt
    ball.x += ball.vx * dt
    ball.y += ball.vy * dt
    stay_inside(ball, BALL_RADIUS, BALL_BOUNCE)


@shared
def part(one: Disc | Ball, other: Disc | Ball, apart: float, share: float, bounce: float) -> None:
    """Move two that overlap to `apart` from each other, and let them bounce; `other` takes its share of both."""
    away_x = other.x - one.x
    away_y = other.y - one.y
    gap = hypot(away_x, away_y)
    if gap >= apart or gap == 0.0:
        return
    away_x /= gap
    away_y /= gap
    depth = apart - gap
    one.x -= away_x * depth * (1.0 - share)
    one.y -= away_y * depth * (1.0 - share)
    other.x += away_x * depth * share
    other.y += away_y * depth * share
    closing = (one.vx - other.vx) * away_x + (one.vy - other.vy) * away_y
    if closing > 0.0:
        push = (1.0 + bounce) * closing
        one.vx -= away_x * push * (1.0 - share)
        one.vy -= away_y * push * (1.0 - share)
        other.vx += away_x * push * share
        other.vy += away_y * push * share


@shared
def kick(disc: Disc, ball: Ball, dt: float) -> None:
    part(disc, ball, DISC_RADIUS + BALL_RADIUS, BALL_SHARE, 0.4)
    # A ball that a wall holds holds the disc.
    x = clamp(ball.x, BALL_RADIUS, WIDTH - BALL_RADIUS)
    y = clamp(ball.y, BALL_RADIUS, HEIGHT - BALL_RADIUS)
    if x != ball.x or y != ball.y:
        ball.x = x
        ball.y = y
        part(ball, disc, DISC_RADIUS + BALL_RADIUS, 1.0, 0.0)


@shared
def bump(one: Disc, other: Disc, dt: float) -> None:
    part(one, other, 2.0 * DISC_RADIUS, 0.5, 0.6)


class Football(Room[Push]):
    tick_hz = 60
    snapshot_hz = 20
    entities = (Disc, Ball)
    predict = glide
    predict_world = Touch(
        400, steps={Ball: roll}, contacts=[(Disc, Ball, kick), (Disc, Disc, bump)], shows=("dx", "dy")
    )

    def on_join(self, player: Player) -> None:
        number = len(self.players)
        player.avatar = self.spawn(Disc, owner=player, x=WIDTH * (0.3 if number % 2 else 0.7), y=HEIGHT / 2)
        if not self.all(Ball):
            self.spawn(Ball, x=WIDTH / 2, y=HEIGHT / 2)
