/**
 * A small authoritative room behind a bad network, all in memory and on a fake clock: the server's
 * side of protocol.md §7, for tests that let the whole SDK play. It sends every STATE from nothing;
 * deltas have tests of their own.
 */

import { decode, encode } from "@msgpack/msgpack";
import { connect } from "../../../client_demo/sdk/index.js";
import { FakeClock, FakeSocket, welcome } from "./fakes.js";
import { packRows } from "./wire.js";

/** @typedef {import("./random.js").Random} Random */

export const TICK_HZ = 60;
const TICK_MS = 1000 / TICK_HZ;
export const SNAPSHOT_EVERY = 3;
const HOLD_TICKS = 15;
const TURN = 6.283185307179586;

export const SIM_SCHEMA = {
  fingerprint: "00000000000000aa",
  entities: [
    {
      name: "Ship",
      fields: [
        { name: "x", kind: "float", step: 1 / 64, lo: -(2 ** 29), hi: 2 ** 29, rate: 1 },
        { name: "vx", kind: "float", step: 1 / 16, lo: -(2 ** 20), hi: 2 ** 20, rate: null },
        { name: "heading", kind: "angle", steps: 1024, rate: null },
        { name: "hp", kind: "int", lo: 0, hi: 100 },
      ],
    },
  ],
  inputs: [
    { name: "turn", kind: "int", lo: -1, hi: 1 },
    { name: "thrust", kind: "flag" },
  ],
};

/**
 * The room's rules, as both sides run them.
 *
 * @param {any} ship
 * @param {any} controls
 * @param {number} dt
 */
export function steer(ship, controls, dt) {
  ship.heading += controls.turn * 4.2 * dt;
  if (controls.thrust) ship.vx += 500 * dt;
  ship.vx *= 1 - 0.5 * dt;
  ship.x += ship.vx * dt;
}

/** Where the other ship is: it swings to and fro. @param {number} tick */
export function otherAt(tick) {
  const phase = tick / TICK_HZ;
  return { x: 300 * Math.sin(phase), vx: 300 * Math.cos(phase) };
}

/** One direction of a network: in order, each message late by its own amount. */
class Way {
  #lastMs = 0;

  /**
   * @param {FakeClock} clock
   * @param {Random} random
   * @param {{latencyMs: number, jitterMs: number}} network
   */
  constructor(clock, random, network) {
    this.clock = clock;
    this.random = random;
    this.network = network;
    /** Nothing arrives before this moment: a stall. */
    this.stalledUntilMs = 0;
  }

  /** @param {() => void} deliver */
  send(deliver) {
    const { latencyMs, jitterMs } = this.network;
    const lateMs = latencyMs + (2 * this.random.next() - 1) * jitterMs;
    const atMs = Math.max(this.clock.nowMs + lateMs, this.#lastMs, this.stalledUntilMs);
    this.#lastMs = atMs;
    this.clock.setTimeout(deliver, atMs - this.clock.nowMs);
  }
}

export class SimRoom {
  tick = 0;
  missed = 0;
  trimmed = 0;
  /** Frames that arrived. */
  arrived = 0;
  ship = { x: 0, vx: 0, heading: 0, hp: 100 };
  /** Ships from tick to tick, as they were. @type {{x: number, vx: number, heading: number}[]} */
  history = [];
  /** @type {{seq: number, codes: number[], atMs: number}[]} */
  #queue = [];
  #last = [0, 0];
  #repeated = 0;
  #consumed = 0;
  /** @type {number | null} */
  #lead = null;
  /** @type {FakeSocket | null} */
  #socket = null;

  /**
   * @param {Random} random
   * @param {Partial<{latencyMs: number, jitterMs: number, step: typeof steer | null, tickMs:
   *   number}>} [options] `tickMs`: a tick by the client's clock
   */
  constructor(random, { latencyMs = 0, jitterMs = 0, step = steer, tickMs = TICK_MS } = {}) {
    this.clock = new FakeClock();
    this.tickMs = tickMs;
    this.network = { latencyMs, jitterMs };
    this.up = new Way(this.clock, random, this.network);
    this.down = new Way(this.clock, random, this.network);
    const room = this;
    class Socket extends FakeSocket {
      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        super(url, protocols);
        room.clock.setTimeout(() => this.open(), room.network.latencyMs);
      }

      /** @param {Uint8Array} bytes @override */
      send(bytes) {
        const message = /** @type {any[]} */ (decode(bytes));
        room.up.send(() => room.#hear(message, this));
      }
    }
    this.session = connect("ws://127.0.0.1:9/ws", {
      ...{ kind: "arena", WebSocket: Socket, clock: this.clock, random: random.next },
      loadStep: async () => ({ predict: step ?? steer }),
    });
    this.step = step === null ? null : "step/arena-1.js";
    this.#schedule();
  }

