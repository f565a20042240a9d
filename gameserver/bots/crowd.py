"""Bots: players without a screen, on the same client as everyone else. They play, check all that they are told, and
report.

`run_bots` lets a number of them play for a time and says what they saw. `keep_playing` fills a room until it is
cancelled. Joins are paced: a crowd that comes in at once measures the admission, not the room.
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
"""After the last bot was started; whoever is not in by then is reported as missing."""
PROGRESS_EVERY_S = 0.5


class Crowd:
    """Some bots that play together in one process."""

    def __init__(
        self, kind: str, open_socket: Opener, *, count: int, brain: str | MakeBrain, rules: Rules, seed: int | None
    ) -> None:
        make = BRAINS[brain] if isinstance(brain, str) else brain
        seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        reader = SharedStateReader()
        sources = [random.Random(f"{seed}/{number}") for number in range(count)]
        self.bots = [
            Bot(n, kind, open_socket, make(rng), rng, rules=rules, reader=reader) for n, rng in enumerate(sources)
        ]

    async def come_in(self, nursery: trio.Nursery, ramp_s: float) -> None:
        """Start the bots one after the other, `ramp_s` apart."""
        for bot in self.bots:
            nursery.start_soon(bot.play)
            await trio.sleep(ramp_s)

    async def all_in(self) -> None:
        """Wait until everyone has joined, or has failed to."""
        for bot in self.bots:
            await bot.settled.wait()

    def begin(self, now_s: float) -> bool:
        """Count from now on; return whether there is anybody whose play could be counted."""
        for bot in self.bots:
            bot.measure(now_s)
        return any(bot.report.joined for bot in self.bots)

    async def leave(self) -> None:
        """Have all leave, at the same time."""
        async with trio.open_nursery() as nursery:
            for bot in self.bots:
                nursery.start_soon(bot.session.leave)

    def sum_up(self, now_s: float) -> Report:
        """Put the reports together."""
        total = Report(len(self.bots))
        for bot in self.bots:
            total.merge(bot.finish(now_s))
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
    """Let `count` bots join a room of `kind`, `ramp` seconds apart, play for `seconds` once all are in, and leave.

    `brain`: a name in `BRAINS`, or what makes one of a `random.Random`. `rules`: what else to hold the server to; those
    that a brain's class has as its `rules` come first.
    `on_progress` is given the report so far, twice a second. Raises KeyError for a brain that nobody knows,
    ValueError for a URL that is none.
    """
    open_socket = opener(url, token) if isinstance(url, str) else url
    held_to = getattr(brain, "rules", None) or rules or Rules()
    crowd = Crowd(kind, open_socket, count=count, brain=brain, rules=held_to, seed=seed)
    async with trio.open_nursery() as nursery:
        if on_progress is not None:
            nursery.start_soon(_report_progress, crowd, on_progress)
        await crowd.come_in(nursery, ramp)
        with trio.move_on_after(JOIN_WITHIN_S):
            await crowd.all_in()
        if crowd.begin(trio.current_time()):
            await trio.sleep(seconds)
        report = crowd.sum_up(trio.current_time())
        await crowd.leave()
        nursery.cancel_scope.cancel()
    _judge(report)
    return report


def _judge(report: Report) -> None:
    """A run that shows nothing must not pass for one that shows that all is well."""
    if report.joined < report.clients:
        report.complain(f"{report.clients - report.joined} of {report.clients} bots did not get in")
    if report.snapshots == 0:
        report.complain("no snapshot came")
    elif report.changes == 0:
        report.complain("nothing ever changed")


async def _report_progress(crowd: Crowd, on_progress: Callable[[Report], object]) -> None:
    while True:
        on_progress(crowd.sum_up(trio.current_time()))
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
    """Fill a room with `count` bots that play until this is cancelled, and come back whenever they are thrown out."""
    open_socket = opener(url) if isinstance(url, str) else url
    names = list(brains)
    reader = SharedStateReader()
    async with trio.open_nursery() as nursery:
        for number in range(count):
            rng = random.Random(None if seed is None else f"{seed}/{number}")
            nursery.start_soon(
                partial(_play_on, number, kind, open_socket, BRAINS[names[number % len(names)]], rng, reader)
            )
            await trio.sleep(ramp)


async def _play_on(
    number: int, kind: str, open_socket: Opener, make: MakeBrain, rng: random.Random, reader: SharedStateReader
) -> None:
    while True:
        await Bot(number, kind, open_socket, make(rng), rng, reader=reader).play()
        await trio.sleep(1 + rng.random())
