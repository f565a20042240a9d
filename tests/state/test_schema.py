"""A schema is the same after a way over the wire, and a client refuses every invalid one."""

from __future__ import annotations

import copy
from contextlib import suppress
from enum import Enum
from typing import Any

import hypothesis.strategies as st
import msgpack
import pytest
from hypothesis import given

from gameserver.protocol.errors import ProtocolError
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, List, Ref, Text
from gameserver.state.inputs import Inputs
from gameserver.state.schema import Schema


class Mood(Enum):
    CALM = 1
    ANGRY = 2


class Ship(Entity):
    x = Float(step=1 / 16, min=-500, max=500)
    vx = Float(step=1 / 16, rate_of="x")
    heading = Angle(steps=1024)
    spin = Float(step=1 / 64, rate_of="heading")
    hp = Int(0, 100)
    armed = Flag()
    mood = Choice(Mood)
    name = Text(max_bytes=24)
    cargo = List(Float(step=0.5, min=0, max=4), max_items=3)
    target = Ref("Ship")


class Rock(Entity):
    pass


class Controls(Inputs):
    turn = Int(-1, 1)
    power = Float(step=1 / 8, min=0, max=1)
    aim = Angle(steps=16)
    weapon = Choice("laser", "rocket")


def wire() -> dict[str, Any]:
    """Return a schema as a client receives it."""
    found: dict[str, Any] = msgpack.unpackb(msgpack.packb(Schema([Ship, Rock], Controls).to_wire()))
    return found


def test_the_page_s_keys_and_no_others() -> None:
    described = wire()
    assert described.keys() == {"fingerprint", "entities", "inputs"}
    assert described["entities"][1] == {"name": "Rock", "fields": []}
    fields = {field["name"]: field for field in described["entities"][0]["fields"]}
    assert fields["x"] == {"name": "x", "kind": "float", "step": 0.0625, "lo": -8000, "hi": 8000, "rate": 1}
    assert fields["vx"]["rate"] is None
    assert fields["heading"] == {"name": "heading", "kind": "angle", "steps": 1024, "rate": 3}
    assert fields["hp"] == {"name": "hp", "kind": "int", "lo": 0, "hi": 100}
    assert fields["armed"] == {"name": "armed", "kind": "flag"}
    assert fields["mood"] == {"name": "mood", "kind": "choice", "names": ["CALM", "ANGRY"]}
    assert fields["name"] == {"name": "name", "kind": "text", "max_bytes": 24}
    assert fields["target"] == {"name": "target", "kind": "ref"}
    item = {"kind": "float", "step": 0.5, "lo": 0, "hi": 8, "rate": None}
    assert fields["cargo"] == {"name": "cargo", "kind": "list", "of": item, "max_items": 3}


def test_a_client_gets_the_same_schema() -> None:
    read = Schema.from_wire(wire())
    assert read.to_wire() == wire()
    for mine, other in zip(Schema([Ship, Rock]).entities, read.entities, strict=True):
        assert other.name == mine.name
        assert (other.lo == mine.lo).all()
        assert (other.hi == mine.hi).all()
        assert (other.step == mine.step).all()
        assert other.rates == mine.rates
        assert other.object_places == mine.object_places
    assert read.inputs.ranges == Controls.inputs_type.ranges
    assert read.inputs.neutral_codes == Controls.inputs_type.neutral_codes


def test_a_client_s_own_classes_are_used() -> None:
    read = Schema.from_wire(wire(), entities=(Ship,), inputs=Controls)
    assert read.entities[0].cls is Ship
    assert read.entities[1].cls is not Rock
    assert read.inputs.cls is Controls


def test_a_client_s_class_that_is_declared_otherwise_is_refused() -> None:
    class Rock(Entity):
        x = Float(step=1)

    with pytest.raises(ProtocolError, match="the server's Rock is declared differently"):
        Schema.from_wire(wire(), entities=(Rock,))
    with pytest.raises(ProtocolError, match="the server's inputs are declared differently from Inputs"):
        Schema.from_wire(wire(), inputs=Inputs)


def test_the_fingerprint_is_that_of_the_contents() -> None:
    class Other(Inputs):
        turn = Int(-1, 2)

    fingerprint = Schema([Ship, Rock], Controls).fingerprint
    assert fingerprint == Schema([Ship, Rock], Controls).fingerprint
    assert len(fingerprint) == 16
    others = [Schema([Rock, Ship], Controls), Schema([Ship], Controls), Schema([Ship, Rock], Other)]
    assert len({fingerprint, *[schema.fingerprint for schema in others]}) == 4


def test_a_type_is_found_by_class_and_by_name() -> None:
    schema = Schema([Ship, Rock])
    assert (schema.index(Rock), schema.named("Rock")) == (1, 1)


