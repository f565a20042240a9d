"""The SDK on the real server, over Node's `ws`: real timers, real sockets, the step that the server serves."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = Path(__file__).with_name("node_client.mjs")
NODE = shutil.which("node")
SECONDS = 6


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as server:
        yield server


def play(server: ServerProcess, *, lag_ms: int = 0, jitter_ms: int = 0, drop_every_s: int = 0) -> dict[str, Any]:
    """Let the SDK fly for some seconds; return what it saw."""
    if NODE is None:
        pytest.fail("these tests need Node: install nodejs")
    command = [NODE, str(CLIENT), server.url, str(SECONDS), str(lag_ms), str(jitter_ms), str(drop_every_s)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 30, check=False)
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def assert_followed(report: dict[str, Any], server: ServerProcess) -> None:
    """It has joined and follows the game, and nothing that it received was wrong."""
    stats = report["stats"]
    assert report["status"] == {"state": "joined"}
    assert report["moved"] > 300, "the own ship flew"
    assert stats["predicting"], report["notices"]
    assert stats["diagnosis"] != "diverging", "the served step is not the server's"
    assert stats["desyncs"] == 0
    assert report["ships"] == 1
    assert set(report["lines"].values()) == {1}, "each event comes once"
    assert trio.run(server.skipped_share, "arena") < 0.5
    assert [notice for notice in report["notices"] if notice["name"] != "skipped"] == []


def test_it_plays_and_predicts_with_the_servers_own_step(server: ServerProcess) -> None:
    report = play(server)
    assert_followed(report, server)
    assert report["welcomes"] == 1
    assert report["aheadFrames"] > report["frames"] / 2, "it is ahead of the server, though not at every moment"


def test_at_150_ms_each_way_it_is_that_far_ahead(server: ServerProcess) -> None:
    report = play(server, lag_ms=150, jitter_ms=10)
    assert_followed(report, server)
    assert report["stats"]["rtt"] > 280
    assert report["stats"]["pending"] > 15


def test_it_resumes_its_ship_whenever_the_link_breaks_and_gets_each_event_once(server: ServerProcess) -> None:
    report = play(server, drop_every_s=2)
    assert_followed(report, server)
    assert report["welcomes"] >= 2
