"""How hockey's skaters and its puck move: the rink, the bodies, the controls, and the rules that the server and every
browser run.

Distances are in units, times in seconds or in ticks of 1/60 s. Red defends the left goal, blue the right one.
"""

from __future__ import annotations

from gameserver import Choice, Entity, Flag, Float, Inputs, Int, Jumps, Touch, shared
from gameserver.shared_math import hypot

RINK_WIDTH = 1600.0
RINK_HEIGHT = 900.0
GOAL_TOP = 310.0
GOAL_BOTTOM = 590.0
SKATER_RADIUS = 36.0
PUCK_RADIUS = 22.0
PUSH = 1500.0  # units a second²
SKATE_DRAG = 2.6  # share of the speed lost a second: 577 units a second at most without a dash
DASH = 560.0  # units a second, at once
DASH_TICKS = 75
BOARD_BOUNCE = 0.5  # share of the speed kept at the boards
PUCK_DRAG = 0.35
PUCK_SPEED = 1500.0
PUCK_BOUNCE = 0.85
TOUCH_REACH = 500.0  # so near to its player's skater a puck or another skater is predicted
TOUCH_SNAP = 700.0  # another's hard shot is news of 0.4 s: the puck glides that way, it does not jump


class Skater(Entity):
    x = Float(step=1 / 64, min=0.0, max=RINK_WIDTH)
    y = Float(step=1 / 64, min=0.0, max=RINK_HEIGHT)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    dx = Float(step=1 / 16, min=-1.0, max=1.0)
    dy = Float(step=1 / 16, min=-1.0, max=1.0)
    """Where its player pushes: others' clients go on with that."""
    dash = Int(0, DASH_TICKS)
    """Ticks until it can dash again."""
    held = Flag()
    """It waits for the kick-off."""
    team = Choice("red", "blue")
    bot = Flag()
    jumps = Jumps()


class Puck(Entity):
    x = Float(step=1 / 16, min=-200.0, max=RINK_WIDTH + 200.0)
    y = Float(step=1 / 16, min=0.0, max=RINK_HEIGHT)
    vx = Float(step=1 / 4, rate_of="x")
    vy = Float(step=1 / 4, rate_of="y")


class Controls(Inputs):
    dx = Float(step=1 / 16, min=-1.0, max=1.0)
    dy = Float(step=1 / 16, min=-1.0, max=1.0)
    dash = Flag()


@shared
def skate(skater: Skater, controls: Controls, dt: float) -> None:
    """Move a skater by one tick under its controls."""
    skater.dash = max(0, skater.dash - 1)
    push = hypot(controls.dx, controls.dy)
    if push > 0.0 and not skater.held:
        way_x = controls.dx / max(1.0, push)
        way_y = controls.dy / max(1.0, push)
        skater.vx += way_x * PUSH * dt
        skater.vy += way_y * PUSH * dt
        if controls.dash and skater.dash == 0:
            skater.vx += controls.dx / push * DASH
            skater.vy += controls.dy / push * DASH
            skater.dash = DASH_TICKS
    skater.vx *= 1.0 - SKATE_DRAG * dt
    skater.vy *= 1.0 - SKATE_DRAG * dt
    skater.x += skater.vx * dt
    skater.y += skater.vy * dt
    if skater.x < SKATER_RADIUS or skater.x > RINK_WIDTH - SKATER_RADIUS:
        skater.x = max(SKATER_RADIUS, min(RINK_WIDTH - SKATER_RADIUS, skater.x))
        skater.vx *= -BOARD_BOUNCE
    if skater.y < SKATER_RADIUS or skater.y > RINK_HEIGHT - SKATER_RADIUS:
        skater.y = max(SKATER_RADIUS, min(RINK_HEIGHT - SKATER_RADIUS, skater.y))
        skater.vy *= -BOARD_BOUNCE