  /**
   * Lets time pass, and draws sixty frames a second.
   *
   * @param {number} seconds
   * @param {(drawn: import("../../../client_demo/sdk/index.js").Drawn) => void} [look]
   */
  async play(seconds, look = () => {}) {
    for (let frame = 0; frame < seconds * 60; frame += 1) {
      this.clock.advance(TICK_MS);
      // The step is loaded by a promise.
      await null;
      look(this.session.draw());
    }
  }

  #schedule() {
    this.clock.setTimeout(() => {
      this.#run();
      this.#schedule();
    }, this.tickMs);
  }

  #run() {
    this.tick += 1;
    const [turn, thrust] = this.#take();
    steer(this.ship, { turn, thrust: thrust === 1 }, 1 / TICK_HZ);
    this.snap();
    this.history[this.tick] = { ...this.ship };
    if (this.#socket !== null && this.tick % SNAPSHOT_EVERY === 0) this.#sendState(this.#socket);
  }

  snap() {
    const { ship } = this;
    ship.x = Math.floor(ship.x * 64 + 0.5) / 64;
    ship.vx = Math.floor(ship.vx * 16 + 0.5) / 16;
    ship.heading = this.#headingCode() * (TURN / 1024);
  }

  #headingCode() {
    const code = Math.floor(this.ship.heading / (TURN / 1024) + 0.5) % 1024;
    return code < 0 ? code + 1024 : code;
  }

  #take() {
    const frame = this.#queue.shift();
    if (frame !== undefined) {
      this.#consumed = frame.seq;
      this.#lead = Math.floor(((this.clock.nowMs - frame.atMs) / this.tickMs) * 256);
      this.#last = frame.codes;
      this.#repeated = 0;
      return frame.codes;
    }
    if (this.#consumed > 0) this.missed += 1;
    this.#repeated += 1;
    return this.#repeated > HOLD_TICKS ? [0, 0] : this.#last;
  }

  /** @param {FakeSocket} socket */
  #sendState(socket) {
    const other = otherAt(this.tick);
    const rows = [this.ship, { ...other, heading: 0, hp: 100 }].map(({ x, vx, heading, hp }) => [
      ...[Math.floor(x * 64 + 0.5), Math.floor(vx * 16 + 0.5)],
      ...[Math.floor(heading / (TURN / 1024) + 0.5) % 1024, hp],
    ]);
    const enters = [[0, [1, 1], ...packRows(rows, 4)]];
    const bytes = encode([17, this.tick, 0, this.#consumed, this.#lead, [], enters, [], []]);
    this.#lead = null;
    this.down.send(() => socket.raw(bytes));
  }

  /** @param {any[]} message @param {FakeSocket} socket */
  #hear([id, ...items], socket) {
    if (id === 1) this.#join(socket);
    else if (id === 3) this.#queueFrame(items);
    else if (id === 5) this.#say(socket, [20, items[0], this.tick, 0, this.missed, this.trimmed]);
  }

  /** @param {FakeSocket} socket */
  #join(socket) {
    const { tick } = this;
    const keys = { tick_hz: TICK_HZ, snapshot_every: SNAPSHOT_EVERY, schema: SIM_SCHEMA };
    this.#say(socket, welcome({ ...keys, tick, step: this.step }));
    this.#say(socket, [18, 0, 1, [[tick, "@avatar", 1]]]);
    this.#socket = socket;
  }

  /** @param {number[]} items */
  #queueFrame([seq, , , ...codes]) {
    this.arrived += 1;
    this.#queue.push({ seq, codes, atMs: this.clock.nowMs });
    if (this.#queue.length > HOLD_TICKS) {
      this.#queue.shift();
      this.trimmed += 1;
    }
  }

  /** @param {FakeSocket} socket @param {any} message */
  #say(socket, message) {
    const bytes = encode(message);
    this.down.send(() => socket.raw(bytes));
  }
}
