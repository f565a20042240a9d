/**
 * The player's own avatar, ahead of the server: predicted with the shared step, put right when the
 * server says otherwise.
 *
 * Pure. docs/guide/time.md §6 states the algorithm; `gameserver/client/prediction.py` is the twin,
 * and a test compares the two.
 *
 * - The step runs on values that are on their grid and with a `dt` of exactly one tick, as on the
 *   server; so without contact the prediction is exactly right, and a correction means that
 *   something really differed.
 * - A received state that is what was predicted changes nothing (but for what it says of the others
 *   that the avatar may touch). Any other one is taken whole, and the frames that the server has not
 *   consumed yet are stepped again on top of it.
 * - What is drawn never jumps for a small error: the pose keeps its place at that instant, and the
 *   difference is eased out (`pose.js`).
 * - What the author says was put elsewhere (a field that counts jumps) is there at once, and is no
 *   correction.
 */
import { marksNew, newEntity, setColumns, setObjects } from "./drawn.js";
import { decodeValue, encodeValue } from "./fields.js";
import { Pose } from "./pose.js";

/**
 * @typedef {import("./contact.js").Others} Others
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./fields.js").NumericField} NumericField
 * @typedef {import("./predicted_world.js").PredictedWorld} PredictedWorld
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./view_state.js").Table} Table
 *
 * @typedef {Record<string, any>} Controls an input's value under its name
 * @typedef {(entity: any, controls: any, dt: number) => void} Step the room's shared step: changes
 *   the entity
 *
 * @typedef {"matched" | "jitter" | "diverging"} Outcome what a received state says about the
 *   prediction: it is right; the server repeated or dropped a frame; every frame was consumed, and
 *   still something else touched the avatar, or the rules differ
 *
 * @typedef {{seq: number, inputs: readonly number[], result: Int32Array}} Frame
 */

/**
 * Frames not acknowledged yet: more than a second at 240 Hz. Beyond it the link is as good as dead,
 * and the oldest are dropped.
 */
export const MAX_PENDING = 256;

/**
 * Of the last 64 states, four that differ without a lost frame say that the rules differ; one or
 * two may be hits.
 */
export const DIAGNOSED_STATES = 64;
export const DIVERGING_STATES = 4;

/** Follows one avatar. */
export class Predictor {
  #type;
  #inputs;
  #step;
  #others;
  #dt;
  #pose;
  /** Columns that the step may change: a reference is the server's alone. */
  #columns;
  #allColumns;
  /** Columns that make a correction: what moves. @type {readonly number[]} */
  #moving;
  /** @type {Frame[]} */
  #pending = [];
  /** @type {Outcome[]} */
  #outcomes = [];
  /** Codes of the avatar in the newest state. */
  #received;
  #tick = 0;
  #seq = 0;
  #drawn;
  #marksNew;

  /** The avatar after the newest predicted tick, exactly as the server will have it. Read only. */
  avatar;
  /** The same, one tick before. */
  before;
  /** What the newest step ran with. @type {Readonly<Controls>} */
  controls = {};

