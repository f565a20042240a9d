"""A room in a server of its own process, watched by many viewers in this one: `bench.transports`, `bench.dashboard`.

The server runs on the first core and the viewers on the others, where there are several.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from bench.control import obey, say
from bench.machine import load_average
from gameserver.hub.hub import Hub
from gameserver.net import NetLimits, NetSettings, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.viewers import Viewer
    from gameserver import Room
    from gameserver.net import Server

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4_096
CLOCK_HZ: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
START_WITHIN_S: Final = 30.0
STARTS_AT_ONCE: Final = 20
STARTS_EVERY_S: Final = 0.05


class Figures(NamedTuple):
    """What was measured of some viewers of one room."""

    viewers: int
    watching: int
    """How many of them saw a change meanwhile."""
    seen: int
    """Changes that handlers were called for."""
    p50_ms: float
    p99_ms: float
    down_bytes_s: float
    """Of one viewer's socket."""
    up_bytes_s: float
    cpu_percent: float
    """Of one core, by the server."""
    kib_a_viewer: float
    skipped_states: int
    """Updates that a viewer was not ready for: its next one has all that changed."""
    skipped_ticks: int
    load: float


class WatchedServer:
    """The server, as the process of the viewers sees it."""

    def __init__(self, process: subprocess.Popen[str], port: int, room: str) -> None:
        self._process = process
        self.port = port
        self.room = room

    async def ask(self) -> dict[str, Any]:
        """Return what the server has counted so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write('{"cmd": "stats"}\n')
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(await trio.to_thread.run_sync(self._process.stdout.readline))
        return answer

    def cpu_s(self) -> float:
        """Return the processor time that the process has taken."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_HZ

    def resident_kib(self) -> float:
        """Return the memory of the process."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1024


@asynccontextmanager
async def watched_server(module: str) -> AsyncIterator[WatchedServer]:
    """Run the server of a benchmark, `python -m MODULE --serve`.

    Args:
        module: Which one; its `--serve` calls `run_server`.
    """
    _allow_many_sockets()
    _pin(first=False)
    command = [sys.executable, "-m", module, "--serve"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with trio.fail_after(START_WITHIN_S):
            line = await trio.to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True)
        if not line:
            raise RuntimeError(f"{' '.join(command)} has ended with {process.wait()}")
        ready = json.loads(line)
        yield WatchedServer(process, ready["port"], ready["room"])
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


async def run_server(room: type[Room[Any]], kind: str) -> None:
    """Serve one room until stdin ends, and answer what was counted.

    Args:
        room: Its class.
        kind: Under which name.
    """
    _allow_many_sockets()
    _pin(first=True)
    hub = Hub({kind: room}, token_bytes=secrets.token_bytes, seed=1)
    settings = NetSettings(port=0, limits=NetLimits(max_pending=5_000, idle_timeout_s=60.0))
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(partial(serve, hub, settings))
        say({"re": "ready", "port": server.port, "room": hub.open_room(kind).id})
        await obey({"stats": lambda _: _counts(hub, server)})
        nursery.cancel_scope.cancel()


def _counts(hub: Hub, server: Server) -> dict[str, int]:
    (room,) = hub.statistics()["rooms"]
    return {"skipped_states": room["skipped_states"], "skipped_ticks": server.totals().skipped_ticks}


def _pin(*, first: bool) -> None:
    """Take the first core, or all others; nothing where there is one."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with suppress(OSError):
            if len(cores) > 1 and not first:
                os.sched_setaffinity(0, cores[1:])
            elif first:
                os.sched_setaffinity(0, {0})


def _allow_many_sockets() -> None:
    """Have as many descriptors as may be had without privileges."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def start(nursery: trio.Nursery, viewers: Sequence[Viewer], within_s: float) -> None:
    """Start viewers, some at once, and wait until each has seen a change, but no longer than `within_s`."""
    with trio.move_on_after(within_s):
        for number, viewer in enumerate(viewers):
            nursery.start_soon(viewer.watch)
            if number % STARTS_AT_ONCE == STARTS_AT_ONCE - 1:
                await trio.sleep(STARTS_EVERY_S)
        while not all(viewer.ages for viewer in viewers):  # noqa: ASYNC110
            await trio.sleep(0.1)


async def measure(server: WatchedServer, viewers: Sequence[Viewer], seconds: float, empty_kib: float) -> Figures:
    """Count what happens in some seconds.

    Args:
        server: The server.
        viewers: Those who watch.
        seconds: For how long.
        empty_kib: The server's memory before they came.
    """
    for viewer in viewers:
        viewer.forget()
    before, began_s, began_cpu = await server.ask(), time.monotonic(), server.cpu_s()
    await trio.sleep(seconds)
    took_s, cpu = time.monotonic() - began_s, server.cpu_s() - began_cpu
    after = await server.ask()
    ages = [age for viewer in viewers for age in viewer.ages]
    count = len(viewers)
    return Figures(
        viewers=count,
        watching=sum(bool(viewer.ages) for viewer in viewers),
        seen=len(ages),
        p50_ms=quantile(ages, 0.5) * 1e3,
        p99_ms=quantile(ages, 0.99) * 1e3,
        down_bytes_s=sum(viewer.down for viewer in viewers) / took_s / count,
        up_bytes_s=sum(viewer.up for viewer in viewers) / took_s / count,
        cpu_percent=100 * cpu / took_s,
        kib_a_viewer=(server.resident_kib() - empty_kib) / count,
        skipped_states=after["skipped_states"] - before["skipped_states"],
        skipped_ticks=after["skipped_ticks"] - before["skipped_ticks"],
        load=load_average(),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the others are below; NaN of none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
