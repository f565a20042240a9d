"""Players who join, lose their links, stop reading, vanish and leave, for a long time: nothing may accumulate.

    make soak        or        python -m bench.soak --minutes 30

The server is a process of its own, behind a proxy that simulates a bad network. The output ends with one JSON object;
the exit status is 1 when a player received something wrong, or when the server uses more at the end than once it was
warm.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.client.state_reader import SharedStateReader
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import ledger_process
from tests.support.live.witness import Tally, Witness

if TYPE_CHECKING:
    from tests.support.live.fault_proxy import FaultProxy
    from tests.support.live.process import ServerProcess

GRACE_S: Final = 4.0
EVICT_S: Final = 3.0
OPTIONS: Final = ("--limits.resume-grace-s", str(GRACE_S), "--limits.evict-after-s", str(EVICT_S))
"""Short, so that every way in which a session can end occurs often."""
STAYS_S: Final = (1.0, 25.0)
LOOK_EVERY_S: Final = 2.0
FAULT_EVERY_S: Final = 0.5
CALM_S: Final = GRACE_S + 14.0
"""Wait at the end: until the last grace time is over, and links that vanished are known to be dead."""
WARM_SHARE: Final = 0.4
"""After this share of the run memory must not grow any more: allocators and caches have reached their size."""
GROWTH_BYTES: Final = 3_000_000
"""The medians of two parts of a run differ by less than this without a leak. A link costs some 20 KB, and hundreds come
and go per minute."""


@dataclass
class Soak:
    """A run: its options, and what was seen."""

    minutes: float = 30.0
    players: int = 30
    seed: int = 1
    transport: str = "polled"
    total: Tally = field(default_factory=Tally)
    looks: list[dict[str, float]] = field(default_factory=list)
    came: int = 0
    faults: int = 0


async def run_soak(soak: Soak) -> dict[str, Any]:
    """Run it; return what was seen, with `wrong`: a list of the violations found."""
    rng = random.Random(soak.seed)
    async with (
        ledger_process("Ledger", "--transport", soak.transport, *OPTIONS) as server,
        faulty(server.port) as network,
    ):
        before = await server.metrics()
        for direction in (network.up, network.down):
            direction.update(delay_s=0.03, jitter_s=0.02)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_look, soak, server)
            with trio.move_on_after(soak.minutes * 60):
                await _live(soak, network, rng)
            nursery.cancel_scope.cancel()
        await trio.sleep(CALM_S)
        after = await server.metrics()
        status, errors = await server.end()
    return _verdict(soak, before, after, status, errors)


async def _live(soak: Soak, network: FaultProxy, rng: random.Random) -> None:
    """Keep `soak.players` players connected, each for a random time, and cause faults."""
    reader = SharedStateReader()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_break, soak, network, rng)
        for _ in range(soak.players):
            nursery.start_soon(_come_and_go, soak, network, rng, reader)
            await trio.sleep(0.1)


async def _come_and_go(soak: Soak, network: FaultProxy, rng: random.Random, reader: SharedStateReader) -> None:
    while True:
        soak.came += 1
        seed = rng.random()
        witness = Witness(f"ws://127.0.0.1:{network.port}/ws", "ledger", soak.came, random.Random(seed), reader)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(witness.play)
                await trio.sleep(rng.uniform(*STAYS_S))
                if rng.random() < 0.5:
                    await witness.session.leave()
                nursery.cancel_scope.cancel()  # the others disconnect without LEAVE
        finally:
            soak.total.add(witness.tally)


async def _break(soak: Soak, network: FaultProxy, rng: random.Random) -> None:
    """Cause one fault after the other: a reset, a link that vanishes, a reset of all, a stall past the eviction."""
    while True:
        await trio.sleep(FAULT_EVERY_S)
        soak.faults += 1
        kind = rng.random()
        if kind < 0.9:
            network.reset_one()
        elif kind < 0.96:
            network.vanish_one()
        elif kind < 0.98:
            network.reset_all()
        else:
            network.down.stall()
            await trio.sleep(rng.uniform(0.5, EVICT_S + 2.0))
            network.down.resume()


async def _look(soak: Soak, server: ServerProcess) -> None:
    while True:
        await trio.sleep(LOOK_EVERY_S)
        soak.looks.append(await server.metrics())


def _verdict(soak: Soak, before: dict[str, float], after: dict[str, float], status: int, errors: str) -> dict[str, Any]:
    memory = [look["resident_bytes"] for look in soak.looks]
    warm = memory[int(len(memory) * WARM_SHARE) :] or [0.0]
    early, late = statistics.median(warm[: len(warm) // 3 or 1]), statistics.median(warm[-(len(warm) // 3 or 1) :])
    seen = {
        "minutes": soak.minutes,
        "came": soak.came,
        "joins": after["joins_total"],
        "resumes": after["resumes_total"],
        "faults": soak.faults,
        "events": soak.total.beats + soak.total.own,
        "lost": soak.total.lost,
        "doubled": soak.total.doubled,
        "desyncs": soak.total.desyncs,
        "tasks": [before["tasks"], max(look["tasks"] for look in soak.looks), after["tasks"]],
        "open_files": [before["open_files"], max(look["open_files"] for look in soak.looks), after["open_files"]],
        "resident_mb": [round(value / 1e6, 1) for value in (before["resident_bytes"], early, late)],
        "closes": {name: count for name, count in after.items() if name.startswith("link_closes_total")},
        "ends": dict(soak.total.ends.most_common(12)),
    }
    return {**seen, "wrong": _wrong(soak, seen, before, after, late - early, (status, errors))}


def _wrong(
    soak: Soak,
    seen: dict[str, Any],
    before: dict[str, float],
    after: dict[str, float],
    growth_bytes: float,
    end: tuple[int, str],
) -> list[str]:
    """Return the violations, in words. A room may run on without players for a while: one task and one epoll each."""
    rooms = after.get('rooms{kind="ledger"}', 0)
    checks = {
        "events were lost, doubled or did not fit": not (seen["lost"] or seen["doubled"] or seen["desyncs"]),
        "tasks are left": after["tasks"] <= before["tasks"] + rooms,
        "file descriptors are left": after["open_files"] <= before["open_files"] + rooms,
        f"memory grew by {growth_bytes / 1e6:.1f} MB": growth_bytes < GROWTH_BYTES,
        f"{after['sessions']} sessions are left": after["sessions"] == 0,
        f"{after['links']} links are left": after["links"] == 0,
        "connections failed": after["connection_errors_total"] == 0,
        "the server did not end well": end[0] == 0 and "Traceback" not in end[1],
        "nothing happened": seen["events"] > 0 and seen["resumes"] > 0 and soak.faults > 0,
    }
    return [problem for problem, fine in checks.items() if not fine]


def main() -> None:
    """Run the soak from the command line."""
    parser = argparse.ArgumentParser(description="Players who join, leave and lose their links for a long time.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--players", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", default="polled")
    verdict = trio.run(run_soak, Soak(**vars(parser.parse_args())))
    print(json.dumps(verdict, indent=1))
    sys.exit(1 if verdict["wrong"] else 0)


if __name__ == "__main__":
    main()
