/**
 * What is drawn of others: the state between two received snapshots, a little in the past.
 *
 * Pure. `InterpolationClock` says which moment is drawn. docs/guide/time.md §5 states the
 * algorithm; `gameserver/client/interpolation.py` is the twin, and a test compares the two.
 *
 * - An entity appears and disappears with the snapshot that says so, neither sooner nor later.
 * - A field with a rate moves on a cubic Hermite curve, other floats on a line, angles the short
 *   way; the rest steps.
 * - At a snapshot's own tick every value is exactly that snapshot's, so motion that ends is at rest
 *   at its exact end.
 * - Without a newer snapshot motion goes on with its last rates for `MAX_EXTRAPOLATION_S`, and no
 *   further.
 * - What was put elsewhere is not drawn on the way: an entity whose count of jumps went on, or, of a
 *   type without one, one that moved much further than its rates explain.
 */
import { MAX_EXTRAPOLATION_S } from "./clock.js";
import { after, between, Curves } from "./curves.js";
import { marksNew, setChangedObjects, setColumns } from "./drawn.js";
import { floatsOf, newMovingEntity } from "./moving_entity.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./view_state.js").Table} Table
 * @typedef {import("./view_state.js").ViewRing} ViewRing
 * @typedef {import("./view_state.js").ViewState} ViewState
 *
 * @typedef {object} Moment
 * @property {ViewState} a newest snapshot at or before the moment, or the oldest there is
 * @property {ViewState | null} b the one after it
 * @property {number} u share of the way from `a` to `b`
 * @property {number} h seconds from `a` to `b`
 * @property {number} seconds since `a`, bounded: how far motion goes on without `b`
 */

/** Makes the state of any moment between the newest snapshots. */
export class Interpolator {
  #tickS;
  #types;
  /** @type {Entity[][]} */
  #lists;
  /** @type {Moment} filled anew each time */
  #moment = { a: /** @type {any} */ (null), b: null, u: 0, h: 0, seconds: 0 };

  /** @param {Schema} schema @param {number} tickHz */
  constructor(schema, tickHz) {
    this.#tickS = 1 / tickHz;
    this.#types = schema.types.map((type) => new DrawnType(type));
    this.#lists = this.#types.map((type) => type.list);
  }

  /**
   * Makes the state at a moment, type by type in the schema's order. The arrays and the entities in
   * them are the same objects each time.
   *
   * @param {ViewRing} ring
   * @param {number} drawnS seconds after the room's tick 0
   * @returns {Entity[][]}
   */
  draw(ring, drawnS) {
    this.#find(ring, drawnS / this.#tickS);
    return this.#draw();
  }

  /** Makes the newest state as it is. @param {ViewRing} ring @returns {Entity[][]} */
  drawNewest(ring) {
    Object.assign(this.#moment, { a: ring.newest, b: null, seconds: 0 });
    return this.#draw();
  }

  /** What was made last, by index of the type. */
  get lists() {
    return this.#lists;
  }

  #draw() {
    for (let i = 0; i < this.#types.length; i += 1) this.#types[i].draw(i, this.#moment);
    return this.#lists;
  }

  /** @param {ViewRing} ring @param {number} tick with a fraction */
  #find(ring, tick) {
    let age = 0;
    while (age < ring.count - 1 && ring.at(age).tick > tick) age += 1;
    const moment = this.#moment;
    moment.a = ring.count > 0 ? ring.at(age) : ring.newest;
    moment.b = age > 0 && moment.a.tick <= tick ? ring.at(age - 1) : null;
    const ahead = Math.max(0, tick - moment.a.tick) * this.#tickS;
    moment.seconds = Math.min(MAX_EXTRAPOLATION_S, ahead);
    if (moment.b === null) return;
    moment.h = (moment.b.tick - moment.a.tick) * this.#tickS;
    moment.u = (tick - moment.a.tick) / (moment.b.tick - moment.a.tick);
  }
}

