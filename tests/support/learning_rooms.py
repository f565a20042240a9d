"""Rooms for tests of environments: one with every kind of field, and one with an end."""

from __future__ import annotations

from typing import Any

from gameserver import (
    Angle,
    Choice,
    Entity,
    Flag,
    Float,
    Inputs,
    Int,
    Jumps,
    List,
    Player,
    PlayerState,
    Ref,
    Room,
    RoomState,
    Roster,
    Text,
)
from gameserver.state.schema import Schema

SIZE = 100.0


class Moves(Inputs):
    dx = Int(-1, 1)
    dy = Int(-1, 1)
    push = Float(step=1 / 64, min=-1, max=1)
    aim = Angle(steps=256)
    mood = Choice("calm", "angry")
    fire = Flag()
    power = Int(0, 1_000_000)


class Runner(Entity):
    x = Float(step=1 / 16, min=0, max=SIZE)
    y = Float(step=1 / 16, min=0, max=SIZE)
    aim = Angle(steps=256)
    mood = Choice("calm", "angry")
    fires = Flag()
    chases: Ref[Any] = Ref("Runner")
    jumps = Jumps()
    name = Text(max_bytes=16)
    marks = List(Int(1, 9), max_items=3)


class Score(PlayerState):
    points = Int(-1000, 1000)


class Field(RoomState):
    round = Int(1, 99, default=1)


class Run(Room[Moves, Runner]):
    """Runners in a square. The reward is the way to the right; who reaches the edge there has finished."""

    tick_hz = 40
    max_players = 4
    roster = Roster(Score)
    state = Field()
    entities = (Runner,)

    def on_join(self, player: Player[Runner]) -> None:
        place = self.random.random() * SIZE / 2
        player.avatar = self.spawn(Runner, owner=player, x=place, y=place, marks=[3, 1])

    def on_input(self, player: Player[Runner], controls: Moves) -> None:
        runner = player.avatar
        runner.x += controls.dx + controls.push / 4
        runner.y += controls.dy
        runner.aim, runner.mood, runner.fires = controls.aim, controls.mood, controls.fire
        if controls.fire:
            self.broadcast("shot", {"by": player.number})

    def reward(self, player: Player[Runner]) -> float:
        return player.avatar.x / SIZE

    def terminated(self, player: Player[Runner]) -> bool:
        return player.avatar.x >= SIZE


RUN_SCHEMA = Schema([Score, Field, Runner], Moves)
