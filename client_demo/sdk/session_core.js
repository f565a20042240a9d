/**
 * One participant in a room across its links, without any I/O (protocol.md §8): whole messages, the
 * time and what happens to the link come in; actions come out, for `connector.js` to carry out in
 * order.
 *
 * - A message that a server may not send closes the link with its code; the replica stays whole.
 * - A STATE that does not fit is never applied: the client asks for a full one and drops STATEs
 *   until it comes.
 * - Events are reported in order and once, across links; each when what is drawn has reached its
 *   tick.
 * - Input frames from before a lost link do not act after it.
 *
 * `gameserver/client/session_core.py` is the twin.
 */
import { close, emit, loadStep, send, warn } from "./actions.js";
import { backAfter } from "./backoff.js";
import * as codec from "./codec.js";
import { CloseCode, LEAD_UNITS_PER_TICK } from "./constants.js";
import { DeltaError, ProtocolError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { compileSchema } from "./schema.js";
import { Seat } from "./seat.js";
import { SendBudget } from "./send_budget.js";
import { RateMeter } from "./stats.js";

/**
 * @typedef {import("./actions.js").Action} Action
 * @typedef {import("./codec.js").Events} Events
 * @typedef {import("./codec.js").Moved} Moved
 * @typedef {import("./codec.js").Pong} Pong
 * @typedef {import("./codec.js").ServerMsg} ServerMsg
 * @typedef {import("./codec.js").State} State
 * @typedef {import("./codec.js").Welcome} Welcome
 * @typedef {import("./constants.js").CloseInfo} CloseInfo
 * @typedef {import("./drawn.js").Drawn} Drawn
 * @typedef {import("./replica.js").DrawSwitches} DrawSwitches
 *
 * @typedef {object} CoreOptions
 * @property {string} kind of room
 * @property {import("./codec.js").RoomChoice} room
 * @property {number} role
 * @property {Readonly<Record<string, unknown>>} params the game's own
 * @property {number | null} snapDistance an error of the prediction beyond it is not eased out;
 *   null: by the present speed
 * @property {boolean} eventsAtOnce report events when they arrive, not when what is drawn has
 *   reached them
 * @property {(() => Uint8Array) | null} [newAttempt] returns `ATTEMPT_BYTES` random bytes: a JOIN whose
 *   answer was lost carries the same ones again, so that the server knows it; null: it carries none
 * @property {Uint8Array | null} [resumeToken] of a session that another page had, to go on with it if
 *   it is still there; null: join
 */

const NEVER = Number.POSITIVE_INFINITY;

/** The core of one session. */
export class SessionCore {
  #options;
  #join;
  #heartbeat = new Heartbeat(codec.DEFAULT_LIMITS.dead_after_s);
  #limits = codec.DEFAULT_LIMITS;
  /** What may still be sent over the link; null while no room is joined. @type {SendBudget | null} */
  #budget = null;
  #nowS = 0;
  /** Whether it was reported that messages are not sent, since the last one that was. */
  #reportedLimit = false;
  /** @type {"down" | "opening" | "joined"} where the link is; opening: JOIN or RESUME is on its way */
  #phase = "down";
  /**
   * What has said that the session goes on in another room, until there is a WELCOME of that one.
   *
   * @type {Moved | null}
   */
  #moved = null;
  /** A STATE did not fit: those that do not start from nothing are dropped until one does. */
  #wantsFull = false;

  /**
   * What the player does, by the names of the room's inputs; read at each tick.
   *
   * @type {Readonly<Record<string, unknown>>}
   */
  controls = {};
  /** Whether predicted ticks are reported. */
  reportsPredicted = false;
  /** Whether contacts of the predicted world are. */
  reportsContacts = false;
  /** What was joined last, also while the link is down. @type {Seat | null} */
  seat = null;
  /** What resumes the session; null: there is none to resume. @type {Uint8Array | null} */
  resumeToken;
  states = new RateMeter();
  /** STATEs that did not fit. */
  desyncs = 0;

  /**
   * @param {CoreOptions} options
   * @throws {RangeError} when the JOIN is longer, or nested deeper, than a server takes
   * @throws {TypeError} for what the wire cannot carry
   */
  constructor(options) {
    this.#options = options;
    this.resumeToken = options.resumeToken ?? null;
    this.#join = this.#newJoin();
  }

  /** Returns the JOIN to send, and to repeat, until there is a WELCOME. */
  #newJoin() {
    const { kind, room, role, params, newAttempt } = this.#options;
    return codec.encodeJoin(kind, room, role, params, newAttempt?.() ?? null);
  }

  /** Who the session is in its room. @returns {import("./roster.js").Me | null} null before the first WELCOME */
  get me() {
    if (this.seat === null) return null;
    const { welcome, replica } = this.seat;
    const { session: number, role } = welcome;
    const state = replica.people.entryOf(number, role);
    const { name: sent } = this.#options.params;
    const name = state?.name ?? (typeof sent === "string" ? sent : "");
    return { number, role, name, avatarId: replica.avatarId, state };
  }

  /**
   * When `tick` has something to do, if nothing is received before, in milliseconds; infinite while
   * the link is down.
   */
  get nextAtMs() {
    if (this.#phase === "down") return NEVER;
    const frameAtS = this.seat?.frames.pacer.nextAtS ?? NEVER;
    return Math.min(frameAtS, this.#heartbeat.nextAtS) * 1000;
  }

  // --- the life of a link

  /**
   * A link came up: joins a room, or resumes the session there is.
   *
   * @param {number} nowMs
   * @returns {Action[]}
   */
  opened(nowMs) {
    this.#phase = "opening";
    this.#heartbeat.start(nowMs / 1000);
    if (this.resumeToken === null) return [send(this.#join)];
    const { replica, events } = (this.#moved === null ? this.seat : null) ?? {};
    return [send(codec.encodeResume(this.resumeToken, replica?.tick ?? 0, events?.cursor ?? null))];
  }

  /**
   * The link is gone. What was seen last stays, to be drawn until another room is joined.
   *
   * @param {number} code with which it closed
   * @returns {CloseInfo["back"]} what to do
   */
  lost(code) {
    this.#phase = "down";
    this.#budget = null;
    this.seat?.loseLink();
    const wanted = backAfter(code);
    const back = wanted === "resume" && this.resumeToken === null ? "join" : wanted;
    if (back === "join") this.resumeToken = null;
    // A server that takes the token says it again.
    if (this.resumeToken === null || this.#moved?.token === null) this.#moved = null;
    return back;
  }

  /** Leaves for good. @returns {Action[]} */
  leave() {
    if (this.#phase !== "joined") return [];
    this.seat?.loseLink();
    return [send(codec.encodeLeave())];
  }

  // --- what goes out

  /**
   * A message of the game's own.
   *
   * @param {string} name
   * @param {unknown} payload
   * @returns {Action[]} nothing is sent while no room is joined, and when the link has sent as much
   *   as the server allows; a notice says so then
   * @throws {RangeError} when it is longer, or nested deeper, than a server takes
   * @throws {TypeError} for what the wire cannot carry
   */
  send(name, payload) {
    const bytes = codec.encodeMessage(name, payload, this.#limits);
    if (this.#budget === null) return [];
    if (!this.#budget.take(bytes.length, this.#nowS)) return this.#reportLimit(name);
    this.#reportedLimit = false;
    return [send(bytes)];
  }

  /** @param {string} name of a message that is not sent @returns {Action[]} */
  #reportLimit(name) {
    if (this.#reportedLimit) return [];
    this.#reportedLimit = true;
    const { messages_per_s: messages, bytes_per_s: bytes } = this.#limits;
    const rates = `${messages} messages and ${bytes} bytes a second`;
    return [warn("rate_limited", `message "${name}" was not sent: this server takes ${rates}`)];
  }

  /**
   * Sends a message that the protocol asks for, and that counts as the game's own do.
   *
   * @param {Uint8Array} bytes
   */
  #sendSign(bytes) {
    this.#budget?.take(bytes.length, this.#nowS);
    return send(bytes);
  }

  /**
   * An event to be reported now, ahead of the server, whose own is not reported again.
   *
   * @param {string} name
   * @param {any} payload
   * @param {(payload: any) => boolean} match
   * @param {number} untilMs when it is withdrawn
   * @returns {Action[]} nothing before the first WELCOME
   */
  expect(name, payload, match, untilMs) {
    if (this.seat === null) return [];
    this.seat.events.expect({ name, payload, match, untilS: untilMs / 1000 });
    return [emit("event", { tick: this.seat.replica.tick, name, payload })];
  }

  /**
   * What to draw now.
   *
   * @param {number} nowMs
   * @param {DrawSwitches} switches
   * @param {Action[]} actions takes the events that have become due with it
   * @returns {Drawn | null} null before the first WELCOME
   */
  draw(nowMs, switches, actions) {
    if (this.seat === null) return null;
    const drawn = this.seat.replica.draw(nowMs / 1000, switches);
    this.#reportEvents(this.seat, nowMs / 1000, actions);
    return drawn;
  }

  /**
   * Does what is due: runs the client's ticks, and shows life. Call it whenever something happens,
   * and at `nextAtMs`.
   *
   * @param {number} nowMs
   * @param {boolean} busy whether the link has not sent yet what it was given before; input frames
   *   are held back then
   * @returns {Action[]}
   */
  tick(nowMs, busy) {
    if (this.#phase === "down") return [];
    const nowS = nowMs / 1000;
    this.#nowS = nowS;
    const sign = this.#heartbeat.check(nowS);
    if (sign === "dead") return [close(CloseCode.DEAD, "nothing heard from the server")];
    /** @type {Action[]} */
    const actions = sign === null ? [] : [this.#sendSign(codec.encodePing(sign))];
    if (this.#phase !== "joined" || this.seat === null) return actions;
    if (this.seat.steers) this.#steer(this.seat, nowS, busy, actions);
    this.#reportEvents(this.seat, nowS, actions);
    for (const withdrawn of this.seat.withdrawn(nowS)) actions.push(emit("withdrawn", withdrawn));
    return actions;
  }

  /** @param {Seat} seat @param {number} nowS @param {boolean} busy @param {Action[]} actions */
  #steer(seat, nowS, busy, actions) {
    const report = (/** @type {"predicted" | "contact"} */ name, /** @type {boolean} */ wanted) =>
      wanted ? (/** @type {any} */ value) => actions.push(emit(name, value)) : null;
    seat.tick(nowS, this.controls, {
      predicted: report("predicted", this.reportsPredicted),
      contact: report("contact", this.reportsContacts),
    });
    seat.flush(nowS, busy, (bytes) => actions.push(send(bytes)));
    for (const [name, message] of seat.faults()) actions.push(warn(name, message));
  }

  /** @param {Seat} seat @param {number} nowS @param {Action[]} actions */
  #reportEvents(seat, nowS, actions) {
    for (const event of seat.dueEvents(nowS, this.#options.eventsAtOnce)) {
      actions.push(emit("event", event));
    }
  }

  // --- what comes in

  /**
   * A whole message came.
   *
   * @param {Uint8Array | string} data
   * @param {number} nowMs
   * @returns {Action[]}
   */
  receive(data, nowMs) {
    if (this.#phase === "down") return [];
    this.#nowS = nowMs / 1000;
    this.#heartbeat.heard(this.#nowS);
    try {
      if (typeof data === "string") throw new ProtocolError("a text message", CloseCode.TEXT_FRAME);
      return this.#take(codec.decodeServer(data), data.length, nowMs / 1000);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return [close(error.code, `from the server: ${error.message}`)];
    }
  }

  /** @param {ServerMsg} message @param {number} bytes @param {number} nowS @returns {Action[]} */
  #take(message, bytes, nowS) {
    switch (message.type) {
      case "welcome":
        return this.#takeWelcome(message, nowS);
      case "state":
        return this.#takeState(this.#joined("STATE"), message, bytes, nowS);
      case "events":
        return this.#takeEvents(this.#joined("EVENTS"), message, nowS);
      case "ping":
        return [this.#sendSign(codec.encodePong(message.nonce))];
      case "pong":
        return this.#takePong(message, nowS);
      case "notice":
        return [emit("notice", { name: message.name, detail: message.detail })];
      case "moved":
        return this.#takeMoved(message);
    }
  }

  /** @param {string} what came */
  #joined(what) {
    if (this.#phase !== "joined" || this.seat === null) {
      throw new ProtocolError(`${what} before WELCOME`, CloseCode.OUT_OF_STATE);
    }
    return this.seat;
  }

  /**
   * Reports what is left of the room before, and waits for the WELCOME of the other one.
   *
   * @param {Moved} moved
   * @returns {Action[]}
   */
  #takeMoved(moved) {
    if (this.resumeToken === null) {
      throw new ProtocolError("MOVED without a session", CloseCode.OUT_OF_STATE);
    }
    const left = this.#phase === "joined" ? (this.seat?.lastEvents() ?? []) : [];
    this.seat?.loseLink();
    this.#phase = "opening";
    this.#budget = null;
    this.#moved = moved;
    this.resumeToken = moved.token ?? this.resumeToken;
    const { kind, room } = moved;
    return [...left.map((event) => emit("event", event)), emit("moved", { kind, room })];
  }

  /** Whether the WELCOME that is awaited continues a session over a new link. */
  get #expectsResumed() {
    return this.resumeToken !== null && (this.#moved === null || this.#moved.token !== null);
  }

  /** @param {Welcome} welcome @param {number} nowS @returns {Action[]} */
  #takeWelcome(welcome, nowS) {
    if (this.#phase !== "opening" || welcome.resumed !== this.#expectsResumed) {
      throw new ProtocolError("a WELCOME that was not asked for", CloseCode.OUT_OF_STATE);
    }
    const moved = this.#moved;
    this.#moved = null;
    const rolledBackTo = welcome.resumed ? (welcome.rolled_back_to ?? null) : null;
    const lostTicks = Math.max(0, (this.seat?.replica.tick ?? 0) - (rolledBackTo ?? 0));
    const goesOn = welcome.resumed && moved === null && rolledBackTo === null;
    const before = goesOn ? this.seat : null;
    const seat = before ?? this.#newSeat(welcome);
    if (moved !== null && this.seat?.schema.fingerprint !== seat.schema.fingerprint) {
      this.controls = {};
    }
    const missed = seat.take(welcome, nowS);
    this.seat = seat;
    this.#phase = "joined";
    this.#limits = welcome.limits;
    this.#budget = new SendBudget(welcome.limits, nowS);
    this.#heartbeat.setDeadTime(welcome.limits.dead_after_s);
    this.resumeToken = welcome.token;
    this.#join = this.#newJoin();
    this.#wantsFull = false;
    const { token: _, ...shown } = welcome;
    const actions = [emit("joined", shown)];
    if (moved?.token === null) actions.unshift(send(codec.encodeArrived()));
    if (rolledBackTo !== null) {
      const detail = { to: rolledBackTo, ticks: lostTicks };
      actions.push(emit("notice", { name: "rolled_back", detail }));
    }
    if (missed > 0) actions.push(emit("notice", { name: "missed", detail: { events: missed } }));
    if (before === null && welcome.step !== null) actions.push(loadStep(welcome.step));
    return actions;
  }

  /** @param {Welcome} welcome */
  #newSeat(welcome) {
    const schema = compileSchema(welcome.schema, welcome.tick_hz);
    return new Seat(welcome, schema, this.#options.snapDistance);
  }

  /**
   * @param {Seat} seat
   * @param {State} state
   * @param {number} bytes
   * @param {number} nowS
   * @returns {Action[]}
   */
  #takeState(seat, state, bytes, nowS) {
    this.states.add(bytes, nowS);
    if (this.#wantsFull && state.span !== 0) return [];
    /** @type {("roster" | "room")[]} */
    let changed;
    try {
      changed = seat.apply(state, nowS);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      this.#wantsFull = true;
      this.desyncs += 1;
      return [this.#sendSign(codec.encodeResync(seat.replica.tick))];
    }
    this.#wantsFull = false;
    const { people } = seat.replica;
    const reports = [emit("updated", { tick: state.tick, bytes })];
    for (const what of changed) reports.push(emit(what, people[what]));
    return seat.steers ? reports : [send(codec.encodeAck(state.tick)), ...reports];
  }

  /** @param {Seat} seat @param {Events} message @param {number} nowS @returns {Action[]} */
  #takeEvents(seat, message, nowS) {
    seat.takeEvents(message);
    /** @type {Action[]} */
    const actions = [];
    this.#reportEvents(seat, nowS, actions);
    return actions;
  }

  /** @param {Pong} pong @param {number} nowS @returns {Action[]} */
  #takePong({ nonce, held, missed, trimmed }, nowS) {
    const sentAtS = this.#heartbeat.answered(nonce);
    if (this.seat === null) return [];
    this.seat.missed = missed;
    this.seat.trimmed = trimmed;
    const { frames, tickS } = this.seat;
    if (sentAtS !== null) {
      frames.roundTrip.add(nowS - sentAtS - (held / LEAD_UNITS_PER_TICK) * tickS);
    }
    return [];
  }
}
