"""A small game for the simulations: ships in open space, one shared step, and something to tell."""

from __future__ import annotations

from typing import Any

from gameserver import Angle, Entity, Flag, Float, Inputs, Int, Player, Room, Text, shared
from gameserver.shared_math import cos, sin


class Ship(Entity):
    x = Float(step=1 / 64)
    y = Float(step=1 / 64)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    angle = Angle(steps=1024)
    fuel = Int(0, 100_000, default=100_000)
    name = Text(max_bytes=16)


class Controls(Inputs):
    turn = Int(-1, 1)
    thrust = Flag()


@shared
def fly(ship: Ship, controls: Controls, dt: float) -> None:
    ship.angle = ship.angle + controls.turn * 3.0 * dt
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
    entities = (Ship,)
    predict = fly

    def on_join(self, player: Player) -> None:
        if not player.is_spectator:
            player.avatar = self.spawn(Ship, owner=player, name=player.text("name", "?"))
        self.every(6, lambda: self.broadcast("beat", self.tick)) if len(self.players) == 1 else None

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "push":
            player.avatar.vx -= 150.0
        else:
            self.broadcast(name, payload)
