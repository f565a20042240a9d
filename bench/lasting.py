"""What rooms that last cost: the same load with and without `--data`, in turn, and how long a restart takes.

    python -m bench.lasting [--rooms 10] [--players 50] [--seconds 15] [--repeats 3] [--restored 100]

Processor time and the times of ticks are of `load/main.mjs`, each repeat without and then with a folder; their medians
and the median of their differences are printed, then the size of the store, and what durable rooms take; before that
the time to restore so many rooms.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.scene import ArenaReference
from gameserver.hub.hub import Hub
from gameserver.ops.lasting import Lasting
from gameserver.ops.options import make_lasting
from gameserver.room.checkpoint import save_room, save_seats
from gameserver.store.api import RoomUpdate
from gameserver.store.entries import packed
from gameserver.store.sqlite import FILE, open_store
from gameserver.testing.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN: Final = Path(__file__).parent / "load" / "main.mjs"


class Scene(ArenaReference):
    """The reference scene, as a room that lasts."""

    lasting = True
    max_players = 50
    resume_grace_s = 600.0


def measured(options: argparse.Namespace, folder: str, *more: str) -> dict[str, Any]:
    """Run the load once, with more options. Return its line; `folder` is empty for a server without one."""
    sizes = ["--rooms", str(options.rooms), "--players", str(options.players), "--seconds", str(options.seconds)]
    line = ["taskset", "-c", "1", "node", str(MAIN), *sizes, "--python", sys.executable, "--data", folder, *more]
    found: dict[str, Any] = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
    return found


def compare(options: argparse.Namespace) -> None:
    """Print what both servers took, and what they differ by."""
    pairs = []
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            without, kept = measured(options, ""), measured(options, folder)
            pairs.append((without, kept))
            sizes = store_sizes(Path(folder))
    for name, read in READINGS.items():
        values = [(read(without), read(kept)) for without, kept in pairs]
        middle = [statistics.median(side) for side in zip(*values, strict=True)]
        differs = statistics.median([after - before for before, after in values])
        print(f"{name}: {middle[0]:.3f} without, {middle[1]:.3f} with --data, differs by {differs:+.3f}")
    print(f"store: {sizes}")


READINGS: Final[dict[str, Callable[[dict[str, Any]], float]]] = {
    "CPU, % of a core": lambda found: found["cpu"] * 100,
    "tick p50, ms": lambda found: found["tickMs"]["p50"],
    "tick p99, ms": lambda found: found["tickMs"]["p99"],
    "tick max, ms": lambda found: found["tickMs"]["max"],
    "from input to its ack p50, ms": lambda found: found["ackMs"]["p50"],
    "from input to its ack p99, ms": lambda found: found["ackMs"]["p99"],
    "skipped snapshots": lambda found: found["skippedStates"],
}


def durable(options: argparse.Namespace) -> None:
    """Print how much later the same load gets its answers in durable rooms."""
    with tempfile.TemporaryDirectory() as folder:
        found = measured(options, folder, "--durable")
    times = found["ackMs"]
    print(f"durable: from input to its ack p50 {times['p50']:.1f} ms, p99 {times['p99']:.1f} ms")
    print(f"durable: {found['cpu'] * 100:.1f} % of a core, skipped snapshots {found['skippedStates']}")


def store_sizes(folder: Path) -> str:
    """Describe the checkpoints and journals in a folder."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        (checkpoint,) = db.execute("SELECT avg(length(checkpoint)) FROM rooms").fetchone()
        size, ticks = db.execute("SELECT sum(length(records)), sum(last - first + 1) FROM journal").fetchone()
    an_hour = (size or 0) / (ticks or 1) * Scene.tick_hz * 3600
    return f"a checkpoint {checkpoint or 0:.0f} bytes, the journal {an_hour / 1e6:.1f} MB a room and hour"


def restart(count: int) -> None:
    """Print what a checkpoint of a full room takes, and how long the same room takes to restore so many times."""
    simulation = Simulation(Scene)
    for number in range(Scene.max_players):
        simulation.client(name=f"Player {number}")
    simulation.run(2.0)
    engine = simulation.engine
    times_ms = sorted(timed_ms(lambda: packed(save_room(engine))) for _ in range(50))
    print(f"a checkpoint of {Scene.max_players} players: {times_ms[25]:.2f} ms, at most {times_ms[-1]:.2f} ms")
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), engine, count)
        hub = Hub({"scene": Scene}, token_bytes=secrets.token_bytes, seed=1)
        lasting = make_lasting(hub, Path(folder))
        assert isinstance(lasting, Lasting)
        took_s = timed_ms(partial(lasting.restore, 0.0)) / 1000
        print(f"{len(hub.rooms)} rooms restored in {took_s:.2f} s")


def fill(folder: Path, engine: Any, count: int) -> None:
    """Put the same room into a store so many times, each with an id of its own."""
    store = open_store(folder)
    store.begin(0)
    seats = packed(save_seats(engine, b"inst"))
    updates = []
    for number in range(count):
        saved = {**save_room(engine), "room": f"r{number:05}", "kind": "scene"}
        updates.append(RoomUpdate(saved["room"], "scene", seats, compressed(packed(saved)), engine.tick_number))
    store.commit(0, updates, [])
    store.close()


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rooms", 10), ("players", 50), ("seconds", 15), ("repeats", 3), ("restored", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    restart(options.restored)
    if options.repeats:
        compare(options)
        durable(options)


def compressed(data: bytes) -> bytes:
    """As the server stores a checkpoint."""
    return zlib.compress(data, 1)


def timed_ms(call: Any) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
