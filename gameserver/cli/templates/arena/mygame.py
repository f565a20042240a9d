"""A duel of ships. These are the rules; the page that shows them is in page/."""

import math

import msgspec

from gameserver import Angle, Entity, Event, Flag, Float, Inputs, Int, Jumps, Player, Ref, Room, Text, shared
from gameserver.shared_math import cos, sin

WIDTH, HEIGHT = 1000, 700
RADIUS = 14
TURN, THRUST, DRAG = 4.0, 420.0, 0.7
SHOT_SPEED = 520.0
SHOT_TICKS = 75
COOLDOWN_TICKS = 15


class Ship(Entity):
    """What a player steers. Every page gets these fields, and only what has changed of them."""

    x = Float(step=1 / 16, min=0, max=WIDTH)
    y = Float(step=1 / 16, min=0, max=HEIGHT)
    vx = Float(step=1 / 16, min=-900, max=900, rate_of="x")
    vy = Float(step=1 / 16, min=-900, max=900, rate_of="y")
    angle = Angle(steps=1024)
    thrusting = Flag()
    score = Int(0, 9999)
    name = Text(max_bytes=48)
    jumps = Jumps()


class Shot(Entity):
    """Flies straight until it hits a ship, leaves the field, or has flown for `SHOT_TICKS`."""

    x = Float(step=1 / 8, min=0, max=WIDTH)
    y = Float(step=1 / 8, min=0, max=HEIGHT)
    vx = Float(step=1 / 8, min=-2000, max=2000, rate_of="x")
    vy = Float(step=1 / 8, min=-2000, max=2000, rate_of="y")
    by = Ref(Ship)


class Keys(Inputs):
    """What a page sends at each tick."""

    turn = Int(-1, 1)
    thrust = Flag()
    fire = Flag()


class Hit(msgspec.Struct):
    """What all pages get when a shot has hit."""

    by: str
    who: str


@shared  # runs here and, translated to JavaScript, in every browser: flying does not wait for the network
def fly(ship: Ship, keys: Keys, dt: float) -> None:
    """Move a ship for one tick of `dt` seconds. It comes in again at the other side, which counts as a jump."""
    ship.angle += keys.turn * TURN * dt
    ship.thrusting = keys.thrust
    if keys.thrust:
        ship.vx += cos(ship.angle) * THRUST * dt
        ship.vy += sin(ship.angle) * THRUST * dt
    ship.vx -= ship.vx * DRAG * dt
    ship.vy -= ship.vy * DRAG * dt
    x = ship.x + ship.vx * dt
    y = ship.y + ship.vy * dt
    if x < 0 or x >= WIDTH or y < 0 or y >= HEIGHT:
        ship.jumps = (ship.jumps + 1) % 256
    ship.x = x % WIDTH
    ship.y = y % HEIGHT


class Arena(Room[Keys]):
    """One duel, which goes on for ever."""

    tick_hz = 60
    max_players = 12
    predict = fly
    hit = Event(Hit)

    def on_create(self, options: object) -> None:
        """Begin without shots."""
        self.loaded_at: dict[int, int] = {}
        """By the number of a player: the tick from which it may fire again."""

    def on_join(self, player: Player) -> None:
        """Place a newcomer somewhere."""
        ship = player.avatar = self.spawn(Ship, owner=player, name=player.text("name", "?"))
        self.place(ship)

    def on_input(self, player: Player, keys: Keys) -> None:
        """Fly, and fire as often as the gun allows."""
        super().on_input(player, keys)
        ship = player.avatar
        if keys.fire and isinstance(ship, Ship) and self.loaded_at.get(player.number, 0) <= self.tick:
            self.loaded_at[player.number] = self.tick + COOLDOWN_TICKS
            ahead_x, ahead_y = cos(ship.angle), sin(ship.angle)
            shot = self.spawn(
                Shot,
                x=ship.x + ahead_x * RADIUS,
                y=ship.y + ahead_y * RADIUS,
                vx=ship.vx + ahead_x * SHOT_SPEED,
                vy=ship.vy + ahead_y * SHOT_SPEED,
                by=ship,
            )
            self.after(SHOT_TICKS, self.end, shot)

    def on_leave(self, player: Player) -> None:
        """Forget the gun of who has left."""
        self.loaded_at.pop(player.number, None)

    def on_tick(self) -> None:
        """Move the shots, and see what they hit."""
        for shot in list(self.all(Shot)):
            shot.x += shot.vx / self.tick_hz
            shot.y += shot.vy / self.tick_hz
            if not (0 < shot.x < WIDTH and 0 < shot.y < HEIGHT):
                self.end(shot)
                continue
            for ship in self.all(Ship):
                if ship is not shot.by and math.hypot(ship.x - shot.x, ship.y - shot.y) < RADIUS:
                    self.strike(shot, ship)
                    break

    def strike(self, shot: Shot, ship: Ship) -> None:
        """Give who has shot a point, and put who was hit elsewhere."""
        shooter = shot.by  # None if it has left
        if shooter is not None:
            shooter.score += 1
        self.hit(by="?" if shooter is None else shooter.name, who=ship.name)
        self.place(ship)
        self.end(shot)

    def place(self, ship: Ship) -> None:
        """Put a ship somewhere, at rest. Pages do not draw it on the way."""
        ship.vx = ship.vy = 0.0
        self.teleport(ship, x=self.random.uniform(0, WIDTH), y=self.random.uniform(0, HEIGHT))

    def end(self, shot: Shot) -> None:
        """Take a shot out, if it is there still."""
        if shot.alive:
            self.despawn(shot)
