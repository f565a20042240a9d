/**
 * The WebSocket, the timers and the page: the only module with I/O. Carries what the core asks for
 * to the server and back, comes back when a link breaks, and emulates a longer way for the lab.
 *
 * Every wake-up, whether a timer, a message, a frame or the page's news, ends in `turn`, which does
 * all that is due. So a background tab, whose timers sleep, runs its ticks and shows life on the
 * messages that arrive.
 */
import { Backoff } from "./backoff.js";
import { CLOSE, CloseCode, MAX_REASON_BYTES, SUBPROTOCOL, TOKEN_PREFIX } from "./constants.js";
import { NetworkSimulator } from "./network_simulator.js";

/**
 * @typedef {import("./actions.js").Action} Action
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./page.js").PageNews} PageNews
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./session_core.js").SessionCore} SessionCore
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds, never running backwards
 * @property {(work: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {object} Socket as much of a WebSocket as is used
 * @property {string} binaryType
 * @property {number} readyState
 * @property {number} bufferedAmount
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 * @property {(bytes: any) => void} send
 * @property {(code?: number, reason?: string) => void} close
 *
 * @typedef {object} LinkOptions
 * @property {string} url of the WebSocket
 * @property {string | null} token a JWT, where the server asks for one
 * @property {new (url: string, protocols: string[]) => Socket} WebSocket
 * @property {Clock} clock
 * @property {Page} page
 * @property {() => number} random 0 ≤ value < 1
 * @property {{lagMs: number, jitterMs: number}} switches latency to add in each direction
 * @property {(url: URL) => Promise<SharedStep>} loadStep
 * @property {(name: string, value: any) => void} emit
 */

/** A server that has not answered by then is tried again; browsers themselves wait for minutes. */
export const CONNECT_TIMEOUT_MS = 10_000;

const OPEN = 1;

export class Link {
  #core;
  #options;
  #backoff;
  /** @type {Socket | null} */
  #socket = null;
  #unsubscribe = () => {};
  #timer = null;
  /**
   * When the present phase ends by itself: a try that is not answered, or the wait for the next
   * one.
   */
  #deadlineMs = Number.POSITIVE_INFINITY;
  /** @type {NetworkSimulator<Uint8Array | string>} */
  #inbound;
  /** @type {NetworkSimulator<Uint8Array>} */
  #outbound;

  /** @type {"idle" | "connecting" | "up" | "waiting" | "closed"} */
  phase = "idle";

  /** @param {SessionCore} core @param {LinkOptions} options */
  constructor(core, options) {
    this.#core = core;
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#inbound = new NetworkSimulator(options.random);
    this.#outbound = new NetworkSimulator(options.random);
  }

  get bufferedBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Opens the first link. @throws {SyntaxError} for a URL that is none */
  start() {
    this.#unsubscribe = this.#options.page((news) => this.#hear(news));
    this.#connect();
  }

