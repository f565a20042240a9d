"""The overload level of a room, from 0 (it keeps up) to 3, and what is reduced at each level.

Pure: the tick loop reports how late each tick began and how long it took; time is an argument. A tick is *over* when it
ends after the next one was due, whether the room's own rules or something else in the process took the time. The level
rises by one after a second in which half of the ticks were over, and falls by one after some seconds in which most
ticks were well within their time. A rise soon after a fall doubles the wait before the next fall, so that a room at the
limit does not oscillate.
"""

from __future__ import annotations

from typing import Final

MAX_LEVEL: Final = 3
TIERS_LEVEL: Final = 1
"""From this level on, what lies in a far tier (`Near.tiers`) is sent half as often."""
RATE_LEVEL: Final = 2
"""From this level on, the snapshot rate is halved."""
REFUSE_LEVEL: Final = 3
"""At this level joins are refused (4014); resumes are not."""

RISE_S: Final = 1.0
"""How long ticks must be over before the level rises again: each rise gets the time to take effect."""
OVER_SHARE: Final = 0.5
OVER_TICKS: Final = (1.0, 1.0, 3.0)
"""By level: a tick is over when it ends this many ticks after it was due. On a busy processor ticks are late by one;
only a room that falls further and further behind is late by three."""
FALL_S: Final = 5.0
"""How long ticks must be calm before the level falls, at first."""
MAX_FALL_S: Final = 60.0
CALM_TICKS: Final = 0.7
"""A tick that ends within this share of its time is calm: after a fall ticks take longer again, and that must fit."""
RESTLESS_SHARE: Final = 0.2
"""The share of the ticks in a calm second that may be longer: other tasks use the processor too."""
RELAPSE_S: Final = 10.0
"""A rise within this time after a fall shows that the fall was too early."""


class Overload:
    """The overload level of one room: call `note` after each tick, read `level`."""

    __slots__ = (
        *("_began_s", "_calm_s", "_cost_s", "_fall_s", "_fell_at_s", "_over", "_restless", "_tick_s", "_ticks"),
        *("level", "share"),
    )

    def __init__(self, tick_s: float) -> None:
        self.level = 0
        self.share: float | None = None
        """The share of the time that the ticks took, in the last second that was watched; None in the first one."""
        self._tick_s = tick_s
        self._cost_s = 0.0
        self._fall_s = FALL_S
        self._fell_at_s = float("-inf")
        self._began_s = self._calm_s = float("nan")  # when the second, and the calm, that are being watched began
        self._ticks = self._over = self._restless = 0

    @property
    def refuses(self) -> bool:
        """Whether joins are refused."""
        return self.level >= REFUSE_LEVEL

    @property
    def snapshot_stretch(self) -> int:
        """One of this many due snapshots is sent."""
        return 2 if self.level >= RATE_LEVEL else 1

    @property
    def tier_stretch(self) -> int:
        """What lies in a far tier is sent this many times less often."""
        return 2 if self.level >= TIERS_LEVEL else 1

    def note(self, now_s: float, late_s: float, cost_s: float) -> bool:
        """Take a finished tick into account.

        Args:
            now_s: When it ended.
            late_s: How long after it was due it began, in seconds.
            cost_s: How long it took, in seconds.

        Returns:
            Whether the level has changed.
        """
        if self._began_s != self._began_s:
            self._began_s = self._calm_s = now_s
        taken = (late_s + cost_s) / self._tick_s
        self._ticks += 1
        self._cost_s += cost_s
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
        self.share = self._cost_s / (now_s - self._began_s)
        self._began_s = now_s
        self._cost_s = 0.0
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
