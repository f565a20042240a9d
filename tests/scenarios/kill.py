"""A server that is killed again and again while people play, and goes on each time where it was.

    python -m tests.scenarios.kill --kills 50 [--players 8] [--seed 1] [--workers 2] [--durable 1] [--changing 1]

starts the server and the players, kills it at random moments, also while it starts, and ends with one JSON object;
status 1 when anything was wrong. After each kill every player must be back in its own seat, on the same line of ticks,
with at most a second lost, and the replay of each room must have given the state that its journal has. With workers it
kills one of them, or their parent, or all processes; with `--changing` another number of
them has the rooms for a moment between two servers.
`tests/live/test_kill.py` runs the same, shorter.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.bots.brains import BRAINS, Perception
from gameserver.client.dial import opener
from gameserver.client.replica import Options
from gameserver.client.session import Session, joined, new_attempt
from gameserver.client.session_core import SessionCore
from gameserver.client.session_events import Desynced, Joined, Updated
from gameserver.protocol import messages as m
from gameserver.protocol.constants import Role
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.client.session_events import SessionEvent, Status

ROOMS: Final = (
    "gameserver.games.arena:Arena",
    "gameserver.games.hockey:Hockey",
    "gameserver.games.chat:Chat",
    "gameserver.games.board:Board",
)
DURABLE_ROOMS: Final = ("tests.support.durable_rooms:DurableArena", "tests.support.durable_rooms:DurableHockey")
KINDS: Final = ("arena", "hockey", "chat", "board")
MAX_LOST_S: Final = 1.0
BACK_WITHIN_S: Final = 40.0
BAD_LINES: Final = ("another game", "put aside", "does not last", "Traceback", "not kept")
"""What the server's log must not say."""


@dataclass(frozen=True)
class Plan:
    """How often, and with how many."""

    kills: int = 50
    players: int = 8
    seed: int = 1
    workers: int = 1
    durable: int = 0
    """1: in rooms that must not lose a tick."""
    changing: int = 0
    """1: between two servers one with another number of workers has the rooms."""
    graceful_every: int = 5
    """Each so many times the server is stopped with SIGTERM instead: then nothing may be lost."""


@dataclass
class Result:
    """What was seen."""

    kills: int = 0
    """Of whole servers."""
    worker_kills: int = 0
    parent_kills: int = 0
    stops: int = 0
    resumes: int = 0
    rolled_back: int = 0
    most_lost_ticks: int = 0
    desyncs: int = 0
    heard: int = 0
    """Messages of the chat that arrived."""
    wrong: list[str] = field(default_factory=list)


class Person:
    """One player: steers at random, and notes where it sits and what it sees."""

    def __init__(self, kind: str, name: str, dice: random.Random, result: Result, max_lost_s: float) -> None:
        self._max_lost_s = max_lost_s
        self.kind = kind
        self.name = name
        self.seat: tuple[str, int] | None = None
        """The room, and the number in it."""
        self.newest = 0
        self.updated = trio.Event()
        """Set at the next update; another one takes its place then."""
        self._result = result
        self._acts = 0
        self._heard: int | None = None
        """The number of the newest message of the chat."""
        self._brain = BRAINS["wander"](dice)
        self._dice = dice
        self.core = SessionCore(m.Join(kind, None, Role.PLAYER, {"name": name}), Options(), new_attempt=new_attempt)

    async def play(self, url: str, *, task_status: trio.TaskStatus[None]) -> None:
        session = Session(self.core, opener(url), rng=self._dice, on_event=self._on_event, on_status=_ignore)
        async with joined(session):
            session.send("ready", True)
            task_status.started()
            await trio.sleep_forever()

    def _on_event(self, event: SessionEvent) -> None:
        match event:
            case Joined(resumed, welcome):
                self._on_welcome(welcome, resumed=resumed)
            case Updated(_, view):
                if view.tick < self.newest:
                    self._result.wrong.append(f"{self.name}: tick {view.tick} after {self.newest}")
                self.newest = view.tick
                self.updated.set()
                self.updated = trio.Event()
                replica = self.core.replica
                assert replica is not None
                seen = Perception(view, replica.avatar_id, replica.schema.inputs, (), self.core.send)
                self.core.set_controls(self._brain.decide(seen))
                self._act()
            case m.Event(name="said", payload=said):
                self._hear(said)
            case Desynced(reason):
                self._result.desyncs += 1
                self._result.wrong.append(f"{self.name}: desync: {reason}")

    def _act(self) -> None:
        """Say or draw something, now and then."""
        if self._dice.random() < 0.9:
            return
        self._acts += 1
        if self.kind == "chat":
            self.core.send("say", {"channel": 1, "nonce": self._acts, "text": f"{self.name} {self._acts}"})
        elif self.kind == "board":
            points = [self._dice.randrange(600) for _ in range(20)]
            stroke = {"mark": self._acts, "gesture": self._acts, "colour": "blue", "pen": 16, "at": 0}
            self.core.send("draw", {**stroke, "points": points, "done": True})

    def _hear(self, said: dict[str, Any]) -> None:
        """Check that no message is missing or doubled, but for those that were rolled back."""
        number = said["id"]
        if self._heard is not None and number != self._heard + 1:
            self._result.wrong.append(f"{self.name}: message {number} after {self._heard}")
        self._heard = number
        self._result.heard += 1

    def _on_welcome(self, welcome: m.Welcome, *, resumed: bool) -> None:
        seat = (welcome.room, welcome.session)
        if self.seat is not None and (not resumed or seat != self.seat):
            self._result.wrong.append(f"{self.name}: was in {self.seat}, is in {seat}, resumed is {resumed}")
        if self.seat is not None:
            self._note_lost(welcome)
        self.seat = seat

    def _note_lost(self, welcome: m.Welcome) -> None:
        result = self._result
        result.resumes += 1
        if welcome.rolled_back_to is None:
            return
        result.rolled_back += 1
        lost = self.newest - welcome.rolled_back_to
        result.most_lost_ticks = max(result.most_lost_ticks, lost)
        if lost > self._max_lost_s * welcome.tick_hz:
            result.wrong.append(f"{self.name}: {lost} ticks were lost")
        self.newest = welcome.rolled_back_to
        self._heard = None


