"""Random entity types and inputs: as plain data, which a trace can hold and cut down, and the classes made from it."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Field, Flag, Float, Int, Jumps, List, Ref, Text
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

FieldSpec: TypeAlias = dict[str, Any]
TypeSpec: TypeAlias = dict[str, Any]
"""`name`, `columns`, `rests` and `fields`, a map of field specs by name."""

PLACE = ("x", "y")
MAX_CODE = 2**30 - 1
STEPS = (1 / 16, 1 / 16, 1 / 256, 0.1, 0.5, 1.0, 3.7, 1e-3)
ODD_STEPS = (1e-9, 1e9, 1 / 3)
ANGLES = (2, 3, 7, 256, 1024, 65_536, MAX_CODE)
RANGES = ((0, 1), (0, 100), (-5, 5), (3, 3), (7, 9), (-MAX_CODE, MAX_CODE), (0, MAX_CODE), (-MAX_CODE, 0))
NAMES = ("calm", "wary", "angry", "é", "a b")
ODD_FIELD_NAMES = ("toString", "valueOf", "hasOwnProperty", "length", "map", "tick", "count")
FIELD_COUNTS = (0, 1, 2, 3, 4, 6, 9, 24)
TEXT_PIECES = ("", "a", "Ada", "é", "漢字", "😀", "\x00", "\ud800", "x" * 40)


# -- plain data --------------------------------------------------------------------------------------------------------


def random_types(dice: random.Random) -> list[TypeSpec]:
    """Return one to four types, at least one of which is kept as objects."""
    specs = [_random_type(dice, f"Thing{index}", columns=dice.random() < 0.25) for index in range(dice.randint(1, 4))]
    specs[dice.randrange(len(specs))]["columns"] = False
    for spec in specs:
        if spec["columns"]:
            spec["fields"] = {n: f for n, f in spec["fields"].items() if f["type"] not in ("text", "list")}
    return specs


def random_inputs(dice: random.Random) -> dict[str, FieldSpec]:
    """Return up to three input fields."""
    kinds = (_int, _flag, _choice, _angle)
    return {f"i{index}": dice.choice(kinds)(dice) for index in range(dice.randint(0, 3))}


def _random_type(dice: random.Random, name: str, *, columns: bool) -> TypeSpec:
    fields: list[tuple[str, FieldSpec]] = []
    if dice.random() < 0.75:
        fields += [(axis, {"type": "float", "step": dice.choice(STEPS[:6])}) for axis in PLACE]
    for index in range(dice.choice(FIELD_COUNTS)):
        make = dice.choices(*zip(*FIELD_TYPES, strict=True))[0]
        own_name = dice.choice(ODD_FIELD_NAMES) if dice.random() < 0.03 else f"f{index}"
        if own_name not in dict(fields):
            fields.append((own_name, make(dice)))
    if dice.random() < 0.3:
        fields.append(("jumps", {"type": "jumps"}))
    for target, spec in list(fields):
        if spec["type"] in ("float", "angle") and dice.random() < 0.5:
            fields.append((f"{target}_rate", _rate(dice, target, spec)))
    dice.shuffle(fields)
    return {"name": name, "columns": columns, "rests": not columns and dice.random() < 0.4, "fields": dict(fields)}


def _rate(dice: random.Random, target: str, spec: FieldSpec) -> FieldSpec:
    step = spec.get("step") or 6.283185307179586 / spec["steps"]
    ratio = dice.choice((1, 1, 1 / 4, 0.3, 16, 2**19))
    return {"type": "float", "step": min(1e9, max(1e-9, step * ratio)), "rate_of": target}


def _float(dice: random.Random) -> FieldSpec:
    step = dice.choice(ODD_STEPS if dice.random() < 0.1 else STEPS)
    if dice.random() < 0.5:
        return {"type": "float", "step": step}
    lo, hi = dice.choice(RANGES)
    return {"type": "float", "step": step, "min": lo * step, "max": hi * step}


def _angle(dice: random.Random) -> FieldSpec:
    return {"type": "angle", "steps": dice.choice(ANGLES)}


def _int(dice: random.Random) -> FieldSpec:
    lo, hi = dice.choice(RANGES)
    return {"type": "int", "lo": lo, "hi": hi}


def _flag(_: random.Random) -> FieldSpec:
    return {"type": "flag"}


def _choice(dice: random.Random) -> FieldSpec:
    return {"type": "choice", "names": list(NAMES[: dice.randint(1, len(NAMES))])}


def _ref(_: random.Random) -> FieldSpec:
    return {"type": "ref"}


def _text(dice: random.Random) -> FieldSpec:
    return {"type": "text", "max_bytes": dice.choice((1, 4, 12, 300))}


def _list(dice: random.Random) -> FieldSpec:
    of = dice.choice((_int, _float, _flag, _choice, _angle))(dice)
    return {"type": "list", "of": of, "max_items": dice.choice((1, 3, 20))}


FIELD_TYPES = (
    *((_float, 4), (_angle, 3), (_int, 3), (_flag, 2), (_choice, 1), (_ref, 1)),
    *((_text, 2), (_list, 2)),
)


# -- classes -----------------------------------------------------------------------------------------------------------


def make_field(spec: FieldSpec) -> Field[Any]:
    """Return the field that a spec describes."""
    options = {name: value for name, value in spec.items() if name != "type"}
    match spec["type"]:
        case "float":
            return Float(**options)
        case "angle":
            return Angle(**options)
        case "int":
            return Int(options["lo"], options["hi"])
        case "flag":
            return Flag()
        case "choice":
            return Choice(*options["names"])
        case "ref":
            return Ref()
        case "jumps":
            return Jumps()
        case "text":
            return Text(**options)
    return List(make_field(options["of"]), options["max_items"])


def make_types(specs: Iterable[TypeSpec]) -> tuple[type[Entity], ...]:
    """Return the entity classes that specs describe."""
    return tuple([_make_type(spec) for spec in specs])


def _make_type(spec: TypeSpec) -> type[Entity]:
    fields = {name: make_field(field) for name, field in spec["fields"].items()}
    options = {"columns": spec["columns"], "rests": spec.get("rests", False)}  # older traces do not say the latter
    made = types.new_class(spec["name"], (Entity,), options, lambda body: body.update(fields))
    return cast("type[Entity]", made)


def make_inputs(specs: dict[str, FieldSpec]) -> type[Inputs]:
    """Return the class of controls that specs describe."""
    fields = {name: make_field(field) for name, field in specs.items()}
    return cast("type[Inputs]", types.new_class("Controls", (Inputs,), {}, lambda body: body.update(fields)))


# -- values ------------------------------------------------------------------------------------------------------------


def random_value(field: Field[Any], dice: random.Random, entities: Sequence[Any] = ()) -> Any:
    """Return anything that an author may assign to a field.

    Args:
        field: The field.
        dice: Where chance comes from.
        entities: What a Ref may refer to: entities that live or lived in the room.
    """
    match field:
        case Float():
            return _real(field, dice)
        case Angle():
            return dice.choice((dice.uniform(-10, 10), dice.uniform(-10, 10), -1e-12, 1e15, -7e5, 0.0))
        case Int():
            extreme = dice.choice((field.lo, field.hi, 0, field.lo - 1, 10**30))
            return extreme if dice.random() < 0.2 else dice.randint(field.lo, field.hi)
        case Flag():
            return dice.random() < 0.5
        case Choice():
            return dice.choice(field.values)
        case Ref():
            return dice.choice([None, *entities])
        case Text():
            return "".join(dice.choices(TEXT_PIECES, k=dice.randint(0, 3)))
        case List():
            return [random_value(field.of, dice) for _ in range(dice.randint(0, field.max_items + 1))]
    raise TypeError(field)


def _real(field: Float, dice: random.Random) -> float:
    lo, hi = field.lo * field.step, field.hi * field.step
    chance = dice.random()
    if chance < 0.6:
        middle = min(hi, max(lo, 0.0))
        return dice.uniform(max(lo, middle - 1000 * field.step), min(hi, middle + 1000 * field.step))
    if chance < 0.8:
        return dice.uniform(lo, hi)
    return dice.choice((lo, hi, 0.0, -0.0, 5e-324, 1e300, -1e300, field.step / 2))
