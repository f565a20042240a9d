/**
 * How the fields of one entity type move between two of its states: which lie on a curve, on a
 * line, on a circle, and which step. Pure arithmetic on decoded values, shared by interpolation and
 * prediction. docs/guide/time.md §5 states it; `gameserver/client/curves.py` is the twin.
 */
import { clamp, TURN_RADIANS } from "./fields.js";

/** @typedef {import("./fields.js").NumericField} NumericField */
/** @typedef {import("./schema.js").EntityType} EntityType */

/**
 * A move counts as a jump when it is this many times longer than the larger of its two rates
 * explains …
 */
export const JUMP_FACTOR = 4;

/** … plus this many steps of the grid, so that slow things may be nudged. */
export const JUMP_SLACK_STEPS = 64;

/**
 * @typedef {object} Moving one field that does not step
 * @property {NumericField} field
 * @property {number} column
 * @property {boolean} turns whether it is an angle
 * @property {number} rate column of its rate, or -1
 * @property {number} rateStep value of one code of the rate
 */

/** The columns of one entity type, by what is done to them between two states. */
export class Curves {
  /** @param {EntityType} type */
  constructor(type) {
    /** In the order of `type.moving`. @type {Moving[]} */
    this.moving = type.moving.map((column) => {
      const field = type.numeric[column];
      const rateStep = field.rate < 0 ? 0 : type.numeric[field.rate].step;
      return { field, column, turns: field.type === "angle", rate: field.rate, rateStep };
    });
    this.counter = type.jumps;
    /** What shows a jump where nothing counts them: floats with a rate. */
    this.curves = this.moving.filter((item) => item.rate >= 0 && !item.turns);
    /** Columns that step from one state to the next. */
    this.stepping = type.stepping;
  }

  /**
   * Whether what is in row `a` was put elsewhere, not moved, to where it is in row `b`.
   *
   * @param {Int32Array} from @param {number} a start of the row
   * @param {Int32Array} to @param {number} b start of the row
   * @param {number} h seconds between the two
   */
  jumps(from, a, to, b, h) {
    // The author says so; nothing is guessed.
    if (this.counter >= 0) return from[a + this.counter] !== to[b + this.counter];
    for (const { column, rate, rateStep, field } of this.curves) {
      const moved = Math.abs(to[b + column] * field.step - from[a + column] * field.step);
      const before = Math.abs(from[a + rate] * rateStep);
      const after = Math.abs(to[b + rate] * rateStep);
      const fastest = Math.max(before, after);
      if (moved > JUMP_FACTOR * h * fastest + JUMP_SLACK_STEPS * field.step) return true;
    }
    return false;
  }
}

/**
 * The value of a field on its way.
 *
 * @param {Moving} item
 * @param {Int32Array} from @param {number} a start of the row
 * @param {Int32Array} to @param {number} b start of the row
 * @param {number} u share of the way, 0 … 1
 * @param {number} h seconds that the way takes
 */
export function between(item, from, a, to, b, u, h) {
  const { column, rate, rateStep, field, turns } = item;
  const start = from[a + column] * field.step;
  const end = to[b + column] * field.step;
  if (rate < 0)
    return turns ? wrap(start + u * shortestWay(start, end)) : start + u * (end - start);
  const startRate = from[a + rate] * rateStep * h;
  const endRate = to[b + rate] * rateStep * h;
  if (!turns) return hermite(start, end, startRate, endRate, u);
  // A fast spinner may turn by more than half a turn: its rates say which way, and how often, it
  // went round.
  const expected = start + (startRate + endRate) / 2;
  return wrap(hermite(start, expected + shortestWay(expected, end), startRate, endRate, u));
}

/**
 * The value of a field some seconds after the last that is known of it, its rate going on as it is.
 *
 * @param {Moving} item
 * @param {Int32Array} from
 * @param {number} a start of the row
 * @param {number} seconds
 */
export function after(item, from, a, seconds) {
  const { column, rate, rateStep, field, turns } = item;
  const start = from[a + column] * field.step;
  if (rate < 0) return start;
  const moved = start + seconds * (from[a + rate] * rateStep);
  return turns ? wrap(moved) : clamp(moved, field.lo * field.step, field.hi * field.step);
}

/** An angle in 0 … 2π. @param {number} angle radians */
export function wrap(angle) {
  const rest = angle % TURN_RADIANS;
  return rest < 0 ? rest + TURN_RADIANS : rest;
}

/** The turn from `a` to `b`, −π ≤ turn < π. @param {number} a @param {number} b radians */
export function shortestWay(a, b) {
  return wrap(b - a + TURN_RADIANS / 2) - TURN_RADIANS / 2;
}

/**
 * The cubic from `a` to `b` at `u`; the rates are what would be covered in the whole of it.
 *
 * @param {number} a
 * @param {number} b
 * @param {number} fromRate
 * @param {number} toRate
 * @param {number} u
 */
export function hermite(a, b, fromRate, toRate, u) {
  const u2 = u * u;
  const u3 = u * u * u; // in this form a point at rest is drawn exactly where it is
  return a + (3 * u2 - 2 * u3) * (b - a) + (u3 - 2 * u2 + u) * fromRate + (u3 - u2) * toRate;
}
