"""In development and tests, what rules assign is checked at the line that assigns it."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from gameserver import Choice, Entity, Flag, Float, Int, List, Ref, Text
from gameserver.state.assignments import check_assignments
from gameserver.state.errors import StateError
from gameserver.state.schema import Schema
from gameserver.state.world import World


class Ship(Entity):
    heading = Float(step=1 / 16, min=0, max=800)
    hp = Int(0, 9)
    mood = Choice("calm", "angry")
    armed = Flag()
    name = Text(max_bytes=8)
    cargo = List(Int(0, 9), max_items=3)
    target: Ref[Any] = Ref("Ship")
    seen: int


class Wall(Entity, rests=True):
    width = Float(step=1)
    points = List(Int(0, 9), max_items=3)


class Own(Entity):
    width = Float(step=1)

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


WORLD = World(Schema([Ship, Wall, Own]))
check_assignments(WORLD.schema.entities)
check_assignments(WORLD.schema.entities)

WRONG: list[tuple[str, object, str]] = [
    ("heading", "left", "Ship.heading is 'left', not a number"),
    ("heading", float("nan"), "Ship.heading is nan: a rule divided by zero, or grew without bound"),
    ("hp", None, "Ship.hp is None, not a number"),
    ("mood", "clam", "Ship.mood is 'clam', not one of calm, angry"),
    ("name", 3, "Ship.name is 3, not a str"),
    ("target", 3, "Ship.target is 3, which is no Ship"),
    ("haeding", 3.0, "Ship.haeding is no field of this type; write heading, or another name"),
    ("nmae", "Ada", "Ship.nmae is no field of this type; write name, or another name"),
]


@pytest.mark.parametrize(("name", "value", "says"), WRONG)
def test_a_wrong_assignment_is_an_error_at_its_own_line(name: str, value: object, says: str) -> None:
    ship = WORLD.spawn(Ship, hp=3)
    before = dict(vars(ship))
    with pytest.raises(StateError) as raised:
        setattr(ship, name, value)
    assert str(raised.value) == says
    assert traceback.extract_tb(raised.value.__traceback__)[0].line == "setattr(ship, name, value)"
    assert vars(ship) == before


def test_right_ones_and_attributes_of_the_author_s_own_are_as_before() -> None:
    ship = WORLD.spawn(Ship, target=None)
    ship.heading, ship.hp, ship.mood, ship.armed, ship.name = 900, 12, "angry", True, "much too long a name"
    ship.target = ship
    ship.cargo = [1, 2]
    ship.seen = 3
    ship.headings = [1.0]  # type: ignore[attr-defined]  # begins like a field, so it is no slip of the pen
    ship._haeding = 1.0  # type: ignore[attr-defined]
    WORLD.capture()
    assert (ship.heading, ship.hp, ship.target, ship.seen) == (800, 9, ship, 3)


def test_an_entity_at_rest_wakes_as_before() -> None:
    wall = WORLD.spawn(Wall, width=3)
    for _ in range(4):
        WORLD.capture()
    assert type(wall) is not Wall
    with pytest.raises(StateError, match=r"Wall\.width is 'wide', not a number"):
        wall.width = "wide"  # type: ignore[assignment]
    wall.width = 5
    assert type(wall) is Wall
    WORLD.capture()
    assert wall.width == 5


def test_a_class_that_takes_assignments_itself_is_left_alone() -> None:
    own = WORLD.spawn(Own)
    own.widht = 3
    assert "widht" in vars(own)