@shared
def bump(one: Skater, other: Skater, dt: float) -> None:
    """Push two skaters of equal mass apart, and exchange their speeds along the line between them."""
    away_x = one.x - other.x
    away_y = one.y - other.y
    gap = hypot(away_x, away_y)
    if gap >= 2.0 * SKATER_RADIUS or gap == 0.0:
        return
    away_x /= gap
    away_y /= gap
    depth = SKATER_RADIUS - 0.5 * gap
    one.x += away_x * depth
    one.y += away_y * depth
    other.x -= away_x * depth
    other.y -= away_y * depth
    closing = (other.vx - one.vx) * away_x + (other.vy - one.vy) * away_y
    if closing > 0.0:
        one.vx += closing * away_x
        one.vy += closing * away_y
        other.vx -= closing * away_x
        other.vy -= closing * away_y


@shared
def stay_on_ice(puck: Puck) -> None:
    """Keep the puck on the ice, but for the goals."""
    if puck.y < PUCK_RADIUS or puck.y > RINK_HEIGHT - PUCK_RADIUS:
        puck.y = max(PUCK_RADIUS, min(RINK_HEIGHT - PUCK_RADIUS, puck.y))
        puck.vy *= -PUCK_BOUNCE
    if puck.x >= PUCK_RADIUS and puck.x <= RINK_WIDTH - PUCK_RADIUS:
        return
    if puck.y >= GOAL_TOP + PUCK_RADIUS and puck.y <= GOAL_BOTTOM - PUCK_RADIUS:
        return
    if puck.x >= 0.0 and puck.x <= RINK_WIDTH:
        puck.x = max(PUCK_RADIUS, min(RINK_WIDTH - PUCK_RADIUS, puck.x))
        puck.vx *= -PUCK_BOUNCE
    else:  # inside a goal: between its posts
        puck.y = max(GOAL_TOP + PUCK_RADIUS, min(GOAL_BOTTOM - PUCK_RADIUS, puck.y))
        puck.vy *= -PUCK_BOUNCE


@shared
def roll(puck: Puck, dt: float) -> None:
    """Move the puck by one tick."""
    puck.x += puck.vx * dt
    puck.y += puck.vy * dt
    puck.vx *= 1.0 - PUCK_DRAG * dt
    puck.vy *= 1.0 - PUCK_DRAG * dt
    stay_on_ice(puck)
    speed = hypot(puck.vx, puck.vy)
    if speed > PUCK_SPEED:
        puck.vx *= PUCK_SPEED / speed
        puck.vy *= PUCK_SPEED / speed


@shared
def kick(skater: Skater, puck: Puck, dt: float) -> None:
    """Bounce the puck off a skater, who is much heavier; a puck that the boards hold holds the skater."""
    away_x = puck.x - skater.x
    away_y = puck.y - skater.y
    gap = hypot(away_x, away_y)
    if gap >= SKATER_RADIUS + PUCK_RADIUS or gap == 0.0:
        return
    away_x /= gap
    away_y /= gap
    puck.x = skater.x + away_x * (SKATER_RADIUS + PUCK_RADIUS)
    puck.y = skater.y + away_y * (SKATER_RADIUS + PUCK_RADIUS)
    closing = (skater.vx - puck.vx) * away_x + (skater.vy - puck.vy) * away_y
    if closing > 0.0:
        puck.vx += (1.0 + PUCK_BOUNCE) * closing * away_x
        puck.vy += (1.0 + PUCK_BOUNCE) * closing * away_y
    was_x = puck.x
    was_y = puck.y
    stay_on_ice(puck)
    if puck.x != was_x or puck.y != was_y:
        away_x = puck.x - skater.x
        away_y = puck.y - skater.y
        gap = hypot(away_x, away_y)
        if gap < SKATER_RADIUS + PUCK_RADIUS and gap > 0.0:
            skater.x = puck.x - away_x / gap * (SKATER_RADIUS + PUCK_RADIUS)
            skater.y = puck.y - away_y / gap * (SKATER_RADIUS + PUCK_RADIUS)


NEAR_SKATERS = Touch(
    TOUCH_REACH,
    steps={Puck: roll},
    contacts=[(Skater, Skater, bump), (Skater, Puck, kick)],
    shows=("dx", "dy"),
    snap=TOUCH_SNAP,
)
"""What clients predict besides their own skater."""
