"""Inputs: from the codes of a frame to controls and back."""

from __future__ import annotations

from enum import Enum

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gameserver.state.errors import StateError
from gameserver.state.fields import Angle, Choice, Flag, Float, Int
from gameserver.state.inputs import Inputs


class Weapon(Enum):
    LASER = "l"
    ROCKET = "r"


class Controls(Inputs):
    turn = Int(-1, 1)
    thrust = Float(step=1 / 4, min=0.25, max=1)
    aim = Angle(steps=8)
    fire = Flag()
    weapon = Choice(Weapon)
    gear = Int(-5, -2)


KIND = Controls.inputs_type
CODES = st.tuples(*[st.integers(lo, hi) for lo, hi in KIND.ranges])


@given(CODES)
def test_codes_make_controls_and_controls_the_codes(codes: tuple[int, ...]) -> None:
    controls = KIND.from_codes(codes)
    assert isinstance(controls, Controls)
    assert KIND.to_codes(controls) == codes
    assert controls == KIND.from_codes(list(codes))


def test_the_neutral_frame_is_the_code_nearest_to_0() -> None:
    assert KIND.neutral_codes == (0, 1, 0, 0, 0, -2)
    assert KIND.from_codes(KIND.neutral_codes) == Controls()


def test_ranges_are_the_codes_of_each_field() -> None:
    assert KIND.ranges == [(-1, 1), (1, 4), (0, 7), (0, 1), (0, 1), (-5, -2)]


def test_controls_are_made_by_name_and_compared_by_value() -> None:
    controls = Controls(turn=1, fire=True)
    assert (controls.turn, controls.thrust, controls.fire, controls.weapon) == (1, 0.25, True, Weapon.LASER)
    assert controls == Controls(fire=True, turn=1)
    assert controls != Controls(turn=1)
    assert controls != 3
    assert repr(Controls()) == (
        "Controls(turn=0, thrust=0.25, aim=0.0, fire=False, weapon=<Weapon.LASER: 'l'>, gear=-2)"
    )


def test_what_a_program_sets_is_brought_into_range() -> None:
    assert KIND.to_codes(Controls(turn=9, thrust=-1.0, aim=-0.1, fire=3)) == (1, 1, 0, 1, 0, -2)


def test_an_unknown_control_is_named() -> None:
    with pytest.raises(TypeError, match="Controls has no field 'trun'; it has turn, thrust"):
        Controls(trun=1)


def test_a_value_that_is_none_is_named() -> None:
    with pytest.raises(StateError, match=r"Controls\.turn is 'left', not a number"):
        KIND.to_codes(Controls(turn="left"))


def test_inputs_without_fields_are_the_empty_frame() -> None:
    kind = Inputs.inputs_type
    assert kind.ranges == []
    assert kind.neutral_codes == kind.to_codes(kind.from_codes(())) == ()
