"""Timers that count ticks: deterministic, ended with their room, run in order of due tick and then of creation."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(order=True, slots=True)
class Timer:
    """A call that is due at a tick. Returned by `Room.after` and `Room.every`."""

    due: int
    number: int
    call: Callable[..., object] = field(compare=False)
    every: int | None = field(compare=False, default=None)
    args: tuple[object, ...] = field(compare=False, default=())
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

    def add(
        self, now: int, ticks: int, call: Callable[..., object], args: tuple[object, ...] = (), *, repeat: bool = False
    ) -> Timer:
        """Add a timer.

        Args:
            now: The present tick.
            ticks: The ticks until the first call, at least 1, and between calls.
            call: The function.
            args: Its arguments.
            repeat: True calls again and again.

        Returns:
            The timer.

        Raises:
            TypeError: `ticks` is not a whole number, or `call` cannot be called.
        """
        try:
            wait = max(1, index(ticks))
        except TypeError:
            msg = f"ticks is {ticks!r}; write a whole number of ticks, such as round(seconds / self.dt)"
            raise TypeError(msg) from None
        if not callable(call):
            msg = f"call is {call!r}; write the function itself, such as self.start, without parentheses"
            raise TypeError(msg)
        self._made += 1
        timer = Timer(now + wait, self._made, call, wait if repeat else None, args)
        heapq.heappush(self._heap, timer)
        return timer

    def run_due(self, tick: int) -> None:
        """Make the calls that are due at `tick`. What a call raises comes through, and its timer is gone."""
        while self._heap and self._heap[0].due <= tick:
            timer = heapq.heappop(self._heap)
            if timer.cancelled:
                continue
            timer.call(*timer.args)
            if timer.every is not None and not timer.cancelled:
                timer.due = tick + timer.every
                heapq.heappush(self._heap, timer)

    @property
    def made(self) -> int:
        """How many there have been."""
        return self._made

    def pending(self) -> list[Timer]:
        """The timers whose calls are still to come, in order of number; cancelled ones are left out."""
        return sorted((timer for timer in self._heap if not timer.cancelled), key=lambda timer: timer.number)

    def restore(self, made: int, timers: Iterable[Timer]) -> None:
        """Go on with the timers of a checkpoint.

        Args:
            made: How many there have been.
            timers: Those whose calls are still to come.
        """
        self._made = made
        self._heap = list(timers)
        heapq.heapify(self._heap)
