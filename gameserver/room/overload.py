"""How overloaded a room is, from when its ticks end: level 0 (it keeps up) to 3, and what is given up at each.

Pure: the ticker says how late each tick began and what it cost; time is an argument. A tick is *over* when it ends
after the next one was due, whether its own rules or somebody else in the process took the time. The level goes up one
step when a second has gone by in which half the ticks were over, down one step when for some seconds most were well
within their time. A step up soon after one down doubles the patience before the next one down, so that a room at the
edge does not swing.
"""

from __future__ import annotations

from typing import Final

MAX_LEVEL: Final = 3
TIERS_LEVEL: Final = 1
"""From here on, what is far (`Near.tiers`) is told half as often."""
RATE_LEVEL: Final = 2
"""From here on, every second snapshot is told to nobody."""
REFUSE_LEVEL: Final = 3
"""Here nobody new is let in (4014). Who comes back is."""

RISE_S: Final = 1.0
"""How long ticks must be over before the next step up: each step gets the time to show that it helps."""
OVER_SHARE: Final = 0.5
OVER_TICKS: Final = (1.0, 1.0, 3.0)
"""By level: how many ticks after it was due a tick must have ended to count for the next step. A processor that has
others to serve makes ticks late by one; only a room that falls further and further behind comes to three.
"""
FALL_S: Final = 5.0
"""How long ticks must be calm before a step down, at first."""
MAX_FALL_S: Final = 60.0
CALM_TICKS: Final = 0.7
"""A tick that has ended by this share of its time is calm: a step down gives back a part of what it saved, and that
must fit."""
RESTLESS_SHARE: Final = 0.2
"""Of the ticks in a calm second, this many may be otherwise: the processor has others to serve."""
RELAPSE_S: Final = 10.0
"""A step up so soon after one down says that the step down was too early."""


class Overload:
    """One room's. `note` each tick, read `level`."""

    __slots__ = ("_began_s", "_calm_s", "_fall_s", "_fell_at_s", "_over", "_restless", "_tick_s", "_ticks", "level")

    def __init__(self, tick_s: float) -> None:
        self.level = 0
        self._tick_s = tick_s
        self._fall_s = FALL_S
        self._fell_at_s = float("-inf")
        self._began_s = self._calm_s = float("nan")  # when the second, and the calm, that are being watched began
        self._ticks = self._over = self._restless = 0

    @property
    def refuses(self) -> bool:
        """Whether nobody new is let in."""
        return self.level >= REFUSE_LEVEL

    @property
    def snapshot_stretch(self) -> int:
        """Of how many snapshots one is told."""
        return 2 if self.level >= RATE_LEVEL else 1

    @property
    def tier_stretch(self) -> int:
        """How many times less often what is far is told."""
        return 2 if self.level >= TIERS_LEVEL else 1

    def note(self, now_s: float, late_s: float, cost_s: float) -> bool:
        """A tick that began `late_s` after it was due has taken `cost_s` and ended at `now_s`. Return whether the level
        has changed.
        """
        if self._began_s != self._began_s:
            self._began_s = self._calm_s = now_s
        taken = (late_s + cost_s) / self._tick_s
        self._ticks += 1
        self._over += self.level < MAX_LEVEL and taken > OVER_TICKS[self.level]
        self._restless += taken > CALM_TICKS
        before = self.level
        if now_s - self._began_s >= RISE_S:
            self._judge_second(now_s)
        return self.level != before

    def _judge_second(self, now_s: float) -> None:
        if self._over >= OVER_SHARE * self._ticks:  # never at the highest level, where nothing counts as over
            self._rise(now_s)
        elif self._restless > RESTLESS_SHARE * self._ticks:
            self._calm_s = now_s
        elif now_s - self._calm_s >= self._fall_s:
            self._fall(now_s)
        self._began_s = now_s
        self._ticks = self._over = self._restless = 0

    def _rise(self, now_s: float) -> None:
        self._calm_s = now_s
        self.level += 1
        if now_s - self._fell_at_s < RELAPSE_S:
            self._fall_s = min(MAX_FALL_S, self._fall_s * 2)

    def _fall(self, now_s: float) -> None:
        self._calm_s = now_s
        if self.level == 0:
            self._fall_s = FALL_S  # all is well, and has been for a while
        else:
            self.level -= 1
            self._fell_at_s = now_s
