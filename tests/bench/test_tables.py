"""From single measurements to medians, ratios, tables and a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from bench.matrix import CASES, TARGETS, Target, case
from bench.tables import cases_table, faults, figure, median, ratio, targets_table

SOUND = {"compared": 10, "mismatched": 0, "missing": 0, "outside": 0, "misfits": 0}


def result(us: float, **more: Any) -> dict[str, Any]:
    return {"usPerClientTick": us, "clients": 500, "lost": 0, "verify": SOUND, **more}


def test_a_figure_may_be_nested_a_quotient_or_missing() -> None:
    found = result(20.0, tickMs={"p50": 2.0, "p999": 3.0}, ackMs=None)
    assert figure(found, "usPerClientTick") == 20.0
    assert figure(found, "tickMs.p999/tickMs.p50") == 1.5
    assert figure(found, "ackMs.p50") is None
    assert median([found], "ackMs.p50") is None


def test_a_ratio_is_of_the_same_repeat_not_of_medians() -> None:
    """The second repeat ran on a machine twice as slow, which says nothing about either."""
    ours = [result(10), result(40), result(12)]
    theirs = [result(20), result(80), result(20)]
    assert ratio(ours, theirs, "usPerClientTick") == 0.5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"lost": 3}, ["3 clients lost"]),
        ({"verify": {**SOUND, "mismatched": 2}}, ["2 mismatched"]),
        ({"verify": {**SOUND, "compared": 0}}, ["nothing was compared"]),
        ({"verify": None}, []),
    ],
)
def test_a_server_that_is_wrong_or_loses_clients_makes_a_result_worthless(
    changed: dict[str, Any], said: list[str]
) -> None:
    assert faults(result(20.0, **changed)) == said


def test_tables_show_what_was_measured_and_leave_out_the_rest() -> None:
    cases = [case("a", "ours", ""), case("b", "theirs", ""), case("c", "not measured", "")]
    results = {"a": [result(10), result(11), result(30)], "b": [result(20), result(20), result(20)], "c": []}
    assert "| ours | 500 | **11.0** (10.0 to 30.0) |" in "\n".join(cases_table(cases, results))
    targets = [Target("cpu", "usPerClientTick", "a", "b", 0.6), Target("low", "usPerClientTick", "a", "b", 0.5)]
    targets.append(Target("unknown", "usPerClientTick", "a", "c", 0.5))
    lines = targets_table(targets, results)[2:]
    assert lines == ["| cpu | ≤ 0.6 | 0.55 | met |", "| low | ≤ 0.5 | 0.55 | missed |"]


def test_targets_name_cases_that_exist() -> None:
    names = {item.name for item in CASES}
    assert {target.ours for target in TARGETS} <= names
    assert {target.over for target in TARGETS if target.over} <= names
    assert len(names) == len(CASES)
