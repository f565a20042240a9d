/**
 * A running mean that survives outliers and follows a lasting change at once. Two of the client's
 * clocks, the pacer and the interpolation clock, steer by one each.
 *
 * Pure. docs/guide/time.md §1 states the algorithm; `gameserver/client/estimator.py` is the twin,
 * and a test compares the two.
 */

/**
 * Beyond its floor plus this many deviations, a sample is an outlier: it widens the deviation and
 * does not move the mean.
 */
export const OUTLIER_DEVIATIONS = 3.0;

/**
 * A deviation falls slowly, and rises quickly (by the `rise` below): too high an estimate costs
 * milliseconds, too low a one costs input frames.
 */
export const DEVIATION_FALL_GAIN = 1 / 64;

/** Mean and mean deviation of samples that may hold outliers and may change for good. */
export class Estimator {
  #options;
  #runFrom = 0;
  #runSide = 0;

  /** @type {number | null} the mean; null before the first sample */
  value = null;
  deviation = 0;

  /**
   * @param {object} options
   * @param {number} options.gain weight of a sample in the mean
   * @param {number} options.rise weight of a sample in a deviation that grows
   * @param {number} options.floor a difference that is never an outlier, in the samples' unit
   * @param {number} options.shiftAfter how long outliers to one side must last to become the mean,
   *   in the unit of `at`
   */
  constructor(options) {
    this.#options = options;
  }

  /** Takes one sample. @param {number} sample @param {number} at never decreases */
  add(sample, at) {
    if (this.value === null) {
      this.value = sample;
      return;
    }
    const error = sample - this.value;
    const reach = this.#options.floor + OUTLIER_DEVIATIONS * this.deviation;
    if (Math.abs(error) <= reach) {
      this.#runSide = 0;
      this.value += this.#options.gain * error;
      this.widen(Math.abs(error));
    } else {
      this.#outlier(sample, error > 0 ? 1 : -1, reach, at);
    }
  }

  /** Shifts the estimate after a deliberate correction of what is measured. @param {number} by */
  move(by) {
    if (this.value !== null) this.value += by;
  }

  /** Takes the next sample as the mean; the deviation stays. */
  forgetValue() {
    this.value = null;
    this.#runSide = 0;
  }

  /**
   * Counts the first outlier of a row as jitter; after enough of them to the same side, takes the
   * sample as the new mean.
   *
   * @param {number} sample @param {number} side @param {number} reach @param {number} at
   */
  #outlier(sample, side, reach, at) {
    if (side !== this.#runSide) {
      this.#runSide = side;
      this.#runFrom = at;
      this.widen(reach);
    } else if (at - this.#runFrom >= this.#options.shiftAfter) {
      this.#runSide = 0;
      this.value = sample;
    }
  }

  /**
   * Follows a deviation that was seen, or is known from elsewhere: quickly up, slowly down.
   *
   * @param {number} deviation
   */
  widen(deviation) {
    const gain = deviation > this.deviation ? this.#options.rise : DEVIATION_FALL_GAIN;
    this.deviation += gain * (deviation - this.deviation);
  }
}
