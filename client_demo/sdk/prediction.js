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
import { marksNew, setObjects } from "./drawn.js";
import { decodeValue } from "./fields.js";
import { SteppedEntity } from "./grid.js";
import { copyEntity, newMovingEntity } from "./moving_entity.js";
import { PendingFrames } from "./pending_frames.js";
import { Pose } from "./pose.js";

/**
 * @typedef {import("./contact.js").Others} Others
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./fields.js").NumericField} NumericField
 * @typedef {import("./pending_frames.js").PendingFrame} PendingFrame
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
  #pending;
  /** @type {Outcome[]} */
  #outcomes = [];
  /** Codes of the avatar in the newest state; its references are the server's alone. */
  #received;
  /** Codes before frames are stepped again. */
  #codesBefore;
  /** Where it was drawn before that. */
  #was;
  #copies;
  #stepped;
  #tick = 0;
  #seq = 0;
  #drawn;
  #marksNew;

  /** The avatar one tick before the newest predicted one. */
  before;
  /** What the newest step ran with; the same object each time. @type {Controls} */
  controls = {};

  /**
   * @param {EntityType} type the avatar's
   * @param {readonly NumericField[]} inputs of the schema
   * @param {Step} step
   * @param {number} tickHz
   * @param {number | null} [snapDistance] in the avatar's own unit
   * @param {Others | PredictedWorld | null} [others] those that it may touch, if the room predicts
   *   contact or the bodies near it
   * @param {import("./grid.js").FloatCopies} [copies] of its type
   */
  constructor(type, inputs, step, tickHz, snapDistance = null, others = null, copies) {
    const { numeric } = type;
    this.#type = type;
    this.#inputs = inputs;
    this.#step = step;
    this.#others = others;
    this.#dt = 1 / tickHz;
    this.#pose = new Pose(type, this.#dt, snapDistance);
    this.#pending = new PendingFrames(MAX_PENDING, numeric.length);
    this.#received = new Int32Array(numeric.length);
    this.#codesBefore = new Int32Array(numeric.length);
    this.#was = new Float64Array(this.#pose.size);
    this.#copies = copies;
    this.#stepped = new SteppedEntity(type, 0, copies);
    this.before = newMovingEntity(type, 0);
    this.#drawn = newMovingEntity(type, 0);
    this.#marksNew = marksNew(type);
  }

  get type() {
    return this.#type;
  }

  /** The avatar after the newest predicted tick, exactly as the server will have it. Read only. */
  get avatar() {
    return this.#stepped.entity;
  }

  /** How far off the newest correction found the drawn pose, in the avatar's own unit. */
  get correctionUnits() {
    return this.#pose.errorUnits;
  }

  /** Frames predicted and not acknowledged yet. */
  get pending() {
    return this.#pending.count;
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
    this.#pending.clear();
    this.#outcomes = [];
    this.#note(tick, seq, table, row);
    this.#stepped = new SteppedEntity(this.#type, table.ids[row], this.#copies);
    this.before = newMovingEntity(this.#type, table.ids[row]);
    this.#drawn = newMovingEntity(this.#type, table.ids[row]);
    this.#load(table, row);
    this.#pose.begin(this.#stepped);
  }

  /** The link was lost: frames made before must not act on the state that comes after. */
  forgetPending() {
    this.#pending.clear();
  }

  /**
   * Runs the client's tick `seq`.
   *
   * @param {number} seq @param {readonly number[]} inputs codes
   * @param {number} tickedAtS when it was due @param {number} tickLengthS how long it lasts
   */
  predict(seq, inputs, tickedAtS, tickLengthS) {
    copyEntity(this.#type, this.before, this.avatar, this.#stepped.floats);
    this.#advance(this.#pending.push(seq, inputs));
    this.#pose.tick(tickedAtS, tickLengthS);
  }

  /** A frame was never sent: the server will not consume it. @param {number} seq */
  drop(seq) {
    this.#pending.remove(seq);
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
    const mayTouch = this.#others !== null && this.#others.count > 0 && this.#pending.count > 0;
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
    copyEntity(this.#type, this.#drawn, this.avatar, this.#stepped.floats);
    this.#pose.write(this.#drawn, this.#stepped, nowS);
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
    let expected = seq === this.#seq ? this.#received : null;
    while (this.#pending.count > 0 && this.#pending.at(0).seq <= seq) {
      const frame = this.#pending.shift();
      expected = frame.seq === seq ? frame.result : null;
    }
    return expected;
  }

  /** @param {number} tick @param {number} seq @param {Table} table @param {number} row */
  #note(tick, seq, table, row) {
    this.#tick = tick;
    this.#seq = seq;
    const start = row * table.width;
    for (let c = 0; c < table.width; c += 1) this.#received[c] = table.codes[start + c];
  }

  /**
   * Takes the received state and steps the pending frames again.
   *
   * @param {Table} table @param {number} row @param {number} nowS
   * @returns {boolean} whether the avatar is elsewhere now
   */
  #replay(table, row, nowS) {
    const before = this.#codesBefore;
    const { codes: after } = this.#stepped;
    before.set(after);
    this.#was.set(this.#pose.at(this.#stepped, nowS));
    this.#load(table, row);
    this.#pose.place(this.#stepped);
    for (let i = 0; i < this.#pending.count; i += 1) this.#advance(this.#pending.at(i));
    const { jumps, moving } = this.#type;
    if (jumps >= 0 && before[jumps] !== after[jumps]) {
      this.#pose.settle();
      return false;
    }
    if (moving.every((column) => before[column] === after[column])) return false;
    this.#pose.ease(this.#stepped, this.#was, nowS);
    return true;
  }

  /** Runs one tick, and notes what it has made of the avatar. @param {PendingFrame} frame */
  #advance({ seq, inputs, result }) {
    const { controls } = this;
    for (let i = 0; i < this.#inputs.length; i += 1) {
      const field = this.#inputs[i];
      controls[field.name] = decodeValue(field, inputs[i]);
    }
    this.#step(this.avatar, controls, this.#dt);
    this.#others?.touch(this.avatar, controls, seq);
    this.#stepped.snap();
    result.set(this.#stepped.codes);
    this.#pose.step(this.#stepped);
  }

  /** @param {Table} table @param {number} row */
  #load(table, row) {
    this.#stepped.load(table.codes, row * table.width);
    setObjects(this.avatar, table, row);
  }
}

/** @param {Int32Array} codes @param {Table} table @param {number} row */
function sameRow(codes, table, row) {
  const start = row * table.width;
  for (let c = 0; c < table.width; c += 1) if (codes[c] !== table.codes[start + c]) return false;
  return true;
}
