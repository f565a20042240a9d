"""Python and Node agree bit by bit, on a game's step and on random expressions."""

import random
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gameserver.ops.check_step import Node, run_differential
from gameserver.shared_step import to_module
from gameserver.shared_step.differential import Experiment, GridField, Trace, pack
from tests.support.shared_step import ship
from tests.support.shared_step.declaring import INPUTS, STATE, declare

CASES = 5_000
STEPS = 60


def test_ship_has_the_same_bits_after_each_of_many_steps() -> None:
    report = run_differential(
        ship.steer, ship.SHIP_FIELDS, ship.CONTROLS_FIELDS, cases=CASES, steps=STEPS, dt=1 / 60, seed=1
    )
    assert report.ok, str(report)
    assert (report.cases, report.steps, report.raised) == (CASES, STEPS, 0)


def test_ships_of_the_comparison_do_what_ships_do() -> None:
    """The random cases reach many states, so that equal bits prove something."""
    experiment = Experiment(ship.steer, ship.SHIP_FIELDS, ship.CONTROLS_FIELDS, 1 / 60)
    source = random.Random(1)
    ends = []
    bounced = 0
    for _ in range(300):
        case = experiment.random_case(source, STEPS)
        rows = [*_rows(experiment.run(case), len(ship.SHIP_FIELDS))]
        ends.append(rows[-1])
        bounced += any(one[2] * other[2] < 0 for one, other in pairwise(rows))
    assert len({end[0] for end in ends}) > 100
    assert len({end[4] for end in ends}) > 100
    assert sum(end[2] != 0 for end in ends) > 200
    assert {end[6] for end in ends} == {0.0, 1.0}
    assert bounced > 10


def _rows(trace: Trace, width: int) -> list[tuple[float, ...]]:
    values = memoryview(trace.states).cast("d").tolist()
    return [tuple(values[at : at + width]) for at in range(0, len(values), width)]


# --- expressions -----------------------------------------------------------------------------------------------------

# Integers stay far below 2**53, beyond which doubles are not exact: factors are small.
int_leaves = st.one_of(st.sampled_from(["s.n", "s.m", "i.turn"]), st.integers(-9, 9).map(lambda n: f"({n})"))
float_leaves = st.one_of(
    st.sampled_from(["s.a", "s.b", "dt", "pi", "s.n"]),
    st.floats(-1e3, 1e3).map(lambda x: f"({x!r})"),
    st.sampled_from(["1e300", "(-1e-300)", "0.1", "0.0", "(-0.0)", "5e-324"]),
)
truth_leaves = st.sampled_from(["s.p", "s.q", "i.fire", "True", "False"])


def integers(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return int_leaves
    inner, number, truth = integers(depth - 1), floats(depth - 1), truths(depth - 1)
    return st.one_of(
        int_leaves,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
        st.builds("({} * {})".format, inner, int_leaves),
        st.builds("({} {} {})".format, inner, st.sampled_from(["//", "%"]), inner),
        st.builds("{}(clamp({}, -1000.0, 1000.0))".format, st.sampled_from(["floor", "int", "math.ceil"]), number),
        st.builds("(-{})".format, inner),
        st.builds("abs({})".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("({} if {} else {})".format, inner, truth, inner),
        st.builds("({} + {})".format, inner, truth),
    )


def floats(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return float_leaves
    inner, whole, truth = floats(depth - 1), integers(depth - 1), truths(depth - 1)
    return st.one_of(
        float_leaves,
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), whole),
        st.builds("{} {} {}".format, inner, st.sampled_from("+-"), inner).map("({})".format),
        st.builds("({}{})".format, st.sampled_from("+-"), inner),
        st.builds("{}({})".format, st.sampled_from(["abs", "float", "sin", "cos"]), inner),
        st.builds("sqrt(abs({}))".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "atan2", "hypot"]), inner, inner),
        st.builds("({} if {} else {})".format, inner, truth, whole),
        st.builds("({} or {})".format, st.sampled_from(["s.a", "s.n", "s.p"]), inner),
        st.builds("({} and {})".format, truth, inner),
    )


def truths(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return truth_leaves
    inner, number, whole = truths(depth - 1), floats(depth - 1), integers(depth - 1)
    compare = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        truth_leaves,
        st.builds("({} {} {})".format, number, compare, number),
        st.builds("({} {} {})".format, whole, compare, inner),
        st.builds("({} {} {} {} {})".format, whole, compare, number, compare, whole),
        st.builds("(not {})".format, st.one_of(inner, number)),
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
        st.builds("bool({})".format, number),
    )


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(number=floats(3), whole=integers(3), truth=truths(3), seed=st.integers(0, 2**32))
def test_any_expression_has_the_same_bits(node: Node, number: str, whole: str, truth: str, seed: int) -> None:
    step = declare(
        f"""
        @shared
        def step(s, i, dt):
            if {truth}:
                s.more = 1.0
            s.p = {truth}
            s.out = {number}
            s.more = {whole}
        """
    )
    experiment = Experiment(step, STATE, INPUTS, 1 / 60)
    node.load(experiment, to_module([step]), "step", 2)
    source = random.Random(seed)
    for _ in range(10):
        case = experiment.random_case(source, 2)
        node.ask(experiment, case)
        ours, theirs = experiment.run(case), node.answer()
        assert experiment.compare(0, case, ours, theirs) is None


