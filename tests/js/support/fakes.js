/** A clock that a test moves, and a WebSocket whose other end is the test. */

import { decode, encode } from "@msgpack/msgpack";
import { DEFAULT_LIMITS } from "../../../client_demo/sdk/codec.js";
import { connect } from "../../../client_demo/sdk/index.js";
import { SHIP_SCHEMA } from "./wire.js";

/** Timers run in the order in which they are due, as `advance` passes them. */
export class FakeClock {
  nowMs = 1000;
  /** @type {{work: () => void, atMs: number}[]} */
  #timers = [];

  now = () => this.nowMs;

  setTimeout = (/** @type {() => void} */ work, /** @type {number} */ ms) => {
    const timer = { work, atMs: this.nowMs + Math.max(0, ms) };
    this.#timers.push(timer);
    return timer;
  };

  clearTimeout = (/** @type {any} */ timer) => {
    this.#timers = this.#timers.filter((one) => one !== timer);
  };

  get waiting() {
    return this.#timers.length;
  }

  /** @param {number} ms */
  advance(ms) {
    const untilMs = this.nowMs + ms;
    for (let runs = 0; runs < 100_000; runs += 1) {
      const [next] = this.#timers.filter((one) => one.atMs <= untilMs).sort(byTime);
      if (next === undefined) break;
      this.clearTimeout(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.work();
    }
    this.nowMs = untilMs;
  }

  /** Time passes and nothing runs: the tab is frozen. @param {number} ms */
  freeze(ms) {
    this.nowMs += ms;
  }
}

/** @param {{atMs: number}} a @param {{atMs: number}} b */
function byTime(a, b) {
  return a.atMs - b.atMs;
}

export class FakeSocket {
  binaryType = "";
  readyState = 0;
  bufferedAmount = 0;
  /** @type {any} */ onopen = null;
  /** @type {any} */ onmessage = null;
  /** @type {any} */ onclose = null;
  /** @type {any} */ onerror = null;
  /** Messages of the client that were not looked at yet, decoded. @type {any[][]} */
  sent = [];
  /**
   * How the client closed it, if it did.
   *
   * @type {[number | undefined, string | undefined] | null}
   */
  closedBy = null;

  /** @param {string} url @param {string[]} protocols */
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.sent.push(/** @type {any[]} */ (decode(bytes)));
  }

  /** @param {number} [code] @param {string} [reason] */
  close(code, reason) {
    this.readyState = 3;
    this.closedBy = [code, reason];
  }

  // --- the server's side

  open() {
    this.readyState = 1;
    this.onopen?.({});
  }

  /** @param {unknown} message */
  say(message) {
    this.raw(encode(message));
  }

  /** @param {Uint8Array | string} data */
  raw(data) {
    this.onmessage?.({ data: typeof data === "string" ? data : Uint8Array.from(data).buffer });
  }

  /** @param {number} code @param {string} [reason] */
  drop(code, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** What the client said since, without the PINGs that it measures with. */
  take() {
    const taken = this.sent.filter(([id]) => id !== 5);
    this.sent = [];
    return taken;
  }
}

/** @param {Record<string, any>} [keys] @returns {any[]} a WELCOME */
export function welcome(keys = {}) {
  return [
    16,
    {
      ...{ server: "s1", session: 1, token: new Uint8Array(24).fill(1), resumed: false },
      ...{ kind: "arena", room: "r1", role: 0, tick: 0, tick_hz: 20, snapshot_every: 1 },
      ...{ grace_s: 20, event: 0, seq: 0, schema: SHIP_SCHEMA, step: null, limits: DEFAULT_LIMITS },
      ...keys,
    },
  ];
}

/** @param {Partial<import("../../../client_demo/sdk/codec.js").State>} parts */
export function state({ tick = 1, span = 0, seq = 0, lead = null, ...blocks }) {
  const { leaves = [], enters = [], changes = [], values = [] } = blocks;
  return [17, tick, span, seq, lead, leaves, enters, changes, values];
}

/**
 * A session over fake sockets.
 *
 * @param {Partial<import("../../../client_demo/sdk/index.js").ConnectOptions>} [options]
 */
export function fakeSession(options = {}) {
  const clock = new FakeClock();
  /** @type {FakeSocket[]} */
  const sockets = [];
  /** @type {((event: import("../../../client_demo/sdk/page.js").PageEvent) => void)[]} */
  const listeners = [];
  /** @type {any[]} */
  const reported = [];
  class Socket extends FakeSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const session = connect("ws://127.0.0.1:9/ws", {
    kind: "arena",
    WebSocket: Socket,
    clock,
    random: () => 0.5,
    newAttempt: null,
    page: (listener) => {
      listeners.push(listener);
      return () => listeners.splice(listeners.indexOf(listener), 1);
    },
    ...options,
  });
  for (const name of /** @type {const} */ ([
    "joined",
    "moved",
    "event",
    "status",
    "notice",
    "closed",
  ])) {
    session.on(name, (/** @type {any} */ value) => reported.push([name, value]));
  }
  return {
    session,
    clock,
    sockets,
    listeners,
    reported,
    /** The newest socket. */
    get socket() {
      return /** @type {FakeSocket} */ (sockets.at(-1));
    },
    /**
     * Opens the newest link and answers its first message.
     *
     * @param {Record<string, any>} [keys] of WELCOME
     */
    join(keys = {}) {
      this.socket.open();
      const first = this.socket.take();
      this.socket.say(welcome(keys));
      return first;
    },
    /** The values of the events of a name. @param {string} name */
    heard(name) {
      return reported.filter(([what]) => what === name).map(([, value]) => value);
    },
  };
}
