"""What wakes rooms: a pulse, one task for all that tick at the same moments, with a deadline at each multiple of the
tick, no drift and no spiral.
"""

from __future__ import annotations

import itertools
import logging
import math
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

MAX_HOLD_S: Final = 0.005
"""Rooms of one pulse tick one after the other; after so long the other tasks of the process get their turn."""

PHASES: Final = (0.0, 0.5, 0.25, 0.75)
"""Shares of a tick at which rooms wake. Not all at once, so that nobody waits for all; but in groups, since a room that
ticks right after another finds what it runs in the processor's caches, and to wake a task costs more than a tenth of
what a room of 50 does in its tick.
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


class Pulse:
    """The rooms that wake together: they have the same tick and the same phase."""

    def __init__(self, tick_s: float, phase: float, counters: Counters) -> None:
        self._counters = counters
        self._tick_s = tick_s
        self._schedule = Schedule(first_due_s(trio.current_time(), tick_s, phase), tick_s)
        self._rooms: dict[RoomEngine, RoomLinks | None] = {}
        self._yielded_s = 0.0

    def add(self, engine: RoomEngine, links: RoomLinks | None) -> None:
        """Tick `engine` until it closes, each time right after reading its `links`, which are closed with it."""
        self._rooms[engine] = links

    async def run(self) -> None:
        """Tick the rooms until none is left."""
        try:
            while self._rooms:
                await self._sleep_and_drain()
                await self._make_ticks()
        finally:
            for engine in list(self._rooms):
                self._remove(engine)

    def _remove(self, engine: RoomEngine) -> None:
        links = self._rooms.pop(engine, None)
        if links is not None:
            links.close()

    async def _sleep_and_drain(self) -> None:
        """Sleep until the next tick is due; if that is far off, read the links on the way."""
        due_s = self._schedule.due_s
        while due_s - trio.current_time() >= 2 * DRAIN_GAP_S:
            await trio.sleep(DRAIN_GAP_S)
            for engine, links in list(self._rooms.items()):
                if links is not None:
                    self._guarded(engine, links.drain, trio.current_time())
        await trio.sleep_until(due_s)

    async def _make_ticks(self) -> None:
        due_s = self._schedule.due_s
        made, left_out = self._schedule.take(trio.current_time())
        for number in range(made):
            self._yielded_s = trio.current_time()
            for engine, links in list(self._rooms.items()):
                await self._let_others_run(at_once=number > 0)  # all rooms here are late already
                self._guarded(engine, self._make_tick, engine, links, due_s + number * self._tick_s)
        self._counters.overruns += len(self._rooms) if made > 1 else 0
        if left_out:
            for engine in list(self._rooms):
                self._counters.skipped_ticks += left_out
                self._guarded(engine, engine.skip, left_out)

    async def _let_others_run(self, *, at_once: bool) -> None:
        if at_once or trio.current_time() - self._yielded_s > MAX_HOLD_S:
            await trio.lowlevel.checkpoint()
            self._yielded_s = trio.current_time()

    def _make_tick(self, engine: RoomEngine, links: RoomLinks | None, due_s: float) -> None:
        """Read a room's links and make one tick, unless it has closed."""
        if not engine.closed and links is not None:
            links.drain(trio.current_time())
        if not engine.closed:
            began_s = trio.current_time()
            engine.tick(began_s)
            ended_s = trio.current_time()
            self._counters.ticks += 1
            self._counters.tick_s.add(ended_s - began_s)
            engine.note_pace(ended_s, began_s - due_s, ended_s - began_s)
        if engine.closed:
            self._remove(engine)

    def _guarded(self, engine: RoomEngine, call: Callable[..., None], *args: object) -> None:
        """What a room raises ends that room alone: its own rules it has caught already."""
        try:
            call(*args)
        except Exception:
            log.exception("room %s failed outside its rules", engine.id)
            self._counters.errors += 1
            engine.close(CloseCode.ROOM_FAILED, "the room failed; the server has logged why")
            self._remove(engine)
