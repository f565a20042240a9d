"""Players on a bad network: latency, jitter, and every link reset again and again. No event may be lost or duplicated.

    python -m tests.scenarios.storm --bots 50 --seconds 120

starts the server, the network and the players, and ends with one JSON object; status 1 when anything was wrong.
`tests/live/test_links_storm.py` runs the same, shorter.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from gameserver.client.state_reader import SharedStateReader
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import ledger_process
from tests.support.live.witness import Tally, Witness

if TYPE_CHECKING:
    from tests.support.live.fault_proxy import FaultProxy
    from tests.support.live.process import ServerProcess

SETTLE_WITHIN_S = 20.0
"""Longer than a client waits between two tries, the server's own grace at least."""

CALM_S = 1.0
"""After the last reset: until everyone has noticed it."""


@dataclass(frozen=True)
class Storm:
    """What the network does in each direction, and to how many."""

    bots: int = 50
    seconds: float = 120.0
    reset_every_s: float = 5.0
    delay_s: float = 0.1
    jitter_s: float = 0.03
    transport: str = "polled"
    seed: int = 1


async def run_storm(storm: Storm) -> dict[str, Any]:
    """Run it; return what was seen, with `wrong`: a list of what must not be."""
    async with ledger_process("Ledger", "--transport", storm.transport) as server, faulty(server.port) as network:
        for direction in (network.up, network.down):
            direction.update(delay_s=storm.delay_s, jitter_s=storm.jitter_s)
        async with trio.open_nursery() as nursery:
            players = _players(storm, network)
            for player in players:
                nursery.start_soon(player.play)
            await _until_all_online(players)
            for player in players:
                player.most_walkers = storm.bots
            resets = await _reset_again_and_again(storm, network)
            await _until_all_online(players)
            verdict = await _verdict(storm, players, server, resets)
            nursery.cancel_scope.cancel()
        verdict["exit_status"], errors = await server.end()
    if verdict["exit_status"] != 0 or "Traceback" in errors:
        verdict["wrong"].append(f"the server ended with {verdict['exit_status']}: {errors[-500:]}")
    return verdict


def _players(storm: Storm, network: FaultProxy) -> list[Witness]:
    url, reader = f"ws://127.0.0.1:{network.port}/ws", SharedStateReader()
    return [Witness(url, "ledger", n, random.Random(f"{storm.seed}/{n}"), reader) for n in range(storm.bots)]


async def _until_all_online(players: list[Witness]) -> None:
    with trio.move_on_after(SETTLE_WITHIN_S):
        while not all(player.online for player in players):  # noqa: ASYNC110 - nobody announces it
            await trio.sleep(0.05)


async def _reset_again_and_again(storm: Storm, network: FaultProxy) -> int:
    resets = 0
    until_s = trio.current_time() + storm.seconds
    while trio.current_time() + storm.reset_every_s <= until_s:
        await trio.sleep(storm.reset_every_s)
        network.reset_all()
        resets += 1
    await trio.sleep(CALM_S)
    return resets


async def _verdict(storm: Storm, players: list[Witness], server: ServerProcess, resets: int) -> dict[str, Any]:
    """Ask the room how many players there are, let everything on its way arrive, and sum up."""
    players[0].session.send("count")
    with trio.move_on_after(5):
        while players[0].counts is None:  # noqa: ASYNC110 - nobody announces it
            await trio.sleep(0.05)
    metrics = await server.metrics()
    total = Tally()
    for player in players:
        total.add(player.tally)
    seen = {
        "bots": storm.bots,
        "resets": resets,
        "resumes": total.resumes,
        "beats": total.beats,
        "own": total.own,
        "lost": total.lost,
        "doubled": total.doubled,
        "desyncs": total.desyncs,
        "ghosts": total.ghosts,
        "recovery_ms": total.recovery.in_ms(),
        "ack_ms": total.acks.in_ms(),
        "sessions": metrics["sessions"],
        "connection_errors": metrics["connection_errors_total"],
        "counts": players[0].counts,
        "ends": dict(total.ends),
    }
    return {**seen, "wrong": _wrong(storm, players, seen, total)}


def _wrong(storm: Storm, players: list[Witness], seen: dict[str, Any], total: Tally) -> list[str]:
    """The checks that failed, in words."""
    bots, counts = storm.bots, seen["counts"] or {}
    rejoined = [player.tally.joins for player in players if player.tally.joins != 1]
    fewest_resumes = min(player.tally.resumes for player in players)
    checks = {
        "somebody is not back": all(player.online for player in players),
        f"somebody joined anew, or never: {rejoined}": not rejoined,
        f"somebody resumed {fewest_resumes} times after {seen['resets']} resets": fewest_resumes >= 1
        or not seen["resets"],
        f"{total.lost} events were lost": total.lost == 0,
        f"{total.doubled} events came twice": total.doubled == 0,
        f"{total.desyncs} desyncs": total.desyncs == 0,
        f"{total.ghosts} states with a ghost": total.ghosts == 0,
        f"they see {sorted({p.walkers for p in players})} walkers": all(p.walkers == bots for p in players),
        f"the server holds {seen['sessions']} sessions": seen["sessions"] == bots,
        f"the room counts {counts}": (counts.get("players"), counts.get("joined"), counts.get("left"))
        == (bots, bots, 0),
        f"{seen['connection_errors']} connections failed": seen["connection_errors"] == 0,
        "no event was sent": total.beats > 0 and total.own > 0,
    }
    return [problem for problem, fine in checks.items() if not fine]


def main() -> None:
    """Run a storm from the command line."""
    parser = argparse.ArgumentParser(description="Players on a bad network.")
    parser.add_argument("--bots", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--reset-every", type=float, default=5.0, dest="reset_every_s")
    parser.add_argument("--delay", type=float, default=0.1, dest="delay_s", help="seconds, each way")
    parser.add_argument("--jitter", type=float, default=0.03, dest="jitter_s")
    parser.add_argument("--transport", default="polled")
    parser.add_argument("--seed", type=int, default=1)
    verdict = trio.run(run_storm, Storm(**vars(parser.parse_args())))
    sys.stdout.write(json.dumps(verdict, indent=1) + "\n")
    raise SystemExit(1 if verdict["wrong"] else 0)


if __name__ == "__main__":
    main()
