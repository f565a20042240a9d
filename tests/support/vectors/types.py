"""The entity types that the vectors of deltas are about."""

from typing import Any

from gameserver.room.roster import PlayerState, RoomState
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, List, Ref, Text


class Ship(Entity):
    """One field of every type, and two fields that have rates."""

    x = Float(step=1 / 16, min=-100, max=100)
    vx = Float(step=1 / 16, rate_of="x")
    angle = Angle(steps=1024)
    spin = Float(step=1 / 64, rate_of="angle")
    hp = Int(0, 100)
    shield = Flag()
    mood = Choice("idle", "chase", "flee")
    target = Ref("Ship")
    name = Text(max_bytes=24)
    path = List(Int(-5, 5), max_items=4)


class Dot(Entity):
    """Moves and nothing else."""

    x = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")


class Wide(Entity):
    """Rows of more than 64 bits."""

    a = Int()
    b = Int()
    c = Int()


class Sign(Entity):
    """Has no numeric field at all."""

    text = Text(max_bytes=80)


class Flock(Entity):
    """One number."""

    n = Int(0, 1000)


class Pilot(PlayerState):
    """A participant, with a field of the game's own."""

    team = Choice("red", "blue")


class Match(RoomState):
    """What a room says of itself."""

    phase = Choice("lobby", "racing")
    ends_at_tick = Int(0)


def ship(**changed: Any) -> tuple[Any, ...]:
    """Return a ship's codes."""
    codes: dict[str, Any] = {
        "x": 0, "vx": 0, "angle": 0, "spin": 0, "hp": 100, "shield": 0, "mood": 0, "target": 0, "name": "", "path": [],
    }  # fmt: skip
    return tuple({**codes, **changed}.values())
