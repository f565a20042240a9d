"""WebSocket, Server-Sent Events, long polls and polls compared: one room, many viewers, each transport in turn.

    python -m bench.transports [--quick] [--viewers 100 1000] [--seconds 10] [--svg docs/images/transports.svg]

A room of 20 sensors, of which all change ten times a second, is watched by so many viewers in another process. Each
tick broadcasts the moment at which it changed them; a viewer's handler notes how long ago that was. Bytes are those of
the viewers' sockets, processor time and memory the server's. The server has the first core and the viewers the others,
where there are several; their own work is part of the latencies.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from bench.machine import describe
from bench.viewers import TRANSPORTS, Viewer, now_ticks
from bench.watched import Figures, measure, quantile, run_server, start, watched_server
from gameserver import Entity, Float, Room

if TYPE_CHECKING:
    from collections.abc import Sequence

SENSORS: Final = 20


class Sensor(Entity):
    """Shows another value at each tick."""

    value = Float(step=1 / 64)


class Sensors(Room[Any]):
    """Twenty values that change ten times a second."""

    kind = "sensors"
    tick_hz = 10
    entities = (Sensor,)
    max_spectators = 5_000
    empty_close_s = 3_600.0

    def on_create(self, _options: Any) -> None:
        """Install the sensors."""
        for _ in range(SENSORS):
            self.spawn(Sensor)

    def on_tick(self) -> None:
        """Change all of them, and say when."""
        for sensor in self.all(Sensor):
            sensor.value = self.random.uniform(0, 1_000)
        self.broadcast("t", now_ticks())


class Row(NamedTuple):
    """One line of the table."""

    transport: str
    figures: Figures
    reconnect_ms: float


class Effort(NamedTuple):
    """How much is measured."""

    counts: Sequence[int]
    """Viewers."""
    seconds: float
    settle_s: float = 2.0
    within_s: float = 30.0
    """For how long viewers may take until they see the first change."""
    reconnects: int = 20
    reconnect_within_s: float = 10.0
    cuts_at_once: bool = False
    """Whether all of those who are cut off are cut off at once."""


QUICK: Final = Effort((20,), 2.0, settle_s=0.5, within_s=4.0, reconnects=5, reconnect_within_s=2.0, cuts_at_once=True)


async def watch(transport: str, count: int, effort: Effort) -> Row:
    """Start a server, have it watched, and count."""
    async with watched_server("bench.transports") as server:
        empty_kib = server.resident_kib()
        viewers = [TRANSPORTS[transport](server.port, server.room, Sensors.kind) for _ in range(count)]
        async with trio.open_nursery() as nursery:
            await start(nursery, viewers, effort.within_s)
            await trio.sleep(effort.settle_s)
            figures = await measure(server, viewers, effort.seconds, empty_kib)
            reconnects = await cut_off(viewers[: effort.reconnects], effort)
            nursery.cancel_scope.cancel()
    return Row(transport, figures, quantile(reconnects, 0.5) * 1e3)


async def cut_off(viewers: Sequence[Viewer], effort: Effort) -> list[float]:
    """Cut viewers off. Return how long each took to see the room again."""
    took: list[float] = []

    async def cut(viewer: Viewer) -> None:
        began_s = time.monotonic()
        viewer.forget()
        viewer.cut()
        with trio.move_on_after(effort.reconnect_within_s):
            while not viewer.ages:  # noqa: ASYNC110
                await trio.sleep(0.002)
        took.append(time.monotonic() - began_s)

    if effort.cuts_at_once:
        async with trio.open_nursery() as nursery:
            for viewer in viewers:
                nursery.start_soon(cut, viewer)
    else:
        for viewer in viewers:
            await cut(viewer)
    return took


def table(rows: Sequence[Row]) -> str:
    """Return the rows in Markdown."""
    lines = [
        "| transport | viewers | p50 | p99 | down | up | server's CPU | memory | after a cut |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for transport, row, reconnect_ms in rows:
        latency = f"{row.p50_ms:.0f} ms | {row.p99_ms:.0f} ms"
        traffic = f"{row.down_bytes_s:,.0f} B/s | {row.up_bytes_s:,.0f} B/s"
        cost = f"{row.cpu_percent:.0f} % | {row.kib_a_viewer:.0f} KiB"
        lines.append(f"| {transport} | {row.viewers:,} | {latency} | {traffic} | {cost} | {reconnect_ms:.0f} ms |")
    return "\n".join(lines)


def plot(rows: Sequence[Row]) -> str:
    """Return a drawing of the latencies: for each row a bar from 0 to p50, and on to p99."""
    longest = max([row.p99_ms for _, row, _ in rows if row.seen], default=1.0)
    height = 34 * len(rows) + 30
    bars = []
    for number, (transport, row, _) in enumerate(rows):
        if not row.seen:
            continue
        y = 20 + 34 * number
        p50, p99 = (460 * value / longest for value in (row.p50_ms, row.p99_ms))
        bars.append(
            f'<text x="190" y="{y + 16}" text-anchor="end">{transport}, {row.viewers:,}</text>'
            f'<rect x="200" y="{y + 2}" width="{p99:.1f}" height="20" fill="#9cc3e6"/>'
            f'<rect x="200" y="{y + 2}" width="{p50:.1f}" height="20" fill="#2563a8"/>'
            f'<text x="{206 + p99:.0f}" y="{y + 16}">{row.p50_ms:.0f} / {row.p99_ms:.0f} ms</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="780" height="{height}" viewBox="0 0 780 {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13"><title>From a change to its handler: p50 (dark) and p99, '
        f'by transport and viewers</title><rect width="780" height="{height}" fill="#fff"/>{"".join(bars)}</svg>\n'
    )


def main() -> None:
    """Run the benchmark, or its server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 viewers, for 2 seconds each: does it work?")
    parser.add_argument("--viewers", type=int, nargs="+", default=[100, 1_000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", nargs="+", choices=TRANSPORTS, default=list(TRANSPORTS))
    parser.add_argument("--svg", type=Path, help="write a drawing of the latencies here")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(run_server, Sensors, Sensors.kind)
        return
    effort = QUICK if options.quick else Effort(options.viewers, options.seconds)
    rows = []
    for count in effort.counts:
        for transport in options.only:
            row = trio.run(watch, transport, count, effort)
            rows.append(row)
            print(row, file=sys.stderr, flush=True)
            if row.figures.watching < count:
                print(f"only {row.figures.watching} of {count} saw a change", file=sys.stderr, flush=True)
    print(table(rows))
    print("\n" + "\n".join(f"{name}: {value}" for name, value in describe().items()))
    print("load average: " + ", ".join(f"{row.figures.load:.1f}" for row in rows))
    if options.svg is not None:
        options.svg.write_text(plot(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
