"""`python -m tests.attacks`: what it makes of an attack that hangs, breaks down, or is felt."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.__main__ import attacks, last_line, run
from tests.support.attack.attack import Setup
from tests.support.attack.bystanders import Felt
from tests.support.attack.outcome import Outcome, felt_problems, table

CALM = Felt(5.0, 20.0, 12.0, 25.0, 50.0, 52.0, 0, 0, 0, {})
HANGS = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(f"{child.pid}")
sys.stderr.write("it hangs here")
sys.stderr.flush()
print("{}", flush=True)
time.sleep(60)
"""


def test_an_attack_that_hangs_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.attacks.__main__.END_TIMEOUT_S", 0.2)
    assert last_line([sys.executable, "-c", HANGS, str(tmp_path / "child")], timeout_s=1.0) == ""
    assert "it hangs here" in capfd.readouterr().err
    child = int((tmp_path / "child").read_text())
    deadline_s = time.monotonic() + 5.0
    while runs(child) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not runs(child)


def runs(pid: int) -> bool:
    """Whether a process runs. One that was killed may stay as a zombie, until init has taken note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_an_attack_that_breaks_down_shows_why(capfd: pytest.CaptureFixture[str]) -> None:
    assert not last_line([sys.executable, "-c", "raise SystemExit('no such thing')"], timeout_s=10.0)
    assert "no such thing" in capfd.readouterr().err


def test_each_module_declares_its_own_attack() -> None:
    names = [attack.name for attack in attacks()]
    assert names == sorted(set(names))
    assert [attack.name for attack in attacks(names)] == names


@pytest.mark.parametrize("setup", [Setup(), Setup("ordinary", tls=True), Setup(workers=3)])
def test_each_attack_has_a_server_that_it_can_be_made_on(setup: Setup) -> None:
    for attack in attacks():
        fitted = setup.fitted_to(attack)
        assert not (fitted.tls and fitted.workers > 1), "such a server does not start"
        assert attack.workers in (None, fitted.workers > 1)
        assert fitted.transport == setup.transport


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"ack_p99_ms": 87.0, "interval_p99_ms": 127.0, "snapshot_hz": 18.1}, []),
        ({"desyncs": 1}, ["1 desyncs of bystanders: {}"]),
        ({"disconnects": 2}, ["2 disconnects of bystanders: {}"]),
        ({"errors": 1}, ["1 errors of bystanders: {}"]),
        ({"snapshot_hz": 17.9}, ["snapshots/s 20 → 17.9"]),
        ({"ack_p99_ms": 88.0}, ["ack_p99_ms 25 → 88"]),
        ({"interval_p99_ms": 129.0}, ["interval_p99_ms 52 → 129"]),
    ],
)
def test_what_bystanders_feel_is_a_problem(change: dict[str, float], expected: list[str]) -> None:
    assert felt_problems(CALM, replace(CALM, **change)) == expected  # type: ignore[arg-type]


def test_the_table_names_desyncs_and_disconnects_apart() -> None:
    felt = replace(CALM, desyncs=3, disconnects=4, errors=1)
    lines = table([Outcome("storm", "polled", CALM, felt, 7, ("felt",))]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "--" not in line]
    assert dict(zip(*cells, strict=True)) == {
        "attack": "storm",
        "server": "polled",
        "ack p99": "25 → 25 ms",
        "interval p99": "52 → 52 ms",
        "snapshots/s": "20.0 → 20.0",
        "ticks skipped": "7",
        "desyncs": "3",
        "disconnects": "5",
        "held": "NO",
    }


def test_an_attack_is_made_and_its_checks_hold() -> None:
    """What the bystanders felt is judged on a machine without other load, by `make attack`; not here."""
    [attack] = attacks(["failing_rules"])
    outcome = run(attack, Setup(), calm_s=0.5)
    assert outcome is not None
    assert outcome.checked
    assert (outcome.during.desyncs, outcome.during.disconnects, outcome.during.errors) == (0, 0, 0)
