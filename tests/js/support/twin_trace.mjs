/**
 * Runs the browser's side of `test_twins.py`: reads a script of calls as JSON from stdin, writes
 * what came of each as JSON. A call is `[what, ...arguments]`; what it is called on is named by the
 * script.
 */
import { readFileSync } from "node:fs";
import * as clock from "../../../client_demo/sdk/clock.js";
import * as contact from "../../../client_demo/sdk/contact.js";
import * as estimator from "../../../client_demo/sdk/estimator.js";
import * as interpolation from "../../../client_demo/sdk/interpolation.js";
import * as pacer from "../../../client_demo/sdk/pacer.js";
import { PredictedWorld } from "../../../client_demo/sdk/predicted_world.js";
import * as prediction from "../../../client_demo/sdk/prediction.js";
import { compileSchema } from "../../../client_demo/sdk/schema.js";
import { PredictedSpawns } from "../../../client_demo/sdk/spawns.js";
import { ViewRing } from "../../../client_demo/sdk/view_state.js";
import { SESSION_RUNNERS } from "./twin_sessions.mjs";
import { numbersOf, show } from "./views.js";

/** @typedef {any[][]} Calls */

/**
 * The exported numbers of modules.
 *
 * @param {string[]} names
 */
async function constants(names) {
  return Promise.all(
    names.map(async (name) => {
      const module = await import(`../../../client_demo/sdk/${name}.js`);
      return Object.entries(module).filter(([, value]) => typeof value === "number");
    }),
  );
}

/** @param {Calls} calls */
function estimators([[options], ...calls]) {
  const one = new estimator.Estimator(options);
  return calls.map(([what, ...args]) => {
    /** @type {any} */ (one)[what](...args);
    return [one.value, one.deviation];
  });
}

/** @param {Calls} calls */
function roundTrips([, ...calls]) {
  const one = new clock.RoundTrip();
  return calls.map(([what, ...args]) => {
    /** @type {any} */ (one)[what](...args);
    return [one.rttS, one.jitterS, one.samples];
  });
}

/** @param {Calls} calls */
function pacers([[tickS], ...calls]) {
  const one = new pacer.TickPacer(tickS);
  return calls.map(([what, ...args]) => {
    const run = /** @type {any} */ (one)[what](...args) ?? 0;
    const { seq, tickedAtS, nextAtS, lead, target, jumps, skipped } = one;
    return [run, seq, tickedAtS, nextAtS, lead, target, jumps, skipped];
  });
}

/** @param {Calls} calls */
function drawnTimes([[tickS, every], ...calls]) {
  const one = new clock.InterpolationClock(tickS, every);
  return calls.map(([what, ...args]) => {
    const drawnS = /** @type {any} */ (one)[what](...args) ?? 0;
    return [drawnS, one.delayS, one.intervalS, one.jumps];
  });
}

/** @param {Calls} calls */
function drawings([[wire, tickHz], ...calls]) {
  const schema = compileSchema(wire, tickHz);
  const ring = new ViewRing(schema);
  const one = new interpolation.Interpolator(schema, tickHz);
  return calls.map(([what, argument]) => {
    if (what === "add") {
      show(ring, argument);
      return [];
    }
    return one.draw(ring, argument).map((list, i) =>
      list.map((entity) => {
        const names = schema.types[i].numeric.map((field) => field.name);
        return [entity.id, ...names.map((name) => Number(entity[name]))];
      }),
    );
  });
}

/** @param {Calls} calls */
function predictions([[wire, tickHz, name], ...calls]) {
  const schema = compileSchema(wire, tickHz);
  const index = schema.types.findIndex((item) => item.name === name);
  const type = schema.types[index];
  const step = type.jumps < 0 ? steer : haunt;
  const others = new contact.Others(type, shove, tickHz);
  const one = new prediction.Predictor(type, schema.inputs, step, tickHz, null, others);
  const ring = new ViewRing(schema);
  return calls.map(([what, ...args]) => {
    if (what === "predict") one.predict(args[0], args[1], args[2], args[3]);
    if (what === "pose") return numbersOf(one.pose(args[0]), type);
    if (what === "received" || what === "begin") {
      const [tick, seq, codes, nowS, rows = []] = args;
      const ids = [...rows.map((/** @type {number[]} */ _, /** @type {number} */ i) => i + 1), 7];
      const none = { ids: [], rows: [], objects: [[]] };
      const all = { ids, rows: [...rows, codes], objects: [ids.map(() => "Ada")] };
      show(ring, { tick, tables: schema.types.map((_, i) => (i === index ? all : none)) });
      const table = ring.newest.tables[index];
      others.see(seq, table, 7);
      if (what === "begin") one.begin(tick, seq, table, rows.length);
      else return [one.received(tick, seq, table, rows.length, nowS), one.diagnosis, one.pending];
    }
    return numbersOf(one.avatar, type);
  });
}

