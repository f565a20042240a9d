/**
 * What the SDK's predicted world costs a page: 20 bodies, 9 ticks of latency each way, so that each
 * STATE runs 20 ticks again. `touch_cost.mjs` runs it in Node, bench/touch_cost.py in Chromium.
 */

import { Interpolator } from "../../client_demo/sdk/interpolation.js";
import { PredictedWorld } from "../../client_demo/sdk/predicted_world.js";
import { Predictor } from "../../client_demo/sdk/prediction.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { ViewRing } from "../../client_demo/sdk/view_state.js";
import { seeded } from "../../tests/js/support/random.js";
import { show } from "../../tests/js/support/views.js";

const TICK_HZ = 60;
const SNAPSHOT_EVERY = 3;
const PENDING = 20;
const BODIES = 20;
const FRAMES = 6000;
const WARM_UP = 2000;

/**
 * Does one page's worth of work.
 *
 * @param {{schema: any, module: string}} job the schema and the step module of a room with discs and balls
 * @param {() => number} heapBytes how much of the heap is used
 * @param {string} where this runs
 * @returns {Promise<string>} what it has cost, in lines
 */
export async function work({ schema: wire, module }, heapBytes, where) {
  const step = await import(`data:text/javascript,${encodeURIComponent(module)}`);
  const schema = compileSchema(wire, TICK_HZ);
  const [discs] = schema.types;
  const { next: random } = seeded(1);
  /** @param {number} id @param {number} width */
  const row = (id, width) => {
    const x = Math.floor(64 * (800 + 150 * Math.cos(id) * (1 + 0.1 * random())));
    const y = Math.floor(64 * (450 + 150 * Math.sin(id) * (1 + 0.1 * random())));
    return [x, y, Math.floor(1600 * random()) - 800, Math.floor(1600 * random()) - 800, 1, 0].slice(
      0,
      width,
    );
  };

  const world = new PredictedWorld(schema, step.world, step.predict, TICK_HZ);
  const snap = step.world.snap;
  const { Disc: copies } = step.world.floats;
  const predictor = new Predictor(discs, schema.inputs, step.predict, TICK_HZ, snap, world, copies);
  const ring = new ViewRing(schema);
  const interpolator = new Interpolator(schema, TICK_HZ);
  /** @type {any[][]} */
  const lists = schema.types.map(() => []);
  /** @type {any[]} */
  const snapshots = Array.from({ length: 40 }, () => ({
    tick: 0,
    tables: schema.types.map((type) => {
      const ids = Array.from({ length: BODIES / 2 + (type === discs ? 1 : 0) }, (_, i) =>
        type === discs ? i + 1 : i + 101,
      );
      const rows = ids.map((id) => row(id, type.numeric.length));
      return { ids, rows, objects: [] };
    }),
  }));
  const inputs = [1, 0];
  /** Of frames without and with a STATE. @type {[number[], number[]]} */
  const costs = [[], []];
  /** The same in bytes. @type {[number[], number[]]} */
  const sizes = [[], []];
  const begin = (/** @type {number} */ tick) => {
    show(ring, { ...snapshots[0], tick });
    predictor.begin(tick, 0, ring.newest.tables[0], 0);
    world.take(0, ring.newest, predictor.avatar, 0);
  };
  begin(1);
  for (let frame = 1; frame <= WARM_UP + FRAMES; frame += 1) {
    const nowS = frame / TICK_HZ;
    const brings = frame > PENDING && frame % SNAPSHOT_EVERY === 0;
    const seq = frame - PENDING;
    if (brings) show(ring, { ...snapshots[frame % snapshots.length], tick: seq + 1 });
    const weighs = frame > WARM_UP + FRAMES / 2;
    const own = weighs ? heapBytes() : 0;
    const before = weighs ? heapBytes() : 0;
    const startMs = performance.now();
    if (brings) {
      world.take(seq, ring.newest, predictor.avatar, nowS);
      predictor.received(seq + 1, seq, ring.newest.tables[0], 0, nowS);
      world.settle(nowS);
    }
    predictor.predict(frame, inputs, nowS, 1 / TICK_HZ);
    world.ticked(nowS, 1 / TICK_HZ);
    interpolator.draw(ring, nowS - 0.3).forEach((list, i) => {
      lists[i].length = list.length;
      for (let k = 0; k < list.length; k += 1) lists[i][k] = list[k];
    });
    world.draw(lists, (nowS - 0.3) * TICK_HZ, nowS);
    const ms = performance.now() - startMs;
    // What looking itself allocates does not count.
    if (weighs) sizes[brings ? 1 : 0].push(heapBytes() - before - (before - own));
    else if (frame > WARM_UP) costs[brings ? 1 : 0].push(ms);
  }
  /** @param {number[]} values */
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const [[without, withState], [bytes, stateBytes]] = [costs.map(median), sizes.map(median)];
  const share = 1 / SNAPSHOT_EVERY;
  const mean = without * (1 - share) + withState * share;
  return [
    `${where}, ${world.count} bodies, ${PENDING} ticks again with each of 20 STATEs a second:`,
    `  a frame costs ${without.toFixed(3)} ms, one with a STATE ${withState.toFixed(3)} ms: ${mean.toFixed(3)} ms on average`,
    `  it allocates ${bytes} bytes, one with a STATE ${stateBytes} bytes (medians)`,
  ].join("\n");
}
