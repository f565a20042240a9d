"""Several bots at once: `run_bots` lets a number of them play for a time and reports what they saw, and `keep_playing`
fills a room with bots until it is cancelled.

Joins are spread over time: bots that all join at once measure the limits on joins, not the room.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import trio

from gameserver.bots.bot import Bot, Rules
from gameserver.bots.brains import BRAINS
from gameserver.bots.report import Report
from gameserver.client.dial import opener
from gameserver.client.state_reader import SharedStateReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.bots.brains import Brain
    from gameserver.client.dial import Opener

    MakeBrain = Callable[[random.Random], Brain]

__all__ = ["Bot", "Crowd", "Rules", "keep_playing", "run_bots"]

JOIN_WITHIN_S = 15.0
"""Time to join, from the start of the last bot. Those that have not joined by then are reported as errors."""
PROGRESS_EVERY_S = 0.5


class Crowd:
    """Bots that play together in one process."""

    def __init__(
        self, kind: str, open_socket: Opener, *, count: int, brain: str | MakeBrain, rules: Rules, seed: int | None
    ) -> None:
        make_brain = BRAINS[brain] if isinstance(brain, str) else brain
        seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        reader = SharedStateReader()
        sources = [random.Random(f"{seed}/{number}") for number in range(count)]
        self.bots = [
            Bot(n, kind, open_socket, make_brain(rng), rng, rules=rules, reader=reader) for n, rng in enumerate(sources)
        ]

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
                nursery.start_soon(bot.session.leave)

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
    brain: str | MakeBrain = "wander",
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
        brain: A name in `gameserver.bots.brains.BRAINS`, or what makes a brain of a `random.Random`, such as a class.
        seed: Seed of the bots' random numbers; None: other decisions on each run.
        ramp: Seconds from one join to the next.
        rules: What the states are checked against. A brain that has an attribute `rules` is checked against those.
        token: A JWT, for a server that asks for one.
        on_progress: Called with the report so far, twice a second.

    Returns:
        What the bots saw; `Report.clean` says whether nothing was wrong.

    Raises:
        KeyError: There is no brain of this name.
        ValueError: The address is no WebSocket address.
    """
    open_socket = opener(url, token) if isinstance(url, str) else url
    checked_rules = getattr(brain, "rules", None) or rules or Rules()
    crowd = Crowd(kind, open_socket, count=count, brain=brain, rules=checked_rules, seed=seed)
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


def _check_run(report: Report) -> None:
    """Add an error to the report of a run that has tested nothing, so that it does not count as clean."""
    if report.joined < report.clients:
        report.add_error(f"{report.clients - report.joined} of {report.clients} bots did not join")
    if report.snapshots == 0:
        report.add_error("no snapshot arrived")
    elif report.changes == 0:
        report.add_error("no state ever changed")


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
    reader = SharedStateReader()
    async with trio.open_nursery() as nursery:
        for number in range(count):
            rng = random.Random(None if seed is None else f"{seed}/{number}")
            make_brain = BRAINS[names[number % len(names)]]
            nursery.start_soon(partial(_play_again, number, kind, open_socket, make_brain, rng, reader))
            await trio.sleep(ramp)


async def _play_again(
    number: int, kind: str, open_socket: Opener, make_brain: MakeBrain, rng: random.Random, reader: SharedStateReader
) -> None:
    while True:
        await Bot(number, kind, open_socket, make_brain(rng), rng, reader=reader).play()
        await trio.sleep(1 + rng.random())
