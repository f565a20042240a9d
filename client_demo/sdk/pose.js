/**
 * Where the own avatar is drawn: on its way from the tick before to the newest predicted one, plus
 * an error that is eased out.
 *
 * Pure; times in seconds. docs/guide/time.md §6, "Each drawn frame", states the algorithm;
 * `gameserver/client/pose.py` is the twin, and a test compares the two.
 */
import { JUMP_FACTOR, JUMP_SLACK_STEPS, shortestWay, wrap } from "./curves.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 *
 * @typedef {object} EasedField a field whose drawn value is smoothed
 * @property {string} name
 * @property {number} step value of one code
 * @property {boolean} turns whether it is an angle
 * @property {string | null} rate name of its rate field; null: its moves are never jumps
 */

/**
 * An error of the drawn pose shrinks by a factor e in this time: gone before it is noticed, slow
 * enough not to be seen.
 */
export const EASE_S = 0.1;

/**
 * An error larger than the way made in this time is no error but another place: the pose snaps.
 */
export const SNAP_AFTER_S = 0.5;

/** The pose of one avatar. */
export class Pose {
  #fields;
  #tickS;
  #snapDistance;
  #previous;
  #current;
  #offset;
  #drawn;
  /** Name of the field that counts jumps, or null. @type {string | null} */
  #counter;
  #jumps = 0;
  /** Whether the newest step itself put the avatar elsewhere. */
  #leapt = false;
  #posedAtS = Number.NEGATIVE_INFINITY;
  #tickedAtS = Number.NEGATIVE_INFINITY;
  #tickLengthS;

  /** Length of the newest error, over the fields that are no angles. */
  errorUnits = 0;

  /**
   * @param {EntityType} type
   * @param {number} tickS
   * @param {number | null} snapDistance an error beyond it snaps, in the fields' own unit; null: by
   *   the present rate
   */
  constructor(type, tickS, snapDistance) {
    this.#fields = easedFields(type);
    this.#counter = type.jumps < 0 ? null : type.numeric[type.jumps].name;
    this.#tickS = tickS;
    this.#tickLengthS = tickS;
    this.#snapDistance = snapDistance;
    this.#previous = new Float64Array(this.#fields.length);
    this.#current = new Float64Array(this.#fields.length);
    this.#offset = new Float64Array(this.#fields.length);
    this.#drawn = new Float64Array(this.#fields.length);
  }

  /** How many fields are eased. */
  get size() {
    return this.#fields.length;
  }

  /** Begins here, at rest and without error. @param {Entity} avatar */
  begin(avatar) {
    this.place(avatar);
    this.settle();
  }

  /** Drops the error: the avatar is drawn where it is. */
  settle() {
    this.#offset.fill(0);
  }

  /** The avatar was put somewhere; where it was before does not count. @param {Entity} avatar */
  place(avatar) {
    this.#read(avatar, this.#previous);
    this.#current.set(this.#previous);
    this.#count(avatar);
    this.#leapt = false;
  }

  /** The avatar was stepped on by one tick. @param {Entity} avatar */
  step(avatar) {
    this.#previous.set(this.#current);
    this.#read(avatar, this.#current);
    this.#leapt = this.#count(avatar);
  }

  /**
   * The newest step belongs to this tick of the client.
   *
   * @param {number} atS when it was due
   * @param {number} lengthS
   */
  tick(atS, lengthS) {
    this.#tickedAtS = atS;
    this.#tickLengthS = lengthS;
  }

