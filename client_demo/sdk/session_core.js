/**
 * One participant across links, as the client sees it: joins, follows, steers, and comes back
 * (protocol.md §8). Sans-I/O: whole messages, the time and what happens to the link come in;
 * actions come out, for `link.js` to carry out in order.
 *
 * - A message that is not the protocol's closes the link with its code; a STATE that does not fit
 *   asks for a full one, and changes nothing.
 * - Events are told in order and once, across links; each when what is drawn has reached its tick.
 * - Input frames of before a lost link do not act after it.
 */
import { close, emit, loadStep, send } from "./actions.js";
import * as codec from "./codec.js";
import { AVATAR_EVENT, CloseCode, LIMITS } from "./constants.js";
import { DeltaError, ProtocolError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { RateMeter } from "./meter.js";
import { reportFaults, tellEvents, tellWithdrawn } from "./reports.js";
import { compileSchema } from "./schema.js";
import { Seat } from "./seat.js";

/**
 * @typedef {import("./actions.js").Action} Action
 * @typedef {import("./codec.js").Events} Events
 * @typedef {import("./codec.js").Pong} Pong
 * @typedef {import("./codec.js").ServerMsg} ServerMsg
 * @typedef {import("./codec.js").State} State
 * @typedef {import("./codec.js").Welcome} Welcome
 * @typedef {import("./replica.js").Drawn} Drawn
 * @typedef {import("./replica.js").View} View
 * @typedef {import("./seat.js").PredictedTick} PredictedTick
 *
 * @typedef {object} SessionOptions
 * @property {string} kind of room
 * @property {string | null} room its id, or null for any with a free seat
 * @property {number} role
 * @property {Readonly<Record<string, unknown>>} params the game's business
 * @property {number | null} snapDistance an error of the prediction beyond it is not eased; null:
 *   by the present speed
 * @property {boolean} eventsAtOnce tell events when they arrive, not when what is drawn has reached
 *   them
 */

const NEVER = Number.POSITIVE_INFINITY;

export class SessionCore {
  #options;
  #heartbeat = new Heartbeat(LIMITS.DEAD_AFTER_S);
  /** @type {"down" | "open" | "joined"} */
  #link = "down";
  /** A STATE did not fit: those that do not start from nothing are dropped until one does. */
  #wantsFull = false;
  #mayResume = false;

  /**
   * What the player does, by the names of the room's inputs; read at each tick.
   *
   * @type {Readonly<Record<string, unknown>>}
   */
  controls = {};
  /** Whether somebody wants to know of each predicted tick. */
  tellsPredicted = false;
  /** What was joined last, also while the link is down. @type {Seat | null} */
  seat = null;
  states = new RateMeter();
  /** STATEs that did not fit. */
  resyncs = 0;

  /** @param {SessionOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** When `advance` has something to do, in milliseconds; infinite while the link is down. */
  get dueMs() {
    if (this.#link === "down") return NEVER;
    const tickS = this.seat?.frames.pacer.nextAtS ?? NEVER;
    return Math.min(tickS, this.#heartbeat.dueS) * 1000;
  }

  // --- what happens to the link

  /** A link is up. @param {number} nowMs @returns {Action[]} */
  opened(nowMs) {
    this.#link = "open";
    this.#heartbeat.start(nowMs / 1000);
    if (this.seat !== null && this.#mayResume) {
      const { welcome, replica, events } = this.seat;
      return [send(codec.encodeResume(welcome.token, replica.tick, events.cursor))];
    }
    const { kind, room, role, params } = this.#options;
    return [send(codec.encodeJoin(kind, room, role, params))];
  }

  /** The link is gone; the session may go on over another. */
  lost() {
    this.#link = "down";
    this.seat?.leave();
  }

  /**
   * There is no session to come back to: the next link joins anew. What was seen last stays on
   * screen until then.
   */
  forget() {
    this.#mayResume = false;
  }

  /**
   * A whole message came.
   *
   * @param {Uint8Array | string} data
   * @param {number} nowMs
   * @returns {Action[]}
   */
  received(data, nowMs) {
    if (this.#link === "down") return [];
    this.#heartbeat.heard(nowMs / 1000);
    try {
      if (typeof data === "string") throw new ProtocolError("a text message", CloseCode.TEXT_FRAME);
      return this.#take(codec.decodeServer(data), data.length, nowMs / 1000);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return [close(error.code, `from the server: ${error.message}`)];
    }
  }

  /**
   * Time passed: runs the ticks that are due, and shows life. Call it whenever something happens,
   * and at `dueMs`.
   *
   * @param {number} nowMs
   * @param {number} bufferedBytes what the link has not sent yet
   * @returns {Action[]}
   */
  advance(nowMs, bufferedBytes) {
    if (this.#link === "down") return [];
    const nowS = nowMs / 1000;
    const sign = this.#heartbeat.check(nowS);
    if (sign === "dead") return [close(CloseCode.DEAD, "nothing heard from the server")];
    /** @type {Action[]} */
    const actions = sign === null ? [] : [send(codec.encodePing(sign))];
    if (this.#link !== "joined" || this.seat === null) return actions;
    if (this.seat.steers) {
      const tell = (/** @type {PredictedTick} */ tick) => actions.push(emit("predicted", tick));
      this.seat.tick(nowS, this.controls, this.tellsPredicted ? tell : null);
      this.seat.flush(nowS, bufferedBytes, (bytes) => actions.push(send(bytes)));
      reportFaults(this.seat, actions);
    }
    // Nobody draws: events are told as they come.
    if (this.seat.replica.seen(nowS) === null) tellEvents(this.seat, NEVER, actions);
    tellWithdrawn(this.seat, nowS, actions);
    return actions;
  }

  // --- what the game does

  /**
   * @param {string} name
   * @param {unknown} payload
   * @returns {Action[]} nothing while no room is joined
   */
  say(name, payload) {
    return this.#link === "joined" ? [send(codec.encodeMessage(name, payload))] : [];
  }

  /** @returns {Action[]} */
  leave() {
    return this.#link === "joined" ? [send(codec.encodeLeave())] : [];
  }

  /**
   * What to draw now; null before there was anything. `told` takes the events that belong to it.
   *
   * @param {number} nowMs @param {View} view @param {Action[]} told
   * @returns {Drawn | null}
   */
  frame(nowMs, view, told) {
    if (this.seat === null) return null;
    const drawn = this.seat.replica.frame(nowMs / 1000, view);
    tellEvents(this.seat, drawn.tick, told);
    return drawn;
  }

  // --- messages

  /** @param {ServerMsg} message @param {number} bytes @param {number} nowS @returns {Action[]} */
  #take(message, bytes, nowS) {
    switch (message.type) {
      case "welcome":
        return this.#begin(message, nowS);
      case "state":
        return this.#apply(this.#joinedSeat("STATE"), message, bytes, nowS);
      case "events":
        return this.#hear(this.#joinedSeat("EVENTS"), message);
      case "ping":
        return [send(codec.encodePong(message.nonce))];
      case "pong":
        return this.#measure(message, nowS);
      case "notice":
        return [emit("notice", { name: message.name, detail: message.detail })];
    }
  }

  /** @param {Welcome} welcome @param {number} nowS @returns {Action[]} */
  #begin(welcome, nowS) {
    if (this.#link !== "open" || welcome.resumed !== this.#mayResume) throw outOfState("WELCOME");
    const schema = compileSchema(welcome.schema, welcome.tick_hz);
    const before = welcome.resumed ? this.seat : null;
    const same = before?.schema.fingerprint === schema.fingerprint;
    const seat =
      before !== null && same ? before : new Seat(welcome, schema, this.#options.snapDistance);
    seat.take(welcome, nowS);
    this.seat = seat;
    this.#link = "joined";
    this.#mayResume = true;
    this.#wantsFull = false;
    const { token: _, ...told } = welcome;
    const actions = [emit("welcome", told)];
    const missed = welcome.resumed ? seat.events.resume(welcome.event) : 0;
    if (missed > 0) actions.push(emit("notice", { name: "missed", detail: { events: missed } }));
    if (!same && welcome.step !== null) actions.push(loadStep(welcome.step));
    return actions;
  }

  /**
   * @param {Seat} seat
   * @param {State} state
   * @param {number} bytes
   * @param {number} nowS
   * @returns {Action[]}
   */
  #apply(seat, state, bytes, nowS) {
    const { replica, frames } = seat;
    if (state.seq < frames.consumedSeq || state.tick < replica.tick) {
      throw new ProtocolError("STATE of an earlier tick or frame", CloseCode.INVALID_FIELD);
    }
    this.states.add(bytes, nowS);
    if (this.#wantsFull && state.span !== 0) return [];
    frames.consumed(state.seq, state.lead, seat.tickS, nowS);
    try {
      replica.apply(state, nowS, frames);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      this.#wantsFull = true;
      this.resyncs += 1;
      return [send(codec.encodeResync(replica.tick))];
    }
    this.#wantsFull = false;
    const applied = emit("state", { tick: state.tick, bytes });
    return seat.steers ? [applied] : [send(codec.encodeAck(state.tick)), applied];
  }

  /** @param {Seat} seat @param {Events} message @returns {Action[]} */
  #hear(seat, message) {
    seat.events.add(message);
    for (const { name, payload } of message.items) {
      if (name === AVATAR_EVENT) seat.replica.steer(avatarId(payload));
    }
    /** @type {Action[]} */
    const actions = [];
    if (this.#options.eventsAtOnce) tellEvents(seat, NEVER, actions);
    return actions;
  }

  /** @param {Pong} pong @param {number} nowS @returns {Action[]} */
  #measure({ nonce, held, missed, trimmed }, nowS) {
    if (this.seat === null) return [];
    this.seat.missed = missed;
    this.seat.trimmed = trimmed;
    const { frames, tickS } = this.seat;
    this.#heartbeat.answered(nonce, held, tickS, frames.roundTrip, nowS);
    return [];
  }

  /** @param {string} what came */
  #joinedSeat(what) {
    if (this.#link !== "joined" || this.seat === null) throw outOfState(what);
    return this.seat;
  }
}

/** @param {string} what */
function outOfState(what) {
  return new ProtocolError(`${what} out of place`, CloseCode.OUT_OF_STATE);
}

/** @param {unknown} payload @returns {number | null} */
function avatarId(payload) {
  if (payload === null || Number.isInteger(payload)) return /** @type {number | null} */ (payload);
  throw new ProtocolError("@avatar is neither an id nor nil", CloseCode.INVALID_FIELD);
}
