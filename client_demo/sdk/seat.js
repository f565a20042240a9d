/**
 * The place in a room that a session holds: everything that lasts from one link to the next, and
 * nothing of the link.
 *
 * Pure; times in seconds. `gameserver/client/seat.py` is the twin.
 */
import { AVATAR_EVENT, CloseCode, Role } from "./constants.js";
import { ProtocolError } from "./errors.js";
import { EventQueue } from "./events.js";
import { InputFrames } from "./inputs.js";
import { Replica } from "./replica.js";

/**
 * @typedef {import("./codec.js").Events} Events
 * @typedef {import("./codec.js").RoomEvent} RoomEvent
 * @typedef {import("./codec.js").State} State
 * @typedef {import("./codec.js").Welcome} Welcome
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./session_events.js").PredictedContact} PredictedContact
 * @typedef {import("./session_events.js").PredictedTick} PredictedTick
 * @typedef {import("./session_events.js").Withdrawn} Withdrawn
 *
 * @typedef {object} TickReports what is called with what a tick was predicted to be; null: it is not reported
 * @property {((tick: PredictedTick) => void) | null} predicted with each tick
 * @property {((contact: PredictedContact) => void) | null} contact with each contact that changed a body
 */

/** One seat, from the WELCOME that gave it on. */
export class Seat {
  schema;
  tickS;
  replica;
  frames;
  events;
  /** The newest one: its token resumes the session. */
  welcome;
  /** How many of this session's input frames came late, and how many the server dropped. */
  missed = 0;
  trimmed = 0;
  /** The fault of the controls that was reported last. */
  #reportedFault = "";

  /** @param {Welcome} welcome @param {Schema} schema @param {number | null} snapDistance */
  constructor(welcome, schema, snapDistance) {
    const { tick_hz: hz, snapshot_every: every } = welcome;
    this.welcome = welcome;
    this.schema = schema;
    this.tickS = 1 / hz;
    this.replica = new Replica(schema, hz, every, snapDistance);
    this.frames = new InputFrames(schema, hz, welcome.limits.input_hold_s);
    this.frames.consumedSeq = welcome.seq;
    this.events = new EventQueue(welcome.event);
  }

  /** Whether input frames are sent; they carry the acks then. */
  get steers() {
    return this.welcome.role === Role.PLAYER && this.schema.inputs.length > 0;
  }

  // --- the life of a link

  /**
   * A link has joined: its clock begins, and frames from before do not act.
   *
   * @param {Welcome} welcome
   * @param {number} nowS
   * @returns {number} how many events may be lost, because the room no longer holds them
   * @throws {ProtocolError} for the WELCOME of another session than the one that this seat belongs
   *   to
   */
  take(welcome, nowS) {
    if (welcome.schema.fingerprint !== this.schema.fingerprint) {
      throw new ProtocolError("WELCOME: not the session that was resumed", CloseCode.MALFORMED);
    }
    this.welcome = welcome;
    this.replica.forgetPending();
    if (this.steers) this.frames.start(nowS, welcome.seq);
    return this.events.resume(welcome.event);
  }

  /** The link is gone. */
  loseLink() {
    this.frames.stop();
  }

  // --- what the player does

  /**
   * Runs the ticks that are due.
   *
   * @param {number} nowS
   * @param {Readonly<Record<string, unknown>>} controls
   * @param {TickReports} reports
   */
  tick(nowS, controls, reports) {
    for (const { seq, codes } of this.frames.run(nowS, controls, this.replica.seen(nowS))) {
      const { tickedAtS, nextAtS } = this.frames.pacer;
      if (reports.contact !== null) this.replica.world?.watch();
      this.replica.predict(seq, codes, tickedAtS, nextAtS - tickedAtS);
      this.#report(seq, reports);
    }
  }