  /**
   * Where the avatar is drawn now, in the order of the eased fields; the same array each time.
   *
   * @param {Entity} avatar
   * @param {number} nowS
   */
  at(avatar, nowS) {
    this.#decay(nowS);
    this.#betweenTicks(avatar, nowS, this.#drawn);
    for (let i = 0; i < this.#drawn.length; i += 1) this.#drawn[i] += this.#offset[i];
    return this.#drawn;
  }

  /**
   * Draws on from where it was drawn, unless that is too far from where the avatar is now.
   *
   * @param {Entity} avatar
   * @param {Float64Array} drawn
   * @param {number} nowS
   */
  ease(avatar, drawn, nowS) {
    const was = drawn.slice();
    this.#betweenTicks(avatar, nowS, this.#drawn);
    let squares = 0;
    for (let i = 0; i < this.#fields.length; i += 1) {
      const field = this.#fields[i];
      this.#offset[i] = way(field, this.#drawn[i], was[i]);
      if (!field.turns) squares += this.#offset[i] ** 2;
    }
    this.errorUnits = Math.sqrt(squares);
    if (this.#fields.some((field, i) => this.#isFar(avatar, field, i))) this.#offset.fill(0);
  }

  /**
   * Sets the eased fields of what is drawn.
   *
   * @param {Entity} drawn
   * @param {Entity} avatar
   * @param {number} nowS
   */
  write(drawn, avatar, nowS) {
    const pose = this.at(avatar, nowS);
    for (let i = 0; i < this.#fields.length; i += 1) {
      drawn[this.#fields[i].name] = this.#fields[i].turns ? wrap(pose[i]) : pose[i];
    }
  }

  /**
   * Sets the eased fields of what is drawn to values between those of the past and a pose.
   *
   * @param {Entity} drawn
   * @param {Entity} past
   * @param {Float64Array} pose as `at` returns it
   * @param {number} weight of the pose, 0 … 1
   */
  mix(drawn, past, pose, weight) {
    for (let i = 0; i < this.#fields.length; i += 1) {
      const field = this.#fields[i];
      const start = past[field.name];
      const value = start + weight * way(field, start, pose[i]);
      drawn[field.name] = field.turns ? wrap(value) : value;
    }
  }

  /** @param {Entity} avatar @returns whether its own count of jumps has changed */
  #count(avatar) {
    const jumps = this.#counter === null ? 0 : avatar[this.#counter];
    const went = jumps !== this.#jumps;
    this.#jumps = jumps;
    return went;
  }

  /** @param {Entity} avatar @param {Float64Array} out */
  #read(avatar, out) {
    for (let i = 0; i < out.length; i += 1) out[i] = avatar[this.#fields[i].name];
  }

  /** @param {Entity} avatar @param {number} nowS @param {Float64Array} out */
  #betweenTicks(avatar, nowS, out) {
    const share = (nowS - this.#tickedAtS) / this.#tickLengthS;
    const alpha = this.#jumped(avatar) ? 1 : Math.min(1, Math.max(0, share));
    for (let i = 0; i < this.#fields.length; i += 1) {
      const from = this.#previous[i];
      const to = this.#current[i];
      out[i] = alpha === 1 ? to : from + alpha * way(this.#fields[i], from, to);
    }
  }

  /** @param {Entity} avatar */
  #jumped(avatar) {
    if (this.#counter !== null) return this.#leapt;
    for (let i = 0; i < this.#fields.length; i += 1) {
      const { rate, step } = this.#fields[i];
      if (rate === null) continue;
      const explained = JUMP_FACTOR * this.#tickS * Math.abs(avatar[rate]);
      const moved = Math.abs(this.#current[i] - this.#previous[i]);
      if (moved > explained + JUMP_SLACK_STEPS * step) return true;
    }
    return false;
  }

  /** @param {Entity} avatar @param {EasedField} field @param {number} i */
  #isFar(avatar, field, i) {
    if (field.rate === null) return false;
    const byRate = SNAP_AFTER_S * Math.abs(avatar[field.rate]) + JUMP_SLACK_STEPS * field.step;
    return Math.abs(this.#offset[i]) > (this.#snapDistance ?? byRate);
  }

  /** @param {number} nowS */
  #decay(nowS) {
    const share = Math.exp(-Math.max(0, nowS - this.#posedAtS) / EASE_S);
    this.#posedAtS = nowS;
    for (let i = 0; i < this.#fields.length; i += 1) {
      const left = this.#offset[i] * share;
      this.#offset[i] = Math.abs(left) >= this.#fields[i].step / 2 ? left : 0;
    }
  }
}

/** @param {EntityType} type @returns {EasedField[]} floats with a rate, and angles */
function easedFields(type) {
  return type.numeric.flatMap(({ name, step, type: fieldType, rate }) => {
    const turns = fieldType === "angle";
    if (!turns && rate < 0) return [];
    return [{ name, step, turns, rate: turns || rate < 0 ? null : type.numeric[rate].name }];
  });
}

/** @param {EasedField} field @param {number} start @param {number} end */
function way(field, start, end) {
  return field.turns ? shortestWay(start, end) : end - start;
}
