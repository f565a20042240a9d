"""Our server with the reference scene, under the load generator's control (`control.py`).

    python -m bench.server --players 50 --mode full|view|crowd [--transport polled|ordinary] [--data DIR [--durable]]

It is the server that `gameserver run` starts. This module only adds observation: how long ticks took, and the state of
a room at a tick, with which clients are compared.
"""

from __future__ import annotations

import argparse
import platform
import secrets
from array import array
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from bench.control import obey, say
from bench.scene import ArenaReference, ArenaReferenceCrowd, ArenaReferenceNear
from gameserver import __version__
from gameserver.compiled import COMPILED
from gameserver.hub.hub import Hub
from gameserver.net.counters import Histogram
from gameserver.net.server import Server, serve
from gameserver.net.settings import NetSettings
from gameserver.ops.options import make_lasting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.room.room import Room
    from gameserver.sync.snapshot import Snapshot

KIND = "arena"
SEED = 1


class TickTimes(Histogram):
    """Keeps the time of every tick since the last `take`; the server's own histogram is too coarse for percentiles."""

    def __init__(self) -> None:
        super().__init__()
        self._times_s = array("d")

    def add(self, value: float) -> None:
        """Add one time, in seconds."""
        self._times_s.append(value)

    def take(self) -> dict[str, float]:
        """Return percentiles in ms, and forget the times."""
        times, self._times_s = sorted(self._times_s), array("d")
        if not times:
            return {}
        at = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
        return {name: round(times[min(len(times) - 1, int(share * len(times)))] * 1e3, 3) for name, share in at.items()}


class Bench:
    """Answers the load generator's questions about one server."""

    def __init__(self, hub: Hub, server: Server) -> None:
        self._hub = hub
        self._server = server
        self._ticks = TickTimes()
        server.counters.tick_s = self._ticks

    def stats(self, _command: dict[str, Any]) -> dict[str, Any]:
        """Return the totals so far, and the tick times since the last question."""
        totals = self._server.totals()
        rooms = self._hub.statistics()["rooms"]
        return {
            "t": trio.current_time(),
            "ticks": totals.ticks,
            "states": sum(room["states"] for room in rooms),
            "skipped_states": sum(room["skipped_states"] for room in rooms),
            "skipped_ticks": totals.skipped_ticks,
            "late_ticks": totals.overruns,
            "inputs": totals.messages_in,
            "missed_inputs": sum(room["missed_inputs"] for room in rooms),
            "trimmed_inputs": sum(room["trimmed_inputs"] for room in rooms),
            "players": sum(room["players"] for room in rooms),
            "tick_ms": self._ticks.take(),
        }

    def snap(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return a room's newest state: for each entity its id, its codes, and a body's name."""
        snapshot = self._hub.rooms[command["room"]].history.newest
        assert snapshot is not None
        return {"room": command["room"], "tick": snapshot.tick, "entities": entities_of(snapshot)}


def entities_of(snapshot: Snapshot) -> list[Sequence[object]]:
    """Return one list per entity: id, codes in order of the schema, then the values of object fields."""
    return [
        [entity_id, *table.values_at(row)]
        for table in snapshot.tables
        for row, entity_id in enumerate(table.ids.tolist())
    ]


def room_class(mode: str, players: int, *, lasting: bool, durable: bool) -> type[Room[Any]]:
    """Return the scene's room class with `players` seats."""
    base = {"full": ArenaReference, "view": ArenaReferenceNear, "crowd": ArenaReferenceCrowd}[mode]
    settings = {"max_players": players, "lasting": lasting, "durable": durable}
    return type(base.__name__, (base,), {"__module__": base.__module__, **settings})


async def main(options: argparse.Namespace) -> None:
    """Serve until stdin ends or a `quit` command arrives."""
    scene = room_class(options.mode, options.players, lasting=options.data is not None, durable=options.durable)
    hub = Hub({KIND: scene}, token_bytes=secrets.token_bytes, seed=SEED)
    settings = NetSettings(port=0, transport=options.transport, pace_garbage=True)
    lasting = make_lasting(hub, options.data)
    if lasting is not None:
        lasting.restore(trio.current_time())
    async with trio.open_nursery() as nursery:
        if lasting is not None:
            nursery.start_soon(lasting.run)
        server = await nursery.start(partial(serve, hub, settings))
        bench = Bench(hub, server)
        say({"re": "ready", "port": server.port, "name": "gameserver", "versions": versions()})
        await obey({"stats": bench.stats, "snap": bench.snap})
        nursery.cancel_scope.cancel()


def versions() -> dict[str, str | bool]:
    """Return the versions of this server, Python and trio."""
    return {
        "gameserver": __version__,
        "compiled": COMPILED,
        "python": platform.python_version(),
        "trio": trio.__version__,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=50)
    parser.add_argument("--mode", choices=("full", "view", "crowd"), default="full")
    parser.add_argument("--transport", choices=("polled", "ordinary"), default="polled")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--durable", action="store_true")
    trio.run(main, parser.parse_args())
