"""The entities, inputs and step that tests of the clients share: fields of every type, and one type that teleports."""

from __future__ import annotations

from typing import Any

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Flag, Float, Int, Jumps, Ref, Text
from gameserver.state.inputs import Inputs


class Ship(Entity):
    x = Float(step=1 / 64, min=-2000.0, max=2000.0)
    vx = Float(step=1 / 16, rate_of="x")
    heat = Float(step=1 / 8)
    heading = Angle(steps=1024)
    hp = Int(0, 100, default=100)
    thrusting = Flag()
    target = Ref()
    name = Text(max_bytes=16)


class Wheel(Entity):
    turn = Angle(steps=4096)
    spin = Float(step=1 / 64, rate_of="turn")


class Ghost(Ship):
    """Counts its teleports."""

    gates = Jumps()


class Controls(Inputs):
    turn = Int(-1, 1)
    thrust = Flag()


def steer(ship: Any, controls: Any, dt: float) -> None:
    """A step; tests/js/support/twin_trace.mjs has the same one."""
    ship.thrusting = controls.thrust
    ship.heading += controls.turn * 4.2 * dt
    if controls.thrust:
        ship.vx += 500.0 * dt
    ship.vx *= 1.0 - 0.5 * dt
    ship.x += ship.vx * dt