/** The drawn entities of one type, ids ascending. */
class DrawnType {
  #type;
  #curves;
  #marksNew;
  /** The same array each time. @type {Entity[]} */
  list = [];
  /** @type {Entity[]} the list of the time before */
  #before = [];
  /** The numbers' codes from which the stepping fields were taken, row after row. */
  #numbers = new Int32Array(0);
  /** The codes of the texts and lists, for each entity in the list. @type {any[][]} */
  #codes = [];
  /** @type {any[][]} */
  #codesBefore = [];
  /** Tick from which the stepping fields were taken. */
  #tick = Number.NaN;

  /** @param {EntityType} type */
  constructor(type) {
    this.#type = type;
    this.#curves = new Curves(type);
    this.#marksNew = marksNew(type);
  }

  /** @param {number} index of the type @param {Moment} moment */
  draw(index, moment) {
    const a = moment.a.tables[index];
    const fresh = moment.a.tick !== this.#tick;
    this.#tick = moment.a.tick;
    this.#keepBefore();
    const list = this.list;
    list.length = a.count;
    this.#codes.length = a.count;
    let old = 0;
    for (let row = 0; row < a.count; row += 1) {
      const id = a.ids[row];
      while (old < this.#before.length && this.#before[old].id < id) old += 1;
      const known = old < this.#before.length && this.#before[old].id === id;
      list[row] = known ? this.#before[old] : newMovingEntity(this.#type, id);
      this.#codes[row] = known ? this.#codesBefore[old] : [];
      if (this.#marksNew) list[row].isNew = !known;
      if (fresh || !known) this.#step(a, row, known && sameRow(this.#numbers, old, a, row));
    }
    if (fresh) this.#keepNumbers(a);
    this.#move(a, moment.b === null ? null : moment.b.tables[index], moment);
  }

  #keepBefore() {
    this.#before.length = this.list.length;
    this.#codesBefore.length = this.list.length;
    for (let i = 0; i < this.list.length; i += 1) {
      this.#before[i] = this.list[i];
      this.#codesBefore[i] = this.#codes[i];
    }
  }

  /** @param {Table} a */
  #keepNumbers({ codes, count, width }) {
    if (this.#numbers.length < count * width) this.#numbers = new Int32Array(codes.length);
    this.#numbers.set(codes.subarray(0, count * width));
  }

  /** @param {Table} a @param {number} row @param {boolean} sameNumbers whether its numbers are those of the last time */
  #step(a, row, sameNumbers) {
    const entity = this.list[row];
    if (!sameNumbers) setColumns(entity, this.#curves.stepping, a, row);
    setChangedObjects(entity, a, row, this.#codes[row]);
  }

  /** @param {Table} a @param {Table | null} b @param {Moment} moment */
  #move(a, b, { u, h, seconds }) {
    const { moving } = this.#curves;
    if (moving.length === 0) return;
    const { width } = a;
    let other = 0;
    for (let row = 0; row < a.count; row += 1) {
      const id = a.ids[row];
      const from = row * width;
      const floats = floatsOf(this.list[row]);
      while (b !== null && other < b.count && b.ids[other] < id) other += 1;
      const stays = b !== null && other < b.count && b.ids[other] === id;
      const to = other * width;
      if (stays && !this.#curves.jumps(a.codes, from, b.codes, to, h)) {
        for (let i = 0; i < moving.length; i += 1) {
          floats[i] = between(moving[i], a.codes, from, b.codes, to, u, h);
        }
      } else {
        for (let i = 0; i < moving.length; i += 1) {
          floats[i] = after(moving[i], a.codes, from, seconds);
        }
      }
    }
  }
}

/** @param {Int32Array} numbers @param {number} old a row of them @param {Table} table @param {number} row */
function sameRow(numbers, old, { codes, width }, row) {
  for (let c = 0; c < width; c += 1) {
    if (numbers[old * width + c] !== codes[row * width + c]) return false;
  }
  return true;
}
