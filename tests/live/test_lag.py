"""`gameserver run --lag`: what a client measures is what was asked for, and it still plays at the full rate."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.live.process import GAMESERVER, ServerProcess
from tests.support.live.server import Wire
from tests.support.source import ROOT

SECONDS = 5


def play(url: str) -> Any:
    """The report of a bot that has played for a while."""
    command = [str(GAMESERVER), "bots", "--url", url, "--count", "1", "--seconds", str(SECONDS), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout.splitlines()[-1])


async def shortest_round_trip_ms(port: int) -> float:
    """Of a few PINGs, in ms; the shortest is the one that a busy machine delayed least."""
    wire = await Wire.open(port)
    round_trips_s = []
    for nonce in range(8):
        sent_s = trio.current_time()
        await wire.send(ClientMessage.PING, nonce)
        assert await wire.next_frame() is not None
        round_trips_s.append(trio.current_time() - sent_s)
    await trio.aclose_forcefully(wire.stream)
    return min(round_trips_s) * 1000


@pytest.mark.parametrize(("options", "least_ms"), [((), 0), (("--lag", "150", "--jitter", "10"), 280)])
def test_every_link_has_the_latency_that_was_asked_for(options: tuple[str, ...], least_ms: int) -> None:
    with ServerProcess(*options) as server:
        round_trip_ms = trio.run(shortest_round_trip_ms, server.port)
        report = play(server.url)
        skipped = trio.run(server.skipped_share, "arena")
    assert least_ms <= round_trip_ms < least_ms + 40
    assert report["ack_ms"]["p50"] >= least_ms
    assert skipped < 0.15, "it plays at the full rate"
    assert (report["desyncs"], report["disconnects"], report["errors"]) == (0, 0, 0)


def test_the_conditions_are_printed_at_the_start() -> None:
    with ServerProcess("--lag", "80", "--stall", "500/10") as server:
        line = server.read_line()
    assert line == "every link is slowed down: 80 ± 0 ms each way, and a stall of 500 ms every 10 s\n"
