"""Several bots at once: `run_bots` lets a number of them play for a time and reports what they saw, and `keep_playing`
fills a room with bots until it is cancelled.

Joins are spread over time: bots that all join at once measure the limits on joins, not the room.
"""

from __future__ import annotations

import inspect
import random
from typing import TYPE_CHECKING

import trio

from gameserver.bots.bot import Bot, Readers, Run, script_of_brain
from gameserver.bots.brains import BRAINS
from gameserver.bots.report import Report
from gameserver.bots.rules import Rules
from gameserver.client.dial import opener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import TypeIs

    from gameserver.bots.bot import MakeBrain, Script
    from gameserver.client.dial import Opener

JOIN_WITHIN_S = 15.0
"""Time to join, from the start of the last bot. Those that have not joined by then are reported as errors."""
PROGRESS_EVERY_S = 0.5


class Crowd:
    """Bots that play together in one process."""

    def __init__(self, run: Run, count: int, seed: int | None) -> None:
        seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        self.bots = [Bot(number, random.Random(f"{seed}/{number}"), run) for number in range(count)]

    async def start(self, nursery: trio.Nursery, ramp_s: float) -> None:
        """Start the bots one after the other, `ramp_s` apart."""
        for bot in self.bots:
            nursery.start_soon(bot.play)
            await trio.sleep(ramp_s)

    async def wait_settled(self) -> None:
        """Wait until every bot has joined, or has failed to."""
        for bot in self.bots:
            await bot.settled.wait()

    def start_counting(self, now_s: float) -> bool:
        """Have all bots count from now on. Returns whether any bot has joined."""
        for bot in self.bots:
            bot.start_counting(now_s)
        return any(bot.report.joined for bot in self.bots)

    async def leave(self) -> None:
        """Have all bots leave at the same time."""
        async with trio.open_nursery() as nursery:
            for bot in self.bots:
                nursery.start_soon(bot.stop)

    def report_at(self, now_s: float) -> Report:
        """Return the merged reports of all bots."""
        total = Report(len(self.bots))
        for bot in self.bots:
            total.merge(bot.report_at(now_s))
        return total


async def run_bots(
    url: str | Opener,
    kind: str,
    count: int,
    seconds: float,
    *,
    brain: str | MakeBrain | Script = "wander",
    room: str | None = None,
    params: Mapping[str, object] | None = None,
    seed: int | None = None,
    ramp: float = 0.02,
    rules: Rules | None = None,
    token: str | None = None,
    on_progress: Callable[[Report], object] | None = None,
) -> Report:
    """Let bots join rooms of one kind, play once all have joined, and leave.

    Args:
        url: The server's WebSocket address, or what opens a socket to it.
        kind: The kind of room.
        count: Number of bots.
        seconds: Seconds of play, from when all have joined.
        brain: A name in `gameserver.bots.brains.BRAINS`; what makes a brain of a `random.Random`, such as a class; or a
            script: an async function that is given a `Bot`.
        room: The id of a room; None: any with a free seat.
        params: What to join with, the game's own, in addition to `name` and `bot`.
        seed: Seed of the bots' random numbers; None: other decisions on each run.
        ramp: Seconds from one join to the next.
        rules: What the states are checked against. A brain or script that has an attribute `rules` is checked against
            those.
        token: A JWT, for a server that asks for one.
        on_progress: Called with the report so far, twice a second.

    Returns:
        What the bots saw; `Report.clean` says whether nothing was wrong.

    Raises:
        KeyError: There is no brain of this name.
        ValueError: The address is no WebSocket address.
    """
    open_socket = opener(url, token) if isinstance(url, str) else url
    rules = getattr(brain, "rules", None) or rules or Rules()
    script = _script_of(brain)
    run = Run(kind=kind, open_socket=open_socket, script=script, room=room, params=params or {}, rules=rules)
    crowd = Crowd(run, count, seed)
    async with trio.open_nursery() as nursery:
        if on_progress is not None:
            nursery.start_soon(_report_progress, crowd, on_progress)
        await crowd.start(nursery, ramp)
        with trio.move_on_after(JOIN_WITHIN_S):
            await crowd.wait_settled()
        if crowd.start_counting(trio.current_time()):
            await trio.sleep(seconds)
        report = crowd.report_at(trio.current_time())
        await crowd.leave()
        nursery.cancel_scope.cancel()
    _check_run(report)
    return report


def _script_of(brain: str | MakeBrain | Script) -> Script:
    if isinstance(brain, str):
        return script_of_brain(BRAINS[brain])
    return brain if is_script(brain) else script_of_brain(brain)


def is_script(brain: object) -> TypeIs[Script]:
    """Return whether this is a script: an async function."""
    return inspect.iscoroutinefunction(brain)


def _check_run(report: Report) -> None:
    """Add an error to the report of a run that has tested nothing, so that it does not count as clean."""
    if report.joined < report.clients:
        report.add_error(f"{report.clients - report.joined} of {report.clients} bots did not join")
    if report.snapshots == 0:
        report.add_error("no snapshot arrived")
    elif report.changes == 0 and report.events == 0:
        report.add_error("no state ever changed, and no event came")


async def _report_progress(crowd: Crowd, on_progress: Callable[[Report], object]) -> None:
    while True:
        on_progress(crowd.report_at(trio.current_time()))
        await trio.sleep(PROGRESS_EVERY_S)


async def keep_playing(
    url: str | Opener,
    kind: str,
    count: int,
    *,
    brains: Iterable[str] = ("wander", "chase"),
    seed: int | None = None,
    ramp: float = 0.05,
) -> None:
    """Let bots play until this is cancelled. A bot whose session ends joins again.

    Args:
        url: The server's WebSocket address, or what opens a socket to it.
        kind: The kind of room.
        count: Number of bots.
        brains: Names in `gameserver.bots.brains.BRAINS`, taken in turn.
        seed: Seed of the bots' random numbers; None: other decisions on each run.
        ramp: Seconds from one join to the next.

    Raises:
        KeyError: There is no brain of one of these names.
        ValueError: The address is no WebSocket address.
    """
    open_socket = opener(url) if isinstance(url, str) else url
    names = list(brains)
    readers = Readers()
    async with trio.open_nursery() as nursery:
        for number in range(count):
            rng = random.Random(None if seed is None else f"{seed}/{number}")
            script = script_of_brain(BRAINS[names[number % len(names)]])
            run = Run(kind=kind, open_socket=open_socket, script=script, readers=readers)
            nursery.start_soon(_play_again, number, rng, run)
            await trio.sleep(ramp)


async def _play_again(number: int, rng: random.Random, run: Run) -> None:
    while True:
        await Bot(number, rng, run).play()
        await trio.sleep(1 + rng.random())
