"""Worlds for the tests of snapshots and deltas: types with every type of field, and the wire between the two ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, List, Ref, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from gameserver.state.table import Table

TICK_HZ = 20


class Ship(Entity):
    """Every type of field, in more bits than one word holds."""

    name = Text(max_bytes=12)
    x = Float(step=1 / 16, min=-500, max=500)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 32, rate_of="x")
    vy = Float(step=1 / 8, rate_of="y")
    heading = Angle(steps=1024)
    spin = Float(step=1 / 256, min=-20, max=20, rate_of="heading")
    aim = Angle(steps=7)
    hp = Int(-100, 100, default=50)
    armed = Flag()
    mood = Choice("calm", "wary", "angry")
    cargo = List(Int(-5, 5), max_items=4)
    target = Ref("Ship")


class Shot(Entity):
    """Moves straight by its rates, as the wire expects."""

    x = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")


class Note(Entity):
    """Has no numeric field."""

    text = Text(max_bytes=40)


class Dust(Entity, columns=True):
    """Kept in columns."""

    x = Float(step=0.5, min=0, max=100)
    vx = Float(step=0.5, rate_of="x")
    hot = Flag()
    grade = Choice("fine", "coarse")


class Craft(Entity):
    """A type of no world here, whose rows have at most two bytes: messages can be written by hand."""

    x = Float(step=1, min=-100, max=100)
    vx = Float(step=1, rate_of="x")
    turn = Angle(steps=16)
    name = Text(max_bytes=4)
    bag = List(Int(0, 9), max_items=2)


TYPES = (Ship, Shot, Note, Dust)
SCHEMA = Schema(TYPES)


@dataclass(frozen=True)
class Message:
    """A STATE message as it arrives."""

    tick: int
    span: int
    leaves: Any
    enters: Any
    changes: Any
    values: Any

    @staticmethod
    def of(body: bytes, new: Snapshot, base: Snapshot | None) -> Message:
        """The message that an encoder's body arrives in."""
        return Message(new.tick, 0 if base is None else new.tick - base.tick, *msgpack.unpackb(b"\x94" + body))


def make_world() -> World:
    """Return an empty world of all the types."""
    return World(SCHEMA)


def snapshot(world: World, tick: int = 1) -> Snapshot:
    """Capture a world."""
    return Snapshot(tick, world.capture())


def same(one: tuple[Table, ...], other: tuple[Table, ...]) -> bool:
    """Whether all tables hold the same."""
    return all(a.same(b) for a, b in zip(one, other, strict=True))
