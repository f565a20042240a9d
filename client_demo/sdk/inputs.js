/**
 * The player's input frames: one for each tick of the client's clock, numbered, kept until the
 * server has consumed them, and held back, not queued, while the link's send buffer is backed up.
 *
 * Pure; times in seconds. Rules kept here: a frame is sent once, in order of `seq`; of frames that
 * could not leave in time only those are kept that can still help; what is shed is counted.
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
 * @typedef {object} Frame
 * @property {number} seq
 * @property {readonly number[]} codes
 * @property {number | null} seen the tick of the others that was on the screen as it was made;
 *   null: nothing was drawn
 */

/**
 * More than this waiting in the WebSocket means that the network takes less than we give it; a
 * frame is some 30 bytes.
 */
export const MAX_BUFFERED_BYTES = 512;

/** Frames kept for a prediction that begins late: as many as may be pending. */
const MAX_RECENT = 256;

export class InputFrames {
  #schema;
  /** Frames that the server has not consumed, oldest first. @type {Frame[]} */
  #recent = [];
  /** Frames that have not left. @type {Frame[]} */
  #unsent = [];
  #codes;

  pacer;
  roundTrip = new RoundTrip();
  /** Newest frame that the server has consumed. */
  consumedSeq = 0;
  /** Frames dropped because the link did not take them in time. */
  shed = 0;
  /**
   * What is wrong with the controls that were given last; empty: nothing. While something is, the
   * codes of before count.
   */
  fault = "";

  /** @param {Schema} schema @param {number} tickHz */
  constructor(schema, tickHz) {
    this.#schema = schema;
    this.#codes = schema.neutral;
    this.pacer = new TickPacer(1 / tickHz, LIMITS.INPUT_HOLD_S);
  }

  /** Frames that the server has not consumed, oldest first. @returns {readonly Frame[]} */
  get recent() {
    return this.#recent;
  }

  /** When a frame left, or null if that is not remembered. @param {number} seq */
  sentAtS(seq) {
    return this.roundTrip.sentAtS(seq);
  }

  /**
   * A room was joined, or joined again: frames of before must not act now.
   *
   * @param {number} nowS
   * @param {number} seq newest consumed
   */
  start(nowS, seq) {
    this.#recent = [];
    this.#unsent = [];
    this.pacer.start(nowS, Math.max(seq, this.pacer.seq));
  }

  /** The link is gone: no frame is due until the next start. */
  stop() {
    this.pacer.stop();
  }

  /**
   * Makes the frames of the ticks that are due.
   *
   * @param {number} nowS
   * @param {Controls} controls as they are now
   * @param {number | null} seen the tick of the others that is on the screen; null: nothing is
   *   drawn
   * @returns {readonly Frame[]} the new ones
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
   * Gives out what may leave now.
   *
   * @param {number} nowS
   * @param {number} ack newest applied tick
   * @param {number} bufferedBytes what the link has not sent yet
   * @param {(bytes: Uint8Array) => void} send
   * @param {(seq: number) => void} shed told of frames that will never leave
   */
  flush(nowS, ack, bufferedBytes, send, shed) {
    const late = bufferedBytes > MAX_BUFFERED_BYTES;
    while (late && this.#unsent.length > this.pacer.useful) {
      const { seq } = /** @type {Frame} */ (this.#unsent.shift());
      this.#recent = this.#recent.filter((frame) => frame.seq !== seq);
      this.shed += 1;
      shed(seq);
    }
    if (late) return;
    for (const { seq, codes, seen } of this.#unsent) {
      this.roundTrip.frameSent(seq, nowS);
      send(encodeInput(seq, ack, behind(ack, seen), codes));
    }
    this.#unsent = [];
  }

  /**
   * A STATE came: frames up to `seq` were consumed, that one after `lead` / 256 ticks.
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
 * How far behind `ack` a player sees the others, as INPUT says it.
 *
 * @param {number} ack
 * @param {number | null} seen
 */
function behind(ack, seen) {
  if (seen === null) return 0;
  return clamp(Math.round((ack - seen) * BEHIND_UNITS_PER_TICK), 0, MAX_BEHIND);
}
