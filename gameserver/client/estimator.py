"""A running mean that survives outliers and follows a lasting change at once. The client's two clocks steer by one
each.

Pure. docs/guide/time.md section 1 states the algorithm; `client_demo/sdk/clock.js` is its twin.
"""

from __future__ import annotations

OUTLIER_DEVIATIONS = 3.0
"""Beyond its floor plus this many deviations, a sample is an outlier: it widens the deviation and leaves the mean
alone."""
DEVIATION_FALL_GAIN = 1 / 64
"""Jitter is forgotten slowly (and believed quickly, by the `rise` below): too much of it costs milliseconds, too
little costs frames."""


class Estimator:
    """Mean and mean deviation of samples that may hold outliers and may change level.

    `gain`: weight of a sample in the mean, `rise`: in a deviation that grows. `floor`: what is never an outlier, in
    the samples' unit. `shift_after`: how long outliers to one side must last, in the unit of `at`, to be believed at
    once and whole.
    """

    __slots__ = ("_floor", "_gain", "_rise", "_run_from", "_run_side", "_shift_after", "deviation", "value")

    def __init__(self, *, gain: float, rise: float, floor: float, shift_after: float) -> None:
        self._gain = gain
        self._rise = rise
        self._floor = floor
        self._shift_after = shift_after
        self._run_from = 0.0
        self._run_side = 0
        self.value: float | None = None
        self.deviation = 0.0

    def add(self, sample: float, at: float) -> None:
        """Take one sample; `at` never decreases."""
        if self.value is None:
            self.value = sample
            return
        error = sample - self.value
        reach = self._floor + OUTLIER_DEVIATIONS * self.deviation
        if abs(error) <= reach:
            self._run_side = 0
            self.value += self._gain * error
            self.widen(abs(error))
        else:
            self._outlier(sample, 1 if error > 0 else -1, reach, at)

    def _outlier(self, sample: float, side: int, reach: float, at: float) -> None:
        """One more to the same side in a row may be the new level; the first of a row counts as jitter, as a single
        incident.
        """
        if side != self._run_side:
            self._run_side = side
            self._run_from = at
            self.widen(reach)
        elif at - self._run_from >= self._shift_after:
            self._run_side = 0
            self.value = sample

    def widen(self, deviation: float) -> None:
        """Believe in a deviation that was seen, or is known from elsewhere: quickly in more, slowly in less."""
        gain = self._rise if deviation > self.deviation else DEVIATION_FALL_GAIN
        self.deviation += gain * (deviation - self.deviation)

    def move(self, by: float) -> None:
        """The measured thing was moved on purpose: so is the estimate."""
        if self.value is not None:
            self.value += by

    def forget_value(self) -> None:
        """Take the next sample as the mean; the deviation stays."""
        self.value = None
        self._run_side = 0
