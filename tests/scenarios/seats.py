"""A thousand who want one of fifty seats, many of them cut off at some step. Never 51 players, and no seat is lost.

    python -m tests.scenarios.seats --attempts 1000 [--workers 2]

starts the server and the clients, and ends with one JSON object; status 1 when anything was wrong.
`tests/live/test_seats.py` runs the same, shorter.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgpack
import trio

from gameserver import Room
from gameserver.protocol.constants import ClientMessage, CloseCode, Role
from tests.support.attack.target import Refused, Target, welcome
from tests.support.live.process import ServerProcess
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    from gameserver import Player
    from tests.support.live.server import Wire

SEATS: Final = 50
GRACE_S: Final = 1.0
SOURCE: Final = "127.0.0.1"
"""The server does not count by this address, so that its limits are not what is tested."""
TICK_S: Final = 0.05


class Hall(Room[Any]):
    """Counts who comes and goes, and closes nobody out of its own seat."""

    kind = "hall"
    single = True
    max_players = SEATS
    resume_grace_s = GRACE_S

    def on_create(self, options: Any) -> None:
        self.joined = self.left = self.most_players = 0

    def on_join(self, player: Player) -> None:
        self.joined += 1

    def on_leave(self, player: Player) -> None:
        self.left += 1

    def on_tick(self) -> None:
        self.most_players = max(self.most_players, len(self.players))

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        counts = {"joined": self.joined, "left": self.left, "most": self.most_players, "players": len(self.players)}
        self.send(player, "counts", counts)


@dataclass(frozen=True)
class Rush:
    """How many try, and how."""

    attempts: int = 1000
    at_once: int = 100
    workers: int = 1
    seed: int = 1


class Seeker:
    """A client that tries to get a seat, and is cut off at one step."""

    STEPS: Final = (
        "connected",
        "half a head",
        "no JOIN",
        "half a JOIN",
        "JOIN",
        "JOIN twice",
        "WELCOME",
        "LEAVE",
        "stay",
    )

    def __init__(self, target: Target, chance: random.Random, seen: Counter[str], problems: list[str]) -> None:
        self._target = target
        self._chance = chance
        self._seen = seen
        self._problems = problems

    async def seek(self) -> None:
        """Try once."""
        step = self._chance.choice(self.STEPS)
        self._seen[step] += 1
        try:
            await self._until(step)
        except Refused as refused:
            self._seen[f"refused {refused.code}"] += 1
            if refused.code not in (CloseCode.ROOM_FULL, CloseCode.SERVER_FULL):
                self._problems.append(f"refused with {refused.code} at {step}")
        except trio.BrokenResourceError:
            self._seen["broken"] += 1

    async def _until(self, step: str) -> None:
        target = self._target
        if step in ("connected", "half a head"):
            stream = await target.tcp(SOURCE)
            if step == "half a head":
                await stream.send_all(target.upgrade()[: self._chance.randrange(1, 100)])
            await trio.sleep(self._chance.uniform(0, 2 * TICK_S))
            await trio.aclose_forcefully(stream)
            return
        wire = await target.wire(SOURCE)
        attempt = self._chance.randbytes(16)
        join = client_frame(msgpack.packb([ClientMessage.JOIN, "hall", None, int(Role.PLAYER), {}, attempt]))
        match step:
            case "half a JOIN":
                await wire.write(join[: self._chance.randrange(1, len(join))])
            case "JOIN" | "JOIN twice":
                await wire.write(join)
                await trio.sleep(self._chance.uniform(0, 2 * TICK_S))
            case "WELCOME" | "LEAVE" | "stay":
                await wire.write(join)
                await self._play(wire, step)
                return
        await self._cut(wire)
        if step == "JOIN twice":
            await self._again(join)

    async def _play(self, wire: Wire, step: str) -> None:
        await welcome(wire)
        if step == "stay":
            await trio.sleep(self._chance.uniform(0, 10 * TICK_S))
        if step == "LEAVE":
            await wire.send(ClientMessage.LEAVE)
        await self._cut(wire)

    async def _again(self, join: bytes) -> None:
        """Repeat a JOIN whose answer did not come, twice over: both lead to the same seat."""
        sessions = []
        for _ in range(2):
            wire = await self._target.wire(SOURCE)
            await wire.write(join)
            sessions.append((await welcome(wire))["session"])
            await self._cut(wire)
        if sessions[0] != sessions[1]:
            self._problems.append(f"one attempt, two seats: {sessions}")

    async def _cut(self, wire: Wire) -> None:
        if self._chance.random() < 0.5:
            await trio.aclose_forcefully(wire.stream)
        else:
            wire.reset()


async def run_rush(rush: Rush) -> dict[str, Any]:
    """Run it; return what was seen, with `wrong`: a list of what must not be."""
    chance, seen, wrong = random.Random(rush.seed), Counter[str](), list[str]()
    options = ["--workers", str(rush.workers)] if rush.workers > 1 else []
    line = ("tests.scenarios.seats:Hall", "--uncounted-address", SOURCE, "--log-level", "warning", *options)
    async with ServerProcess(*line) as server, Target(server.url, server=server) as target:
        turns = trio.CapacityLimiter(rush.at_once)

        async def one(seed: int) -> None:
            async with turns:
                await Seeker(target, random.Random(seed), seen, wrong).seek()

        async with trio.open_nursery() as nursery:
            for _ in range(rush.attempts):
                nursery.start_soon(one, chance.getrandbits(64))
        await trio.sleep(2 * GRACE_S + 20 * TICK_S)
        wrong += await _wrong_seats(target)
        counts = await _counts(target)
        rooms = (await target.metrics())['rooms{kind="hall"}']
        status, errors = await server.end()
    checks = {
        f"there were {counts['most']} players": counts["most"] == SEATS,
        f"the room counts {counts}": counts["joined"] - counts["left"] == counts["players"] == SEATS,
        f"{rooms:g} rooms run": rooms == 1,
        f"the server ended with {status}: {errors[-500:]}": status == 0 and "Traceback" not in errors,
    }
    wrong += [problem for problem, fine in checks.items() if not fine]
    return {"attempts": rush.attempts, "workers": rush.workers, "seen": dict(seen), "counts": counts, "wrong": wrong}


async def _wrong_seats(target: Target) -> list[str]:
    """Take all seats: none may be lost, and there must be no more."""
    wires = []
    for number in range(SEATS):
        try:
            wire, _ = await target.join(SOURCE, "hall")
            wires.append(wire)
        except Refused as refused:
            return [f"only {number} of {SEATS} seats are free: {refused}"]
    try:
        await target.join(SOURCE, "hall")
    except Refused as refused:
        return [] if refused.code == CloseCode.ROOM_FULL else [f"the 51st was refused with {refused}"]
    return ["the 51st got a seat"]


async def _counts(target: Target) -> dict[str, int]:
    """What the room has counted, sent to a spectator who asks."""
    witness, _ = await target.join(SOURCE, "hall", role=Role.SPECTATOR)
    await witness.send(ClientMessage.MESSAGE, "count", None)
    with trio.fail_after(10):
        while frame := await witness.next_frame():
            message = msgpack.unpackb(frame.payload)
            found = [payload for _, name, payload in message[3] if name == "counts"] if len(message) == 4 else []
            if found:
                counts: dict[str, int] = found[-1]
                return counts
    raise AssertionError("the room was closed")


def main() -> None:
    """Run a rush from the command line."""
    parser = argparse.ArgumentParser(description="A thousand who want one of fifty seats.")
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    verdict = trio.run(run_rush, Rush(**vars(parser.parse_args())))
    sys.stdout.write(json.dumps(verdict, indent=1) + "\n")
    raise SystemExit(1 if verdict["wrong"] else 0)


if __name__ == "__main__":
    main()
