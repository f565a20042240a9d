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
    other = Ref(Entity)

class Controls(Inputs):
    fire = Flag()
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
}


def test_mypy_knows_the_fields(tmp_path: Path) -> None:
    """Check all lines in one run: right lines give no error, and each wrong one gives its own."""
    lines = [*RIGHT, *WRONG]
    cases = [
        f"def case{i}(world: World, ship: Ship, controls: Controls) -> None: {each}" for i, each in enumerate(lines)
    ]
    sample = tmp_path / "game.py"
    sample.write_text(PRELUDE + "\n".join(cases))
    said, problems, _ = api.run(["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--no-pretty", str(sample)])
    assert not problems
    first = PRELUDE.count("\n") + 1
    found = {}
    for place, error in re.findall(r"^.*game\.py:(\d+).*: error: .*\[(.+)\]$", said, re.MULTILINE):
        found[lines[int(place) - first]] = error
    assert found == WRONG
