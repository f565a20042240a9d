"""The rooms of one tick loop, and when each of them makes its ticks. Nothing here waits: `tick_loop` does.

Ticks are due at multiples of the tick's length, so that no error adds up; a room that is late makes up for a few ticks
and skips the others. A room whose tick raises ends, and the other rooms of the loop go on.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

from gameserver.net.author_errors import pass_on_cancelled
from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.net.counters import Counters

log = logging.getLogger("gameserver.net")

MAX_CATCH_UP_TICKS: Final = 4
"""How many late ticks are made in a row. With more, a room that is too slow would only fall behind further."""

MAX_HOLD_S: Final = 0.005
"""Rooms of one tick loop tick one after the other; after so long, the other tasks of the process run in between."""


class TickedRoom(Protocol):
    """What a tick loop needs of a room, see `gameserver.room.engine.RoomEngine`."""

    id: str
    tick_s: float
    closed: bool

    def tick(self, now_s: float) -> None:
        """Advance one tick, which begins now."""

    def skip(self, ticks: int) -> None:
        """Leave out ticks."""

    def note_pace(self, now_s: float, late_s: float, cost_s: float) -> None:
        """Take a finished tick into account: when it ended, how late it began, and how long it took."""

    def close(self, code: CloseCode, reason: str) -> None:
        """End the room."""


class LinkPoller(Protocol):
    """Reads the links of a room, see `gameserver.net.poller.RoomPoller`."""

    def poll(self, now_s: float) -> None:
        """Read what has come."""

    def close(self) -> None:
        """Detach every link."""


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

    def __init__(self, engine: TickedRoom, poller: LinkPoller | None, first_s: float) -> None:
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

    def take_tick(self) -> float:
        """Take a tick that is owed, and return when it is due, or was."""
        due_s = self._due_s
        self._owed -= 1
        self._due_s += self.engine.tick_s
        return due_s

    def take_skipped(self) -> int:
        """Return how many ticks are skipped, once, when the ticks before them are made; otherwise 0."""
        if self._owed or not self._skipped:
            return 0
        skipped, self._skipped = self._skipped, 0
        return skipped


class ScheduledRooms:
    """The rooms that tick at the same moments, in the order in which they were added."""

    def __init__(self, counters: Counters, clock: Callable[[], float]) -> None:
        """Begin without rooms.

        Args:
            counters: The server's.
            clock: Returns the time now, in seconds.
        """
        self._counters = counters
        self._clock = clock
        self._rooms: dict[ScheduledRoom, None] = {}
        self._turns: list[ScheduledRoom] = []
        """The rooms that have not had their turn in this round, the next one last."""
        self._turn_ends_s: float | None = None
        """When the present turn has taken MAX_HOLD_S; None: the next one has not begun."""

    def __len__(self) -> int:
        return len(self._rooms)

    def add(self, engine: TickedRoom, poller: LinkPoller | None, first_s: float) -> None:
        """Add a room whose first tick is due at `first_s`."""
        self._rooms[ScheduledRoom(engine, poller, first_s)] = None

    def close(self) -> None:
        """Remove all rooms, and close their pollers."""
        for room in list(self._rooms):
            self._remove(room)

    def _remove(self, room: ScheduledRoom) -> None:
        del self._rooms[room]
        if room.poller is not None:
            room.poller.close()

    @property
    def due_s(self) -> float:
        """When the next tick of any of them is due; there is at least one."""
        return min([room.due_s for room in self._rooms])

    def poll_all(self, now_s: float) -> None:
        """Read the links of all rooms between two ticks, which are long."""
        for room in list(self._rooms):
            try:
                now_s = self._poll(room, now_s)
            except BaseException as error:
                now_s = self._close_failed(room, error)

    def begin_round(self) -> None:
        """Give each room a turn, in which it makes the ticks that are due."""
        self._turns = list(self._rooms)
        self._turns.reverse()
        self._turn_ends_s = None

    def make_ticks(self) -> bool:
        """Make the ticks that are due, room by room.

        A room whose turn has taken MAX_HOLD_S makes its next tick in the next round, so that rooms with short ticks
        keep their pace beside it. The clock is read when a room has been polled and when its tick has ended; the end of
        one room's tick is the beginning of the next room's turn.

        Returns:
            Whether the round is over; False: call it again, after other tasks have run.
        """
        began_s = now_s = self._clock()
        while self._turns:
            room = self._turns[-1]
            turn_ends_s = now_s + MAX_HOLD_S if self._turn_ends_s is None else self._turn_ends_s
            self._turn_ends_s = turn_ends_s
            if room in self._rooms and room.owes(now_s):
                if now_s - began_s > MAX_HOLD_S:
                    return False
                now_s = self._make_tick(room, now_s)
                if now_s <= turn_ends_s:
                    continue
            self._turns.pop()
            self._turn_ends_s = None
        return True

    def _make_tick(self, room: ScheduledRoom, now_s: float) -> float:
        """Poll a room's links and make one tick; a room that has closed is removed. Return the time when that is
        done."""
        try:
            return self._poll_and_tick(room, now_s)
        except BaseException as error:
            return self._close_failed(room, error)

    def _poll_and_tick(self, room: ScheduledRoom, now_s: float) -> float:
        engine, counters = room.engine, self._counters
        began_s = now_s = self._poll(room, now_s)
        if not engine.closed:
            counters.overruns += room.overran
            room.overran = False
            due_s = room.take_tick()
            engine.tick(began_s)
            now_s = self._clock()
            engine.note_pace(now_s, began_s - due_s, now_s - began_s)
            counters.tick_s.add(now_s - began_s)
            counters.ticks += 1
        if engine.closed:
            self._remove(room)
        elif skipped := room.take_skipped():
            counters.skipped_ticks += skipped
            engine.skip(skipped)
        return now_s

    def _poll(self, room: ScheduledRoom, now_s: float) -> float:
        """Read what has come on a room's links at `now_s`, and return the time when that is done."""
        poller = room.poller
        if poller is None or room.engine.closed:
            return now_s
        poller.poll(now_s)
        return self._clock()

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
        return self._clock()
