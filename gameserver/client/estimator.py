"""A running mean that survives outliers and follows a lasting change at once. Two of the client's clocks, the pacer and
the interpolation clock, steer by one each.

Pure. docs/guide/time.md section 1 states the algorithm; `client_demo/sdk/estimator.js` is the twin, and a test compares
the two.
"""

from __future__ import annotations

OUTLIER_DEVIATIONS = 3.0
"""Beyond its floor plus this many deviations, a sample is an outlier: it widens the deviation and does not move the
mean."""
DEVIATION_FALL_GAIN = 1 / 64
"""A deviation falls slowly, and rises quickly (by the `rise` below): too high an estimate costs milliseconds, too low a
one costs input frames."""


class Estimator:
    """Mean and mean deviation of samples that may hold outliers and may change for good.

    Args:
        gain: Weight of a sample in the mean.
        rise: Weight of a sample in a deviation that grows.
        floor: A difference that is never an outlier, in the samples' unit.
        shift_after: How long outliers to one side must last to become the mean, in the unit of `at`.
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
        """Take one sample, measured at `at`, which never decreases."""
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
        """Count the first outlier of a row as jitter; after enough of them to the same side, take the sample as the new
        mean.
        """
        if side != self._run_side:
            self._run_side = side
            self._run_from = at
            self.widen(reach)
        elif at - self._run_from >= self._shift_after:
            self._run_side = 0
            self.value = sample

    def widen(self, deviation: float) -> None:
        """Follow a deviation that was seen, or is known from elsewhere: quickly up, slowly down."""
        gain = self._rise if deviation > self.deviation else DEVIATION_FALL_GAIN
        self.deviation += gain * (deviation - self.deviation)

    def move(self, by: float) -> None:
        """Shift the estimate after a deliberate correction of what is measured."""
        if self.value is not None:
            self.value += by

    def forget_value(self) -> None:
        """Take the next sample as the mean; the deviation stays."""
        self.value = None
        self._run_side = 0
