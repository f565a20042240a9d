"""Running the comparison: what it needs, what it reports, and that it ends."""

import math
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from gameserver.ops import check_step
from gameserver.ops.check_step import CheckError, Node, run_differential
from gameserver.shared_step import SharedStepError, shared, to_module
from gameserver.shared_step.differential import Experiment, GridField

X = GridField("x", "float", -1000, 1000, 1 / 16)
PUSH = GridField("push", "int", -1, 1)


class Cart:
    x: float


class Hands:
    push: int


@shared
def roll(cart: Cart, hands: Hands, dt: float) -> None:
    cart.x += hands.push * 20.0 * dt


@shared
def divide(cart: Cart, hands: Hands, dt: float) -> None:
    cart.x = 1 / hands.push


def test_report_states_how_much_was_compared() -> None:
    report = run_differential(roll, [X], [PUSH], cases=600, steps=5)
    assert report.ok
    assert str(report) == "roll: 600 cases x 5 steps, every bit equal"


def test_cases_that_raise_on_both_sides_are_counted() -> None:
    report = run_differential(divide, [X], [PUSH], cases=50, steps=5)
    assert report.ok
    assert 0 < report.raised <= 50
    assert str(report).endswith(f"{report.raised} of them raised, on both sides alike")


def test_a_different_grid_in_python_is_found_as_a_difference() -> None:
    def snap_down(state: SimpleNamespace) -> None:
        state.x = math.floor(state.x * 16) / 16

    report = run_differential(roll, [X], [PUSH], cases=600, steps=5, snap=snap_down)
    assert report.difference is not None
    assert report.difference.field == "x"
    assert report.cases <= 600
    assert str(report).startswith("roll: Python and JavaScript differ\ncase ")


def test_an_attribute_that_is_no_field_is_named() -> None:
    with pytest.raises(TypeError, match=r"roll uses \.x, but the numeric fields are: y"):
        run_differential(roll, [GridField("y", "int", 0, 1)], [PUSH], cases=1)
    with pytest.raises(TypeError, match=r"roll uses \.push"):
        run_differential(roll, [X], [], cases=1)


def test_unmarked_function_is_refused() -> None:
    def plain(cart: Cart, hands: Hands, dt: float) -> None:
        cart.x = dt

    with pytest.raises(SharedStepError, match="write @shared above it"):
        run_differential(plain, [X], [PUSH], cases=1)


def test_missing_node_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CheckError, match=r"install Node\.js 20"):
        run_differential(roll, [X], [PUSH], cases=1)


def _experiment(function: Callable[..., Any] = roll) -> Experiment:
    return Experiment(function, (X,), (PUSH,), 0.1)


@pytest.mark.parametrize(
    ("module", "words"),
    [("export function other() {}", "no function roll is exported"), ("export function roll( {", "SyntaxError")],
)
def test_module_that_node_cannot_run_is_an_error(module: str, words: str) -> None:
    with Node() as node, pytest.raises(CheckError, match=words):
        node.load(_experiment(), module, "roll", 1)


def test_node_that_ends_is_an_error() -> None:
    with Node() as node, pytest.raises(CheckError, match="Node ended before it answered"):
        node.load(_experiment(), "process.exit(3); export function roll() {}", "roll", 1)


def test_node_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_step, "ANSWER_TIMEOUT_S", 0.05)
    with Node() as node, pytest.raises(CheckError, match="did not answer"):
        node.load(_experiment(), "await new Promise(() => {}); export function roll() {}", "roll", 1)


def test_one_node_serves_one_step_after_another() -> None:
    with Node() as node:
        for function in (roll, divide):
            experiment = _experiment(function)
            node.load(experiment, to_module([function]), function.__name__, 1)
            for push in (-1, 1):
                case = experiment.random_case(random.Random(push), 1)
                node.ask(experiment, case)
                assert experiment.compare(0, case, experiment.run(case), node.answer()) is None
