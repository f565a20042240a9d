"""Runs Python's garbage collector between tasks, so that it does not interrupt ticks, and so that it halts them rarely.

By default it runs after a certain number of allocations, often in the middle of a tick: a few hundred times a minute
for a fraction of a millisecond, sometimes for milliseconds, and for tens of them while many players join. Here it looks
at young objects at intervals that are short enough for each run to be short. Objects from before the first player
(modules, classes, functions) are frozen: the collector never looks at them again.

A full collection looks at all other objects, and every room waits meanwhile: more than 100 ms with 1,300 links. What it
finds are old cycles. Links and players leave none behind; closed rooms do, and an author's rules may. So it runs when
there is likely to be something, and no more often than it has earned (`FullCollections`).
"""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

YOUNG_EVERY_S: Final = 0.5
"""The objects that 500 players make in this time are collected in a millisecond."""

YOUNG_AFTER_OBJECTS: Final = 4_000
"""Young objects are collected sooner when there are so many. To look at one takes 0.5 µs, and all rooms wait meanwhile:
a link makes 180 of them, and hundreds of links may come up in half a second."""

LOOKS: Final = 20
"""How often they are counted in `YOUNG_EVERY_S`."""

FULL_AFTER_CONNECTIONS: Final = 256
"""A full collection is worth it after so many new connections."""

FULL_AFTER_GROWTH: Final = 1.25
"""Or when the process holds this many times the memory blocks that it held after the last one."""

FULL_SHARE: Final = 1 / 2000
"""The share of the time that full collections may take while links are up."""

RUNAWAY_GROWTH: Final = 4.0
"""So much growth looks like garbage that nothing else frees: then memory comes first."""

RUNAWAY_BLOCKS: Final = 1_000_000
"""And so many more memory blocks than after the last full collection, about 100 MB."""

_YOUNG: Final = 1
_ALL: Final = 2


class FullCollections:
    """Decides when the next full collection runs."""

    def __init__(self, now_s: float, took_s: float, *, blocks: int, connections: int) -> None:
        """A full collection has just run.

        Args:
            now_s: the time now, on any clock that goes forward.
            took_s: how long it took.
            blocks: memory blocks that the process holds after it.
            connections: how many have been accepted so far.
        """
        self.note_run(now_s, took_s, blocks=blocks, connections=connections)

    def note_run(self, now_s: float, took_s: float, *, blocks: int, connections: int) -> None:
        """A full collection has just run; for the arguments see `__init__`."""
        self._ran_at_s = now_s
        self._took_s = took_s
        self._blocks = max(1, blocks)
        self._connections = connections

    def due(self, now_s: float, *, blocks: int, connections: int, idle: bool) -> bool:
        """Return whether one should run now.

        Args:
            now_s: the time now, on the same clock.
            blocks: memory blocks that the process holds.
            connections: how many have been accepted so far.
            idle: whether no link is up, so that nobody waits.
        """
        growth = blocks / self._blocks
        if growth >= RUNAWAY_GROWTH and blocks - self._blocks >= RUNAWAY_BLOCKS:
            return True
        if growth < FULL_AFTER_GROWTH and connections - self._connections < FULL_AFTER_CONNECTIONS:
            return False
        expected_s = self._took_s * max(1.0, growth)
        return idle or (now_s - self._ran_at_s) * FULL_SHARE >= expected_s


async def pace_garbage(connections: Callable[[], int], links: Callable[[], int]) -> None:
    """Collect between tasks until cancelled; then automatic collection is on again.

    Args:
        connections: returns how many connections have been accepted so far.
        links: returns how many links are up.
    """
    took_s = _collect_all()
    gc.freeze()
    gc.disable()
    full = FullCollections(trio.current_time(), took_s, blocks=sys.getallocatedblocks(), connections=connections())
    try:
        while True:
            await _wait_for_objects()
            accepted, blocks = connections(), sys.getallocatedblocks()
            if full.due(trio.current_time(), blocks=blocks, connections=accepted, idle=not links()):
                took_s = _collect_all()
                blocks = sys.getallocatedblocks()
                full.note_run(trio.current_time(), took_s, blocks=blocks, connections=accepted)
            else:
                gc.collect(_YOUNG)
    finally:
        gc.enable()
        gc.unfreeze()


async def _wait_for_objects() -> None:
    """Return when the young objects should be looked at."""
    for _ in range(LOOKS):
        await trio.sleep(YOUNG_EVERY_S / LOOKS)
        if gc.get_count()[0] >= YOUNG_AFTER_OBJECTS:
            return


def _collect_all() -> float:
    """Run a full collection, and return how long it took, in seconds."""
    began = time.perf_counter()
    gc.collect(_ALL)
    return time.perf_counter() - began
