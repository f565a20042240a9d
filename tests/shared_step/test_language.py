"""Everything that a step can do gives the same bits in Python and in Node."""

from collections.abc import Callable
from typing import Any

import pytest

from gameserver.shared_step import shared
from gameserver.shared_step.names import shared_function
from tests.support.shared_step import constructs
from tests.support.shared_step.comparing import Compare
from tests.support.shared_step.declaring import declare


def _constructs() -> list[Callable[..., Any]]:
    found = []
    for value in vars(constructs).values():
        function = shared_function(value)
        if function is not None and [parameter.name for parameter in function.parameters] == ["s", "i", "dt"]:
            found.append(value)
    return found


@pytest.mark.parametrize("function", _constructs(), ids=lambda function: function.__name__)
def test_construct_gives_the_same_bits_on_both_sides(function: Callable[..., Any], compare: Compare) -> None:
    assert compare(function) is None


def test_comparison_finds_a_difference_of_one_bit(compare: Compare) -> None:
    step = declare(
        """
        @shared
        def helper(x):
            return x + 1.0

        @shared
        def step(s, i, dt):
            s.out = helper(s.a)
        """
    )
    assert compare(step) is None
    # Python runs other code than what was translated; only running both shows that.
    step.__globals__["helper"].__code__ = (lambda x: x + 1.0000000000000002).__code__
    difference = compare(step)
    assert difference is not None
    assert difference.field == "out"
    assert difference.python == difference.state["a"] + 1.0000000000000002
    assert difference.javascript == difference.state["a"] + 1.0


def test_shared_returns_the_function_itself() -> None:
    def plain(a: float) -> float:
        return a

    assert shared(plain) is plain


def test_step_may_stand_in_a_class(compare: Compare) -> None:
    class Rules:
        @staticmethod
        @shared
        def step(s: constructs.State, i: constructs.Inputs, dt: float) -> None:
            s.out = s.a * dt

    assert compare(Rules.step) is None


def test_names_may_come_from_an_enclosing_function(compare: Compare) -> None:
    factor = 0.3

    @shared
    def twice(a: float) -> float:
        return a * 2

    @shared
    def step(s: constructs.State, i: constructs.Inputs, dt: float) -> None:
        s.out = twice(s.a) * factor

    assert compare(step) is None


def test_each_python_error_is_an_error_in_javascript(compare: Compare) -> None:
    for line in ("s.out = 1 / (s.n - s.n)", "s.out = s.a // 0.0", "s.out = s.a % 0", "s.out = sqrt(-1.0 - abs(s.a))"):
        step = declare(f"@shared\ndef step(s, i, dt):\n    {line}\n")
        with pytest.raises((ArithmeticError, ValueError)):
            step(type("State", (), {"n": 1, "a": 2.0})(), None, 0.1)
        assert compare(step, cases=20) is None
