"""Python's garbage collector, kept out of the ticks.

By itself it runs whenever so many objects have been made, which is in the middle of some tick: a few hundred times a
minute for a fraction of a millisecond, now and then for milliseconds, and while players rush in for tens of them. Here
it runs between tasks, often enough for little to add up; and it never looks again at what was there before the first
player: modules, classes, functions.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

YOUNG_EVERY_S: Final = 0.5
"""What 500 players leave behind in this time is looked through in a millisecond."""

FULL_AFTER_CONNECTIONS: Final = 256
"""Connections are what leaves cycles behind that are old when they end. After so many new ones everything is looked
through: 10 to 20 ms with a thousand players.
"""

_YOUNG: Final = 1
_ALL: Final = 2


async def pace_garbage(connections: Callable[[], int]) -> None:
    """Collect between tasks until cancelled; then the collector is its own master again. `connections` counts those
    accepted so far.
    """
    gc.collect(_ALL)
    gc.freeze()
    gc.disable()
    try:
        looked_at = connections()
        while True:
            await trio.sleep(YOUNG_EVERY_S)
            full = connections() - looked_at >= FULL_AFTER_CONNECTIONS
            if full:
                looked_at = connections()
            gc.collect(_ALL if full else _YOUNG)
    finally:
        gc.enable()
        gc.unfreeze()
