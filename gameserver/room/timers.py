"""Timers that count ticks: deterministic, ended with their room, run in order of due tick and then of creation."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(order=True, slots=True)
class Timer:
    """A call that is due at a tick. Returned by `Room.after` and `Room.every`."""

    due: int
    number: int
    call: Callable[[], object] = field(compare=False)
    every: int | None = field(compare=False, default=None)
    cancelled: bool = field(compare=False, default=False)

    def cancel(self) -> None:
        """Do not call again. Idempotent."""
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
        """Add a timer.

        Args:
            due: The tick of the first call.
            call: The function.
            every: The ticks between calls; None: call once.

        Returns:
            The timer.
        """
        self._made += 1
        timer = Timer(due, self._made, call, every)
        heapq.heappush(self._heap, timer)
        return timer

    def run_due(self, tick: int) -> None:
        """Make the calls that are due at `tick`. What a call raises comes through, and its timer is gone."""
        while self._heap and self._heap[0].due <= tick:
            timer = heapq.heappop(self._heap)
            if timer.cancelled:
                continue
            timer.call()
            if timer.every is not None and not timer.cancelled:
                timer.due = tick + timer.every
                heapq.heappush(self._heap, timer)
