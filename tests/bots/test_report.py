"""A report's counts and distributions, and how they are shown."""

from __future__ import annotations

import io
import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gameserver.bots.progress import PLAIN_LINE_EVERY_S, line, problems, progress, table, write_summary
from gameserver.bots.report import MAX_PROBLEM_TEXTS, Histogram, Report

KEYS = [
    "clients",
    "joined",
    "seconds",
    "snapshots",
    "snapshot_hz",
    "bytes_per_client_s",
    "ack_ms",
    "interval_ms",
    "events",
    "messages",
    "corrections",
    "desyncs",
    "disconnects",
    "errors",
]


def good_report() -> Report:
    report = Report(2, joined=2, seconds=10.0, client_seconds=20.0, snapshots=400, bytes_received=20_000, changes=400)
    for number in range(400):
        report.intervals.add(0.05)
        report.acks.add(0.02 + number / 10_000)
    return report


@given(st.lists(st.floats(1e-5, 100.0), min_size=1, max_size=200), st.sampled_from([50, 90, 99, 100]))
def test_percentiles_are_right_to_one_percent(samples: list[float], percent: int) -> None:
    histogram = Histogram()
    for sample in samples:
        histogram.add(sample)
    exact = sorted(samples)[-(-len(samples) * percent // 100) - 1]
    assert histogram.percentile(percent) == pytest.approx(exact, rel=0.0101)


def test_merged_histograms_are_one() -> None:
    low, high = Histogram(), Histogram()
    for _ in range(98):
        low.add(0.01)
    for _ in range(2):
        high.add(1.0)
    low.merge(high)
    assert low.count == 100
    assert low.in_ms() == {"p50": pytest.approx(10, rel=0.01), "p99": pytest.approx(1000, rel=0.01)}


def test_no_samples_and_a_zero_sample_are_allowed() -> None:
    histogram = Histogram()
    assert histogram.percentile(99) == 0.0
    histogram.add(0.0)
    assert histogram.percentile(99) == pytest.approx(0.0, abs=1e-5)


def test_the_json_has_exactly_its_keys_and_plain_numbers() -> None:
    made = json.loads(json.dumps(good_report().to_json()))
    assert list(made) == KEYS
    assert made["snapshot_hz"] == 20.0
    assert made["bytes_per_client_s"] == 1000.0
    assert list(made["ack_ms"]) == list(made["interval_ms"]) == ["p50", "p99"]
    assert made["interval_ms"]["p50"] == pytest.approx(50, rel=0.01)


@pytest.mark.parametrize(
    "wrong", [{"joined": 1}, {"snapshots": 0}, {"desyncs": 1}, {"disconnects": 1}, {"errors": 1}]
)  # fmt: skip
def test_anything_wrong_is_not_clean(wrong: dict[str, int]) -> None:
    report = good_report()
    assert report.clean
    for name, value in wrong.items():
        setattr(report, name, value)
    assert not report.clean


def test_merged_reports_add_up() -> None:
    total = Report(3)
    for _ in range(3):
        one = Report(1, joined=1, seconds=10.0, client_seconds=10.0, snapshots=200, corrections=2, desyncs=1)
        one.add_error("odd")
        total.merge(one)
    assert (total.joined, total.seconds, total.snapshots, total.corrections, total.desyncs) == (3, 10.0, 600, 6, 3)
    assert total.snapshot_hz == statistics.mean([20.0])
    assert (total.errors, total.problems["odd"]) == (3, 3)


def test_problem_texts_are_bounded_and_the_error_count_is_not() -> None:
    report = Report(1)
    for number in range(10 * MAX_PROBLEM_TEXTS):
        report.add_error(f"ship {number} moved too far")
    assert report.errors == 10 * MAX_PROBLEM_TEXTS
    assert len(report.problems) == MAX_PROBLEM_TEXTS


# -- how it is shown


def test_without_a_terminal_a_line_is_written_now_and_then() -> None:
    out, report = io.StringIO(), good_report()
    with progress(out, 30.0) as show:
        for tenth in range(1 + 10 * round(2 * PLAIN_LINE_EVERY_S)):
            report.seconds = tenth / 10
            show(report)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert "2/2 in" in lines[0]
    assert "20.0 snapshots/s" in lines[0]


def test_on_a_terminal_a_table_stays_in_place_and_shows_what_is_wrong() -> None:
    report = good_report()
    report.desyncs = 3
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=100).print(table(report, 20.0))
    text = out.getvalue()
    assert "2 of 2" in text
    assert "\x1b[31m3" in text, "red"


def test_the_summary_ends_with_what_was_wrong_most_often() -> None:
    report = good_report()
    report.add_error("rare")
    for _ in range(3):
        report.add_error("frequent")
    out = io.StringIO()
    write_summary(out, report)
    assert out.getvalue().splitlines()[-2:] == ["3 x frequent", "1 x rare"]
    assert problems(report)[0] == "3 x frequent"
    assert "errors 4" in line(report)
