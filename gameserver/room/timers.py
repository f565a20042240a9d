"""Timers counted in ticks: deterministic, gone with their room, in order of the tick they are due and then of their
making."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(order=True, slots=True)
class Timer:
    """A call that is due at a tick; `cancel()` it any time."""

    due: int
    number: int
    call: Callable[[], object] = field(compare=False)
    every: int | None = field(compare=False, default=None)
    cancelled: bool = field(compare=False, default=False)

    def cancel(self) -> None:
        """The call does not happen (again)."""
        self.cancelled = True


class Timers:
    """The timers of one room."""

    __slots__ = ("_heap", "_made")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._made = 0

    def __len__(self) -> int:
        return sum(not timer.cancelled for timer in self._heap)

    def add(self, due: int, call: Callable[[], object], every: int | None = None) -> Timer:
        """Call `call` at tick `due`, and then each `every` ticks if that is given."""
        self._made += 1
        timer = Timer(due, self._made, call, every)
        heapq.heappush(self._heap, timer)
        return timer

    def run_due(self, tick: int) -> None:
        """Make the calls that are due at `tick`. What they raise comes through; the timer that raised is gone."""
        while self._heap and self._heap[0].due <= tick:
            timer = heapq.heappop(self._heap)
            if timer.cancelled:
                continue
            timer.call()
            if timer.every is not None and not timer.cancelled:
                timer.due = tick + timer.every
                heapq.heappush(self._heap, timer)