  /** @param {number} seq of the newest predicted tick @param {TickReports} reports */
  #report(seq, reports) {
    const { predictor, world } = this.replica;
    if (reports.predicted !== null && predictor !== null) {
      const { avatar, before, controls } = predictor;
      const tick = { seq, avatar: { ...avatar }, before: { ...before }, controls: { ...controls } };
      reports.predicted(tick);
    }
    if (reports.contact === null || world === null) return;
    for (const contact of world.takeContacts()) reports.contact({ seq, ...contact });
  }

  /**
   * Sends the frames that may leave now.
   *
   * @param {number} nowS
   * @param {boolean} busy whether the link has not taken yet what was sent before
   * @param {(bytes: Uint8Array) => void} send called with each encoded frame
   */
  flush(nowS, busy, send) {
    const { replica } = this;
    this.frames.flush(nowS, replica.tick, busy, send, (seq) => replica.drop(seq));
  }

  /**
   * Shows at once what a predicted tick spawned; see `Session.predictSpawn`.
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
    const atS = (frames.roundTrip.sentAtS(seq) ?? frames.pacer.tickedAtS) + this.tickS;
    const { ring, world } = replica;
    return replica.spawns.add(type, values, seq, atS, match, ring.newest, rewound, world);
  }

  // --- what the server says

  /**
   * Takes a STATE.
   *
   * @param {State} state
   * @param {number} nowS
   * @returns {("roster" | "room")[]} what has changed of the people and the room
   * @throws {import("./errors.js").DeltaError} when it does not fit the view; nothing has changed
   * @throws {ProtocolError} when it is of an earlier tick or frame than the newest; nothing has
   *   changed
   */
  apply(state, nowS) {
    const { frames, replica } = this;
    if (state.seq < frames.consumedSeq) {
      const from = `from ${frames.consumedSeq} to ${state.seq}`;
      throw new ProtocolError(`STATE: seq ran backwards, ${from}`, CloseCode.INVALID_FIELD);
    }
    if (state.tick < replica.tick) {
      const ticks = `tick ${state.tick} comes after ${replica.tick}`;
      throw new ProtocolError(`STATE: ${ticks}`, CloseCode.INVALID_FIELD);
    }
    const changed = replica.apply(state, nowS, frames);
    frames.consumed(state.seq, state.lead, this.tickS, nowS);
    return changed;
  }

  /**
   * Takes an EVENTS message; what is to be reported of it waits in `events`.
   *
   * @param {Events} message
   * @throws {ProtocolError} when events are missing, or the avatar is no entity's id
   */
  takeEvents(message) {
    this.events.add(message);
    for (const { name, payload } of message.items) {
      if (name === AVATAR_EVENT) this.replica.setAvatar(avatarId(payload));
    }
  }

  // --- what is to be reported

  /**
   * Takes out the events that are due: those that what is drawn has reached, and all while nothing
   * is drawn.
   *
   * @param {number} nowS
   * @param {boolean} atOnce whether to take all in any case
   * @returns {RoomEvent[]}
   */
  dueEvents(nowS, atOnce) {
    const seen = atOnce ? null : this.replica.seen(nowS);
    return this.events.take(seen ?? Number.POSITIVE_INFINITY);
  }

  /** Takes out the events that are held back: nothing more of this room is drawn. @returns {RoomEvent[]} */
  lastEvents() {
    return this.events.take(Number.POSITIVE_INFINITY);
  }

  /**
   * Takes out what was shown ahead of the server and did not happen.
   *
   * @param {number} nowS
   * @returns {Withdrawn[]}
   */
  withdrawn(nowS) {
    const entities = this.replica.spawns.withdrawn.splice(0);
    const overdue = this.events.takeOverdue(nowS);
    return [
      ...entities.map((entity) => ({ entity })),
      ...overdue.map(({ name, payload }) => ({ name, payload })),
    ];
  }

  /**
   * Takes out what the page did wrong: controls that the room does not have, a step that raised.
   *
   * @returns {[name: string, message: string][]} each once
   */
  faults() {
    /** @type {[string, string][]} */
    const found = [];
    const { fault } = this.frames;
    if (fault !== "" && fault !== this.#reportedFault) found.push(["bad_controls", fault]);
    this.#reportedFault = fault;
    if (this.replica.stepFault !== "") found.push(["prediction_failed", this.replica.stepFault]);
    this.replica.stepFault = "";
    return found;
  }
}

/** @param {unknown} payload @returns {number | null} */
function avatarId(payload) {
  if (payload === null || Number.isInteger(payload)) return /** @type {number | null} */ (payload);
  const what = `EVENTS: ${AVATAR_EVENT} is neither an id nor nil`;
  throw new ProtocolError(what, CloseCode.INVALID_FIELD);
}
