"""Teleporting an entity: the counter is declared once, incremented, and marked in the schema."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.protocol.errors import ProtocolError
from gameserver.state.entity import Entity, teleport
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Float, Int, Jumps, List
from gameserver.state.inputs import Inputs
from gameserver.state.schema import Schema


class Ship(Entity):
    x = Float(step=1 / 16)
    hp = Int(0, 100)
    jumps = Jumps()


def test_who_is_put_elsewhere_has_a_count_that_went_on() -> None:
    ship = Ship(x=1.0, hp=7)
    teleport(ship, {"x": 50.0})
    assert (ship.x, ship.hp, ship.jumps) == (50.0, 7, 1)


def test_the_count_starts_again_rather_than_end() -> None:
    ship = Ship(jumps=255)
    teleport(ship, {})
    assert ship.jumps == 0


def test_a_field_that_does_not_exist_is_named_and_nothing_is_changed() -> None:
    ship = Ship()
    with pytest.raises(TypeError, match=r"Ship has no field 'z'; it has x, hp, jumps"):
        teleport(ship, {"x": 5.0, "z": 1.0})
    assert (ship.x, ship.jumps) == (0.0, 0)


def test_a_type_that_does_not_count_says_what_to_write() -> None:
    class Rock(Entity):
        x = Float(step=1.0)

    with pytest.raises(TypeError, match=r"Rock has no Jumps field: declare one, jumps = Jumps\(\)"):
        teleport(Rock(), {"x": 1.0})


def test_a_type_counts_once() -> None:
    with pytest.raises(DeclarationError, match=r"Twice\.more: Twice counts its jumps in gates already"):
        type("Twice", (Entity,), {"gates": Jumps(), "more": Jumps()})


def test_inputs_and_lists_have_no_jumps() -> None:
    with pytest.raises(DeclarationError, match="not Jumps"):
        type("Controls", (Inputs,), {"gates": Jumps()})
    with pytest.raises(DeclarationError, match="a list holds"):
        type("Train", (Entity,), {"gates": List(Jumps(), max_items=2)})


def test_a_client_knows_the_counter_from_the_schema() -> None:
    wire = Schema([Ship]).to_wire()
    assert wire["entities"][0]["fields"][2] == {"name": "jumps", "kind": "int", "lo": 0, "hi": 255, "jump": True}
    assert Schema.from_wire(wire).entities[0].jumps == 2


@pytest.mark.parametrize("changed", [{"jump": False}, {"jump": 1}, {"hi": 256}, {"lo": -1}])
def test_a_counter_that_is_none_is_refused(changed: dict[str, Any]) -> None:
    wire = Schema([Ship]).to_wire()
    wire["entities"][0]["fields"][2].update(changed)
    with pytest.raises(ProtocolError):
        Schema.from_wire(wire)