# --- the comparison itself -------------------------------------------------------------------------------------------


def _experiment(*fields: GridField) -> Experiment:
    def nothing(state: Any, inputs: Any, dt: float) -> None:
        """Does not change its argument."""

    return Experiment(nothing, fields, (GridField("k", "int", 0, 9),), 0.1)


def test_same_seed_gives_the_same_cases() -> None:
    experiment = Experiment(ship.steer, ship.SHIP_FIELDS, ship.CONTROLS_FIELDS, 1 / 60)
    assert experiment.random_case(random.Random(7), 5) == experiment.random_case(random.Random(7), 5)
    assert experiment.random_case(random.Random(7), 5) != experiment.random_case(random.Random(8), 5)


def test_first_difference_names_case_step_field_and_what_led_to_it() -> None:
    experiment = _experiment(GridField("x", "free", -5, 5), GridField("y", "free", -5, 5))
    case = experiment.random_case(random.Random(1), 3)
    ours = Trace(pack([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), None)
    theirs = Trace(pack([1.0, 2.0, 3.0, 4.000000000000001, 5.0, 0.0]), None)
    found = experiment.compare(12, case, ours, theirs)
    assert found is not None
    assert (found.case, found.step, found.field) == (12, 1, "y")
    assert (found.python, found.javascript) == (4.0, 4.000000000000001)
    assert found.state == {"x": 1.0, "y": 2.0}
    assert found.inputs == {"k": case.inputs[1][0]}
    assert "case 12, step 1: y is 4.0 in Python and 4.000000000000001 in JavaScript" in str(found)


def test_error_on_one_side_only_is_a_difference() -> None:
    experiment = _experiment(GridField("x", "free", -5, 5))
    case = experiment.random_case(random.Random(1), 2)
    whole = Trace(pack([1.0, 2.0]), None)
    ended = Trace(pack([1.0]), "ZeroDivisionError: division by zero")
    also_ended = Trace(pack([1.0]), "RangeError: division by zero")
    earlier = Trace(pack([]), "RangeError: division by zero")
    assert experiment.compare(0, case, ended, also_ended) is None
    found = experiment.compare(0, case, ended, whole)
    assert found is not None
    assert (found.step, found.field) == (1, "the outcome")
    assert found.python == "ZeroDivisionError: division by zero"
    assert found.javascript == "no error"
    assert experiment.compare(0, case, ended, earlier) is not None


def test_zeros_are_one_value_and_no_numbers_are_another() -> None:
    assert pack([-0.0]) == pack([0]) == pack([False])
    assert pack([float("nan")]) == pack([-float("nan")])
    assert pack([float("nan")]) != pack([0.0])


def test_values_snap_as_a_room_snaps_them() -> None:
    position = GridField("x", "float", -10, 10, 0.25)
    assert [position.snap(x) for x in (0.1, 0.125, -0.125, -0.126, 9.0, -9.0)] == [0.0, 0.25, 0.0, -0.25, 2.5, -2.5]
    angle = GridField("angle", "angle", 0, 3, 0.5)
    assert [angle.snap(x) for x in (1.74, 1.75, -0.5, 2.2)] == [1.5, 0.0, 1.5, 0.0]
    assert [GridField("n", "int", 0, 9).snap(x) for x in (3.5, 3, -1, 99)] == [4, 3, 0, 9]
    assert GridField("f", "flag", 0, 1).snap(0.2) is True
    assert GridField("any", "free", 0, 1).snap(7.125) == 7.125


def test_fields_come_from_the_schema() -> None:
    read = GridField.from_spec
    assert read({"name": "x", "kind": "float", "step": 0.5, "lo": -4, "hi": 4, "rate": None}) == GridField(
        "x", "float", -4, 4, 0.5
    )
    assert read({"name": "a", "kind": "angle", "steps": 8, "rate": None}) == GridField(
        "a", "angle", 0, 7, 6.283185307179586 / 8
    )
    assert read({"name": "n", "kind": "int", "lo": 1, "hi": 3}) == GridField("n", "int", 1, 3)
    assert read({"name": "f", "kind": "flag"}) == GridField("f", "flag", 0, 1)
    assert read({"name": "t", "kind": "text", "max_bytes": 3}) is None


@given(st.sampled_from(ship.SHIP_FIELDS + ship.CONTROLS_FIELDS), st.integers(0, 2**32))
def test_random_values_lie_on_the_grid_and_in_the_range(field: GridField, seed: int) -> None:
    value = field.random(random.Random(seed))
    assert field.snap(value) == value
    assert field.lo * field.step <= value <= field.hi * field.step
