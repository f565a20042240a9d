"""The dashboard with a thousand viewers, its server on one core: `python -m bench.dashboard`.

    python -m bench.dashboard [--quick] [--viewers 1000] [--seconds 20]

The room is the one that ships, with its demo's 204 sensors, of which all change ten times a second. Each tick
broadcasts the moment at which it ran; a viewer's handler notes how long ago that was. Viewers are spectators over
WebSockets, which ack as the protocol asks for. Their own work, in one process, is part of the latencies.
"""

from __future__ import annotations

import argparse
import json
from typing import Final

import trio

from bench.machine import describe
from bench.viewers import WebSocketViewer, now_ticks
from bench.watched import Figures, measure, run_server, start, watched_server
from gameserver.games.dashboard import Dashboard

SETTLE_S: Final = 3.0


class TimedDashboard(Dashboard):
    """Says when each tick ran."""

    max_spectators = 5_000

    def on_tick(self) -> None:
        """Show the readings, and the time."""
        super().on_tick()
        self.broadcast("t", now_ticks())


async def watch(count: int, seconds: float, within_s: float) -> Figures:
    """Start the server, have it watched, and count."""
    async with watched_server("bench.dashboard") as server:
        empty_kib = server.resident_kib()
        viewers = [WebSocketViewer(server.port, server.room, "dashboard") for _ in range(count)]
        async with trio.open_nursery() as nursery:
            await start(nursery, viewers, within_s)
            await trio.sleep(SETTLE_S)
            figures = await measure(server, viewers, seconds, empty_kib)
            nursery.cancel_scope.cancel()
    return figures


def main() -> None:
    """Run the benchmark, or its server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50 viewers, for 3 seconds: does it work?")
    parser.add_argument("--viewers", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(run_server, TimedDashboard, "dashboard")
        return
    figures = (
        trio.run(watch, 50, 3.0, 15.0) if options.quick else trio.run(watch, options.viewers, options.seconds, 60.0)
    )
    rounded = {name: round(value, 1) for name, value in figures._asdict().items()}
    print(json.dumps({**rounded, **describe()}, indent=1))


if __name__ == "__main__":
    main()
