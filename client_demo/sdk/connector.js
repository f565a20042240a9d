/**
 * Keeps a session connected: one link after the other, with back-off in between, until the session
 * ends. Carries out what the core asks for.
 *
 * Every wake-up, whether a timer, a message, a drawn frame or an event of the page, ends in `turn`,
 * which does all that is due. So a tab in the background, whose timers sleep, runs its ticks and
 * shows life on the messages that arrive.
 *
 * A spectator whose WebSocket does not open, or says nothing, is let in over HTTP: over a stream, and
 * where that is held back, by polls. Each next attempt begins with a WebSocket again.
 *
 * `gameserver/client/connector.py` is the twin. It runs tasks instead of callbacks, and knows of no
 * page that is back or left. A page cannot wait for the server's close, so `leave` does not.
 */
import { Backoff } from "./backoff.js";
import { CLOSE, CloseCode } from "./constants.js";
import { HttpLink } from "./http_link.js";
import { Link } from "./link.js";
import { checkSentToken } from "./options.js";

/**
 * @typedef {import("./actions.js").Action} Action
 * @typedef {import("./page.js").PageEvent} PageEvent
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./session_core.js").SessionCore} SessionCore
 * @typedef {import("./session_events.js").Status} Status
 *
 * @typedef {string | (() => string | Promise<string>) | null} TokenSource a JWT, or what is called
 *   for one before each attempt; null where the server asks for none
 *
 * @typedef {object} ConnectorOptions
 * @property {import("./link.js").Address} address
 * @property {boolean} watches whether it is a spectator's, who can do without a WebSocket
 * @property {TokenSource} token
 * @property {Readonly<import("./link.js").AddedLatency>} latency
 * @property {import("./page.js").Clock} clock
 * @property {import("./page.js").Page} page
 * @property {() => number} random 0 ≤ value < 1
 * @property {(url: URL) => Promise<SharedStep>} loadStep
 * @property {(name: string, value: any) => void} emit called with each event of the session
 * @property {() => boolean} keepSeat leaves the seat to the next page; false: it cannot be
 */

/**
 * For TCP, TLS and the upgrade together: enough for a slow link that loses a packet or two. Browsers
 * themselves wait for minutes.
 */
export const CONNECT_WITHIN_S = 10;

/** From the request of a stream to its first message: a proxy that holds answers back sends none. */
const FIRST_MESSAGE_WITHIN_S = 5;

/**
 * How the room comes in.
 *
 * @typedef {"websocket" | import("./http_link.js").HttpTransport} TransportName
 */

/** What is tried next where one does not work. @type {Record<TransportName, TransportName | null>} */
const NEXT_TRANSPORT = { websocket: "sse", sse: "polling", polling: null };

const NEVER = Number.POSITIVE_INFINITY;

/** Runs the links of one session. */
export class Connector {
  #core;
  #options;
  #backoff;
  /** @type {"idle" | "connecting" | "up" | "waiting" | "closed"} */
  #phase = "idle";
  /** @type {Link | HttpLink | null} */
  #link = null;
  /** What the newest link runs over. @type {TransportName} */
  #transport = "websocket";
  /** When the link joined a room; null: it has not. @type {number | null} */
  #joinedAtMs = null;
  #unsubscribe = () => {};
  #timer = null;
  /** When the phase ends by itself: an attempt without an answer, or the wait for the next one. */
  #deadlineMs = NEVER;
  /** @type {TokenSource} */
  #token;
  /** The token of the newest link. @type {string | null} */
  #sentToken = null;
  /** Whether the wait is for a new token. */
  #awaitsToken = false;
  /** The newest attempt; what comes of an older one is dropped. */
  #attempt = 0;

  /** @param {SessionCore} core @param {ConnectorOptions} options */
  constructor(core, options) {
    this.#core = core;
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#token = options.token;
  }

  /** What the next links are opened with. A session that waits for a new token goes on with it. */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token;
    if (this.#awaitsToken) this.#connect();
  }

  /** What the newest link runs over. */
  get transport() {
    return this.#transport;
  }

  /** What the WebSocket has not sent yet. */
  get bufferedBytes() {
    return this.#link?.bufferedBytes ?? 0;
  }