def _ignore(_: Status) -> None:
    """Nobody wants to know."""


class Killer:
    """Kills one server after the other, on the same port and folder."""

    def __init__(self, plan: Plan, folder: str) -> None:
        self._plan = plan
        self._dice = random.Random(plan.seed)
        self.result = Result()
        self._port = free_port()
        rooms = DURABLE_ROOMS if plan.durable else ROOMS
        kinds = KINDS[: len(rooms)]
        self._arguments = (*rooms, "--data", folder)
        max_lost_s = 0.0 if plan.durable else MAX_LOST_S
        self._settle_s = 2.0 * max_lost_s
        self._people = [
            Person(
                kinds[number % len(kinds)],
                f"Player {number}",
                random.Random(self._dice.random()),
                self.result,
                max_lost_s,
            )
            for number in range(plan.players)
        ]

    async def run(self) -> Result:
        """Play and kill."""
        async with trio.open_nursery() as nursery:
            server = self._server()
            async with server:
                for person in self._people:
                    await nursery.start(person.play, server.url)
                await trio.sleep(self._settle_s)  # who has only just joined may be rolled back to before that
                await self._end(server, 0)
            for number in range(1, self._plan.kills):
                await self._again(number)
            async with self._server():
                await self._wait_until_back()
            nursery.cancel_scope.cancel()
        return self.result

    def _server(self) -> ServerProcess:
        return self._server_of(self._plan.workers, self._port)

    def _server_of(self, workers: int, port: int) -> ServerProcess:
        return ServerProcess(*self._arguments, "--workers", str(workers), port=port)

    async def _run_unseen(self, workers: int) -> None:
        """Another number of processes has the rooms for a moment, on another port: nobody comes back meanwhile."""
        async with self._server_of(workers, free_port()) as server:
            await trio.sleep(self._dice.uniform(0.0, 1.5))
            await self._kill(server)

    async def _again(self, number: int) -> None:
        if self._dice.random() < 0.15:  # killed while it starts
            server = self._server()
            server._start()
            await trio.sleep(self._dice.uniform(0.1, 1.5))
            await self._kill(server)
            server._stop()
        if self._plan.changing:
            await self._run_unseen(1 if number % 2 else self._plan.workers + 1)
        async with self._server() as server:
            await self._wait_until_back()
            if server.children():
                await self._kill_worker(server)
            await self._end(server, number)

    async def _kill_worker(self, server: ServerProcess) -> None:
        """Kill one worker; the others play on, and its players come back."""
        await trio.sleep(self._dice.uniform(0.2, 2.0))
        os.kill(self._dice.choice(server.children()), signal.SIGKILL)
        self.result.worker_kills += 1
        await trio.sleep(0.3)  # what it had sent has arrived
        await self._wait_until_back()

    async def _wait_until_back(self) -> None:
        awaited = {person: person.updated for person in self._people}
        with trio.move_on_after(BACK_WITHIN_S):
            for updated in awaited.values():
                await updated.wait()
            return
        missing = [person.name for person, updated in awaited.items() if not updated.is_set()]
        self.result.wrong.append(f"not back within {BACK_WITHIN_S:g} s: {missing}")

    async def _end(self, server: ServerProcess, number: int) -> None:
        """Let them play, and end the server."""
        await trio.sleep(self._dice.uniform(0.2, 3.0))
        if number % self._plan.graceful_every == self._plan.graceful_every - 1:
            self.result.stops += 1
            rolled_back = self.result.rolled_back
            status, said = await server.end(signal.SIGTERM)
            self._read(said)
            if status != 0 or self.result.rolled_back != rolled_back:
                self.result.wrong.append(f"stopped with status {status}")
        else:
            self.result.kills += 1
            await self._kill(server)

    async def _kill(self, server: ServerProcess) -> None:
        workers = server.children()
        _, said = await server.end(signal.SIGKILL)
        if workers and self._dice.random() < 0.3:  # they end by themselves, and the next server waits for them
            self.result.parent_kills += 1
        else:
            for worker in workers:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        self._read(said)

    def _read(self, said: str) -> None:
        """Look for what the log must not say."""
        self.result.wrong += [line for line in said.splitlines() if any(bad in line for bad in BAD_LINES)]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def run_kills(plan: Plan) -> Result:
    """Run the scenario in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return await Killer(plan, folder).run()


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, run the scenario, and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kills", "players", "seed", "workers", "durable", "changing"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan(), name))
    result = trio.run(run_kills, Plan(**vars(parser.parse_args(arguments))))
    sys.stdout.write(json.dumps(vars(result)) + "\n")
    raise SystemExit(1 if result.wrong else 0)


if __name__ == "__main__":
    main()
