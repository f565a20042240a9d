"""The written-out snapping against the fields' own rule."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.grid import compile_snap
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Ref, Text


class Mood(Enum):
    CALM = 1
    WILD = 2


class Thing(Entity):
    x = Float(step=1 / 64, min=-100.0, max=100.0)
    vx = Float(step=0.1, rate_of="x")
    angle = Angle(steps=1000)
    hp = Int(-3, 50)
    lit = Flag()
    what = Choice("a", "b", "c")
    mood = Choice(Mood)
    target = Ref()
    name = Text(max_bytes=8)


SNAP = compile_snap(Thing.entity_type)
UNPREDICTED = (0, 0, 0, 0, 0, 0, 0, 77)

numbers = st.floats(-1e9, 1e9)


@given(
    st.fixed_dictionaries(
        {
            "x": numbers,
            "vx": numbers | st.integers(-(10**6), 10**6),
            "angle": numbers,
            "hp": st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | st.booleans(),
            "lit": st.booleans() | st.integers(0, 5) | st.none(),
            "what": st.sampled_from(["a", "b", "c"]),
            "mood": st.sampled_from(Mood),
        }
    )
)
def test_it_does_what_the_fields_say(values: dict[str, Any]) -> None:
    thing = Thing(**values)
    codes = SNAP(thing, UNPREDICTED)
    for place, (name, field) in enumerate(Thing.entity_type.numeric.items()):
        if name == "target":
            continue
        expected = field.encode(values[name])
        assert codes[place] == expected
        snapped = getattr(thing, name)
        assert snapped == field.decode(expected)
        assert type(snapped) is type(field.decode(expected))
    assert codes[-1] == 77


@given(numbers, numbers)
def test_snapping_twice_changes_nothing(x: float, angle: float) -> None:
    thing = Thing(x=x, angle=angle)
    codes = SNAP(thing, UNPREDICTED)
    assert SNAP(thing, UNPREDICTED) == codes


@pytest.mark.parametrize("field", ["x", "angle", "hp"])
def test_what_is_no_number_is_loud(field: str) -> None:
    with pytest.raises(ValueError, match=r"NaN|nan"):
        SNAP(Thing(**{field: float("nan")}), UNPREDICTED)
