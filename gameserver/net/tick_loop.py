"""Wakes rooms at their ticks.

A tick loop is one task for all rooms that tick at the same moments. Ticks are due at multiples of the tick's length, so
that no error adds up; a room that is late makes up for a few ticks and skips the others. A room whose tick raises ends,
and the other rooms of the loop go on.
"""

from __future__ import annotations

import itertools
import logging
import math
from typing import TYPE_CHECKING, Final

import trio

from gameserver.net.author_errors import pass_on_cancelled
from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.net.counters import Counters
    from gameserver.net.poller import RoomPoller
    from gameserver.room.engine import RoomEngine

log = logging.getLogger("gameserver.net")

MAX_CATCH_UP_TICKS: Final = 4
"""How many late ticks are made in a row. With more, a room that is too slow would only fall behind further."""

POLL_GAP_S: Final = 0.05
"""A room with long ticks polls its links more often than it ticks, to answer pings in time: every one to two gaps."""

MAX_HOLD_S: Final = 0.005
"""Rooms of one tick loop tick one after the other; after so long, the other tasks of the process run in between."""

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


class Schedule:
    """When the ticks of one room are due. All times are seconds on one clock."""

    def __init__(self, first_s: float, tick_s: float) -> None:
        """The first tick is due at `first_s`, the others every `tick_s` after it."""
        self._first_s = first_s
        self._tick_s = tick_s
        self._number = 0

    @property
    def due_s(self) -> float:
        """When the next tick is due: computed from the first one, so that no rounding adds up."""
        return self._first_s + self._number * self._tick_s

    def take(self, now_s: float) -> tuple[int, int]:
        """Take the ticks that are due by `now_s`.

        Returns:
            How many ticks to make now, and how many to skip after them.
        """
        if now_s < self.due_s:
            return 0, 0
        owed = int((now_s - self.due_s) / self._tick_s) + 1
        self._number += owed
        made = min(owed, MAX_CATCH_UP_TICKS)
        return made, owed - made


class ScheduledRoom:
    """One room in a tick loop, and the ticks that it still has to make.

    Each room has its own schedule, so that a slow one costs the others the time of its ticks and nothing more.
    """

    __slots__ = ("_due_s", "_owed", "_schedule", "_skipped", "engine", "overran", "poller")

    def __init__(self, engine: RoomEngine, poller: RoomPoller | None, first_s: float) -> None:
        """Schedule `engine`, whose first tick is due at `first_s`; its links are polled by `poller`, if any."""
        self.engine = engine
        self.poller = poller
        self._schedule = Schedule(first_s, engine.tick_s)
        self._due_s = first_s
        self._owed = 0
        self._skipped = 0
        self.overran = False
        """Whether more than one tick was due when the room was last looked at."""

    @property
    def due_s(self) -> float:
        """When the next tick is due, or was, on trio's clock."""
        return self._due_s if self._owed else self._schedule.due_s

    def owes(self, now_s: float) -> bool:
        """Return whether a tick is due, or left over from before."""
        if not self._owed:
            self._due_s = self._schedule.due_s
            self._owed, self._skipped = self._schedule.take(now_s)
            self.overran = self._owed > 1
        return self._owed > 0

    def poll(self, now_s: float) -> float:
        """Read what has come on the room's links at `now_s`, and return the time when that is done."""
        if self.poller is None or self.engine.closed:
            return now_s
        self.poller.poll(now_s)
        return trio.current_time()

    def tick(self, began_s: float) -> float:
        """Make one tick that is due, which begins at `began_s`, and return when it ended."""
        engine, due_s = self.engine, self._due_s
        self._owed -= 1
        self._due_s += engine.tick_s
        engine.tick(began_s)
        ended_s = trio.current_time()
        engine.note_pace(ended_s, began_s - due_s, ended_s - began_s)
        return ended_s

    def take_skipped(self) -> int:
        """Return how many ticks are skipped, once, when the ticks before them are made; otherwise 0."""
        if self._owed or not self._skipped:
            return 0
        skipped, self._skipped = self._skipped, 0
        return skipped


