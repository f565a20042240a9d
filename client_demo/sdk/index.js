/**
 * The browser client of a trio-gameserver: `connect` joins a room and keeps the session across broken links; `frame` says what to draw.
 * README.md shows how to use it. Works as it stands in a page with `script-src 'self'`, and in Node with a WebSocket handed in.
 */
import { LIMITS, Role } from "./constants.js";
import { Emitter } from "./emitter.js";
import { Link } from "./link.js";
import { browserPage } from "./page.js";
import { checkControls, encodeControls } from "./schema.js";
import { SessionCore } from "./session.js";
import { noStats, readStats } from "./stats.js";

export { CLOSE, CloseCode, Role } from "./constants.js";

/**
 * @typedef {import("./codec.js").RoomEvent} RoomEvent a `tick`, a `name` and a `payload`
 * @typedef {Omit<import("./codec.js").Welcome, "token">} Welcome where one is: `room`, `session`, `tick_hz`, `schema` …
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./follower.js").Drawn} Drawn
 * @typedef {import("./prediction.js").Step} Step
 * @typedef {import("./stats.js").Stats} Stats
 *
 * @typedef {object} Switches what one can turn on and off at any time, to feel what it does
 * @property {boolean} prediction draw the own avatar where it will be, not where the server last said it was
 * @property {boolean} interpolation draw others between two snapshots, not where the newest has them
 * @property {number} lagMs latency to add in each direction
 * @property {number} jitterMs by how much that varies, up and down
 *
 * @typedef {{state: "connecting"}
 *   | {state: "online"}
 *   | {state: "reconnecting", attempt: number, retryInMs: number, code: number, reason: string}
 *   | {state: "closed", code: number, reason: string}} Status of the link; `attempt` counts from 1
 *
 * @typedef {object} Closed
 * @property {number} code
 * @property {string} name of the code in protocol.md §10
 * @property {string} meaning
 * @property {string} reason what the server said
 *
 * @typedef {object} Notice `draining`, `skipped` from the server; `bad_controls`, `prediction_failed` from the SDK
 * @property {string} name
 * @property {Record<string, any>} detail
 *
 * @typedef {object} SessionEvents
 * @property {Welcome} welcome a room was joined, or joined again
 * @property {{tick: number, bytes: number}} state a snapshot was applied
 * @property {RoomEvent} event something happened in the room, in order and once
 * @property {Status} status of the link
 * @property {Notice} notice
 * @property {Closed} closed the session has ended, and the SDK does not come back by itself
 *
 * @typedef {object} ConnectOptions
 * @property {string} kind of room
 * @property {string | null} [room] the id of a room; left out: any with a free seat
 * @property {number} [role] `Role.PLAYER` (left out) or `Role.SPECTATOR`
 * @property {Record<string, unknown>} [params] the game's business: a name, a colour
 * @property {string | null} [token] a JWT, where the server asks for one
 * @property {boolean} [prediction]
 * @property {boolean} [interpolation]
 * @property {{ms?: number, jitterMs?: number}} [lag] latency to add, for the lab
 * @property {number | null} [snapDistance] an error of the prediction beyond it is not eased out
 * @property {boolean} [eventsAtOnce] tell events as they arrive, not when what is drawn has reached them
 * @property {new (url: string, protocols: string[]) => any} [WebSocket] where there is no global one
 * @property {(url: URL) => Promise<Step>} [loadStep] where modules cannot be imported from the server
 * @property {import("./link.js").Clock} [clock] for tests
 * @property {import("./page.js").Page} [page] for tests
 * @property {() => number} [random] for tests
 */

/**
 * Joins a room. Returns at once; `session.joined` resolves when the room has answered.
 *
 * @param {string} url of the WebSocket: `wss://game.example/ws`
 * @param {ConnectOptions} options
 * @returns {Session}
 * @throws {SyntaxError} for a URL that is none
 */
export function connect(url, options) {
  return new Session(url, options);
}

/** A place in a room. Made by `connect`. */
export class Session {
  #core;
  #link;
  #clock;
  #emitter = new Emitter();
  #stats = noStats();
  /** @type {Switches} */
  #switches;

  /** Resolves with the first WELCOME; rejects when the session ends before. @type {Promise<Welcome>} */
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

  /** What the player does, by the names of the room's inputs; read at each tick. What is left out is neutral. @returns {Readonly<Record<string, unknown>>} */
  get controls() {
    return this.#core.controls;
  }

  set controls(controls) {
    this.setControls(controls);
  }

  /**
   * @param {Readonly<Record<string, unknown>>} controls is not copied: what is written into it later counts from the next tick on
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
   * What to draw now. Call it once for each frame of the display; runs what is due first, so that a key that was just pressed counts.
   *
   * @param {number} [nowMs] of the same clock as `performance.now()`; requestAnimationFrame hands it over
   * @returns {Drawn} reused in the next frame: read it, do not keep it
   */
  frame(nowMs = this.#clock.now()) {
    this.#link.turn(nowMs);
    /** @type {import("./actions.js").Action[]} */
    const told = [];
    const drawn = this.#core.frame(nowMs, this.#switches, told);
    this.#link.perform(told, nowMs);
    return drawn ?? NOTHING;
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
    return this.#core.seat?.follower.avatarId ?? null;
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
    this.#emitter.emit(name, value);
  }
}

/** @type {Drawn} */
const NOTHING = Object.freeze({ entities: new Map(), avatar: null, tick: 0 });

/** @returns {import("./link.js").Clock} */
function systemClock() {
  return {
    now: () => performance.now(),
    setTimeout: (work, ms) => setTimeout(work, ms),
    clearTimeout: (timer) => clearTimeout(timer),
  };
}

/** @param {URL} url @returns {Promise<Step>} */
async function importStep(url) {
  const { predict } = await import(url.href);
  if (typeof predict !== "function") throw new Error(`${url.pathname} exports no predict`);
  return predict;
}
