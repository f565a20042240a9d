"""Runs Python's garbage collector between tasks, so that it does not interrupt ticks.

By default it runs after a certain number of allocations, often in the middle of a tick: a few hundred times a minute
for a fraction of a millisecond, sometimes for milliseconds, and for tens of them while many players join. Here it runs
at intervals that are short enough for each run to be short. Objects from before the first player (modules, classes,
functions) are frozen: the collector never looks at them again.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

YOUNG_EVERY_S: Final = 0.5
"""The objects that 500 players make in this time are collected in a millisecond."""

FULL_AFTER_CONNECTIONS: Final = 256
"""A full collection follows so many new connections, because connections leave old reference cycles behind. It takes 10
to 20 ms with a thousand players.
"""

_YOUNG: Final = 1
_ALL: Final = 2


async def pace_garbage(connections: Callable[[], int]) -> None:
    """Collect between tasks until cancelled; then automatic collection is on again.

    Args:
        connections: returns how many connections have been accepted so far.
    """
    gc.collect(_ALL)
    gc.freeze()
    gc.disable()
    try:
        connections_before = connections()
        while True:
            await trio.sleep(YOUNG_EVERY_S)
            full = connections() - connections_before >= FULL_AFTER_CONNECTIONS
            if full:
                connections_before = connections()
            gc.collect(_ALL if full else _YOUNG)
    finally:
        gc.enable()
        gc.unfreeze()
