/**
 * A session as the game sees it: the core and its link put together, and what one can ask of them.
 */
import { LIMITS, Role } from "./constants.js";
import { Emitter } from "./emitter.js";
import { Link } from "./link.js";
import { browserPage, importStep, systemClock } from "./page.js";
import { checkControls, encodeControls } from "./schema.js";
import { SessionCore } from "./session_core.js";
import { noStats, readStats } from "./stats.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./replica.js").Drawn} Drawn
 * @typedef {import("./index.js").ConnectOptions} ConnectOptions
 * @typedef {import("./index.js").SessionEvents} SessionEvents
 * @typedef {import("./index.js").Status} Status
 * @typedef {import("./index.js").Switches} Switches
 * @typedef {import("./index.js").Welcome} Welcome
 * @typedef {import("./stats.js").Stats} Stats
 */

/** A round trip over a bad link, and what the server needs to make up its mind. */
const EXPECT_FOR_MS = 1000;

/** @type {Drawn} */
const NOTHING = Object.freeze({ entities: new Map(), avatar: null, tick: 0 });

/** A place in a room. Made by `connect`. */
export class Session {
  #core;
  #link;
  #clock;
  #emitter = new Emitter();
  #stats = noStats();
  /** @type {Switches} */
  #switches;
  /** The newest tick that `predicted` told of. */
  #predictedSeq = 0;

  /**
   * Resolves with the first WELCOME; rejects when the session ends before.
   *
   * @type {Promise<Welcome>}
   */
  joined;
  /** @type {Status} */
  status = { state: "connecting" };

