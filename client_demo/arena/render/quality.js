/**
 * Keeps the picture smooth on a slow machine: when frames are late for a while, it draws fewer pixels and fewer sparks.
 *
 * The quality is only lowered. Raising it again would make a machine at the limit switch between two levels for ever.
 */

/** More is not visible at arm's length, and the cost grows with the square. */
const MAX_DENSITY = 2;
const LEVELS = Object.freeze([
  { density: 1, thin: 1 },
  { density: 0.8, thin: 0.7 },
  { density: 0.62, thin: 0.5 },
]);
/** A frame that takes longer than this has missed a refresh of a 60 Hz screen. */
const LATE_S = 1 / 45;
/** Longer ones are pauses (a hidden tab, a breakpoint), not a slow machine. */
const PAUSE_S = 0.25;
const JUDGED_FRAMES = 150;
const LATE_SHARE = 0.4;

export class Quality {
  #level = 0;
  #frames = 0;
  #late = 0;

  /** @returns {number} device pixels of the canvas per CSS pixel */
  density() {
    return Math.min(MAX_DENSITY, window.devicePixelRatio || 1) * this.#step().density;
  }

  /** @returns {number} share of particles to draw */
  get thin() {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    return this.#step().thin * (calm ? 0.35 : 1);
  }

  /**
   * @param {number} dt seconds that the last frame took
   * @returns {boolean} whether the level changed
   */
  judge(dt) {
    if (dt >= PAUSE_S) return false;
    this.#frames += 1;
    if (dt > LATE_S) this.#late += 1;
    if (this.#frames < JUDGED_FRAMES) return false;
    const slow = this.#late > this.#frames * LATE_SHARE;
    this.#frames = 0;
    this.#late = 0;
    if (!slow || this.#level === LEVELS.length - 1) return false;
    this.#level += 1;
    return true;
  }

  #step() {
    return LEVELS[this.#level] ?? { density: 1, thin: 1 };
  }
}
