/**
 * The browser client: `connect` joins a room and keeps the session across broken links.
 *
 * State, inputs and what is drawn are the core's (`session_core.js`), the links are the connector's
 * (`connector.js`). `gameserver/client/session.py` is the twin. There times are in seconds, as
 * Python has them; here they are in milliseconds, as browsers have them.
 */
import { randomAttempt, roomChoice } from "./connect_options.js";
import { Connector } from "./connector.js";
import { Role } from "./constants.js";
import { Emitter } from "./emitter.js";
import { JoinFailed } from "./errors.js";
import { EXPECT_WITHIN_S } from "./events.js";
import { fromHex, KeptSeats, tabStorage, toHex } from "./kept_seat.js";
import {
  checkExpected,
  checkHandler,
  checkIsControls,
  checkOptions,
  checkSwitches,
  checkToken,
} from "./options.js";
import {
  browserPage,
  drawingTime,
  importStep,
  socketClass,
  socketUrl,
  systemClock,
} from "./page.js";
import { checkControls, encodeControls } from "./schema.js";
import { SessionCore } from "./session_core.js";
import { noStats, readStats } from "./stats.js";

/**
 * @typedef {import("./connect_options.js").Switches} Switches
 * @typedef {import("./room_types.js").AnyGame} AnyGame
 * @typedef {import("./room_types.js").Game} Game
 * @typedef {import("./connector.js").TokenSource} TokenSource
 * @typedef {import("./kept_seat.js").KeptSeat} KeptSeat
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./session_events.js").Status} Status
 * @typedef {import("./session_events.js").Welcome} Welcome
 * @typedef {import("./stats.js").Stats} Stats
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./connect_options.js").ConnectOptions<G>} ConnectOptions
 */

/**
 * Who a session is in its room.
 *
 * @template {Game} [G=AnyGame]
 * @typedef {Omit<import("./roster.js").Me, "state"> & {state: Readonly<G["roster"]> | null}} Me
 */

/** @type {import("./drawn.js").Drawn} */
const NOTHING = Object.freeze({ entities: new Map(), avatar: null, tick: 0 });

/**
 * Joins a room. Returns at once; `session.joined` resolves when the room has answered.
 *
 * @template {Game} [G=AnyGame]
 * @param {string | URL} url of the WebSocket: `wss://game.example/ws`; or relative to the page: `ws`
 * @param {ConnectOptions<G>} options
 * @returns {Session<G>}
 * @throws {TypeError} for a URL that is none, for an option that there is none of, or for ways into
 *   a room that contradict each other
 * @throws {RangeError} when kind, room, code, roomOptions, where or params are longer, or nested
 *   deeper, than a server takes
 * @throws {TypeError} for what the wire cannot carry
 */
export function connect(url, options) {
  return new Session(url, options);
}

/**
 * A participant in a room, across links. Made by `connect`.
 *
 * @template {Game} [G=AnyGame] the types of its kind of room, as `gameserver types` writes them
 */
export class Session {
  #core;
  #connector;
  #clock;
  #emitter = new Emitter();
  #stats = noStats();
  /** @type {Switches} */
  #switches;
  #kind;
  #keptSeats;
  /** The seat that the page before has left. @type {KeptSeat | null} */
  #left;
  #isMade = false;
  /** The newest tick that was reported as `predicted`. */
  #predictedSeq = 0;

  /**
   * Resolves with the first WELCOME; rejects with `JoinFailed` when the session ends before.
   *
   * @type {Promise<Welcome>}
   */
  joined;
  /** What the session is doing. @type {Status} */
  status = { state: "connecting" };

