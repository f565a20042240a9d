"""Wakes rooms at their ticks.

A tick loop is one task for all rooms that tick at the same moments. It sleeps until their ticks are due; what is done
then is in `scheduled_rooms`.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.scheduled_rooms import ScheduledRooms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.net.counters import Counters
    from gameserver.net.scheduled_rooms import LinkPoller, TickedRoom

POLL_GAP_S: Final = 0.05
"""A room with long ticks polls its links more often than it ticks, to answer pings in time: every one to two gaps."""

PHASES: Final = (0.0, 0.5)
"""When rooms wake, as shares of a tick. Two groups spread the load, so that a room waits for half of the others at
most. More groups cost more: a room that ticks right after another finds its code in the processor's caches, and waking
a task takes more than a tenth of the time of a tick with 50 players.
"""


def phases() -> Iterator[float]:
    """Return the phase of one room after another, without end: rooms are spread evenly."""
    return itertools.cycle(PHASES)


def first_due_s(now_s: float, tick_s: float, phase: float) -> float:
    """Return the first moment after `now_s` that is a multiple of `tick_s` plus `phase` (a share of a tick)."""
    return (math.floor(now_s / tick_s - phase) + 1 + phase) * tick_s


class TickLoop:
    """The task of the rooms that have the same tick and the same phase."""

    def __init__(self, tick_s: float, phase: float, counters: Counters) -> None:
        """Make a loop without rooms, in a task of trio.

        Args:
            tick_s: the length of a tick in seconds.
            phase: when its rooms wake, as a share of a tick.
            counters: the server's.
        """
        self._tick_s = tick_s
        self._phase = phase
        self._clock = trio.lowlevel.current_clock().current_time  # `trio.current_time` looks it up at every call
        self._rooms = ScheduledRooms(counters, self._clock)

    def add(self, engine: TickedRoom, poller: LinkPoller | None) -> None:
        """Tick `engine` until it closes. `poller` polls its links right before each tick, and is closed with it."""
        self._rooms.add(engine, poller, first_due_s(self._clock(), self._tick_s, self._phase))

    async def run(self) -> None:
        """Tick the rooms until none is left."""
        rooms = self._rooms
        try:
            while len(rooms):
                await self._sleep_and_poll(rooms.due_s)
                rooms.begin_round()
                while not rooms.make_ticks():
                    await trio.lowlevel.checkpoint()
        finally:
            rooms.close()

    async def _sleep_and_poll(self, until_s: float) -> None:
        """Sleep until the next tick is due; if that is far off, poll the links meanwhile."""
        while until_s - self._clock() >= 2 * POLL_GAP_S:
            await trio.sleep(POLL_GAP_S)
            self._rooms.poll_all(self._clock())
        await trio.sleep_until(until_s)
