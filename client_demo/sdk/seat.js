/**
 * The place in a room that a session holds: all that lasts from one link to the next, and nothing
 * of the link. Pure; times in seconds.
 */
import { Role } from "./constants.js";
import { EventQueue } from "./events.js";
import { InputFrames } from "./inputs.js";
import { Replica } from "./replica.js";

/**
 * @typedef {import("./codec.js").Welcome} Welcome
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").Schema} Schema
 *
 * @typedef {object} PredictedTick a tick of the own avatar that was predicted for the first time
 * @property {number} seq
 * @property {Entity} avatar after it
 * @property {Entity} before
 * @property {Readonly<Record<string, any>>} controls that it ran with
 */

export class Seat {
  schema;
  tickS;
  replica;
  frames;
  events;
  /** The newest one: its token is good for coming back. */
  welcome;
  /** The server's count of our frames that came late, and that it dropped. */
  missed = 0;
  trimmed = 0;
  /** The fault of the controls that the game was told of. */
  reportedFault = "";

  /** @param {Welcome} welcome @param {Schema} schema @param {number | null} snapDistance */
  constructor(welcome, schema, snapDistance) {
    const { tick_hz: hz, snapshot_every: every } = welcome;
    this.welcome = welcome;
    this.schema = schema;
    this.tickS = 1 / hz;
    this.replica = new Replica(schema, hz, every, snapDistance);
    this.frames = new InputFrames(schema, hz);
    this.events = new EventQueue(welcome.event);
  }

  /** Whether input frames are sent; they carry the acks then. */
  get steers() {
    return this.welcome.role === Role.PLAYER && this.schema.inputs.length > 0;
  }

  /**
   * A link has joined, or joined again: its clock begins, and frames of before do not act.
   *
   * @param {Welcome} welcome
   * @param {number} nowS
   */
  take(welcome, nowS) {
    this.welcome = welcome;
    this.replica.predictor?.forgetPending();
    this.replica.spawns.clear();
    if (this.steers) this.frames.start(nowS, welcome.seq);
  }

  /** The link is gone. */
  leave() {
    this.frames.stop();
  }

  /**
   * Runs the ticks that are due.
   *
   * @param {number} nowS
   * @param {Readonly<Record<string, unknown>>} controls
   * @param {((tick: PredictedTick) => void) | null} tell is told of each, if somebody wants to know
   */
  tick(nowS, controls, tell) {
    for (const { seq, codes } of this.frames.run(nowS, controls, this.replica.seen(nowS))) {
      const { tickedAtS, nextAtS } = this.frames.pacer;
      this.replica.predict(seq, codes, tickedAtS, nextAtS - tickedAtS);
      const { predictor } = this.replica;
      if (tell === null || predictor === null) continue;
      const { avatar, before, controls: ran } = predictor;
      tell({ seq, avatar: { ...avatar }, before: { ...before }, controls: ran });
    }
  }

  /**
   * Shows what a predicted tick spawned.
   *
   * @param {string} type
   * @param {Readonly<Record<string, unknown>>} values
   * @param {number} seq of the tick
   * @param {(entity: Entity) => boolean} match
   * @param {boolean} rewound
   * @returns {Entity | null} null when nothing is predicted now
   */
  spawn(type, values, seq, match, rewound) {
    const { replica, frames } = this;
    if (replica.predictor === null) return null;
    const atS = (frames.sentAtS(seq) ?? frames.pacer.tickedAtS) + this.tickS;
    return replica.spawns.add(type, values, seq, atS, match, replica.ring.newest, rewound);
  }

  /**
   * Gives out the frames that may leave now.
   *
   * @param {number} nowS
   * @param {number} bufferedBytes what the link has not sent yet
   * @param {(bytes: Uint8Array) => void} send
   */
  flush(nowS, bufferedBytes, send) {
    const { replica } = this;
    const shed = (/** @type {number} */ seq) => replica.predictor?.drop(seq);
    this.frames.flush(nowS, replica.tick, bufferedBytes, send, shed);
  }
}
