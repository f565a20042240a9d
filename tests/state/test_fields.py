"""Each type of field: every value has a defined result, and a code's value encodes to that code."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.fields import TURN, Angle, Choice, Field, Flag, Float, Int, List, Ref, Text

if TYPE_CHECKING:
    from collections.abc import Callable


class Mood(Enum):
    CALM = 1
    ANGRY = 2


F = TypeVar("F", bound=Field[Any])


def bound(field: F) -> F:
    field.bind("Ship.it")
    return field


STEPS = st.floats(1e-9, 1e9) | st.sampled_from([1 / 16, 0.1, 1 / 3, 1e-9, 1e9])


@given(STEPS, st.integers(-MAX_CODE, MAX_CODE))
def test_a_float_s_value_snaps_to_itself(step: float, code: int) -> None:
    field = bound(Float(step))
    assert field.encode(field.decode(code)) == code
    assert field.snap(field.decode(code)) == field.decode(code)


@given(st.integers(2, MAX_CODE), st.data())
def test_an_angle_s_value_snaps_to_itself(steps: int, data: st.DataObject) -> None:
    field = bound(Angle(steps))
    code = data.draw(st.integers(0, steps - 1))
    assert field.encode(field.decode(code)) == code
    assert 0 <= field.decode(code) < TURN


@given(st.floats(-1e6, 1e6))
def test_a_float_takes_the_nearest_value(value: float) -> None:
    assert abs(bound(Float(1 / 16)).snap(value) - value) <= 1 / 32


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (Float(1 / 16), 0.03, 0),
        (Float(1 / 16), 1 / 32, 1),
        (Float(1 / 16), -1 / 32, 0),
        (Float(1, min=-5, max=5), 1e300, 5),
        (Float(1, min=-5, max=5), -7, -5),
        (Float(1e-9), 1e308, MAX_CODE),
        (Float(1e-9), -1e308, -MAX_CODE),
        (Float(1), 10**400, MAX_CODE),
        (Float(1), -(10**400), -MAX_CODE),
        (Float(0.1, min=0.3, max=0.3), 9, 3),
        (Float(0.001, max=0.001 * MAX_CODE), 1e9, MAX_CODE),
        (Float(1, min=-0.5, max=1.5), -9, 0),
        (Float(1, min=-0.5, max=1.5), 9, 1),
        (Angle(4), TURN, 0),
        (Angle(4), -TURN / 4, 3),
        (Angle(4), 7 * TURN + 0.1, 0),
        (Angle(4), TURN * 0.95, 0),
        (Int(0, 100), 101, 100),
        (Int(0, 100), -1, 0),
        (Int(0, 100), 10**400, 100),
        (Int(0, 100), 2.5, 3),
        (Int(0, 100), True, 1),
        (Flag(), "yes", 1),
        (Flag(), 0, 0),
        (Flag(), [], 0),
        (Choice("a", "b"), "b", 1),
        (Choice(Mood), Mood.ANGRY, 1),
    ],
)
def test_out_of_range_has_a_stated_result(field: Field[Any], value: object, code: int) -> None:
    assert bound(field).encode(value) == code


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (Float(1), math.nan, "is nan"),
        (Float(1), -math.inf, "is -inf"),
        (Float(1), "1", "is '1', not a number"),
        (Float(1), None, "is None, not a number"),
        (Angle(4), math.inf, "is inf"),
        (Angle(2**20), 1e308, "too large for an angle"),
        (Int(0, 1), math.nan, "is nan"),
        (Int(0, 1), "1", "not a number"),
        (Choice("a", "b"), "c", "is 'c', not one of a, b"),
        (Choice("a", "b"), ["a"], "not one of a, b"),
        (Choice(Mood), "CALM", "not one of CALM, ANGRY"),
    ],
)
def test_what_is_no_value_is_an_error_that_says_so(field: Field[Any], value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        bound(field).encode(value)


def test_decoded_values_are_python_s_own() -> None:
    assert [type(bound(field).decode(1)) for field in (Float(1 / 2), Angle(8), Int(), Flag(), Choice("a", "b"))] == [
        float, float, int, bool, str,
    ]  # fmt: skip
    assert bound(Choice(Mood)).decode(1) is Mood.ANGRY


@pytest.mark.parametrize(
    ("field", "default"),
    [
        (Float(0.5), 0.0),
        (Float(0.5, min=2), 2.0),
        (Float(0.5, default=0.7), 0.5),
        (Angle(4), 0.0),
        (Int(), 0),
        (Int(3, 9), 3),
        (Int(-9, -3), -3),
        (Flag(default=True), True),
        (Choice("a", "b"), "a"),
        (Choice(Mood, default=Mood.ANGRY), Mood.ANGRY),
        (Ref(), None),
        (Text(3), ""),
        (List(Int(), 3), []),
    ],
)
def test_defaults(field: Field[Any], default: object) -> None:
    assert bound(field).initial() == default


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=[]), max_size=20), st.integers(1, 12))
def test_a_text_is_cut_at_a_character(value: str, max_bytes: int) -> None:
    field = bound(Text(max_bytes))
    frozen = field.freeze(value)
    clean = value.encode("utf-8", "replace").decode()
    assert clean.startswith(frozen)
    assert len(frozen.encode()) <= max_bytes
    longer = clean[: len(frozen) + 1]
    assert longer == frozen or len(longer.encode()) > max_bytes
    assert field.freeze(frozen) == field.read(frozen) == frozen


def test_a_list_is_cut_and_its_items_snapped() -> None:
    field = bound(List(Float(0.5, min=0, max=2), max_items=3))
    assert field.thaw(field.freeze([0.6, 9, -1, 1])) == [0.5, 2.0, 0.0]
    assert field.freeze((1.0,)) == (2,)


@given(
    st.sampled_from([Int(-5, 300), Int(), Float(1 / 4, min=-2, max=9), Float(3.0), Angle(8), Flag()]),
    st.lists(st.one_of(st.integers(), st.floats(), st.integers(-5, 300), st.floats(-2, 9), st.booleans())),
)
def test_a_list_s_items_have_the_codes_that_each_has_alone(of: Field[Any], items: list[Any]) -> None:
    field = bound(List(of, max_items=1024))
    alone, error = [], None
    for item in items:
        try:
            alone.append(of.encode(item))
        except ValueError as problem:
            error = str(problem)
            break
    if error is not None:
        with pytest.raises(ValueError, match=re.escape(error)):
            field.freeze(items)
    else:
        codes = field.freeze(items)
        assert codes == tuple(alone)
        assert {*map(type, codes)} <= {int}
        assert field.thaw(codes) == [of.decode(code) for code in codes]
        assert field.read(list(codes)) == codes


@pytest.mark.parametrize("item", [301, -6, True, 1.0, "1", None])
def test_a_list_with_an_item_that_is_no_code_is_refused(item: object) -> None:
    with pytest.raises(ValueError, match="no code from -5 to 300"):
        bound(List(Int(-5, 300), max_items=9)).read([1, item, 2])


@pytest.mark.parametrize(
    "freeze",
    [lambda: Text(3).freeze(3), lambda: List(Int(), 3).freeze("abc"), lambda: bound(List(Int(), 3)).freeze(["a"])],
)
def test_objects_of_another_type_are_errors(freeze: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="is "):
        freeze()
