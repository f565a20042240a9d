"""From an action to the codes of a room's inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gameserver.learning.actions import action_codes
from tests.support.learning_rooms import Moves

INPUTS = Moves.inputs_type


def controls(**action: Any) -> Moves:
    made: Moves = INPUTS.from_codes(action_codes(INPUTS, action))
    return made


def test_each_field_takes_its_value_as_a_number_or_an_array_of_one() -> None:
    expected = Moves(dx=-1, push=0.5, aim=math.pi, mood="angry", fire=True, power=7)
    assert controls(dx=-1, push=0.5, aim=math.pi, mood=1, fire=1, power=7) == expected
    arrays = {"dx": np.int64(-1), "push": np.array([0.5], np.float32), "aim": np.array(math.pi), "mood": np.int64(1)}
    assert controls(**arrays, fire=np.array(True), power=np.array(7)) == expected


def test_what_is_left_out_is_neutral_and_what_is_out_of_range_becomes_the_nearest() -> None:
    assert controls() == Moves()
    assert controls(dx=9, push=-3.0, aim=-math.pi) == Moves(dx=1, push=-1.0, aim=math.pi)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        ({"dz": 1}, TypeError, "dz"),
        ({"mood": 2}, ValueError, "action mood is 2; write 0 to 1, the index of a name"),
        ({"mood": 0.5}, ValueError, "action mood is 0.5"),
        ({"push": math.nan}, ValueError, "action push is nan"),
        ({"mood": math.nan}, ValueError, "action mood is nan"),
        ({"mood": math.inf}, ValueError, "action mood is inf"),
        ({"mood": None}, ValueError, "action mood is None, not a number"),
        ({"mood": 10**400}, ValueError, "action mood is .*; write 0 to 1, the index of a name"),
        ({"fire": None}, ValueError, "action fire is None, not a number"),
        ({"fire": math.nan}, ValueError, "action fire is nan"),
        ({"aim": math.inf}, ValueError, "action aim is inf"),
        ({"dx": None}, ValueError, "action dx is None, not a number"),
        ({"push": [[1], [2, 3]]}, ValueError, "action push"),
        ({"push": np.zeros(2)}, ValueError, "action push can only convert an array of size 1"),
        ({"push": "left"}, ValueError, "action push is 'left', not a number"),
    ],
)
def test_what_no_field_can_hold_is_refused(action: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        controls(**action)