  /**
   * @param {string | URL} url
   * @param {ConnectOptions<G>} options
   * @throws {RangeError} when kind, room, code, roomOptions, where or params are longer, or nested
   *   deeper, than a server takes
   * @throws {TypeError} for a URL that is none, or for what the wire cannot carry
   */
  constructor(url, options) {
    checkOptions(options);
    const { kind, role = Role.PLAYER } = options;
    const room = roomChoice(options);
    const storage = options.storage === undefined ? tabStorage() : options.storage;
    this.#kind = kind;
    this.#keptSeats = new KeptSeats(socketUrl(url), options.keepSeat === false ? null : storage);
    this.#left = this.#keptSeats.take({ ...options, role });
    this.#core = new SessionCore({
      kind,
      room,
      role,
      resumeToken: this.#left && fromHex(this.#left.token),
      params: options.params ?? {},
      snapDistance: options.snapDistance ?? null,
      eventsAtOnce: options.eventsAtOnce ?? false,
      newAttempt: options.newAttempt === undefined ? randomAttempt : options.newAttempt,
    });
    this.#switches = {
      prediction: options.prediction ?? true,
      interpolation: options.interpolation ?? true,
      lagMs: options.lag?.ms ?? 0,
      jitterMs: options.lag?.jitterMs ?? 0,
    };
    this.#clock = options.clock ?? systemClock();
    this.joined = this.#promiseToJoin();
    const WebSocket = socketClass(options.WebSocket);
    this.#connector = new Connector(this.#core, {
      address: { url: socketUrl(url), WebSocket },
      watches: role === Role.SPECTATOR,
      token: options.token ?? null,
      latency: this.#switches,
      clock: this.#clock,
      page: options.page ?? browserPage,
      random: options.random ?? Math.random,
      loadStep: options.loadStep ?? importStep,
      emit: (name, value) => this.#emit(name, value),
      keepSeat: () => this.#keepSeat(),
    });
    this.#connector.start();
    this.#isMade = true;
  }

  /**
   * Calls a handler with each event of a name from now on.
   *
   * @template {keyof import("./session_events.js").SessionEvents} N
   * @param {N} name
   * @param {(value: import("./session_events.js").SessionEvents<G>[N]) => void} handler
   * @returns {this}
   * @throws {TypeError} for an event that there is none of, or what is no function
   */
  on(name, handler) {
    checkHandler(name, handler);
    if (name === "predicted") this.#core.reportsPredicted = true;
    if (name === "contact") this.#core.reportsContacts = true;
    this.#emitter.on(name, handler);
    return this;
  }

  /**
   * Stops calling a handler.
   *
   * @template {keyof import("./session_events.js").SessionEvents} N
   * @param {N} name
   * @param {(value: import("./session_events.js").SessionEvents<G>[N]) => void} handler
   * @returns {this}
   */
  off(name, handler) {
    this.#emitter.off(name, handler);
    return this;
  }

  // --- what the player does

  /**
   * What the player does, by the names of the room's inputs; read at each tick. What is left out is
   * neutral. Setting it is `setControls`.
   *
   * @returns {Readonly<Partial<G["inputs"]>>}
   */
  get controls() {
    return /** @type {any} */ (this.#core.controls);
  }

  set controls(controls) {
    this.setControls(controls);
  }

  /**
   * Has these controls count from the next tick on, until others are set.
   *
   * @param {Readonly<Partial<G["inputs"]>>} controls is not copied: what is written into it
   *   later counts from the next tick on
   * @throws {TypeError} for an input that the room does not have, or a value that it cannot hold
   */
  setControls(controls) {
    checkIsControls(controls);
    const schema = this.#core.seat?.schema;
    if (schema !== undefined) {
      checkControls(schema, controls);
      encodeControls(schema, controls);
    }
    this.#core.controls = controls;
  }

  /**
   * Sends a message of the game's own: a chat line, a vote.
   *
   * @template {import("./room_types.js").Names<G["messages"]>} N
   * @param {N} name
   * @param {import("./room_types.js").PayloadOf<G["messages"][N]>} rest the payload: anything that msgpack
   *   holds, without extensions
   * @returns {boolean} false when the message was not sent, and is not kept: the session is in no
   *   room now, or watches without a WebSocket, or has sent as much as the server allows, which a notice `rate_limited` says
   * @throws {RangeError} when it is longer, or nested deeper, than a server takes
   * @throws {TypeError} for what the wire cannot carry
   */
  send(name, ...rest) {
    const [payload = null] = rest;
    const actions = this.#core.send(name, payload);
    if (this.transport !== "websocket") return false;
    this.#connector.perform(actions, this.#clock.now());
    return actions.some((action) => action.do === "send");
  }

  /**
   * What the next links are opened with: a JWT, or a function that returns one. A session whose token
   * has expired waits for a new one, and goes on when it is set here.
   *
   * @returns {TokenSource}
   */
  get token() {
    return this.#connector.token;
  }

  set token(token) {
    checkToken(token);
    this.#connector.token = token;
  }

  /** Leaves the room for good: not even a page that is loaded again comes back to it. */
  leave() {
    const { resumeToken } = this.#core;
    if (resumeToken !== null) this.#keptSeats.drop(this.#kind, toHex(resumeToken));
    this.#connector.leave();
  }

  /** Tries to reconnect now, if the session waits to. */
  reconnect() {
    this.#connector.reconnect();
  }

  // --- what the player sees

  /**
   * What to draw now. Call it once for each frame of the display; it runs what is due first, so that
   * a key that was just pressed counts.
   *
   * @param {number} [nowMs] of the same clock as `performance.now()`; requestAnimationFrame passes
   *   it. A time of another clock, such as `Date.now()`, counts as this moment
   * @returns {import("./room_types.js").Drawn<G>} reused the next time: read it, do not keep it
   * @throws {TypeError} for a time that is no finite number
   */
  draw(nowMs) {
    // What the display calls now began a little ago; what is due by this moment is run, whatever is
    // drawn.
    const clockMs = this.#clock.now();
    nowMs = drawingTime(nowMs, clockMs);
    this.#connector.turn(Math.max(nowMs, clockMs));
    /** @type {import("./actions.js").Action[]} */
    const actions = [];
    const drawn = this.#core.draw(nowMs, this.#switches, actions);
    this.#connector.perform(actions, nowMs);
    return /** @type {any} */ (drawn ?? NOTHING);
  }

  /**
   * Shows at once what a predicted tick spawns; the server's own entity takes its place when it
   * comes. When the server has consumed the tick's input frame and there is none, `withdrawn` is
   * reported. To be called from a handler of `predicted`.
   *
   * @template {import("./room_types.js").Names<G["entities"]>} N
   * @param {N} type name of the entity type
   * @param {Readonly<Partial<G["entities"][N]>>} values of its fields, as the server will have them
   *   after the tick; those left out are 0, false or empty
   * @param {{match?: (entity: G["entities"][N]) => boolean, rewound?: boolean}} [options] `match`: whether an
   *   entity of the server's may be this one; `rewound`: whether the room takes it through the past
   *   that this player saw (`Room.rewind`), so that it belongs to the others, and is drawn in their
   *   time once the server's has come
   * @returns {G["entities"][N] | null} what is drawn, with a negative id until the server's own has come; null
   *   when nothing is predicted
   * @throws {TypeError} for a type or field that the room does not have, or a value that a field of a
   *   type in the predicted world cannot hold
   */
  predictSpawn(type, values, { match = () => true, rewound = false } = {}) {
    if (!this.#switches.prediction) return null;
    /** @type {any} */
    const matches = match;
    /** @type {any} */
    const spawned = this.#core.seat?.spawn(type, values, this.#predictedSeq, matches, rewound);
    return spawned ?? null;
  }

  /**
   * Reports at once an event that the server is going to send; its own is then not reported again.
   *
   * @template {import("./room_types.js").Names<G["events"]>} N
   * @param {N} name
   * @param {G["events"][N]} payload to report it with
   * @param {{match?: (payload: G["events"][N]) => boolean, withinMs?: number}} [options] `match`: whether an
   *   event of that name with this payload is the expected one; `withinMs`: how long it is waited
   *   for; then `withdrawn` is reported
   * @throws {TypeError} for what is none of these
   */
  expectEvent(name, payload, { match = () => true, withinMs = EXPECT_WITHIN_S * 1000 } = {}) {
    checkExpected(name, match, withinMs);
    const nowMs = this.#clock.now();
    this.#connector.perform(this.#core.expect(name, payload, match, nowMs + withinMs), nowMs);
  }

  /**
   * What the newest picture was made from: each entity where the server's newest state has it, where
   * it is interpolated in the past, and where it is predicted. For a look at how well prediction goes.
   *
   * @returns {import("./layers.js").Layers | null} null before the first WELCOME
   */
  get layers() {
    return this.#core.seat?.replica.layers() ?? null;
  }

  /** Figures for a net graph; the same object each time. @returns {Readonly<Stats>} */
  get stats() {
    readStats(this.#stats, this.#core, this.#connector.bufferedBytes, this.#clock.now() / 1000);
    return this.#stats;
  }

  /**
   * How the room comes in: `websocket`, or, for a spectator where that is blocked, `sse` or `polling`.
   * Over these no messages can be sent. A notice `transport` says when one is in use.
   */
  get transport() {
    return this.#connector.transport;
  }

  /** What can be turned on and off. Setting it changes those that are given. @returns {Switches} */
  get switches() {
    return this.#switches;
  }

  /** @param {Partial<Switches>} switches */
  set switches(switches) {
    checkSwitches(switches);
    Object.assign(this.#switches, switches);
  }

  /** The newest WELCOME: where this is, and with which schema. @returns {Welcome | null} */
  get welcome() {
    return this.#core.seat?.welcome ?? null;
  }

  /**
   * The room's code, for friends to join it by; null before the first WELCOME, and in a room whose id
   * a program chose so that no code leads to it.
   * @returns {string | null}
   */
  get code() {
    const id = this.welcome?.room ?? "";
    const typed = id.toUpperCase();
    return id !== "" && typed.replace(/[\s-]/g, "").toLowerCase() === id ? typed : null;
  }

  /** Who this is in its room, also before there is an avatar; null before the first WELCOME. @returns {Me<G> | null} */
  get me() {
    return /** @type {any} */ (this.#core.me);
  }

  /**
   * Everyone in the room as the newest state has them, in order of joining; empty in a room without a
   * roster. The same array until something changes.
   * @returns {readonly Readonly<G["roster"]>[]}
   */
  get roster() {
    return /** @type {any} */ (this.#core.seat?.replica.people.roster ?? []);
  }

  /**
   * What the room says of itself as the newest state has it: `session.room.phase`; null when it says
   * nothing. The same object until something changes.
   * @returns {Readonly<G["room"]> | null}
   */
  get room() {
    return /** @type {any} */ (this.#core.seat?.replica.people.room ?? null);
  }

  /** The id of the entity that the player steers; null: there is none. @returns {number | null} */
  get avatarId() {
    return this.#core.seat?.replica.avatarId ?? null;
  }

  /** Leaves the seat to the next page of this tab. @returns {boolean} false: there is none, or it is not kept */
  #keepSeat() {
    const { resumeToken, seat } = this.#core;
    if (resumeToken === null) return false;
    if (seat === null) return this.#left !== null && this.#keptSeats.put(this.#kind, this.#left);
    const { room, role, grace_s: graceS } = seat.welcome;
    const untilMs = Date.now() + graceS * 1000;
    return this.#keptSeats.put(this.#kind, { room, role, token: toHex(resumeToken), untilMs });
  }

  /** @returns {Promise<Welcome>} */
  #promiseToJoin() {
    /** @type {Promise<Welcome>} */
    const joined = new Promise((resolve, reject) => {
      this.on("joined", resolve);
      this.on("closed", ({ code, reason }) => reject(new JoinFailed(code, reason)));
    });
    // A page that does not wait for it has a handler of "closed".
    joined.catch(() => {});
    return joined;
  }

  /** @param {string} name @param {any} value */
  #emit(name, value) {
    if (name === "status") this.status = value;
    if (name === "status" && !this.#isMade) {
      // Nobody can have a handler yet: what follows `connect` in the same task adds it.
      queueMicrotask(() => {
        if (this.status === value) this.#emitter.emit(name, value);
      });
      return;
    }
    if (name === "predicted") this.#predictedSeq = value.seq;
    if (name === "contact" && !this.#switches.prediction) return; // it is not what is drawn
    this.#emitter.emit(name, value);
  }
}
