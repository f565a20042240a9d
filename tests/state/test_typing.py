"""What mypy infers from a declaration: the types of fields on instances, and of default values on the class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mypy import api

from tests.support.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PRELUDE = """
from enum import Enum
from typing import Any
import msgspec
from gameserver import Event, Jumps, Listing, Options, Player, Room, message
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, List, Ref, Text
from gameserver.state.inputs import Inputs
from gameserver.state.world import World

class Mood(Enum):
    CALM = 1

class Ship(Entity):
    x = Float(step=1 / 16)
    angle = Angle(steps=8)
    hp = Int(0, 100)
    armed = Flag()
    state = Choice("idle", "run")
    mood = Choice(Mood)
    name = Text(max_bytes=24)
    cargo = List(Int(0, 9), max_items=3)
    target: Ref["Ship"] = Ref("Ship")
    jumps = Jumps()
    other = Ref(Entity)

class Controls(Inputs):
    fire = Flag()

class RaceOptions(Options):
    laps: int = 3

class RaceListing(Listing):
    goals: int = 0

class Race(Room):
    options = RaceOptions()
    listing = RaceListing()

class Hit(msgspec.Struct):
    by: str
    points: int = 1

class Big(Ship):
    size = Int(0, 9)

class Typed(Room[Controls, Ship, dict[str, int]]):
    hit = Event(Hit)

class Asked(Room[Controls, Ship | None]): ...
class Untyped(Room[Any]): ...
class Usual(Room[Controls]):
    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Ship)
    def on_input(self, player: Player, controls: Controls) -> None: ...
    def on_leave(self, player: Player[Ship]) -> None: ...
"""

RIGHT = [
    "x: float = ship.x",
    "ship.x += ship.angle * 2",
    "hp: int = ship.hp; ship.hp -= 1",
    "armed: bool = ship.armed",
    "state: str = ship.state",
    "mood: Mood = ship.mood",
    "name: str = ship.name.upper()",
    "item: int = ship.cargo[0]",
    "target: Ship | None = ship.target",
    "ship.target = None",
    "other: Entity | None = ship.other",
    "made: Ship = world.spawn(Ship, x=1)",
    "ships: tuple[Ship, ...] = world.entities(Ship)",
    "first: float = Ship.x",
    "fire: bool = controls.fire",
    "race.listing.goals += race.options.laps",
    "race.listing = RaceListing(goals=1)",
    "hp2: int = typed.players[0].avatar.hp",
    "typed.players[0].avatar = ship",
    "typed.players[0].avatar = None",
    "number: int = typed.players[0].data['laps']",
    "asked.players[0].avatar = ship",
    "usual.players[0].avatar.anything; usual.players[0].data.anything",
    "untyped.players[0].avatar.anything",
    "typed.hit(by='Ada'); typed.hit('Ada', 3); typed.hit.to(typed.players[0])(by='Ada')",
    "big: Big = typed.spawn(Big, owner=typed.players[0], x=4, size=3, mood=Mood.CALM, target=None, cargo=[1])",
    "typed.teleport(ship, x=4)",
    "Controls(fire=True); Ship(x=1, state='run')",
]
WRONG = {
    "ship.x = 'left'": "assignment",
    "ship.hp = 1.5": "assignment",
    "ship.mood = 'CALM'": "assignment",
    "ship.target = 3": "assignment",
    "ship.cargo = ['a']": "list-item",
    "ship.target.hp": "union-attr",
    "ship.speed": "attr-defined",
    "wrong: str = ship.hp": "assignment",
    "also_wrong: str = Ship.x": "assignment",
    "race.listing.goals = 'many'": "assignment",
    "race.listing.gaols = 1": "attr-defined",
    "race.options.laps.upper()": "attr-defined",
    "typed.players[0].avatar.speed": "attr-defined",
    "typed.players[0].avatar = controls": "assignment",
    "typed.players[0].data['laps'] = 'many'": "assignment",
    "asked.players[0].avatar.hp": "union-attr",
    "typed.hit(bye='Ada')": "call-arg",
    "typed.hit(by=3)": "arg-type",
    "typed.hit.to(typed.players[0])()": "call-arg",
    "typed.spawn(Ship, xx=4)": "call-arg",
    "typed.spawn(Ship, x='left')": "arg-type",
    "typed.spawn(Ship, size=3)": "call-arg",
    "typed.spawn(Big, cargo=['a'])": "list-item",
    "typed.teleport(ship, xx=4)": "call-arg",
    "typed.teleport(ship, hp='full')": "arg-type",
    "Controls(fier=True)": "call-arg",
    "Controls(fire='yes')": "arg-type",
    "Ship(mood='CALM')": "arg-type",
}


ARGUMENTS = (
    "world: World, ship: Ship, controls: Controls, race: Race, typed: Typed, asked: Asked, usual: Usual, "
    "untyped: Untyped"
)


def test_mypy_knows_the_fields(tmp_path: Path) -> None:
    """Check all lines in one run: right lines give no error, and each wrong one gives its own."""
    assert errors_of([*RIGHT, *WRONG], tmp_path) == WRONG


def errors_of(lines: list[str], folder: Path) -> dict[str, str]:
    """Return the code of the error that mypy finds in each line that has one."""
    cases = [f"def case{i}({ARGUMENTS}) -> None: {each}" for i, each in enumerate(lines)]
    sample = folder / "game.py"
    sample.write_text(PRELUDE + "\n".join(cases))
    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\npython_version = 3.11\nmypy_path = {ROOT}\nplugins = gameserver.mypy_plugin\n")
    cache = ROOT / ".mypy_cache/with_plugin"
    command = ["--strict", "--config-file", str(config), "--cache-dir", str(cache), "--no-pretty", str(sample)]
    said, problems, _ = api.run(command)
    assert not problems
    first = PRELUDE.count("\n") + 1
    found = {}
    for place, error in re.findall(r"^.*game\.py:(\d+).*: error: .*\[(.+)\]$", said, re.MULTILINE):
        assert int(place) >= first, said
        found[lines[int(place) - first]] = error
    return found
