"""What wakes rooms: a tick loop, one task for all that tick at the same moments, with a deadline at each multiple of
the tick, no drift and no spiral."""

from __future__ import annotations

import itertools
import logging
import math
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.net.counters import Counters
    from gameserver.net.poller import RoomPoller
    from gameserver.room.engine import RoomEngine

log = logging.getLogger("gameserver.net")

MAX_CATCH_UP_TICKS: Final = 4
"""Ticks made up for in a row. More, and a room that is too slow would only fall behind further."""

DRAIN_GAP_S: Final = 0.05
"""A room with slow ticks drains its links more often than it ticks, since pings want an answer: at most twice this
apart.
"""

MAX_HOLD_S: Final = 0.005
"""Rooms of one tick loop tick one after the other; after so long the other tasks of the process get their turn."""

PHASES: Final = (0.0, 0.5)
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


class ScheduledRoom:
    """One room in a tick loop, with what it owes. Each has a schedule of its own, so that a slow one costs the others
    the time that its ticks take and nothing more."""

    __slots__ = ("_due_s", "_left_out", "_owed", "_schedule", "engine", "links", "overran")

    def __init__(self, engine: RoomEngine, links: RoomPoller | None, first_s: float) -> None:
        self.engine = engine
        self.links = links
        self._schedule = Schedule(first_s, engine.tick_s)
        self._due_s = first_s
        self._owed = 0
        self._left_out = 0
        self.overran = False
        """Whether the ticks that it owes are more than one."""

    @property
    def due_s(self) -> float:
        """When it has something to do again."""
        return self._due_s if self._owed else self._schedule.due_s

    def owes(self, now_s: float) -> bool:
        """Whether a tick is due, or owed from before."""
        if not self._owed:
            self._due_s = self._schedule.due_s
            self._owed, self._left_out = self._schedule.take(now_s)
            self.overran = self._owed > 1
        return self._owed > 0

    def drain(self) -> None:
        """Read the room's links."""
        if self.links is not None and not self.engine.closed:
            self.links.drain(trio.current_time())

    def tick(self) -> float:
        """Make one tick that is owed; return how long it took, in seconds."""
        engine, due_s = self.engine, self._due_s
        self._owed -= 1
        self._due_s += engine.tick_s
        began_s = trio.current_time()
        engine.tick(began_s)
        ended_s = trio.current_time()
        engine.note_pace(ended_s, began_s - due_s, ended_s - began_s)
        return ended_s - began_s

    def take_left_out(self) -> int:
        """How many ticks were left out, once those that are made up for are made."""
        if self._owed or not self._left_out:
            return 0
        left_out, self._left_out = self._left_out, 0
        return left_out


class TickLoop:
    """The task of the rooms that wake together: they have the same tick and the same phase."""

    def __init__(self, tick_s: float, phase: float, counters: Counters) -> None:
        self._counters = counters
        self._tick_s = tick_s
        self._phase = phase
        self._rooms: dict[ScheduledRoom, None] = {}
        """In order of their coming."""
        self._yielded_s = 0.0

    def add(self, engine: RoomEngine, links: RoomPoller | None) -> None:
        """Tick `engine` until it closes, each time right after reading its `links`, which are closed with it."""
        first_s = first_due_s(trio.current_time(), self._tick_s, self._phase)
        self._rooms[ScheduledRoom(engine, links, first_s)] = None

    async def run(self) -> None:
        """Tick the rooms until none is left."""
        try:
            while self._rooms:
                await self._sleep_and_drain(min([room.due_s for room in self._rooms]))
                await self._make_ticks()
        finally:
            for room in list(self._rooms):
                self._remove(room)

    def _remove(self, room: ScheduledRoom) -> None:
        del self._rooms[room]
        if room.links is not None:
            room.links.close()

    async def _sleep_and_drain(self, until_s: float) -> None:
        """Sleep until the next tick is due; if that is far off, read the links on the way."""
        while until_s - trio.current_time() >= 2 * DRAIN_GAP_S:
            await trio.sleep(DRAIN_GAP_S)
            for room in list(self._rooms):
                self._guarded(room, room.drain)
        await trio.sleep_until(until_s)
        self._yielded_s = trio.current_time()

    async def _make_ticks(self) -> None:
        """Each room in turn makes what it owes; one whose ticks take long makes the next one in the next round, so that
        those whose ticks are short keep up beside it."""
        for room in list(self._rooms):
            turn_ends_s = trio.current_time() + MAX_HOLD_S
            while room in self._rooms and room.owes(trio.current_time()):
                await self._let_others_run()
                self._guarded(room, partial(self._make_tick, room))
                if trio.current_time() > turn_ends_s:
                    break

    async def _let_others_run(self) -> None:
        if trio.current_time() - self._yielded_s > MAX_HOLD_S:
            await trio.lowlevel.checkpoint()
            self._yielded_s = trio.current_time()

    def _make_tick(self, room: ScheduledRoom) -> None:
        """Read a room's links and make one tick, unless it has closed."""
        engine, counters = room.engine, self._counters
        room.drain()
        if not engine.closed:
            counters.overruns += room.overran
            room.overran = False
            counters.tick_s.add(room.tick())
            counters.ticks += 1
        if engine.closed:
            self._remove(room)
        elif left_out := room.take_left_out():
            counters.skipped_ticks += left_out
            engine.skip(left_out)

    def _guarded(self, room: ScheduledRoom, call: Callable[[], None]) -> None:
        """What a room raises ends that room alone: its own rules it has caught already."""
        try:
            call()
        except Exception:
            engine = room.engine
            log.exception("room %s failed outside its rules", engine.id)
            self._counters.errors += 1
            engine.close(CloseCode.ROOM_FAILED, "the room failed; the server has logged why")
            if room in self._rooms:
                self._remove(room)
