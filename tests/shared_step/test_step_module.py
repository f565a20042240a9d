"""The module that a room's step is served as keeps the contract of protocol.md §7, for a client that has only the page.

`step_of_the_page.mjs` follows the page: it loads the served text in Node, predicts an avatar from the states on the
wire, and has to come to the codes of the next state.
"""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import pytest

from gameserver import Angle, Choice, Entity, Flag, Float, Inputs, Int, Jumps, Player, Room, Text, shared
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import ServerMessage as S
from tests.support.foreign.view import View, apply_state, read_schema
from tests.support.memory_server import MemoryServer
from tests.support.sim.football import Ball, Disc, Football
from tests.support.source import ROOT

PROGRAM = ROOT / "tests/support/shared_step/step_of_the_page.mjs"
TICKS = 120


class Skater(Entity):
    name = Text(max_bytes=8)
    x = Float(step=1 / 16, min=-40, max=40)
    vx = Float(step=1 / 64, rate_of="x")
    heading = Angle(steps=360)
    laps = Int(0, 1000)
    braking = Flag()
    mood = Choice("calm", "wild")
    jumps = Jumps()


class Skates(Inputs):
    push = Float(step=1 / 8, min=-1, max=1)
    turn = Int(-1, 1)
    brake = Flag()


@shared
def skate(skater: Skater, skates: Skates, dt: float) -> None:
    skater.braking = skates.brake
    skater.heading += skates.turn * 4.0 * dt
    if skates.brake:
        skater.vx *= 0.75
        skater.laps += 1
    skater.vx += skates.push * 90.0 * dt
    skater.x += skater.vx * dt


@shared
def shove(me: Skater, other: Skater, dt: float) -> None:
    """Order matters: each shove is as hard as the speed that the one before has left."""
    if abs(me.x - other.x) < 6.0:
        me.vx = me.vx * 0.5 + other.x * dt
        me.x += me.vx * dt


class Ice(Room[Skates]):
    entities = (Skater,)
    tick_hz, snapshot_hz = 30, 30

    def on_create(self, options: Any) -> None:
        self.spawn(Skater, x=4.0, name="post")

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Skater, owner=player, name="Ada")
        for x in (-8.0, 12.0):
            self.spawn(Skater, x=x, name="post", mood="wild")


class Rink(Ice):
    predict, predict_contact = skate, shove


@shared
def contact(skater: Skater, skates: Skates, dt: float) -> None:
    """The step of a room without contacts, called like an export that the module must not have."""
    skater.vx += skates.push * 90.0 * dt
    skater.x += skater.vx * dt


@shared
def predict(me: Skater, other: Skater, dt: float) -> None:
    """A contact that is called like the other export."""
    if abs(me.x - other.x) < 6.0:
        me.vx = me.vx * 0.5 + other.x * dt


class AloneRink(Ice):
    predict = contact


class OddlyNamedRink(Ice):
    predict, predict_contact = contact, predict


class EveryTick(Football):
    """The state of every tick is on the wire. A disc that nobody steers holds the controls of its fields."""

    kind = "everytick"
    snapshot_hz = 60

    def on_create(self, options: Any) -> None:
        self.spawn(Disc, x=560.0, y=450.0, dx=1, dy=1)
        for x, y in ((440.0, 460.0), (530.0, 480.0), (590.0, 430.0)):
            self.spawn(Ball, x=x, y=y)


def play_world() -> tuple[dict[str, Any], list[list[list[int]]]]:
    """Play football over the wire; return the job for Node, and the codes that all entities then had on the wire."""
    server = MemoryServer(EveryTick)
    link, peer = server.join("everytick")
    server.keep_up(link, peer)
    welcome, dice, view = link.welcome, random.Random(1), View()
    schema, own = welcome["schema"], link.events[-1][2]
    types = read_schema(schema)
    ticks: list[dict[str, Any]] = []
    after: list[list[list[int]]] = []
    taken, controls = 0, [0, 0]
    for number in range(TICKS):
        for state in link.of(S.STATE)[taken:]:
            view = apply_state(types, welcome["tick_hz"], view, state[1:])
            if ticks:
                after.append([one.codes for _, one in sorted(view.entities.items())])
        taken = len(link.of(S.STATE))
        controls = controls if number % 8 else [dice.randint(-1, 1), dice.randint(-1, 1)]
        entities = [
            {"id": id_, "type": schema["entities"][one.type]["name"], "codes": one.codes}
            for id_, one in sorted(view.entities.items())
        ]
        ticks.append({"own": own, "controls": controls, "entities": entities})
        server.say(peer, C.INPUT, number + 1, view.tick, 0, *controls)
        server.tick()
    ticks.pop()
    job = {"module": server.hub.step_module(welcome["step"]), "dt": 1 / welcome["tick_hz"], "ticks": ticks}
    fields = {one["name"]: one["fields"] for one in schema["entities"]}
    return {**job, "types": fields, "inputs": schema["inputs"]}, after


def test_a_client_that_knows_only_the_page_predicts_the_world_with_the_served_module() -> None:
    job, after = play_world()
    done = subprocess.run(["node", str(PROGRAM)], input=json.dumps(job), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == after
    assert len(after) == TICKS - 1
    moved = [len({str(tick[place]) for tick in after}) for place in range(len(after[0]))]
    assert sorted(moved)[1] > 20, "they are touched"


def play(room: type[Ice]) -> tuple[dict[str, Any], list[list[int]]]:
    """Play a room over the wire; return the job for Node, and the codes that the avatar then had on the wire."""
    server = MemoryServer(room)
    link, peer = server.join(room.__name__.lower())
    server.keep_up(link, peer)
    welcome, dice = link.welcome, random.Random(1)
    schema = welcome["schema"]
    types = read_schema(schema)
    avatar = link.events[-1][2]
    assert link.events[-1][1] == "@avatar"
    view, taken = View(), 0
    ticks: list[dict[str, Any]] = []
    after: list[list[int]] = []
    controls: list[int] = []
    for number in range(TICKS):
        for state in link.of(S.STATE)[taken:]:
            view = apply_state(types, welcome["tick_hz"], view, state[1:])
            assert state[3] == number, "each frame was consumed at its tick"
            if controls:
                after.append(view.entities[avatar].codes)
        taken = len(link.of(S.STATE))
        controls = [
            dice.choice((-8, -3, 0, 8)) if spec["kind"] == "float" else dice.randint(spec.get("lo", 0), 1)
            for spec in schema["inputs"]
        ]
        others = [one.codes for id_, one in sorted(view.entities.items()) if id_ != avatar]
        ticks.append({"entity": view.entities[avatar].codes, "controls": controls, "others": others})
        server.say(peer, C.INPUT, number + 1, view.tick, 0, *controls)
        server.tick()
    ticks.pop()
    path = welcome["step"]
    job = {
        "module": server.hub.step_module(path),
        "dt": 1 / welcome["tick_hz"],
        "contact": room.predict_contact is not None,
    }
    return {**job, "fields": schema["entities"][0]["fields"], "inputs": schema["inputs"], "ticks": ticks}, after


@pytest.mark.parametrize("room", [Rink, AloneRink, OddlyNamedRink])
def test_a_client_that_knows_only_the_page_predicts_with_the_served_module(room: type[Ice]) -> None:
    job, after = play(room)
    done = subprocess.run(["node", str(PROGRAM)], input=json.dumps(job), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == after
    assert len(after) == TICKS - 1
    assert len({codes[1] for codes in after}) > 20, "it moves"
