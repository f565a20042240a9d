/**
 * What the browser's SDK costs: decode and apply a snapshot in which all of 100 ships changed, draw
 * a frame of them, and whether the heap grows over ten minutes of play. Targets: ≤ 0.2 ms, ≤ 1 ms,
 * no growth. One page's worth of work, in Node's V8, which is Chromium's.
 *
 *     node --expose-gc bench/js/decode_bench.mjs
 */

import { encode } from "@msgpack/msgpack";
import { decodeServer } from "../../client_demo/sdk/codec.js";
import { InputFrames } from "../../client_demo/sdk/inputs.js";
import { Replica } from "../../client_demo/sdk/replica.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { seeded } from "../../tests/js/support/random.js";
import { gaps, packRows } from "../../tests/js/support/wire.js";

const SHIPS = 100;
const TICK_HZ = 60;
const SNAPSHOT_EVERY = 3;
const MESSAGES = 600;
const TEN_MINUTES_OF_STATES = 600 * 20;

/** @param {string} name @param {number} hi */
const int = (name, hi) => ({ name, kind: "int", lo: 0, hi });
/** @param {string} name @param {number} step @param {number | null} rate */
const float = (name, step, rate) => ({
  ...{ name, kind: "float", step, rate },
  ...{ lo: -(2 ** 24), hi: 2 ** 24 },
});

/** The arena's Ship, field by field. */
const SHIP = [
  ...[float("x", 1 / 64, 2), float("y", 1 / 64, 3)],
  ...[float("vx", 1 / 16, null), float("vy", 1 / 16, null)],
  { name: "angle", kind: "angle", steps: 1024, rate: null },
  ...[int("hp", 100), int("score", 9999), int("deaths", 9999), int("cooldown", 60)],
  ...[int("shield", 255), int("rapid", 600), int("hue", 359)],
  ...["thrusting", "dead", "bot"].map((name) => ({ name, kind: "flag" })),
  { name: "name", kind: "text", max_bytes: 48 },
];
const NUMERIC = SHIP.length - 1;

const schema = compileSchema(
  {
    fingerprint: "00000000000000bb",
    entities: [{ name: "Ship", fields: SHIP }],
    inputs: [{ name: "turn", kind: "int", lo: -1, hi: 1 }],
  },
  TICK_HZ,
);
const random = seeded(1);

/** Everybody enters. */
function firstState() {
  const ids = Array.from({ length: SHIPS }, (_, i) => i + 1);
  const row = () => [
    ...[random.int(0, 150_000), random.int(0, 100_000), random.int(-7000, 7000), 0],
    ...[random.int(0, 1023), 100, 0, 0, 30, 100, 300, random.int(0, 359), 0, 0, 1],
  ];
  const enters = [[0, gaps(ids), ...packRows(ids.map(row), NUMERIC)]];
  const names = ids.map((id) => `Pilot ${id}`);
  return encode([17, 3, 0, 0, null, [], enters, [], [[0, NUMERIC, null, names]]]);
}

/**
 * Everybody steers, and is where dead reckoning was off by a little; speeds, turns and counters
 * wander around what they were.
 */
function states() {
  const wander = Array.from({ length: SHIPS }, () => [0, 0, 0]);
  return Array.from({ length: MESSAGES }, (_, i) => {
    const rows = wander.map((sum) => {
      const back = sum.map((value, j) => {
        const move = value > 0 ? -random.int(0, [90, 90, 9][j]) : random.int(0, [90, 90, 9][j]);
        sum[j] += move;
        return move;
      });
      const off = () => random.int(-6, 6);
      const counters = [0, 0, 0, 0, 0, 0, 0];
      return [...[off(), off(), back[0], back[1], random.int(0, 30)], ...counters, 0, 0, 0];
    });
    const block = [0, null, ...packRows(rows, NUMERIC)];
    const tick = 3 + SNAPSHOT_EVERY * (i + 1);
    return encode([17, tick, SNAPSHOT_EVERY, i, 128, [], [], [block], []]);
  });
}

/** @param {number[]} samples in µs */
function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => sorted[Math.floor(share * (sorted.length - 1))];
  return { p50: at(0.5).toFixed(1), p99: at(0.99).toFixed(1) };
}

/** A spectator steers nothing. */
const NO_FRAMES = new InputFrames(schema, TICK_HZ);

const first = firstState();
const deltas = states();
/** Deltas hold their ticks; a replica that begins again can take them again. */
function play(/** @type {number} */ count, /** @type {boolean} */ measure) {
  const decode = [];
  const draw = [];
  let replica = new Replica(schema, TICK_HZ, SNAPSHOT_EVERY, null);
  for (let i = 0; i < count; i += 1) {
    const at = i % MESSAGES;
    if (at === 0) {
      replica = new Replica(schema, TICK_HZ, SNAPSHOT_EVERY, null);
      replica.apply(stateOf(first), 0, NO_FRAMES);
    }
    const nowS = ((at + 1) * SNAPSHOT_EVERY) / TICK_HZ;
    const beganMs = performance.now();
    replica.apply(stateOf(deltas[at]), nowS, NO_FRAMES);
    const appliedMs = performance.now();
    for (let frame = 0; frame < SNAPSHOT_EVERY; frame += 1) {
      replica.draw(nowS + frame / TICK_HZ, { prediction: true, interpolation: true });
    }
    const drawnMs = performance.now();
    if (!measure) continue;
    decode.push((appliedMs - beganMs) * 1000);
    draw.push(((drawnMs - appliedMs) * 1000) / SNAPSHOT_EVERY);
  }
  return { decode, draw };
}

/** @param {Uint8Array} bytes */
function stateOf(bytes) {
  const message = decodeServer(bytes);
  if (message.type !== "state") throw new Error("not a STATE");
  return message;
}

function heapMiB() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

play(2 * MESSAGES, false);
const { decode, draw } = play(4 * MESSAGES, true);
const bytes = deltas.reduce((sum, { length }) => sum + length, 0) / deltas.length;
console.log(`a STATE in which ${SHIPS} ships changed: ${bytes.toFixed(0)} bytes`);
console.log("decode + apply, µs:", summary(decode), "target 200");
console.log("a drawn frame, µs:", summary(draw), "target 1000");
if (globalThis.gc) {
  const before = heapMiB();
  play(TEN_MINUTES_OF_STATES, false);
  const after = heapMiB();
  console.log(`heap before and after ten minutes, MiB: ${before.toFixed(2)} ${after.toFixed(2)}`);
}
