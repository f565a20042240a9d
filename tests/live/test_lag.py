"""`gameserver run --lag`: what a client measures is what was asked for, and it still plays at the full rate."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live.process import GAMESERVER, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5
STOP_TIMEOUT_S = 15


@contextmanager
def arena(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server with the arena: what it says first, and its process."""
    command = [str(GAMESERVER), "run", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline(), process
        finally:
            process.terminate()
            assert process.wait(STOP_TIMEOUT_S) == 0


def play(said: str) -> Any:
    """What a bot reports that has played for a while."""
    address = re.search(r"http://(\S+)/", said)
    assert address, said
    url = f"ws://{address[1]}/ws"
    command = [str(GAMESERVER), "bots", "--url", url, "--count", "1", "--seconds", str(SECONDS), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("options", "least_ms"), [((), 0), (("--lag", "150", "--jitter", "10"), 280)])
def test_every_link_is_as_slow_as_was_asked_for(options: tuple[str, ...], least_ms: int) -> None:
    with arena(*options) as (said, _):
        report = play(said)
    assert least_ms <= report["ack_ms"]["p50"] < least_ms + 200
    assert report["snapshot_hz"] > 17
    assert (report["desyncs"], report["disconnects"], report["errors"]) == (0, 0, 0)


def test_it_is_said_at_the_start() -> None:
    with arena("--lag", "80", "--stall", "500/10") as (_, process):
        assert process.stdout is not None
        line = process.stdout.readline()
    assert line == "every link is slowed down: 80 ± 0 ms each way, and a stall of 500 ms every 10 s\n"
