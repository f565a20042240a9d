"""The loops over attributes, which the compiled build captures with, give the codes and values of the other ways."""

from __future__ import annotations

import copy
import math
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.state import attribute_loops
from gameserver.state.entity import Entity
from gameserver.state.errors import StateError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Jumps, Ref
from gameserver.state.store import codes_of


class Mood(Enum):
    CALM = 1
    WARY = 2


class Thing(Entity):
    x = Float(step=1 / 16, min=-100.0, max=100.0)
    y = Float(step=0.1)
    turn = Angle(steps=1024)
    hp = Int(-5, 100)
    lit = Flag()
    mood = Choice(Mood)
    word = Choice("idle", "run")
    other: Ref[Any] = Ref()
    jumps = Jumps()


TYPE = Thing.entity_type
LIVING = {number: Thing(x=number / 16) for number in range(1, 4)}
GONE = Thing()
for number, thing in LIVING.items():
    thing.id, thing.alive = number, True
GONE.id = 9

reals = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-200, 200),
    st.integers(-4000, 4000).map(lambda n: n / 32),
    st.integers(-4000, 4000),
    st.booleans(),
    st.sampled_from([-0.0, 0.0, math.nan, math.inf, 10**400, 2**63, np.float64(1.25), np.int64(7), Fraction(1, 3)]),
)
values = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("x", "y", "turn", "hp", "jumps"), reals),
        "lit": st.sampled_from([True, False, 0, 1, "", "x", None, np.bool_(True)]),
        "mood": st.sampled_from([Mood.CALM, Mood.WARY, "calm"]),
        "word": st.sampled_from(["idle", "run", "".join(["ru", "n"])]),
        "other": st.sampled_from([None, *LIVING.values(), GONE, 3]),
    },
)


def shown(entities: list[Thing]) -> list[list[str]]:
    """What the attributes are, with their types; -0.0 is shown as that."""
    return [[f"{type(getattr(e, name))} {getattr(e, name)!r}" for name in TYPE.numeric] for e in entities]


@given(st.lists(values, max_size=5))
def test_codes_and_values_are_those_of_the_interpreter(rows: list[dict[str, Any]]) -> None:
    entities = [Thing(**row) for row in rows]
    copies = [copy.copy(entity) for entity in entities]
    try:
        codes = codes_of(TYPE, copies, LIVING)
    except StateError:
        codes = None
    try:
        read = attribute_loops.read(entities, TYPE.grids, LIVING)
    except Exception:
        read = None
    if read is None:
        assert shown(entities) == shown(copies), "nothing is changed before all values have a code"
        return
    assert codes is not None
    assert read[0] == codes.astype("<i8").tobytes()
    TYPE.load(copies, codes, LIVING)
    attribute_loops.write_back(entities, *read, TYPE.grids, LIVING)
    assert shown(entities) == shown(copies)


@pytest.mark.parametrize("name", ["x", "turn", "hp"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_code(name: str, value: float) -> None:
    assert attribute_loops.read([Thing(**{name: value})], TYPE.grids, LIVING) is None


def test_an_attribute_that_holds_the_value_of_its_code_is_not_written() -> None:
    class Counting(Thing):
        def __setattr__(self, name: str, value: object) -> None:
            written.append(name)
            object.__setattr__(self, name, value)

    written: list[str] = []
    entity = Counting(x=1 / 16, y=0.05, turn=0.0, lit=True, mood=Mood.WARY, other=LIVING[2])
    written.clear()
    read = attribute_loops.read([entity], Counting.entity_type.grids, LIVING)
    assert read is not None
    attribute_loops.write_back([entity], *read, Counting.entity_type.grids, LIVING)
    assert written == ["y", "turn"]  # a real 0 is written in any case, since it may be -0.0


def test_a_reference_to_what_was_despawned_becomes_none() -> None:
    entity = Thing(other=GONE)
    read = attribute_loops.read([entity], TYPE.grids, LIVING)
    assert read is not None
    attribute_loops.write_back([entity], *read, TYPE.grids, LIVING)
    assert entity.other is None
