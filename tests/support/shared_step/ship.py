"""A ship as a game would have it: thrust, turning, drag, walls to bounce off, a speed limit."""

from gameserver.shared_math import atan2, clamp, cos, floor, hypot, sin, tau
from gameserver.shared_step import shared
from gameserver.shared_step.differential import GridField

WIDTH = 2400.0
HEIGHT = 1600.0
RADIUS = 16.0
TURN_PER_S = 3.5
THRUST_PER_S2 = 300.0
DRAG_PER_S = 0.4
MAX_SPEED_PER_S = 420.0
BOUNCE = 0.6
# Left, top, right, bottom.
ROCKS = ((600.0, 400.0, 760.0, 520.0), (1500.0, 900.0, 1580.0, 1300.0))


class Ship:
    x: float
    y: float
    vx: float
    vy: float
    angle: float
    heat: int
    thrusting: bool


class Controls:
    turn: int
    thrust: bool
    steer: bool
    aim: float


@shared
def reflect(position: float, velocity: float, low: float, high: float) -> tuple[float, float]:
    """A position and velocity after bouncing off two walls."""
    if position < low:
        return low + (low - position), -velocity * BOUNCE
    if position > high:
        return high - (position - high), -velocity * BOUNCE
    return position, velocity


@shared
def limit_speed(ship: Ship, most: float) -> None:
    speed = hypot(ship.vx, ship.vy)
    if speed > most:
        # Scale both, so that the direction stays.
        ship.vx *= most / speed
        ship.vy *= most / speed


@shared
def bounce_off_rocks(ship: Ship) -> None:
    for left, top, right, bottom in ROCKS:
        if left < ship.x < right and top < ship.y < bottom:
            across = min(ship.x - left, right - ship.x)
            along = min(ship.y - top, bottom - ship.y)
            if across < along:
                ship.x = left if ship.x - left < right - ship.x else right
                ship.vx = -ship.vx * BOUNCE
            else:
                ship.y = top if ship.y - top < bottom - ship.y else bottom
                ship.vy = -ship.vy * BOUNCE


@shared
def steer(ship: Ship, controls: Controls, dt: float) -> None:
    """Fly one tick.

    Turning is by keys (`turn`) or towards a point (`steer` and `aim`).
    """
    most = TURN_PER_S * dt
    turn = controls.turn * most
    if controls.steer:
        # The shorter way round: within half a turn, either sign.
        wanted = (controls.aim - ship.angle + tau / 2) % tau - tau / 2
        turn = clamp(wanted, -most, most)
    ship.angle = (ship.angle + turn) % tau

    ship.thrusting = controls.thrust and ship.heat < 90
    if ship.thrusting:
        ship.vx += cos(ship.angle) * THRUST_PER_S2 * dt
        ship.vy += sin(ship.angle) * THRUST_PER_S2 * dt
        ship.heat += 2
    else:
        ship.heat -= 1 + floor(ship.heat / 30)

    drag = 1.0 - DRAG_PER_S * dt
    ship.vx *= drag
    ship.vy *= drag
    limit_speed(ship, MAX_SPEED_PER_S)

    ship.x += ship.vx * dt
    ship.y += ship.vy * dt
    ship.x, ship.vx = reflect(ship.x, ship.vx, RADIUS, WIDTH - RADIUS)
    ship.y, ship.vy = reflect(ship.y, ship.vy, RADIUS, HEIGHT - RADIUS)
    bounce_off_rocks(ship)
    if hypot(ship.vx, ship.vy) < 1 / 32:  # at rest, and pointing where it last went
        ship.angle = atan2(ship.vy, ship.vx) % tau if ship.vx else ship.angle


SHIP_FIELDS = (
    GridField("x", "float", 0, 2400 * 64, 1 / 64),
    GridField("y", "float", 0, 1600 * 64, 1 / 64),
    GridField("vx", "float", -600 * 16, 600 * 16, 1 / 16),
    GridField("vy", "float", -600 * 16, 600 * 16, 1 / 16),
    GridField("angle", "angle", 0, 1023, tau / 1024),
    GridField("heat", "int", 0, 100),
    GridField("thrusting", "flag", 0, 1),
)
CONTROLS_FIELDS = (
    GridField("turn", "int", -1, 1),
    GridField("thrust", "flag", 0, 1),
    GridField("steer", "flag", 0, 1),
    GridField("aim", "angle", 0, 1023, tau / 1024),
)