  /** Leaves for good. */
  leave() {
    if (this.phase === "closed") return;
    for (const action of this.#core.leave()) if (action.do === "send") this.#write(action.bytes);
    this.#close(CloseCode.NORMAL, "left");
  }

  /** Tries again now, if it is waiting to. */
  reconnect() {
    if (this.phase === "waiting") this.#connect();
  }

  /** Does all that is due. @param {number} nowMs */
  turn(nowMs) {
    if (nowMs >= this.#deadlineMs) {
      if (this.phase === "waiting") this.#connect();
      else this.#close(CloseCode.LINK_LOST, "no answer");
    }
    if (this.phase === "up") {
      for (
        let data = this.#inbound.take(nowMs);
        data !== undefined;
        data = this.#inbound.take(nowMs)
      ) {
        this.perform(this.#core.received(data, nowMs), nowMs);
      }
      this.perform(this.#core.advance(nowMs, this.bufferedBytes), nowMs);
      for (let bytes = this.#outbound.take(nowMs); bytes; bytes = this.#outbound.take(nowMs)) {
        this.#write(bytes);
      }
    }
    this.#sleep();
  }

  /**
   * Carries out what the core asks for, in order.
   *
   * @param {readonly Action[]} actions
   * @param {number} nowMs
   */
  perform(actions, nowMs) {
    for (const action of actions) {
      switch (action.do) {
        case "send":
          this.#send(action.bytes, nowMs);
          break;
        case "emit":
          if (action.name === "welcome") this.#joined();
          this.#options.emit(action.name, action.value);
          break;
        case "loadStep":
          this.#load(action.path);
          break;
        case "close":
          this.#close(action.code, action.reason);
          return;
      }
    }
  }

  #connect() {
    const { url, token, WebSocket, clock } = this.#options;
    const offer = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_PREFIX + token];
    const socket = new WebSocket(url, offer);
    socket.binaryType = "arraybuffer";
    // A socket that was given up goes on talking for a while: only the present one is heard.
    const present = (/** @type {(event: any) => void} */ handle) => (/** @type {any} */ event) => {
      if (socket === this.#socket) handle(event);
    };
    socket.onopen = present(() => this.#opened());
    socket.onmessage = present((event) => this.#received(event.data));
    socket.onclose = present((event) => this.#ended(event.code, event.reason));
    socket.onerror = () => {};
    this.#socket = socket;
    this.phase = "connecting";
    this.#deadlineMs = clock.now() + CONNECT_TIMEOUT_MS;
    this.#status("connecting", {});
    this.#sleep();
  }

  #opened() {
    const nowMs = this.#options.clock.now();
    this.phase = "up";
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.perform(this.#core.opened(nowMs), nowMs);
    this.turn(nowMs);
  }

  /** @param {ArrayBuffer | string} data */
  #received(data) {
    const nowMs = this.#options.clock.now();
    const { lagMs, jitterMs } = this.#options.switches;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    this.#inbound.push(message, nowMs, lagMs, jitterMs);
    this.turn(nowMs);
  }

  #joined() {
    this.#backoff.joined();
    this.#status("online", {});
  }

  /** @param {Uint8Array} bytes @param {number} nowMs */
  #send(bytes, nowMs) {
    const { lagMs, jitterMs } = this.#options.switches;
    this.#outbound.push(bytes, nowMs, lagMs, jitterMs);
    for (let next = this.#outbound.take(nowMs); next; next = this.#outbound.take(nowMs)) {
      this.#write(next);
    }
  }

  /** @param {Uint8Array} bytes */
  #write(bytes) {
    if (this.#socket?.readyState === OPEN) this.#socket.send(bytes);
  }

  /** Ends the link from our side. @param {number} code @param {string} reason */
  #close(code, reason) {
    const socket = this.#socket;
    // A close that is never answered must not keep us: it counts from now on.
    this.#ended(code, reason);
    if (socket === null) return;
    if (code === CloseCode.LINK_LOST) socket.close();
    else socket.close(code, clipped(reason));
  }

  /** The link has ended. @param {number} code @param {string} reason */
  #ended(code, reason) {
    this.#socket = null;
    this.#inbound.clear();
    this.#outbound.clear();
    this.#core.lost();
    const { back, afterMs } = this.#backoff.plan(code, reason);
    if (back === "no") {
      this.#finish(code, reason);
      return;
    }
    if (back === "join") this.#core.forget();
    this.phase = "waiting";
    this.#deadlineMs = this.#options.clock.now() + afterMs;
    const { attempt } = this.#backoff;
    this.#status("reconnecting", { attempt, retryInMs: afterMs, code, reason });
    this.#sleep();
  }

  /** @param {number} code @param {string} reason */
  #finish(code, reason) {
    this.phase = "closed";
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#unsubscribe();
    this.#sleep();
    const { name = "", meaning = "" } = CLOSE[code] ?? {};
    this.#status("closed", { code, reason });
    this.#options.emit("closed", { code, name, meaning, reason });
  }

  /** @param {string} path */
  #load(path) {
    const replica = this.#core.seat?.replica;
    const base = new URL(this.#options.url.replace(/^ws/, "http"));
    // Should another room have been joined meanwhile, this one's replica is not looked at any
    // more.
    const use = (/** @type {SharedStep} */ step) => replica?.useStep(step);
    const fail = (/** @type {Error} */ error) => {
      const detail = { message: `the room's step cannot be loaded: ${error.message}` };
      this.#options.emit("notice", { name: "prediction_failed", detail });
    };
    const url = new URL(path, base);
    if (url.origin !== base.origin) fail(new Error("it is of another origin"));
    else this.#options.loadStep(url).then(use, fail);
  }

  /** @param {PageNews} news */
  #hear(news) {
    if (news === "gone") this.leave();
    else if (this.phase === "waiting") this.#connect();
    else this.turn(this.#options.clock.now());
  }

  /** Wakes up when the next thing is due. */
  #sleep() {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = null;
    const due = Math.min(
      this.#deadlineMs,
      this.#core.dueMs,
      this.#inbound.dueMs,
      this.#outbound.dueMs,
    );
    if (due === Number.POSITIVE_INFINITY) return;
    // Timers cut fractions off: one that woke up early would find nothing due.
    const wait = Math.max(0, Math.ceil(due - clock.now()));
    this.#timer = clock.setTimeout(() => this.turn(clock.now()), wait);
  }

  /** @param {"connecting" | "online" | "reconnecting" | "closed"} state @param {object} more */
  #status(state, more) {
    this.#options.emit("status", { state, ...more });
  }
}

/** As much of a reason as a close frame takes. @param {string} reason */
function clipped(reason) {
  const bytes = new TextEncoder().encode(reason).subarray(0, MAX_REASON_BYTES - 3);
  return new TextDecoder().decode(bytes);
}
