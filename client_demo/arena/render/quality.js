/**
 * Keeps the picture smooth on a slow machine: when frames take long to draw for a while, it draws fewer pixels and fewer
 * sparks. The time between two frames says nothing: battery savers and some screens show 30 a second.
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
/** Drawing that takes longer leaves too little of a frame at 60 Hz (16.7 ms) to the game and to the browser. */
const SLOW_S = 0.011;
/** Longer ones are pauses (a breakpoint, a machine that slept), not a slow machine. */
const PAUSE_S = 0.25;
const JUDGED_FRAMES = 150;
const SLOW_SHARE = 0.4;

export class Quality {
  #level = 0;
  #frames = 0;
  #slow = 0;

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
   * @param {number} workS seconds that drawing the last frame took, without what was waited for
   * @returns {boolean} whether the level changed
   */
  judge(workS) {
    if (workS >= PAUSE_S) return false;
    this.#frames += 1;
    if (workS > SLOW_S) this.#slow += 1;
    if (this.#frames < JUDGED_FRAMES) return false;
    const slow = this.#slow > this.#frames * SLOW_SHARE;
    this.#frames = 0;
    this.#slow = 0;
    if (!slow || this.#level === LEVELS.length - 1) return false;
    this.#level += 1;
    return true;
  }

  #step() {
    return LEVELS[this.#level] ?? { density: 1, thin: 1 };
  }
}