  /** @param {string} url @param {ConnectOptions} options */
  constructor(url, options) {
    this.#core = new SessionCore({
      kind: options.kind,
      room: options.room ?? null,
      role: options.role ?? Role.PLAYER,
      params: options.params ?? {},
      snapDistance: options.snapDistance ?? null,
      eventsAtOnce: options.eventsAtOnce ?? false,
    });
    this.#switches = {
      prediction: options.prediction ?? true,
      interpolation: options.interpolation ?? true,
      lagMs: options.lag?.ms ?? 0,
      jitterMs: options.lag?.jitterMs ?? 0,
    };
    this.#clock = options.clock ?? systemClock();
    this.joined = this.#promiseToJoin();
    this.#link = new Link(this.#core, {
      url,
      token: options.token ?? null,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      clock: this.#clock,
      page: options.page ?? browserPage,
      random: options.random ?? Math.random,
      switches: this.#switches,
      loadStep: options.loadStep ?? importStep,
      emit: (name, value) => this.#tell(name, value),
    });
    this.#link.start();
  }

  /**
   * @template {keyof SessionEvents} N
   * @param {N} name
   * @param {(value: SessionEvents[N]) => void} handler
   * @returns {this}
   */
  on(name, handler) {
    if (name === "predicted") this.#core.tellsPredicted = true;
    this.#emitter.on(name, handler);
    return this;
  }

  /**
   * @template {keyof SessionEvents} N
   * @param {N} name
   * @param {(value: SessionEvents[N]) => void} handler
   * @returns {this}
   */
  off(name, handler) {
    this.#emitter.off(name, handler);
    return this;
  }

  /**
   * What the player does, by the names of the room's inputs; read at each tick. What is left out is
   * neutral.
   *
   * @returns {Readonly<Record<string, unknown>>}
   */
  get controls() {
    return this.#core.controls;
  }

  set controls(controls) {
    this.setControls(controls);
  }

  /**
   * @param {Readonly<Record<string, unknown>>} controls is not copied: what is written into it
   *   later counts from the next tick on
   * @throws {TypeError} for an input that the room does not have, or a value that it cannot hold
   */
  setControls(controls) {
    const schema = this.#core.seat?.schema;
    if (schema !== undefined) {
      checkControls(schema, controls);
      encodeControls(schema, controls);
    }
    this.#core.controls = controls;
  }

  /**
   * Says something to the room: a chat line, a vote.
   *
   * @param {string} name
   * @param {unknown} [payload] anything that msgpack holds, without extensions
   * @returns {boolean} false when there is no link now: it was not said, and is not kept
   * @throws {RangeError} when it is larger than servers take
   */
  send(name, payload = null) {
    const actions = this.#core.say(name, payload);
    for (const action of actions) {
      if (action.do === "send" && action.bytes.length > LIMITS.MAX_MESSAGE_BYTES) {
        throw new RangeError(
          `"${name}" takes ${action.bytes.length} bytes, more than servers take`,
        );
      }
    }
    this.#link.perform(actions, this.#clock.now());
    return actions.length > 0;
  }

  /**
   * What to draw now. Call it once for each frame of the display; runs what is due first, so that a
   * key that was just pressed counts.
   *
   * @param {number} [nowMs] of the same clock as `performance.now()`; requestAnimationFrame hands
   *   it over
   * @returns {Drawn} reused in the next frame: read it, do not keep it
   */
  frame(nowMs = this.#clock.now()) {
    // What the display calls now began a little ago; what is due by this moment is run, whatever is
    // drawn.
    this.#link.turn(Math.max(nowMs, this.#clock.now()));
    /** @type {import("./actions.js").Action[]} */
    const told = [];
    const drawn = this.#core.frame(nowMs, this.#switches, told);
    this.#link.perform(told, nowMs);
    return drawn ?? NOTHING;
  }

  /**
   * Shows at once what a predicted tick spawns; the server's entity takes its place when it comes.
   * To be called from a handler of `predicted`. The values are those that the server will have
   * after that tick.
   *
   * @param {string} type name of the entity type
   * @param {Readonly<Record<string, unknown>>} values of its fields; those left out are 0, false or
   *   empty
   * @param {{match?: (entity: Entity) => boolean, rewound?: boolean}} [options] `match`: whether an
   *   entity of the server's may be it; `rewound`: the room takes it through the past that this
   *   player saw (`Room.rewind`), so it belongs to the others, and is drawn in their time then
   * @returns {Entity | null} what is drawn, with a negative id until it is adopted; null when
   *   prediction is off
   * @throws {TypeError} for a type or field that the room does not have
   */
  predictSpawn(type, values, { match = () => true, rewound = false } = {}) {
    if (!this.#switches.prediction) return null;
    return this.#core.seat?.spawn(type, values, this.#predictedSeq, match, rewound) ?? null;
  }

  /**
   * Tells at once an event that the server is going to tell; its own is not told again. If it does
   * not come in time, `withdrawn` is told.
   *
   * @param {string} name
   * @param {any} payload
   * @param {{match?: (payload: any) => boolean, timeoutMs?: number}} [options] `match`: whether one
   *   of that name is it
   */
  expectEvent(name, payload, { match = () => true, timeoutMs = EXPECT_FOR_MS } = {}) {
    const { seat } = this.#core;
    if (seat === null) return;
    const untilS = (this.#clock.now() + timeoutMs) / 1000;
    seat.events.expect({ name, payload, match, untilS });
    this.#emitter.emit("event", { tick: seat.replica.tick, name, payload });
  }

  /** Figures for a net graph; the same object each time. @returns {Readonly<Stats>} */
  get stats() {
    readStats(this.#stats, this.#core, this.#link.bufferedBytes, this.#clock.now() / 1000);
    return this.#stats;
  }

  /** @returns {Switches} */
  get switches() {
    return this.#switches;
  }

  /** Those that are given change. @param {Partial<Switches>} switches */
  set switches(switches) {
    Object.assign(this.#switches, switches);
  }

  /** The newest WELCOME: where this is, and with which schema. @returns {Welcome | null} */
  get welcome() {
    return this.#core.seat?.welcome ?? null;
  }

  /** The entity that the player steers. @returns {number | null} */
  get avatarId() {
    return this.#core.seat?.replica.avatarId ?? null;
  }

  /** Tries to come back now, if it is waiting to. */
  reconnect() {
    this.#link.reconnect();
  }

  /** Leaves the room for good. */
  leave() {
    this.#link.leave();
  }

  /** @returns {Promise<Welcome>} */
  #promiseToJoin() {
    /** @type {Promise<Welcome>} */
    const joined = new Promise((resolve, reject) => {
      this.on("welcome", resolve);
      this.on("closed", ({ code, name, reason }) => {
        reject(new Error(`closed with ${code} ${name}${reason === "" ? "" : `: ${reason}`}`));
      });
    });
    // Who does not wait for it hears of the end by "closed".
    joined.catch(() => {});
    return joined;
  }

  /** @param {string} name @param {any} value */
  #tell(name, value) {
    if (name === "status") this.status = value;
    if (name === "predicted") this.#predictedSeq = value.seq;
    this.#emitter.emit(name, value);
  }
}
