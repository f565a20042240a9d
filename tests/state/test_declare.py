"""A wrong declaration is refused when the class is created; the error names class and field, and what to write."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, List, Ref, Text
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    from gameserver.state.field import Field


def declare(base: type = Entity, /, **body: Any) -> type:
    return type("Ship", (base,), body)


NAN = float("nan")

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"x": Float(step=0)}, r"Ship\.x: step is 0; give the spacing of the grid, such as Float\(step=1 / 16\)"),
    ({"x": Float(step=-1)}, r"Ship\.x: step is -1"),
    ({"x": Float(step=NAN)}, r"Ship\.x: step is nan"),
    ({"x": Float(step=True)}, r"Ship\.x: step is True"),
    ({"x": Float("1")}, r"Ship\.x: step is '1'"),  # type: ignore[arg-type]
    ({"x": Float(1, min=2, max=1)}, r"Ship\.x: no multiple of step 1 lies between min 2 and max 1"),
    ({"x": Float(1, min=0.2, max=0.8)}, r"Ship\.x: no multiple of step 1 lies between min 0\.2 and max 0\.8"),
    (
        {"x": Float(1e-6, max=1e6)},
        r"Ship\.x: max 1000000\.0 is more than \d+ steps of 1e-06 from 0; take a larger step",
    ),
    ({"x": Float(1, min=NAN)}, r"Ship\.x: min is nan"),
    ({"x": Float(1, max=5, default=7)}, r"Ship\.x: default 7 is not between min None and max 5"),
    ({"x": Float(1, default=NAN)}, r"Ship\.x: default is nan"),
    ({"a": Angle(1)}, r"Ship\.a: steps is 1; say how many directions there are, such as Angle\(steps=1024\)"),
    ({"a": Angle(2**31)}, r"Ship\.a: steps is"),
    ({"a": Angle(8.0)}, r"Ship\.a: steps is 8\.0"),  # type: ignore[arg-type]
    ({"a": Angle(8, default=NAN)}, r"Ship\.a: default is nan"),
    ({"hp": Int(5, 1)}, r"Ship\.hp: the range is 5 to 1; give ints within ±\d+, such as Int\(0, 100\)"),
    ({"hp": Int(0, 2**31)}, r"Ship\.hp: the range is 0 to"),
    ({"hp": Int(0, 1.5)}, r"Ship\.hp: the range is 0 to 1\.5"),  # type: ignore[arg-type]
    ({"hp": Int(0, 9, default=10)}, r"Ship\.hp: default 10 is not a whole number from 0 to 9"),
    ({"mood": Choice()}, r'Ship\.mood: give 1 to 256 names, as Choice\("idle", "run"\), or an Enum class'),
    ({"mood": Choice(*[str(i) for i in range(257)])}, r"Ship\.mood: give 1 to 256 names"),
    ({"mood": Choice("a", 3)}, r"Ship\.mood: give 1 to 256 names"),  # type: ignore[call-overload]
    ({"mood": Choice("a", "b", "a")}, r"Ship\.mood: a name is repeated in a, b, a"),
    ({"mood": Choice("a", default="b")}, r"Ship\.mood: default is 'b', not one of a"),
    ({"name": Text(0)}, r"Ship\.name: max_bytes is 0; give 1 to 65535, such as Text\(max_bytes=24\)"),
    ({"name": Text(2, default="abc")}, r"Ship\.name: default 'abc' is not a str of at most 2 bytes"),
    ({"bag": List(Text(3), 3)}, r"Ship\.bag: a list holds Float, Angle, Int, Flag or Choice values"),
    ({"bag": List(Ref(), 3)}, r"Ship\.bag: a list holds"),
    ({"bag": List(3, 3)}, r"Ship\.bag: a list holds"),  # type: ignore[arg-type]
    ({"bag": List(Int(5, 1), 3)}, r"Ship\.bag\[\]: the range is 5 to 1"),
    ({"bag": List(Int(), 0)}, r"Ship\.bag: max_items is 0; give 1 to 1024"),
    ({"at": Ref(int)}, r'Ship\.at: name an Entity class, as Ref\(Ship\) or Ref\("Ship"\), not <class \'int\'>'),
    ({"x": Float}, r"Ship\.x: write x = Float\(…\), with parentheses"),
    ({"id": Int()}, r"Ship\.id: a field cannot have this name"),
    ({"isNew": Flag()}, r"Ship\.isNew: a field cannot have this name"),
    ({"_x": Int()}, r"Ship\._x: a field cannot have this name"),
    ({"größe": Int()}, r"Ship\.größe: a field cannot have this name"),
    ({f"f{i}": Flag() for i in range(129)}, r"Ship: has 129 fields; at most 128 fit"),
    (
        {"x": Float(1), "vx": Float(1, rate_of="y")},
        r"Ship\.vx: rate_of is 'y'; name a Float or Angle of Ship: x",
    ),
    ({"vx": Float(1, rate_of="vx")}, r"rate_of is 'vx'; name a Float or Angle of Ship: there is none"),
    ({"hp": Int(), "v": Float(1, rate_of="hp")}, r"Ship\.v: rate_of is 'hp'; name a Float or Angle"),
    (
        {"x": Float(1), "v": Float(1, rate_of="x"), "w": Float(1, rate_of="x")},
        r"Ship\.v: rate_of is 'x', which has another rate already",
    ),
    (
        {"x": Float(1), "v": Float(1, rate_of="x"), "a": Float(1, rate_of="v")},
        r"Ship\.a: rate_of is 'v', which is a rate itself",
    ),
    (
        {"x": Float(1e-6), "v": Float(1e3, rate_of="x")},
        r"Ship\.v: rate_of is 'x'; its step is more than 1048576 times that of x",
    ),
]


@pytest.mark.parametrize(("body", "says"), WRONG)
def test_a_wrong_field_is_refused_by_name(body: dict[str, Any], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        declare(**body)


ANNOTATED = [
    ("Entity", "x: Float", "Ship.x: Float is an annotation, no field; write x = Float(…)"),
    ("Entity", "x: Float(step=1)", "Ship.x: Float(step=1) is an annotation, no field; write x = Float(…)"),
    ("Entity", "x: fields.Flag", "Ship.x: fields.Flag is an annotation, no field; write x = Flag(…)"),
    ("Entity", "hp = Int(0, 9); at: Ref[Ship]", "Ship.at: Ref[Ship] is an annotation, no field; write at = Ref(…)"),
    ("Entity", "x: float", "Ship.x: float is an annotation, no field; write x = Float(…)"),
    ("Inputs", "turn = Int(-1, 1); fire: bool", "Ship.fire: bool is an annotation, no field; write fire = Flag(…)"),
    ("Inputs", "turn: int = 0", "Ship.turn: int is an annotation, no field; write turn = Int(…)"),
    ("Entity", "x = float", "Ship.x: float is no field; write x = Float(…)"),
    ("Inputs", "fire = bool", "Ship.fire: bool is no field; write fire = Flag(…)"),
]


@pytest.mark.parametrize("future", ["from __future__ import annotations\n", ""])
@pytest.mark.parametrize(("base", "body", "says"), ANNOTATED)
def test_an_annotation_that_was_meant_as_a_field_is_refused(base: str, body: str, says: str, future: str) -> None:
    if not future and ("fields." in body or "(step" in body or "Ref[" in body):
        return  # such an annotation is looked up: it fails by itself, or is another object
    with pytest.raises(DeclarationError) as refused:
        exec(f"{future}class Ship({base}): {body}", {**globals(), "Entity": Entity, "Inputs": Inputs})
    assert str(refused.value) == says


def test_annotations_of_attributes_that_stay_on_the_server_are_the_author_s() -> None:
    class Shot(Entity):
        x = Float(1)
        born: int
        seen: dict[int, str]
        at: Ref[Any] = Ref()
        limit: ClassVar[float]
        age: int = 0

    assert Shot().age == 0
    for given, meant in (("born", r"Int\(…\)"), ("age", r"Int\(…\)"), ("seen", r"Float\(…\), or another field")):
        says = rf"Shot\.{given} is an annotation, no field; write {given} = {meant}$"
        with pytest.raises(TypeError, match=says):
            Shot(**{given: 3})


@pytest.mark.parametrize(("name", "meant"), [("colums", "columns"), ("column", "columns"), ("rsets", "rests")])
def test_a_misspelt_argument_of_the_class_is_refused(name: str, meant: str) -> None:
    with pytest.raises(DeclarationError, match=f"Ship: {name} means nothing to an entity; write {meant}=True"):
        types.new_class("Ship", (Entity,), {name: True})


@pytest.mark.parametrize("field", [Float(1), Float(1, min=0), Float(1, max=0)])
def test_a_float_of_inputs_needs_both_limits(field: Field[Any]) -> None:
    with pytest.raises(DeclarationError, match=r"Ship\.x: a client can send anything; give min and max"):
        declare(Inputs, x=field)


@pytest.mark.parametrize("field", [Text(3), List(Int(), 3), Ref()])
def test_inputs_are_numeric(field: Field[Any]) -> None:
    with pytest.raises(DeclarationError, match=r"Ship\.x: inputs are Float, Angle, Int, Flag or Choice, not"):
        declare(Inputs, x=field)


def test_inputs_have_no_rates() -> None:
    with pytest.raises(DeclarationError, match=r"Ship\.v: rate_of has no meaning in inputs"):
        declare(Inputs, x=Float(1, min=0, max=1), v=Float(1, min=0, max=1, rate_of="x"))


def test_columns_hold_numbers_only() -> None:
    with pytest.raises(DeclarationError, match=r"Boid\.name: a type kept in columns has numeric fields only"):

        class Boid(Entity, columns=True):
            x = Float(1)
            name = Text(3)


def test_fields_are_inherited_in_order_and_may_be_declared_anew() -> None:
    class Body(Entity):
        x = Float(1)
        hp = Int(0, 9)

    class Tank(Body):
        hp = Int(0, 99)
        armour = Int(0, 5)

    assert list(Tank.entity_type.fields) == ["x", "hp", "armour"]
    assert Tank.entity_type.fields["hp"].hi == 99
    assert Body.entity_type.fields["hp"].hi == 9


def test_an_attribute_that_hides_an_inherited_field_is_refused() -> None:
    class Body(Entity):
        x = Float(1)

    with pytest.raises(DeclarationError, match=r"Tank\.x: hides the field x; take another name"):

        class Tank(Body):
            x = 3


def test_an_inherited_field_may_be_a_rate_s_target() -> None:
    class Body(Entity):
        x = Float(1)

    class Mover(Body):
        vx = Float(1, rate_of="x")

    assert Mover.entity_type.rates == ((0, 1),)


class Placed:
    """Not an entity: a base of several."""

    x = Float(step=1 / 16, default=2.0)


class Ship(Placed, Entity):
    hp = Int(0, 100, default=40)
    cargo = List(Int(0, 9), max_items=4)


class Fast(Ship):
    hp = Int(0, 10, default=5)


def test_a_class_holds_what_its_instances_begin_with_and_no_field_that_is_in_the_way_of_theirs() -> None:
    assert (Ship.x, Ship.hp, Fast.x, Fast.hp) == (2.0, 40, 2.0, 5)
    assert isinstance(vars(Placed)["x"], Float), "other classes are made of it too"
    assert list(Fast.entity_type.fields) == ["x", "hp", "cargo"]
    assert Fast.entity_type.fields["x"] is Ship.entity_type.fields["x"]
    assert Fast.entity_type.fields["hp"] is not Ship.entity_type.fields["hp"]


def test_every_instance_has_values_of_its_own() -> None:
    one, other = Ship(), Ship(hp=3)
    one.cargo.append(7)
    assert (one.hp, other.hp, other.cargo, Ship.cargo) == (40, 3, [], [])
