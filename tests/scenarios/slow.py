"""Clients that never read, beside players who do: what it costs the players, and the server.

Two servers run at the same time, with as many players each; the clients that do not read are on one of them. So
whatever else the machine does affects both.

    python -m tests.scenarios.slow --bots 49 --seconds 60

ends with one JSON object; status 1 when anything was wrong. `tests/live/test_links_slow.py` runs the same, shorter, and
judges what it counts: a few seconds on a busy machine say nothing about a p99.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgpack
import trio

from gameserver.bots.report import Histogram
from gameserver.client.state_reader import SharedStateReader
from gameserver.protocol.constants import ClientMessage
from tests.support.live.process import ledger_process
from tests.support.live.server import Wire
from tests.support.live.witness import Witness
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.live.process import ServerProcess

KIND: Final = "crowd"
TAKES_BYTES: Final = 4_096
"""What the kernel receives for a client that does not read; the rest waits at the server."""
PING_EVERY_S: Final = 1.0
"""How often a client that does not read sends a PING, so that it is not closed as dead."""
MISSED: Final = 0.1
"""The players beside a slow reader may miss so much more of their snapshots than the others. They miss none, unless
this process, which plays both crowds, comes too late to take them."""
SHARE: Final = 1.2
NOISE_S: Final = 0.05
"""One tick: an input frame that is slightly late is consumed a tick later, and in a short run that may be the p99."""
NOTICED_WITHIN_S: Final = 6.0
"""A full window first (0.8 s), two seconds for a close that nobody reads, and the next pings that find the reset."""
GROWTH_BYTES: Final = 2_000_000
SETTLE_S: Final = 4.0
"""Until the players' clocks have found their lead."""


@dataclass(frozen=True)
class Slow:
    """The size of the scenario."""

    bots: int = 49
    slow: int = 1
    seconds: float = 60.0
    evict_after_s: float = 15.0
    judge_p99: bool = True
    transport: str = "polled"


class Play:
    """What a crowd sees from when this is made until `end`."""

    def __init__(self, crowd: list[Witness]) -> None:
        self._crowd = crowd
        self.acks = Histogram()
        """How long inputs took to be acked."""
        self.missed = 0.0
        """Share of the room's snapshots that the players did not get; the room makes one each tick."""
        for player in crowd:
            player.tally.acks = Histogram()
        self._states, self._ticks = self._counts()

    @property
    def p99_s(self) -> float:
        """The p99 of the acks."""
        return self.acks.percentile(99)

    def end(self) -> None:
        """Take what the crowd has seen."""
        for player in self._crowd:
            self.acks.merge(player.tally.acks)
        states, ticks = self._counts()
        self.missed = 1 - (states - self._states) / (ticks - self._ticks)

    def _counts(self) -> tuple[int, int]:
        """States received so far, and the newest ticks, summed over the players."""
        return sum(player.tally.states for player in self._crowd), sum(player.tick for player in self._crowd)


async def run_slow(slow: Slow) -> dict[str, Any]:
    """Measure both servers together; return what was seen, with `wrong`."""
    options = ("--transport", slow.transport, "--limits.evict-after-s", str(slow.evict_after_s))
    async with ledger_process("Crowd", *options) as quiet, ledger_process("Crowd", *options) as server:
        async with _playing(quiet, slow.bots) as others, _playing(server, slow.bots) as players:
            await trio.sleep(SETTLE_S)
            before_bytes = server.resident_bytes()
            async with _not_reading(server, slow.slow) as evicted_after_s:
                alone, beside = await _watch(slow.seconds, others, players)
                with trio.move_on_after(NOTICED_WITHIN_S):
                    while len(evicted_after_s) < slow.slow:  # noqa: ASYNC110 - nobody announces it
                        await trio.sleep(0.05)
            seen = {
                "ack_alone_ms": alone.acks.in_ms(),
                "ack_beside_ms": beside.acks.in_ms(),
                "p99_moved_percent": round((beside.p99_s / alone.p99_s - 1) * 100, 1),
                "missed_alone": round(alone.missed, 3),
                "missed_beside": round(beside.missed, 3),
                "grown_bytes": server.resident_bytes() - before_bytes,
                "evicted_after_s": [round(after_s, 1) for after_s in evicted_after_s],
                "too_slow": (await server.metrics()).get('link_closes_total{code="4026"}', 0),
                "lost_links": sum(player.tally.lost_links for player in players),
            }
        ends = [await process.end() for process in (quiet, server)]
    return {**seen, "wrong": _wrong(slow, seen, alone, beside, ends)}


