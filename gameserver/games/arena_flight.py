"""How the arena's ships fly: the ship, its controls, and the step that the server and every browser run.

`steer` is the shared step. It reads only what is replicated, and only it changes what it computes, so a client that
predicts its own ship gets the server's result to the last bit. Distances are in units, times in seconds or in ticks of
1/60 s.
"""

from __future__ import annotations

from math import pi

from gameserver import Angle, Entity, Flag, Float, Inputs, Int, Jumps, Text, shared
from gameserver.shared_math import cos, hypot, sin

WIDTH = 2400.0
HEIGHT = 1600.0
SHIP_RADIUS = 16.0
TURN_RATE = 4.2  # radians a second, a full turn in 1.5 s
THRUST = 560.0  # units a second²
DRAG = 0.55  # share of the speed lost a second: a ship without thrust drifts for seconds
BRAKE = 3.0
MAX_SPEED = 440.0
BOUNCE = 0.6  # share of the speed kept at a wall
FIRE_EVERY_TICKS = 14
RAPID_FIRE_EVERY_TICKS = 7
TURN = 2 * pi
MAX_HP = 100

BLOCKS = (
    (560.0, 380.0, 860.0, 440.0),
    (1540.0, 380.0, 1840.0, 440.0),
    (560.0, 1160.0, 860.0, 1220.0),
    (1540.0, 1160.0, 1840.0, 1220.0),
)
"""Left, top, right and bottom of each obstacle."""


class Ship(Entity):
    x = Float(step=1 / 64, min=0.0, max=WIDTH)
    y = Float(step=1 / 64, min=0.0, max=HEIGHT)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    angle = Angle(steps=1024)
    hp = Int(0, MAX_HP, default=MAX_HP)
    score = Int(0, 9999)
    deaths = Int(0, 9999)
    cooldown = Int(0, 60)
    shield = Int(0, 255)
    rapid = Int(0, 600)
    hue = Int(0, 359)
    thrusting = Flag()
    dead = Flag()
    jumps = Jumps()
    bot = Flag()
    name = Text(max_bytes=48)


class Controls(Inputs):
    turn = Int(-1, 1)
    thrust = Flag()
    brake = Flag()
    fire = Flag()
    steer = Flag()  # turn towards `aim`: mouse, touch and gamepad
    aim = Angle(steps=1024)


@shared
def turn_towards(angle: float, aim: float, most: float) -> float:
    """Return the angle after a turn of at most `most` towards `aim`, the shorter way round."""
    off = (aim - angle + pi) % TURN - pi
    return angle + max(-most, min(most, off))


@shared
def bounce_off_block(ship: Ship, left: float, top: float, right: float, bottom: float) -> None:
    """Push the ship out of a rectangle over the nearest side, and reverse its velocity there."""
    into_left = ship.x + SHIP_RADIUS - left
    into_right = right - (ship.x - SHIP_RADIUS)
    into_top = ship.y + SHIP_RADIUS - top
    into_bottom = bottom - (ship.y - SHIP_RADIUS)
    if into_left > 0.0 and into_right > 0.0 and into_top > 0.0 and into_bottom > 0.0:
        least = min(min(into_left, into_right), min(into_top, into_bottom))
        if least == into_left:
            ship.x = left - SHIP_RADIUS
            ship.vx = -abs(ship.vx) * BOUNCE
        elif least == into_right:
            ship.x = right + SHIP_RADIUS
            ship.vx = abs(ship.vx) * BOUNCE
        elif least == into_top:
            ship.y = top - SHIP_RADIUS
            ship.vy = -abs(ship.vy) * BOUNCE
        else:
            ship.y = bottom + SHIP_RADIUS
            ship.vy = abs(ship.vy) * BOUNCE


@shared
def bounce_off_walls(ship: Ship) -> None:
    """Keep the ship inside the arena and outside the blocks."""
    if ship.x < SHIP_RADIUS:
        ship.x = SHIP_RADIUS
        ship.vx = abs(ship.vx) * BOUNCE
    elif ship.x > WIDTH - SHIP_RADIUS:
        ship.x = WIDTH - SHIP_RADIUS
        ship.vx = -abs(ship.vx) * BOUNCE
    if ship.y < SHIP_RADIUS:
        ship.y = SHIP_RADIUS
        ship.vy = abs(ship.vy) * BOUNCE
    elif ship.y > HEIGHT - SHIP_RADIUS:
        ship.y = HEIGHT - SHIP_RADIUS
        ship.vy = -abs(ship.vy) * BOUNCE
    for left, top, right, bottom in BLOCKS:
        bounce_off_block(ship, left, top, right, bottom)


@shared
def steer(ship: Ship, controls: Controls, dt: float) -> None:
    """Move a ship by one tick under its player's controls."""
    ship.cooldown = max(0, ship.cooldown - 1)
    ship.shield = max(0, ship.shield - 1)
    ship.rapid = max(0, ship.rapid - 1)
    ship.thrusting = controls.thrust and not ship.dead
    if ship.dead:
        ship.vx = 0.0
        ship.vy = 0.0
        return
    if controls.steer:
        ship.angle = turn_towards(ship.angle, controls.aim, TURN_RATE * dt)
    else:
        ship.angle = ship.angle + controls.turn * TURN_RATE * dt
    if controls.thrust:
        ship.vx += cos(ship.angle) * THRUST * dt
        ship.vy += sin(ship.angle) * THRUST * dt
    drag = DRAG
    if controls.brake:
        drag = BRAKE
    keep = 1.0 - drag * dt
    ship.vx *= keep
    ship.vy *= keep
    speed = hypot(ship.vx, ship.vy)
    if speed > MAX_SPEED:
        ship.vx *= MAX_SPEED / speed
        ship.vy *= MAX_SPEED / speed
    ship.x += ship.vx * dt
    ship.y += ship.vy * dt
    bounce_off_walls(ship)
    if controls.fire and ship.cooldown == 0:
        ship.cooldown = FIRE_EVERY_TICKS
        if ship.rapid > 0:
            ship.cooldown = RAPID_FIRE_EVERY_TICKS


def blocked(x: float, y: float, margin: float = 0.0) -> bool:
    """Return whether a point lies in a block, extended by `margin` on each side, or outside the arena."""
    if not (0.0 < x < WIDTH and 0.0 < y < HEIGHT):
        return True
    return any(
        left - margin < x < right + margin and top - margin < y < bottom + margin for left, top, right, bottom in BLOCKS
    )