/** The same as in `test_twins.py`. @param {any} ship @param {any} controls @param {number} dt */
function steer(ship, controls, dt) {
  ship.thrusting = controls.thrust;
  ship.heading += controls.turn * 4.2 * dt;
  if (controls.thrust) ship.vx += 500 * dt;
  ship.vx *= 1 - 0.5 * dt;
  ship.x += ship.vx * dt;
}

/** The same as in `test_twins.py`. @param {any} ghost @param {any} controls @param {number} dt */
function haunt(ghost, controls, dt) {
  steer(ghost, controls, dt);
  if (ghost.x > 100) {
    ghost.x = -100;
    ghost.gates = (ghost.gates + 1) % 256;
  }
}

/** The same as in `test_twins.py`. @param {any} me @param {any} other @param {number} dt */
function shove(me, other, dt) {
  const away = me.x - other.x;
  if (Math.abs(away) >= 200) return;
  me.vx += away * 20 * dt;
  me.x += away * dt;
}

/** What `Replica` does with the parts, without a link. @param {Calls} calls */
async function worlds([[wire, tickHz, source, ownId], ...calls]) {
  const schema = compileSchema(wire, tickHz);
  const step = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const world = new PredictedWorld(schema, step.world, step.predict, tickHz);
  const [type] = schema.types;
  const { snap, floats } = step.world;
  const one = new prediction.Predictor(
    ...[type, schema.inputs, step.predict, tickHz, snap, world, floats[type.name]],
  );
  const ring = new ViewRing(schema);
  const interpolator = new interpolation.Interpolator(schema, tickHz);
  const spawns = new PredictedSpawns(schema, 1 / tickHz);
  const any = () => true;
  let begun = false;
  return calls.map(([what, ...args]) => {
    if (what === "predict") {
      if (begun) {
        world.watch();
        one.predict(args[0], args[1], args[2], args[3]);
        world.ticked(args[2], args[3]);
      }
      const met = world
        .takeContacts()
        .flatMap((c) => [c.before.one, c.before.other, c.one, c.other]);
      return [...world.bodies, ...met].flatMap(({ id, x, y, vx, vy }) => [id, x, y, vx, vy]);
    }
    if (what === "draw") return ring.count === 0 ? [] : drawWorld(args[0], args[1]);
    if (what === "spawn") {
      const [values, seq, atS] = args;
      if (begun) spawns.add("Ball", values, seq, atS, any, ring.newest, false, world);
      return [world.count];
    }
    const [tick, seq, snapshot, nowS] = args;
    show(ring, snapshot);
    spawns.reconcile(ring.newest, seq, null, world);
    const table = ring.newest.tables[0];
    if (!begun) {
      begun = true;
      one.begin(tick, seq, table, table.rowOf(ownId));
      world.take(seq, ring.newest, one.avatar, nowS);
      return ["begun"];
    }
    world.take(seq, ring.newest, one.avatar, nowS);
    const outcome = one.received(tick, seq, table, table.rowOf(ownId), nowS);
    world.settle(nowS);
    const counts = Object.values(world.stats).flatMap(
      ({ bodies, corrections, late, others, rules }) => [bodies, corrections, late, others, rules],
    );
    return [outcome, ...counts];
  });

  /** @param {number} nowS @param {number} drawnS */
  function drawWorld(nowS, drawnS) {
    const lists = interpolator.draw(ring, drawnS).map((list) => [...list]);
    world.draw(lists, drawnS * tickHz, nowS);
    spawns.draw(lists, drawnS * tickHz, nowS, world);
    for (const list of lists) list.sort((a, b) => a.id - b.id);
    return lists
      .flat()
      .flatMap(({ id, x, y, vx, vy, shooter }) => [id, x, y, vx, vy, shooter ?? 0]);
  }
}

const RUNNERS = {
  ...{ constants, estimators, roundTrips, pacers, drawnTimes, drawings, predictions, worlds },
  ...SESSION_RUNNERS,
};
const [[name, script]] = Object.entries(JSON.parse(readFileSync(0, "utf8")));
const results = await RUNNERS[/** @type {keyof typeof RUNNERS} */ (name)](script);
process.stdout.write(JSON.stringify({ [name]: results }));
