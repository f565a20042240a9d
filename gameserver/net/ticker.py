"""What wakes a room: one task, a deadline at each multiple of its tick, no drift and no spiral."""

from __future__ import annotations

import itertools
import logging
import math
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.net.counters import Counters
    from gameserver.net.drain import RoomLinks
    from gameserver.room.engine import RoomEngine

log = logging.getLogger("gameserver.net")

MAX_CATCH_UP_TICKS: Final = 4
"""Ticks made up for in a row. More, and a room that is too slow would only fall behind further."""

DRAIN_GAP_S: Final = 0.05
"""A room with slow ticks drains its links more often than it ticks, since pings want an answer: at most twice this
apart.
"""

PHASES: Final = (0.0, 0.5, 0.25, 0.75)
"""Shares of a tick at which rooms wake. Not all at once, so that nobody waits for all; but in groups, since a room that
ticks right after another finds what it runs in the processor's caches: 10 % of all CPU with ten rooms of 50.
"""


def phases() -> Iterator[float]:
    """The phases of one room after another: any number of rooms is spread evenly."""
    return itertools.cycle(PHASES)


def first_due_s(now_s: float, tick_s: float, phase: float) -> float:
    """The first moment after `now_s` that has this phase, whenever the room was made: a multiple of the tick on the
    clock, and the phase's share of a tick."""
    return (math.floor(now_s / tick_s - phase) + 1 + phase) * tick_s


class Schedule:
    """When ticks are due. Time is an argument."""

    def __init__(self, first_s: float, tick_s: float) -> None:
        self._first_s = first_s
        self._tick_s = tick_s
        self._number = 0

    @property
    def due_s(self) -> float:
        """When the next tick is due: a multiple from the start, so that no rounding adds up."""
        return self._first_s + self._number * self._tick_s

    def take(self, now_s: float) -> tuple[int, int]:
        """How many ticks to make now, and how many to leave out before the one after them."""
        if now_s < self.due_s:
            return 0, 0
        owed = int((now_s - self.due_s) / self._tick_s) + 1
        self._number += owed
        made = min(owed, MAX_CATCH_UP_TICKS)
        return made, owed - made


async def run_room(engine: RoomEngine, links: RoomLinks | None, counters: Counters, phase: float) -> None:
    """Tick `engine` until it closes. What it raises ends this room alone: its own rules it has caught already."""
    schedule = Schedule(first_due_s(trio.current_time(), engine.tick_s, phase), engine.tick_s)
    try:
        while not engine.closed:
            await _sleep_and_drain(schedule.due_s, links)
            await _make_ticks(engine, schedule, links, counters)
    except Exception:
        log.exception("room %s failed outside its rules", engine.id)
        counters.errors += 1
        engine.close(CloseCode.ROOM_FAILED, "the room failed; the server has logged why")
    finally:
        if links is not None:
            links.close()


async def _sleep_and_drain(until_s: float, links: RoomLinks | None) -> None:
    if links is None:
        await trio.sleep_until(until_s)
        return
    while True:
        now_s = trio.current_time()
        wake_s = until_s if until_s - now_s < 2 * DRAIN_GAP_S else now_s + DRAIN_GAP_S
        await trio.sleep_until(wake_s)
        links.drain(trio.current_time())
        if wake_s >= until_s:
            return


async def _make_ticks(engine: RoomEngine, schedule: Schedule, links: RoomLinks | None, counters: Counters) -> None:
    due_s = schedule.due_s
    made, left_out = schedule.take(trio.current_time())
    for number in range(made):
        if number:  # others first: this room is late already
            await trio.lowlevel.checkpoint()
            if links is not None:
                links.drain(trio.current_time())
        began_s = trio.current_time()
        engine.tick(began_s)
        ended_s = trio.current_time()
        counters.tick_s.add(ended_s - began_s)
        engine.note_pace(ended_s, began_s - due_s - number * engine.tick_s, ended_s - began_s)
        if engine.closed:
            return
    counters.ticks += made
    counters.overruns += made > 1
    if left_out:
        counters.skipped_ticks += left_out
        engine.skip(left_out)
