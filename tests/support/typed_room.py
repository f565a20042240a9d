"""A room that declares one of everything that `gameserver types` writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypedDict

import msgspec

from gameserver import (
    Choice,
    Entity,
    Event,
    Flag,
    Float,
    Inputs,
    Int,
    List,
    Listing,
    Options,
    Player,
    PlayerState,
    Ref,
    Room,
    RoomState,
    Roster,
    Text,
    message,
)


class Dot(Entity):
    x = Float(step=1 / 16)
    it = Flag()
    name = Text(max_bytes=24)
    mood = Choice("calm", "angry")
    trail = List(Int(0, 9), max_items=4)
    moods = List(Choice("calm", "angry"), max_items=4)
    hunts: Ref[Any] = Ref("Dot")


class Record(Entity):
    laps = Int(0, 9)


class Keys(Inputs):
    dx = Int(-1, 1)
    fire = Flag()


class Racer(PlayerState):
    team = Choice("red", "blue")


class Match(RoomState):
    phase = Choice("lobby", "racing")


class Track(Enum):
    ICE = "ice"
    SAND = "sand"


class TypedOptions(Options):
    laps: int = 3
    track: Track = Track.ICE


class TypedListing(Listing):
    laps_left: int = 3
    track: Literal["ice", "sand"] = "ice"


class Tagged(msgspec.Struct):
    by: str
    who: str
    points: int = 1


@dataclass
class Place:
    x: float
    y: float = 0.0


class Named(TypedDict):
    name: str


class Tree(msgspec.Struct, tag="tree", rename="camel"):
    child_trees: list[Tree]
    payload: bytes | None = None


class Dots(msgspec.Struct, array_like=True):
    first: int
    second: str


class Typed(Room[Keys]):
    roster = Roster(Racer)
    state = Match()
    options = TypedOptions()
    listing = TypedListing()
    tagged = Event(Tagged)
    placed = Event(Place)
    grown = Event(Tree)
    dots = Event(Dots, name="some-dots")
    over = Event(dict[str, list[float]])

    @message
    def go(self, player: Player, place: Place) -> None: ...

    @message
    def tag(self, player: Player, tagged: Tagged) -> None: ...

    @message
    def call(self, player: Player, named: Named) -> None: ...

    @message(name="set-ready")
    def set_ready(self, player: Player) -> None: ...
