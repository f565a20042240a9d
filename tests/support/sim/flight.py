"""A small game for the simulations: ships in open space, one shared step, and numbered events."""

from __future__ import annotations

from typing import Any

from gameserver import Angle, Entity, Flag, Float, Inputs, Int, Jumps, Player, Room, Text, shared
from gameserver.shared_math import cos, sin

SHOT_SPEED = 400.0
PORTAL_LENGTH = 30.0


class Ship(Entity):
    x = Float(step=1 / 64)
    y = Float(step=1 / 64)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    angle = Angle(steps=1024)
    fuel = Int(0, 100_000, default=100_000)
    loaded = Int(0, 1, default=1)
    jumps = Jumps()
    name = Text(max_bytes=16)


class Shot(Entity):
    x = Float(step=1 / 64)
    vx = Float(step=1 / 16, rate_of="x")


class Controls(Inputs):
    turn = Int(-1, 1)
    thrust = Flag()
    fire = Flag()


@shared
def fly(ship: Ship, controls: Controls, dt: float) -> None:
    ship.angle = ship.angle + controls.turn * 3.0 * dt
    if controls.fire:
        ship.loaded = 0
    if controls.thrust and ship.fuel > 0:
        ship.fuel = ship.fuel - 1
        ship.vx += cos(ship.angle) * 300.0 * dt
        ship.vy += sin(ship.angle) * 300.0 * dt
    keep = 1.0 - 0.4 * dt
    ship.vx *= keep
    ship.vy *= keep
    ship.x += ship.vx * dt
    ship.y += ship.vy * dt


class Flight(Room[Controls]):
    tick_hz = 60
    snapshot_hz = 20
    max_players = 64
    entities = (Ship, Shot)
    predict = fly

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Ship, owner=player, name=player.text("name", "?"))
        self.every(6, lambda: self.broadcast("beat", self.tick)) if len(self.players) == 1 else None

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "push":
            player.avatar.vx -= 150.0
        elif name == "portal":
            self.teleport(player.avatar, x=player.avatar.x + PORTAL_LENGTH)
        else:
            self.broadcast(name, payload)


class Gunnery(Flight):
    """The same with guns, which hold one shot each."""

    def on_input(self, player: Player, controls: Controls) -> None:
        ship = player.avatar
        loaded = ship.loaded
        fly(ship, controls, self.dt)
        if ship.loaded < loaded:
            self.spawn(Shot, x=ship.x, vx=ship.vx + SHOT_SPEED)

    def on_tick(self) -> None:
        for shot in self.all(Shot):
            shot.x += shot.vx * self.dt