  /**
   * @param {EntityType} type the avatar's
   * @param {readonly NumericField[]} inputs of the schema
   * @param {Step} step
   * @param {number} tickHz
   * @param {number | null} [snapDistance] in the avatar's own unit
   * @param {Others | PredictedWorld | null} [others] those that it may touch, if the room predicts
   *   contact or the bodies near it
   */
  constructor(type, inputs, step, tickHz, snapDistance = null, others = null) {
    const { numeric } = type;
    this.#type = type;
    this.#inputs = inputs;
    this.#step = step;
    this.#others = others;
    this.#dt = 1 / tickHz;
    this.#pose = new Pose(type, this.#dt, snapDistance);
    this.#allColumns = numeric.map((_, column) => column);
    this.#columns = this.#allColumns.filter((column) => numeric[column].type !== "ref");
    this.#moving = this.#columns.filter((column) =>
      ["float", "angle"].includes(numeric[column].type),
    );
    this.#received = new Int32Array(numeric.length);
    this.avatar = newEntity(type, 0);
    this.before = newEntity(type, 0);
    this.#drawn = newEntity(type, 0);
    this.#marksNew = marksNew(type);
  }

  get type() {
    return this.#type;
  }

  /** How far off the newest correction found the drawn pose, in the avatar's own unit. */
  get correctionUnits() {
    return this.#pose.errorUnits;
  }

  /** Frames predicted and not acknowledged yet. */
  get pending() {
    return this.#pending.length;
  }

  /** What the last few seconds say: diverging only when it goes on. @returns {Outcome} */
  get diagnosis() {
    const diverging = this.#outcomes.filter((outcome) => outcome === "diverging").length;
    if (diverging >= DIVERGING_STATES) return "diverging";
    return this.#outcomes.includes("jitter") ? "jitter" : "matched";
  }

  /**
   * Starts at a received state, forgetting everything before it.
   *
   * @param {number} tick
   * @param {number} seq newest frame consumed
   * @param {Table} table
   * @param {number} row
   */
  begin(tick, seq, table, row) {
    this.#pending = [];
    this.#outcomes = [];
    this.#note(tick, seq, table, row);
    this.avatar = newEntity(this.#type, table.ids[row]);
    this.#drawn = newEntity(this.#type, table.ids[row]);
    this.#load(table, row);
    this.#pose.begin(this.avatar);
  }

  /** The link was lost: frames made before must not act on the state that comes after. */
  forgetPending() {
    this.#pending = [];
  }

  /**
   * Runs the client's tick `seq`.
   *
   * @param {number} seq @param {readonly number[]} inputs codes
   * @param {number} tickedAtS when it was due @param {number} tickLengthS how long it lasts
   */
  predict(seq, inputs, tickedAtS, tickLengthS) {
    Object.assign(this.before, this.avatar);
    this.#advance(seq, inputs);
    this.#pose.tick(tickedAtS, tickLengthS);
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
  }

  /** A frame was never sent: the server will not consume it. @param {number} seq */
  drop(seq) {
    this.#pending = this.#pending.filter((frame) => frame.seq !== seq);
  }

  /**
   * A STATE came, with the avatar as it is at `tick`, the frame `seq` consumed.
   *
   * @param {number} tick
   * @param {number} seq
   * @param {Table} table
   * @param {number} row
   * @param {number} nowS
   * @returns {Outcome}
   */
  received(tick, seq, table, row, nowS) {
    const expected = this.#expected(seq);
    const ticks = tick - this.#tick;
    const frames = seq - this.#seq;
    const matched = expected !== null && sameRow(expected, table, row);
    this.#note(tick, seq, table, row);
    /** @type {Outcome} */
    let outcome = "matched";
    const mayTouch = this.#others !== null && this.#others.count > 0 && this.#pending.length > 0;
    if (matched && !mayTouch) setObjects(this.avatar, table, row);
    else if (this.#replay(table, row, nowS)) {
      outcome = ticks === frames ? "diverging" : "jitter";
    }
    this.#outcomes.push(outcome);
    if (this.#outcomes.length > DIAGNOSED_STATES) this.#outcomes.shift();
    return outcome;
  }

  /**
   * The avatar as it is to be drawn now; the same object each time.
   *
   * @param {number} nowS
   * @returns {Entity}
   */
  pose(nowS) {
    Object.assign(this.#drawn, this.avatar);
    this.#pose.write(this.#drawn, this.avatar, nowS);
    if (this.#marksNew) this.avatar.isNew = false;
    return this.#drawn;
  }

  /**
   * What the avatar should be once `seq` was consumed, or null; drops the frames up to it.
   *
   * @param {number} seq
   */
  #expected(seq) {
    /** @type {Int32Array | null} */
    let expected = seq === this.#seq ? this.#received.slice() : null;
    while (this.#pending.length > 0 && this.#pending[0].seq <= seq) {
      const frame = /** @type {Frame} */ (this.#pending.shift());
      expected = frame.seq === seq ? frame.result : null;
    }
    return expected;
  }

  /** @param {number} tick @param {number} seq @param {Table} table @param {number} row */
  #note(tick, seq, table, row) {
    this.#tick = tick;
    this.#seq = seq;
    const start = row * table.width;
    this.#received.set(table.codes.subarray(start, start + table.width));
  }

  /**
   * Takes the received state and steps the pending frames again.
   *
   * @param {Table} table @param {number} row @param {number} nowS
   * @returns {boolean} whether the avatar is elsewhere now
   */
  #replay(table, row, nowS) {
    const before = this.#snap();
    const drawn = this.#pose.at(this.avatar, nowS).slice();
    const frames = this.#pending;
    this.#pending = [];
    this.#load(table, row);
    this.#pose.place(this.avatar);
    for (const frame of frames) this.#advance(frame.seq, frame.inputs);
    const after = this.#snap();
    const { jumps } = this.#type;
    if (jumps >= 0 && before[jumps] !== after[jumps]) {
      this.#pose.settle();
      return false;
    }
    if (this.#moving.every((column) => before[column] === after[column])) return false;
    this.#pose.ease(this.avatar, drawn, nowS);
    return true;
  }

  /** @param {number} seq @param {readonly number[]} inputs */
  #advance(seq, inputs) {
    /** @type {Controls} */
    const controls = {};
    this.#inputs.forEach((field, i) => {
      controls[field.name] = decodeValue(field, inputs[i]);
    });
    this.controls = controls;
    this.#step(this.avatar, controls, this.#dt);
    this.#others?.touch(this.avatar, controls, seq);
    this.#pending.push({ seq, inputs, result: this.#snap() });
    this.#pose.step(this.avatar);
  }

  /** @param {Table} table @param {number} row */
  #load(table, row) {
    setColumns(this.avatar, this.#allColumns, table, row);
    setObjects(this.avatar, table, row);
  }

  /** Puts every field on its grid, as the server does after each tick; returns the codes. */
  #snap() {
    const codes = this.#received.slice();
    for (const column of this.#columns) {
      const field = this.#type.numeric[column];
      codes[column] = encodeValue(field, this.avatar[field.name]);
      this.avatar[field.name] = decodeValue(field, codes[column]);
    }
    return codes;
  }
}

/** @param {Int32Array} codes @param {Table} table @param {number} row */
function sameRow(codes, table, row) {
  const start = row * table.width;
  for (let c = 0; c < table.width; c += 1) if (codes[c] !== table.codes[start + c]) return false;
  return true;
}