class TickLoop:
    """The task of the rooms that have the same tick and the same phase."""

    def __init__(self, tick_s: float, phase: float, counters: Counters) -> None:
        """Make a loop without rooms.

        Args:
            tick_s: the length of a tick in seconds.
            phase: when its rooms wake, as a share of a tick.
            counters: the server's.
        """
        self._counters = counters
        self._tick_s = tick_s
        self._phase = phase
        self._rooms: dict[ScheduledRoom, None] = {}
        """In the order in which they were added."""
        self._yielded_s = 0.0

    def add(self, engine: RoomEngine, poller: RoomPoller | None) -> None:
        """Tick `engine` until it closes. `poller` polls its links right before each tick, and is closed with it."""
        first_s = first_due_s(trio.current_time(), self._tick_s, self._phase)
        self._rooms[ScheduledRoom(engine, poller, first_s)] = None

    async def run(self) -> None:
        """Tick the rooms until none is left."""
        try:
            while self._rooms:
                await self._sleep_and_poll(min([room.due_s for room in self._rooms]))
                await self._make_ticks()
        finally:
            for room in list(self._rooms):
                self._remove(room)

    def _remove(self, room: ScheduledRoom) -> None:
        del self._rooms[room]
        if room.poller is not None:
            room.poller.close()

    async def _sleep_and_poll(self, until_s: float) -> None:
        """Sleep until the next tick is due; if that is far off, poll the links meanwhile."""
        while until_s - trio.current_time() >= 2 * POLL_GAP_S:
            await trio.sleep(POLL_GAP_S)
            now_s = trio.current_time()
            for room in list(self._rooms):
                now_s = self._poll(room, now_s)
        await trio.sleep_until(until_s)
        self._yielded_s = trio.current_time()

    async def _make_ticks(self) -> None:
        """Make the ticks that are due, room by room.

        A room whose turn has taken MAX_HOLD_S makes its next tick in the next round, so that rooms with short ticks
        keep their pace beside it. The clock is read when a room has been polled and when its tick has ended; the end of
        one room's tick is the beginning of the next room's turn.
        """
        now_s = self._yielded_s
        for room in list(self._rooms):
            turn_ends_s = now_s + MAX_HOLD_S
            while room in self._rooms and room.owes(now_s):
                if now_s - self._yielded_s > MAX_HOLD_S:
                    await trio.lowlevel.checkpoint()
                    now_s = self._yielded_s = trio.current_time()
                now_s = self._make_tick(room, now_s)
                if now_s > turn_ends_s:
                    break

    def _poll(self, room: ScheduledRoom, now_s: float) -> float:
        """Poll a room's links. Return the time when that is done."""
        try:
            return room.poll(now_s)
        except BaseException as error:
            return self._close_failed(room, error)

    def _make_tick(self, room: ScheduledRoom, now_s: float) -> float:
        """Poll a room's links and make one tick; a room that has closed is removed. Return the time when that is
        done."""
        try:
            return self._poll_and_tick(room, now_s)
        except BaseException as error:
            return self._close_failed(room, error)

    def _poll_and_tick(self, room: ScheduledRoom, now_s: float) -> float:
        engine, counters = room.engine, self._counters
        began_s = now_s = room.poll(now_s)
        if not engine.closed:
            counters.overruns += room.overran
            room.overran = False
            now_s = room.tick(began_s)
            counters.tick_s.add(now_s - began_s)
            counters.ticks += 1
        if engine.closed:
            self._remove(room)
        elif skipped := room.take_skipped():
            counters.skipped_ticks += skipped
            engine.skip(skipped)
        return now_s

    def _close_failed(self, room: ScheduledRoom, error: BaseException) -> float:
        """Close a room that has raised, and no other, and return the time now. What its rules raise, the engine catches
        itself."""
        pass_on_cancelled(error)
        engine = room.engine
        log.exception("room %s failed outside its rules", engine.id)
        self._counters.errors += 1
        engine.close(CloseCode.ROOM_FAILED, "the room failed; the server has logged why")
        if room in self._rooms:
            self._remove(room)
        return trio.current_time()