def _wrong(slow: Slow, seen: dict[str, Any], alone: Play, beside: Play, ends: list[tuple[int, str]]) -> list[str]:
    """The checks that failed, in words."""
    most_s = max(alone.p99_s * SHARE, alone.p99_s + NOISE_S)
    late_s = [ended_s - slow.evict_after_s for ended_s in seen["evicted_after_s"]]
    checks = {
        "the p99 of others moved": beside.p99_s <= most_s or not slow.judge_p99,
        "others missed snapshots": beside.missed <= alone.missed + MISSED,
        "memory grew": seen["grown_bytes"] < GROWTH_BYTES,
        "not all who do not read were evicted": seen["too_slow"] == slow.slow == len(late_s),
        "evicted too early or too late": all(0 <= late <= NOTICED_WITHIN_S for late in late_s),
        "somebody else lost a link": seen["lost_links"] == 0,
        "a server did not end well": all(status == 0 and "Traceback" not in errors for status, errors in ends),
    }
    return [problem for problem, fine in checks.items() if not fine]


@asynccontextmanager
async def _playing(server: ServerProcess, count: int) -> AsyncIterator[list[Witness]]:
    reader = SharedStateReader()
    players = [Witness(server.url, KIND, n, random.Random(n), reader) for n in range(count)]
    async with trio.open_nursery() as nursery:
        for player in players:
            nursery.start_soon(player.play)
        for player in players:
            await player.settled.wait()
        yield players
        nursery.cancel_scope.cancel()


async def _watch(seconds: float, *crowds: list[Witness]) -> list[Play]:
    """What each crowd sees from now on."""
    plays = [Play(crowd) for crowd in crowds]
    await trio.sleep(seconds)
    for play in plays:
        play.end()
    return plays


@asynccontextmanager
async def _not_reading(server: ServerProcess, count: int) -> AsyncIterator[list[float]]:
    """So many clients that join, send PINGs and never read; yields after how many seconds each was closed."""
    ended: list[float] = []
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            wire = await Wire.open(server.port, buffer=TAKES_BYTES)
            await wire.send(ClientMessage.JOIN, KIND, None, 0, {})
            nursery.start_soon(_talk, wire, ended)
        yield ended
        nursery.cancel_scope.cancel()
    for wire in Wire.opened:
        await trio.aclose_forcefully(wire.stream)
    Wire.opened.clear()


async def _talk(wire: Wire, ended: list[float]) -> None:
    began_s = trio.current_time()
    nonce = 0
    try:
        while True:
            nonce += 1
            await wire.stream.send_all(client_frame(msgpack.packb([ClientMessage.PING, nonce])))
            await trio.sleep(PING_EVERY_S)
    except trio.BrokenResourceError:
        ended.append(trio.current_time() - began_s)


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="Clients that never read, beside players who do.")
    parser.add_argument("--bots", type=int, default=49)
    parser.add_argument("--slow", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--evict-after", type=float, default=15.0, dest="evict_after_s")
    parser.add_argument("--transport", default="polled")
    verdict = trio.run(run_slow, Slow(**vars(parser.parse_args())))
    sys.stdout.write(json.dumps(verdict, indent=1) + "\n")
    raise SystemExit(1 if verdict["wrong"] else 0)


if __name__ == "__main__":
    main()
