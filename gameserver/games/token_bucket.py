"""How often a participant may do something, in ticks."""

from __future__ import annotations


class TokenBucket:
    """So many of something at once, and one more every so many ticks.

    Args:
        burst: How many at once, at the beginning and after a pause.
        every_ticks: How many ticks later there is one more.
    """

    __slots__ = ("_burst", "_every_ticks", "_full_tick")

    def __init__(self, burst: int, every_ticks: float) -> None:
        self._burst = burst
        self._every_ticks = every_ticks
        self._full_tick = 0.0
        """When all of the burst is there again."""

    def take(self, tick: int) -> bool:
        """Take one. Return False when none is left."""
        full_tick = max(self._full_tick, tick) + self._every_ticks
        if full_tick - tick > self._burst * self._every_ticks:
            return False
        self._full_tick = full_tick
        return True
