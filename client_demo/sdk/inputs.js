/**
 * The player's input frames: one for each tick of the client's clock, numbered, kept until the
 * server has consumed them, and held back, not queued, while the link is busy.
 *
 * - A frame is sent once, in order of `seq`.
 * - Of the frames that could not leave in time only those are kept that can still help (protocol.md
 *   §7: the server would drop the others too); dropped frames are counted.
 *
 * Pure; times in seconds. `gameserver/client/inputs.py` is the twin. There a program sets controls
 * once, and gets an error where it sets bad ones; a page changes its controls object at any time, so
 * here it is read at each tick, and what is wrong with it is reported (`fault`).
 */
import { RoundTrip } from "./clock.js";
import { encodeInput } from "./codec.js";
import { BEHIND_UNITS_PER_TICK, LIMITS, MAX_BEHIND } from "./constants.js";
import { clamp } from "./fields.js";
import { TickPacer } from "./pacer.js";
import { checkControls, encodeControls } from "./schema.js";

/**
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {Readonly<Record<string, unknown>>} Controls
 *
 * @typedef {object} InputFrame one tick's worth of the player's controls
 * @property {number} seq
 * @property {readonly number[]} codes
 * @property {number | null} seen the tick of the others that was on the screen when the frame was
 *   made; null: nothing was drawn
 */

/** Frames kept for a prediction that begins late: as many as may be pending. */
export const MAX_RECENT = 256;

/** The input frames of one session. */
export class InputFrames {
  #schema;
  /** @type {InputFrame[]} */
  #recent = [];
  /** @type {InputFrame[]} */
  #unsent = [];
  #codes;

  pacer;
  roundTrip = new RoundTrip();
  /** Newest frame that the server has consumed. */
  consumedSeq = 0;
  /** Frames dropped because the link did not take them in time. */
  shed = 0;
  /**
   * What is wrong with the controls that were read last; empty: nothing. While something is, the
   * codes from before count.
   */
  fault = "";

  /**
   * @param {Schema} schema
   * @param {number} tickHz
   * @param {number} [holdS] length of the server's queue of frames
   */
  constructor(schema, tickHz, holdS = LIMITS.INPUT_HOLD_S) {
    this.#schema = schema;
    this.#codes = schema.neutral;
    this.pacer = new TickPacer(1 / tickHz, holdS);
  }

  /** Frames that the server has not consumed, oldest first. @returns {readonly InputFrame[]} */
  get recent() {
    return this.#recent;
  }

  /**
   * Begins after a WELCOME: frames from before must not act now.
   *
   * @param {number} nowS
   * @param {number} seq newest frame that the server has consumed
   */
  start(nowS, seq) {
    this.#recent = [];
    this.#unsent = [];
    this.pacer.start(nowS, Math.max(seq, this.pacer.seq));
  }

  /** The link is gone: no frame is due or sent until the next `start`. */
  stop() {
    this.pacer.stop();
    this.#unsent = [];
  }

  /**
   * Makes the frames of the ticks that are due.
   *
   * @param {number} nowS
   * @param {Controls} controls as they are now
   * @param {number | null} seen the tick of the others that is on the screen; null: nothing is
   *   drawn
   * @returns {readonly InputFrame[]} the new ones
   */
  run(nowS, controls, seen) {
    const due = this.pacer.due(nowS);
    if (due === 0) return [];
    this.#sample(controls);
    const first = this.pacer.seq - due + 1;
    const codes = this.#codes;
    const frames = Array.from({ length: due }, (_, i) => ({ seq: first + i, codes, seen }));
    this.#recent.push(...frames);
    if (this.#recent.length > MAX_RECENT) this.#recent.splice(0, this.#recent.length - MAX_RECENT);
    this.#unsent.push(...frames);
    return frames;
  }

  /**
   * Sends the frames that wait; while the link is busy, drops those that come too late to help
   * instead.
   *
   * @param {number} nowS
   * @param {number} ack newest tick applied
   * @param {boolean} busy whether the link has not taken yet what was sent before
   * @param {(bytes: Uint8Array) => void} send called with each encoded frame
   * @param {(seq: number) => void} shed called with the number of each frame that is dropped
   */
  flush(nowS, ack, busy, send, shed) {
    if (busy) {
      while (this.#unsent.length > this.pacer.useful) this.#drop(shed);
      return;
    }
    for (const { seq, codes, seen } of this.#unsent) {
      this.roundTrip.frameSent(seq, nowS);
      send(encodeInput(seq, ack, behind(ack, seen), codes));
    }
    this.#unsent = [];
  }

  /** @param {(seq: number) => void} shed */
  #drop(shed) {
    const { seq } = /** @type {InputFrame} */ (this.#unsent.shift());
    this.#recent = this.#recent.filter((frame) => frame.seq !== seq);
    this.shed += 1;
    shed(seq);
  }

  /**
   * Takes what a STATE reports of the frames: all up to `seq` were consumed, that one after `lead` /
   * 256 ticks.
   *
   * @param {number} seq
   * @param {number | null} lead
   * @param {number} tickS
   * @param {number} nowS
   */
  consumed(seq, lead, tickS, nowS) {
    this.consumedSeq = seq;
    this.#recent = this.#recent.filter((frame) => frame.seq > seq);
    if (lead === null) return;
    this.pacer.reported(seq, lead);
    this.roundTrip.frameAcked(seq, lead, tickS, nowS);
  }

  /** @param {Controls} controls */
  #sample(controls) {
    try {
      checkControls(this.#schema, controls);
      this.#codes = encodeControls(this.#schema, controls);
      this.fault = "";
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.fault = error.message;
    }
  }
}

/**
 * How far behind `ack` a player sees the others, in 1/16 tick; 0 for one who sees nothing.
 *
 * @param {number} ack
 * @param {number | null} seen
 */
export function behind(ack, seen) {
  if (seen === null) return 0;
  return clamp(Math.floor((ack - seen) * BEHIND_UNITS_PER_TICK + 0.5), 0, MAX_BEHIND);
}
