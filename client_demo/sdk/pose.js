/**
 * Where the own avatar is drawn: on its way from the tick before to the newest predicted one, plus
 * an error that is eased out.
 *
 * Pure; times in seconds. docs/guide/time.md §6, "Each drawn frame", states the algorithm;
 * `gameserver/client/pose.py` is the twin, and a test compares the two.
 */
import { JUMP_FACTOR, JUMP_SLACK_STEPS, shortestWay, wrap } from "./curves.js";
import { floatsOf } from "./moving_entity.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./grid.js").SteppedEntity} SteppedEntity
 * @typedef {import("./schema.js").EntityType} EntityType
 *
 * @typedef {object} EasedField a field whose drawn value is smoothed
 * @property {number} place among the entity's floats
 * @property {number} step value of one code
 * @property {boolean} turns whether it is an angle
 * @property {number} rate place of its rate among the floats; -1: its moves are never jumps
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
  /** Where it was drawn before an error. */
  #was;
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
    this.#was = new Float64Array(this.#fields.length);
  }

  /** How many fields are eased. */
  get size() {
    return this.#fields.length;
  }

  /** Begins here, at rest and without error. @param {SteppedEntity} avatar */
  begin(avatar) {
    this.place(avatar);
    this.settle();
  }

  /** Drops the error: the avatar is drawn where it is. */
  settle() {
    this.#offset.fill(0);
  }

  /** The avatar was put somewhere; where it was before does not count. @param {SteppedEntity} avatar */
  place(avatar) {
    this.#read(avatar, this.#previous);
    this.#current.set(this.#previous);
    this.#count(avatar);
    this.#leapt = false;
  }

  /** The avatar was stepped on by one tick. @param {SteppedEntity} avatar */
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
   * @param {SteppedEntity} avatar
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
   * @param {SteppedEntity} avatar
   * @param {Float64Array} drawn
   * @param {number} nowS
   */
  ease(avatar, drawn, nowS) {
    this.#was.set(drawn);
    this.#betweenTicks(avatar, nowS, this.#drawn);
    let squares = 0;
    let far = false;
    for (let i = 0; i < this.#fields.length; i += 1) {
      const field = this.#fields[i];
      const off = way(field, this.#drawn[i], this.#was[i]);
      this.#offset[i] = off;
      if (!field.turns) squares += off * off;
      far ||= this.#isFar(avatar, field, off);
    }
    this.errorUnits = Math.sqrt(squares);
    if (far) this.settle();
  }

  /**
   * Sets the eased fields of what is drawn.
   *
   * @param {Entity} drawn
   * @param {SteppedEntity} avatar
   * @param {number} nowS
   */
  write(drawn, avatar, nowS) {
    const pose = this.at(avatar, nowS);
    const floats = floatsOf(drawn);
    for (let i = 0; i < this.#fields.length; i += 1) {
      const { place, turns } = this.#fields[i];
      floats[place] = turns ? wrap(pose[i]) : pose[i];
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
    const floats = floatsOf(drawn);
    const before = floatsOf(past);
    for (let i = 0; i < this.#fields.length; i += 1) {
      const field = this.#fields[i];
      const start = before[field.place];
      const value = start + weight * way(field, start, pose[i]);
      floats[field.place] = field.turns ? wrap(value) : value;
    }
  }

  /** @param {SteppedEntity} avatar @returns whether its own count of jumps has changed */
  #count(avatar) {
    const jumps = this.#counter === null ? 0 : avatar.entity[this.#counter];
    const went = jumps !== this.#jumps;
    this.#jumps = jumps;
    return went;
  }

  /** @param {SteppedEntity} avatar @param {Float64Array} out */
  #read(avatar, out) {
    for (let i = 0; i < out.length; i += 1) out[i] = avatar.floats[this.#fields[i].place];
  }

  /** @param {SteppedEntity} avatar @param {number} nowS @param {Float64Array} out */
  #betweenTicks(avatar, nowS, out) {
    const share = (nowS - this.#tickedAtS) / this.#tickLengthS;
    const alpha = this.#jumped(avatar) ? 1 : Math.min(1, Math.max(0, share));
    for (let i = 0; i < this.#fields.length; i += 1) {
      const from = this.#previous[i];
      const to = this.#current[i];
      out[i] = alpha === 1 ? to : from + alpha * way(this.#fields[i], from, to);
    }
  }

  /** @param {SteppedEntity} avatar */
  #jumped(avatar) {
    if (this.#counter !== null) return this.#leapt;
    for (let i = 0; i < this.#fields.length; i += 1) {
      const { rate, step } = this.#fields[i];
      if (rate < 0) continue;
      const explained = JUMP_FACTOR * this.#tickS * Math.abs(avatar.floats[rate]);
      const moved = Math.abs(this.#current[i] - this.#previous[i]);
      if (moved > explained + JUMP_SLACK_STEPS * step) return true;
    }
    return false;
  }

  /** @param {SteppedEntity} avatar @param {EasedField} field @param {number} off */
  #isFar(avatar, field, off) {
    if (field.rate < 0) return false;
    const rate = Math.abs(avatar.floats[field.rate]);
    const byRate = SNAP_AFTER_S * rate + JUMP_SLACK_STEPS * field.step;
    return Math.abs(off) > (this.#snapDistance ?? byRate);
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
  const { numeric, moving } = type;
  return moving.flatMap((column, place) => {
    const { step, type: fieldType, rate } = numeric[column];
    const turns = fieldType === "angle";
    if (!turns && rate < 0) return [];
    return [{ place, step, turns, rate: turns ? -1 : moving.indexOf(rate) }];
  });
}

/** @param {EasedField} field @param {number} start @param {number} end */
function way(field, start, end) {
  return field.turns ? shortestWay(start, end) : end - start;
}