  /** Opens the first link. @throws {SyntaxError} for a URL that is none */
  start() {
    this.#unsubscribe = this.#options.page((event) => this.#onPage(event));
    this.#connect();
  }

  /** Leaves for good. */
  leave() {
    if (this.#phase === "closed") return;
    for (const action of this.#core.leave()) {
      if (action.do === "send") this.#link?.sendNow(action.bytes);
    }
    this.#close(CloseCode.NORMAL, "left");
  }

  /** Tries again now, if it waits to. */
  reconnect() {
    if (this.#phase === "waiting") this.#connect();
  }

  /** Does all that is due. @param {number} nowMs */
  turn(nowMs) {
    if (nowMs >= this.#deadlineMs) {
      if (this.#phase === "waiting") this.#connect();
      else this.#close(CloseCode.LINK_LOST, "no answer");
    }
    if (this.#phase === "up") {
      for (let data = this.#link?.take(nowMs); data !== undefined; data = this.#link?.take(nowMs)) {
        this.perform(this.#core.receive(data, nowMs), nowMs);
      }
      this.perform(this.#core.tick(nowMs, this.#link?.busy ?? false), nowMs);
      this.#link?.flush(nowMs);
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
          this.#link?.send(action.bytes, nowMs);
          break;
        case "emit":
          if (action.name === "joined") this.#joined(nowMs);
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
    const token = this.#token;
    this.#awaitsToken = false;
    this.#attempt += 1;
    this.#transport = "websocket";
    this.#phase = "connecting";
    this.#joinedAtMs = null;
    this.#deadlineMs = NEVER; // a token may be what a person is asked for
    if (typeof token !== "function") this.#open(token);
    this.#report({ state: "connecting" });
    this.#sleep();
    if (typeof token === "function") this.#ask(token);
  }

  /**
   * Opens a link with the token that a function has. One that returns what is no token is called again later, as one
   * that throws is; null and undefined are no token at all.
   *
   * @param {() => string | Promise<string>} source
   */
  #ask(source) {
    const attempt = this.#attempt;
    /** @param {() => void} go */
    const ifCurrent = (go) => {
      if (attempt === this.#attempt && this.#phase === "connecting") go();
    };
    new Promise((resolve) => resolve(source()))
      .then((token) => {
        checkSentToken(token ?? null);
        ifCurrent(() => this.#open(/** @type {string | null} */ (token ?? null)));
      })
      .catch((error) => {
        const reason = `no token: ${error instanceof Error ? error.message : error}`;
        ifCurrent(() => this.#ended(CloseCode.LINK_LOST, reason));
      });
  }

  /** @param {string | null} token @throws {SyntaxError} for a URL that is none, or a token that is none */
  #open(token) {
    const { address, latency, random, clock } = this.#options;
    this.#sentToken = token;
    const handlers = {
      opened: () => this.#opened(),
      received: (/** @type {Uint8Array | string} */ data) => this.#received(data),
      ended: (/** @type {number} */ code, /** @type {string} */ reason) =>
        this.#ended(code, reason),
    };
    const transport = this.#transport;
    if (transport === "websocket") {
      this.#link = new Link(address, token, latency, random, handlers);
    } else {
      const room = this.#core.seat?.welcome.room ?? null;
      this.#link = new HttpLink({ url: address.url, transport, token, room, clock, handlers });
    }
    this.#deadlineMs = clock.now() + CONNECT_WITHIN_S * 1000;
    this.#sleep();
  }

  #opened() {
    const nowMs = this.#options.clock.now();
    this.#phase = "up";
    const isHttp = this.#transport !== "websocket";
    this.#deadlineMs = isHttp ? nowMs + FIRST_MESSAGE_WITHIN_S * 1000 : NEVER;
    this.perform(this.#core.opened(nowMs), nowMs);
    this.turn(nowMs);
  }

  /** @param {Uint8Array | string} data */
  #received(data) {
    const nowMs = this.#options.clock.now();
    this.#link?.arrived(data, nowMs);
    this.turn(nowMs);
  }

  /** @param {number} nowMs */
  #joined(nowMs) {
    this.#joinedAtMs = nowMs;
    this.#deadlineMs = NEVER;
    this.#report({ state: "joined" });
    if (this.#transport !== "websocket") {
      const detail = { transport: this.#transport };
      this.#options.emit("notice", { name: "transport", detail });
    }
  }

  /** Ends the link from this side. @param {number} code @param {string} reason */
  #close(code, reason) {
    const link = this.#link;
    this.#ended(code, reason);
    link?.close(code, reason);
  }

  /** The link has ended. @param {number} code @param {string} reason */
  #ended(code, reason) {
    const nowMs = this.#options.clock.now();
    const back = this.#core.lost(code);
    if (code === CloseCode.LINK_LOST && this.#fallBack()) return;
    const joinedForS = this.#joinedAtMs === null ? null : (nowMs - this.#joinedAtMs) / 1000;
    this.#link = null;
    this.#joinedAtMs = null;
    this.#backoff.linkEnded(code, joinedForS);
    if (back === "no" || (back === "token" && this.#token === null)) {
      this.#finish(code, reason);
      return;
    }
    // The same token would be refused again.
    this.#awaitsToken = back === "token" && this.#token === this.#sentToken;
    const waitMs = this.#backoff.nextS(reason) * 1000;
    const retryInMs = this.#awaitsToken ? NEVER : waitMs;
    this.#phase = "waiting";
    this.#deadlineMs = nowMs + retryInMs;
    const { attempts } = this.#backoff;
    this.#report({ state: "waiting", attempt: attempts, retryInMs, code, reason });
    this.#sleep();
  }

  /** Tries another transport, if the one before let nothing through. @returns {boolean} whether it does */
  #fallBack() {
    const next = NEXT_TRANSPORT[this.#transport];
    if (!this.#options.watches || this.#joinedAtMs !== null || next === null) return false;
    this.#link?.close(CloseCode.LINK_LOST, "another transport is tried");
    this.#transport = next;
    this.#phase = "connecting";
    this.#open(this.#sentToken);
    return true;
  }

  /** @param {number} code @param {string} reason */
  #finish(code, reason) {
    this.#phase = "closed";
    this.#awaitsToken = false;
    this.#deadlineMs = NEVER;
    this.#unsubscribe();
    this.#sleep();
    const { name = "", meaning = "" } = CLOSE[code] ?? {};
    this.#report({ state: "closed", code, reason });
    this.#options.emit("closed", { code, name, meaning, reason });
  }

  /** @param {string} path */
  #load(path) {
    const replica = this.#core.seat?.replica;
    const base = new URL(this.#options.address.url.replace(/^ws/, "http"));
    // Should another room be joined meanwhile, this one's replica is not looked at any more.
    const use = (/** @type {SharedStep} */ step) => replica?.useStep(step);
    const fail = (/** @type {Error} */ error) => {
      const detail = { message: `the room's step cannot be loaded: ${error.message}` };
      this.#options.emit("notice", { name: "prediction_failed", detail });
    };
    const url = new URL(path, base);
    if (url.origin !== base.origin) fail(new Error("it is of another origin"));
    else this.#options.loadStep(url).then(use, fail);
  }

  /** @param {PageEvent} event */
  #onPage(event) {
    if (event === "gone") this.#leavePage();
    else if (this.#phase === "waiting" && !this.#awaitsToken) this.#connect();
    else this.turn(this.#options.clock.now());
  }

  /** The page is being left. The browser closes the link of a seat that is kept, with 1001. */
  #leavePage() {
    if (this.#phase !== "closed" && !this.#options.keepSeat()) this.leave();
  }

  /** Wakes up when the next thing is due. */
  #sleep() {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = null;
    const linkAtMs = this.#link?.nextAtMs ?? NEVER;
    const nextAtMs = Math.min(this.#deadlineMs, this.#core.nextAtMs, linkAtMs);
    if (nextAtMs === NEVER) return;
    // Timers cut fractions off: one that wakes up early finds nothing due.
    const wait = Math.max(0, Math.ceil(nextAtMs - clock.now()));
    this.#timer = clock.setTimeout(() => this.turn(clock.now()), wait);
  }

  /** @param {Status} status */
  #report(status) {
    this.#options.emit("status", status);
  }
}