def changed(path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """Return the schema with one thing in it replaced."""
    found = copy.deepcopy(wire())
    place: Any = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return found


X, VX, HEADING, HP, MOOD, NAME, CARGO = (("entities", 0, "fields", i) for i in (0, 1, 2, 4, 6, 7, 8))

NONSENSE = [
    (("fingerprint",), "9F2C"),
    (("fingerprint",), 7),
    (("entities",), None),
    (("entities",), [{"name": f"T{i}", "fields": []} for i in range(257)]),
    (("entities", 0), []),
    (("entities", 0, "name"), "not a name"),
    (("entities", 0, "name"), "Rock"),
    (("entities", 0, "name"), None),
    (("entities", 0, "fields"), {}),
    (("entities", 0, "fields"), [{"name": f"f{i}", "kind": "flag"} for i in range(129)]),
    ((*X, "name"), "vx"),
    ((*X, "name"), "class"),
    ((*X, "name"), "__init__"),
    ((*X, "name"), "__slots__"),
    ((*X, "name"), "x=1;import os"),
    ((*X, "name"), "id"),
    ((*X, "name"), 3),
    ((*X, "kind"), "double"),
    ((*X, "kind"), None),
    ((*X, "kind"), ["float"]),
    ((*X, "step"), 0),
    ((*X, "step"), -1.0),
    ((*X, "step"), float("nan")),
    ((*X, "step"), float("inf")),
    ((*X, "step"), 1e-300),
    ((*X, "step"), True),
    ((*X, "step"), "1"),
    ((*X, "lo"), 9000),
    ((*X, "lo"), -(2**30)),
    ((*X, "lo"), 1.5),
    ((*X, "hi"), None),
    ((*X, "rate"), 0),
    ((*X, "rate"), 4),
    ((*X, "rate"), 99),
    ((*X, "rate"), -1),
    ((*X, "rate"), True),
    ((*HEADING, "rate"), 1),
    ((*VX, "rate"), 3),
    ((*VX, "step"), 1e9),
    ((*HEADING, "steps"), 1),
    ((*HEADING, "steps"), 2**30),
    ((*HP, "lo"), 101),
    ((*HP, "hi"), 2**30),
    ((*MOOD, "names"), []),
    ((*MOOD, "names"), ["a", "a"]),
    ((*MOOD, "names"), ["a", 1]),
    ((*MOOD, "names"), [str(i) for i in range(257)]),
    ((*NAME, "max_bytes"), 0),
    ((*NAME, "max_bytes"), 2**20),
    ((*CARGO, "max_items"), 0),
    ((*CARGO, "of"), {"kind": "text", "max_bytes": 3}),
    ((*CARGO, "of"), None),
    (("inputs",), None),
    (("inputs", 0), {"name": "a", "kind": "text", "max_bytes": 3}),
    (("inputs", 0), {"name": "a", "kind": "ref"}),
    (("inputs", 2, "rate"), 1),
]


@pytest.mark.parametrize(("path", "value"), NONSENSE)
def test_nonsense_is_refused(path: tuple[Any, ...], value: object) -> None:
    with pytest.raises(ProtocolError):
        Schema.from_wire(changed(path, value))


@pytest.mark.parametrize("raw", [None, 3, [], "schema", {}, {1: 2}])
def test_what_is_no_schema_at_all_is_refused(raw: object) -> None:
    with pytest.raises(ProtocolError):
        Schema.from_wire(raw)


def deep_list() -> object:
    raw: dict[str, object] = {"kind": "list", "max_items": 1}
    for _ in range(10):
        raw = {"kind": "list", "max_items": 1, "of": raw}
    return raw


def test_lists_of_lists_are_refused() -> None:
    with pytest.raises(ProtocolError):
        Schema.from_wire(changed((*CARGO, "of"), deep_list()))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from([path for path, _ in NONSENSE])


@given(PATHS, ANYTHING)
def test_anything_gives_a_schema_or_a_protocol_error(path: tuple[Any, ...], value: object) -> None:
    with suppress(ProtocolError):
        assert Schema.from_wire(changed(path, value)).to_wire()


@pytest.mark.parametrize("name", ["_Base", "Größe", "A" * 65, "Ship 2", "2nd", "A-B"])
def test_a_name_that_clients_refuse_is_refused_for_an_entity_type(name: str) -> None:
    with pytest.raises(DeclarationError, match=f"{name}: an entity type of a room cannot have this name"):
        Schema([type(name, (Entity,), {"x": Float(step=1)})])


@pytest.mark.parametrize("name", ["a", "A" * 64, "Ship_2"])
def test_a_name_that_is_declared_is_read_back(name: str) -> None:
    schema = Schema([type(name, (Entity,), {"x": Float(step=1)})])
    assert [each.name for each in Schema.from_wire(schema.to_wire()).entities] == [name]


class Member(Entity):
    _use = "players"

    number = Int(1, 99)


def test_a_type_is_found_by_its_use_on_both_sides() -> None:
    schema = Schema([Ship, Member])
    assert schema.uses == {"players": 1}
    read = Schema.from_wire(schema.to_wire())
    assert (read.uses, read.entities[1].use, read.to_wire()) == ({"players": 1}, "players", schema.to_wire())
    assert Schema.from_wire(schema.to_wire(), [Member]).entities[1].cls is Member
    assert schema.fingerprint != Schema([Ship, type("Member", (Entity,), {"number": Int(1, 99)})]).fingerprint


def test_a_use_stands_once_and_one_of_a_later_server_is_none() -> None:
    with pytest.raises(DeclarationError, match="one type of participants"):
        Schema([Member, type("Other", (Member,), {})])
    wire = Schema([Ship, Member]).to_wire()
    wire["entities"][1]["use"] = "weather"
    assert Schema.from_wire(wire).uses == {}
    wire["entities"][1]["use"] = wire["entities"][0]["use"] = "players"
    with pytest.raises(ProtocolError):
        Schema.from_wire(wire)
