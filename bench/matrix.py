"""The cases and the targets; each case is one call of the load generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Case:
    """One server under one load. `options` are the arguments of `load/main.mjs`."""

    name: str
    what: str
    options: tuple[str, ...]
    quick: bool = False
    """Part of `make bench-quick`."""
    compiled: bool = True
    """Whether servers in Python run on the compiled build of this package; otherwise on its sources."""


def case(name: str, what: str, options: str, *, quick: bool = False, compiled: bool = True) -> Case:
    """Return a case whose options are split at spaces."""
    return Case(name, what, tuple(options.split()), quick, compiled)


_FULL_500 = "--rooms 10 --players 50"
_VIEW_500 = "--rooms 1 --players 500 --mode view"

CASES: Final = (
    case("ours-full-500", "gameserver, rooms of 50", f"--peer gameserver {_FULL_500}", quick=True),
    case("colyseus-full-500", "Colyseus, rooms of 50, float32", f"--peer colyseus {_FULL_500}", quick=True),
    case("colyseus-quantised-500", "Colyseus, quantised", f"--peer colyseus --variant quantised {_FULL_500}"),
    case("colyseus-coupled-500", "Colyseus, patch at the tick", f"--peer colyseus --variant coupled {_FULL_500}"),
    case("ours-view-500", "gameserver, one room, views of 400 units", f"--peer gameserver {_VIEW_500}", quick=True),
    case("colyseus-view-500", "Colyseus StateView, the same", f"--peer colyseus {_VIEW_500}", quick=True),
    case(
        "interpreted-full-500",
        "gameserver, rooms of 50, not compiled",
        f"--peer gameserver {_FULL_500}",
        compiled=False,
    ),
    case("interpreted-view-500", "gameserver, views, not compiled", f"--peer gameserver {_VIEW_500}", compiled=False),
    case("transport-500", "our transport alone", f"--peer transport {_FULL_500}", quick=True),
    case("ws-500", "bare Node ws", f"--peer ws {_FULL_500}", quick=True),
    case("trio-websocket-500", "plain trio-websocket", f"--peer trio_websocket {_FULL_500}"),
    case("ours-aligned-500", "gameserver, clients' clocks aligned", f"--peer gameserver --aligned {_FULL_500}"),
    case("ours-full-100", "gameserver, rooms of 50", "--peer gameserver --rooms 2 --players 50"),
    case("ours-full-1000", "gameserver, rooms of 50", "--peer gameserver --rooms 20 --players 50"),
    case("ours-rooms-of-100", "gameserver, rooms of 100", "--peer gameserver --rooms 10 --players 100"),
    case("colyseus-rooms-of-100", "Colyseus, rooms of 100", "--peer colyseus --rooms 10 --players 100"),
    case("ours-rooms-of-10", "gameserver, rooms of 10", "--peer gameserver --rooms 50 --players 10"),
    case("colyseus-rooms-of-10", "Colyseus, rooms of 10", "--peer colyseus --rooms 50 --players 10"),
    case("ours-rooms-of-4", "gameserver, rooms of 4", "--peer gameserver --rooms 125 --players 4", quick=True),
    case("colyseus-rooms-of-4", "Colyseus, rooms of 4", "--peer colyseus --rooms 125 --players 4", quick=True),
    case("ours-rooms-of-2", "gameserver, rooms of 2", "--peer gameserver --rooms 250 --players 2"),
    case("colyseus-rooms-of-2", "Colyseus, rooms of 2", "--peer colyseus --rooms 250 --players 2"),
    case(
        "interpreted-rooms-of-4",
        "gameserver, rooms of 4, not compiled",
        "--peer gameserver --rooms 125 --players 4",
        compiled=False,
    ),
    case("ours-realtime-500", "gameserver, real-time priority", f"--peer gameserver --realtime {_FULL_500}"),
    case(
        "ours-crowd-100",
        "gameserver, 10,000 in columns, views",
        "--peer gameserver --rooms 1 --players 100 --mode crowd",
    ),
    case("ours-view-200", "gameserver, one room, views", "--peer gameserver --rooms 1 --players 200 --mode view"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the ratio of two cases' figures in the same run, or, without `over`, on a figure itself."""

    what: str
    figure: str
    """A key of a result; dots select nested keys."""
    ours: str
    over: str | None
    bound: float
    at_least: bool = False
    """Whether the bound is a lower one."""


_CPU: Final = "usPerClientTick"

TARGETS: Final = (
    Target("CPU, rooms of 100, against Colyseus", _CPU, "ours-rooms-of-100", "colyseus-rooms-of-100", 0.5),
    Target("CPU, rooms of 50, against Colyseus", _CPU, "ours-full-500", "colyseus-full-500", 0.5),
    Target("CPU, rooms of 10, against Colyseus", _CPU, "ours-rooms-of-10", "colyseus-rooms-of-10", 0.5),
    Target("CPU, rooms of 4, against Colyseus", _CPU, "ours-rooms-of-4", "colyseus-rooms-of-4", 0.6),
    Target("CPU, rooms of 2, against Colyseus", _CPU, "ours-rooms-of-2", "colyseus-rooms-of-2", 0.7),
    Target("CPU, rooms of 50, not compiled", _CPU, "interpreted-full-500", "colyseus-full-500", 0.9),
    Target("CPU, rooms of 4, not compiled", _CPU, "interpreted-rooms-of-4", "colyseus-rooms-of-4", 1.2),
    Target("CPU, views, against StateView", _CPU, "ours-view-500", "colyseus-view-500", 0.25),
    Target("CPU, the whole game, against bare ws alone", _CPU, "ours-full-500", "ws-500", 0.8),
    Target("CPU of the transport, against bare ws", _CPU, "transport-500", "ws-500", 0.5),
    Target("bytes, against quantised", "wireBytesPerClientTick", "ours-full-500", "colyseus-quantised-500", 0.4),
    Target("bytes, against float32", "wireBytesPerClientTick", "ours-full-500", "colyseus-full-500", 0.27),
    Target("bytes, views, against float32", "wireBytesPerClientTick", "ours-view-500", "colyseus-view-500", 0.3),
    Target("input to ack p50, ms", "ackHeadMs.p50", "ours-full-500", None, 28.0),
    Target("input to ack p99, ms", "ackHeadMs.p99", "ours-full-500", None, 55.0),
    Target("the same, clocks aligned, p50, ms", "ackHeadMs.p50", "ours-aligned-500", None, 6.0),
    Target("ticks held at 500", "ticksHeld", "ours-full-500", None, 0.9995, at_least=True),
    Target("the same, 10,000 in columns and 100 viewers", "ticksHeld", "ours-crowd-100", None, 0.999, at_least=True),
    Target("ticks missed while 500 join", "joinMissedTicks", "ours-full-500", None, 0.0),
    Target("KiB a client at 1000", "kibPerClient", "ours-full-1000", None, 35.0),
    Target("growth of CPU a client, 100 to 1000", "usPerClientTick", "ours-full-1000", "ours-full-100", 1.2),
    Target(
        "worst tick in a thousand over the median, real time", "tickMs.p999/tickMs.p50", "ours-realtime-500", None, 2.0
    ),
)
