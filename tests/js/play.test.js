/**
 * The whole SDK plays in a simulated room over a simulated network, on a fake clock: what a player
 * feels, in figures. Each figure is asserted together with the liveness of what it measures, and
 * fails when the mechanism is off.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "./support/random.js";
import { otherAt, SimRoom, steer, TICK_HZ } from "./support/simroom.js";

const LAGGED = { latencyMs: 150, jitterMs: 30 };

/**
 * Presses keys at random, some seconds each.
 *
 * @param {SimRoom} room
 * @param {import("./support/random.js").Random} random
 */
function fumble(room, random) {
  const controls = { turn: 0, thrust: false };
  room.session.controls = controls;
  return () => {
    if (!random.chance(0.03)) return;
    controls.turn = random.int(-1, 1);
    controls.thrust = random.chance(0.5);
  };
}

test("a minute of flying at 150 ± 30 ms each way shows no correction and loses no frame", async () => {
  const random = seeded(21);
  const room = new SimRoom(random, LAGGED);
  const press = fumble(room, random);
  await room.play(5, press);
  const { corrections } = room.session.stats;
  const { missed, trimmed, arrived } = room;
  await room.play(60, press);
  const { stats } = room.session;
  assert.equal(stats.predicting, true);
  assert.equal(stats.diagnosis, "matched");
  assert.ok(room.ship.x > 1000, "it flew");
  assert.ok(stats.pending > 15, `${stats.pending} frames ahead of the server`);
  assert.ok(Math.abs(stats.rtt - 300) < 25, `round trip ${stats.rtt}`);
  const frames = room.arrived - arrived;
  assert.ok(frames > 3500);
  assert.ok(room.missed - missed <= frames * 0.001, `${room.missed - missed} missed`);
  assert.ok(room.trimmed - trimmed <= frames * 0.001);
  // A frame that comes too late is a correction; without one there is none.
  assert.ok(stats.corrections - corrections <= room.missed - missed);
});

test("rules that differ show as corrections, and are diagnosed", async () => {
  const random = seeded(22);
  const wrong = (
    /** @type {any} */ ship,
    /** @type {any} */ controls,
    /** @type {number} */ dt,
  ) => {
    steer(ship, controls, dt);
    ship.x += 0.05;
  };
  const room = new SimRoom(random, { latencyMs: 50, step: wrong });
  await room.play(5, fumble(room, random));
  assert.ok(room.session.stats.corrections > 50);
  assert.equal(room.session.stats.diagnosis, "diverging");
});

/**
 * Frames from pressing thrust to the first that draws the ship elsewhere.
 *
 * @param {SimRoom} room
 * @param {boolean} prediction
 */
async function framesToAnswer(room, prediction) {
  await room.play(3);
  room.session.switches = { prediction };
  const start = room.session.draw().avatar?.x;
  room.session.setControls({ thrust: true });
  let frames = 0;
  let answered = 0;
  await room.play(1, ({ avatar }) => {
    frames += 1;
    if (answered === 0 && avatar?.x !== start) answered = frames;
  });
  return answered;
}

test("the own ship answers a key within two frames at 150 ms, and after 300 ms without prediction", async () => {
  const predicted = await framesToAnswer(new SimRoom(seeded(23), LAGGED), true);
  assert.ok(predicted >= 1 && predicted <= 2, `${predicted} frames`);
  const waiting = await framesToAnswer(new SimRoom(seeded(23), LAGGED), false);
  assert.ok(waiting >= 0.3 * 60, `${waiting} frames`);
});

test("others move smoothly where they were, and in steps without interpolation", async () => {
  const room = new SimRoom(seeded(24), { latencyMs: 60, jitterMs: 20 });
  await room.play(4);
  /** @type {number[]} */
  const errors = [];
  /** @type {number[]} */
  let ways = [];
  let last = Number.NaN;
  const look = (/** @type {import("../../client_demo/sdk/index.js").Drawn} */ drawn) => {
    const other = drawn.entities.get("Ship")?.find(({ id }) => id === 2);
    if (other === undefined) return;
    if (room.session.switches.interpolation) errors.push(Math.abs(other.x - otherAt(drawn.tick).x));
    if (!Number.isNaN(last)) ways.push(Math.abs(other.x - last));
    last = other.x;
  };
  await room.play(10, look);
  assert.ok(Math.max(...errors) < 0.5, `off by ${Math.max(...errors)} units`);
  assert.ok(Math.max(...ways) < 6, `at most 5 units a frame: ${Math.max(...ways)}`);
  assert.ok(Math.max(...ways) > 4.5, "it moved");
  const delayMs = room.session.stats.interpolationDelay;
  assert.ok(delayMs >= 100 && delayMs < 200, `${delayMs} ms in the past`);
  room.session.switches = { interpolation: false };
  ways = [];
  await room.play(10, look);
  assert.ok(Math.max(...ways) > 12, "without: from snapshot to snapshot");
});

test("a push by the server is eased in, a portal is jumped through", async () => {
  const room = new SimRoom(seeded(25), { latencyMs: 80 });
  room.session.controls = { thrust: true };
  await room.play(4);
  let last = Number.NaN;
  /** @type {number[]} */
  let ways = [];
  const look = (/** @type {import("../../client_demo/sdk/index.js").Drawn} */ { avatar }) => {
    if (avatar === null) return;
    if (!Number.isNaN(last)) ways.push(avatar.x - last);
    last = avatar.x;
  };
  await room.play(1, look);
  const steady = Math.max(...ways);
  room.ship.x += 30;
  ways = [];
  await room.play(1, look);
  assert.ok(room.session.stats.corrections > 0);
  assert.ok(Math.max(...ways) < steady + 10, `30 units in steps of ${Math.max(...ways)}`);
  room.ship.x += 5000;
  ways = [];
  await room.play(1, look);
  assert.ok(Math.max(...ways) > 4900, "at once");
  const { avatar } = room.session.draw();
  assert.ok(avatar !== null && avatar.x > room.ship.x, "and ahead of the server again");
});

/**
 * Share of the frames that come late or are dropped in the two seconds after two seconds of
 * recovery.
 *
 * @param {SimRoom} room
 */
async function lossAfterRecovery(room) {
  await room.play(2);
  const before = room.missed + room.trimmed;
  const { arrived } = room;
  await room.play(3);
  assert.ok(room.arrived - arrived > 2.5 * TICK_HZ, "frames arrive");
  return (room.missed + room.trimmed - before) / (room.arrived - arrived);
}

test("pacing is back two seconds after a stall of half a second", async () => {
  const room = new SimRoom(seeded(26), { latencyMs: 50, jitterMs: 20 });
  await room.play(5);
  room.up.stalledUntilMs = room.down.stalledUntilMs = room.clock.nowMs + 500;
  assert.ok((await lossAfterRecovery(room)) <= 0.001);
});

test("pacing is back two seconds after the way became 180 ms longer", async () => {
  const room = new SimRoom(seeded(27), { latencyMs: 20, jitterMs: 5 });
  await room.play(5);
  room.network.latencyMs = 200;
  assert.ok((await lossAfterRecovery(room)) <= 0.001);
  assert.ok(room.session.stats.rtt > 350);
});

for (const tickMs of [1000 / 60.6, 1000 / 59.4]) {
  test(`the client follows a room whose clock is one percent off: ${tickMs.toFixed(2)} ms a tick`, async () => {
    const room = new SimRoom(seeded(29), { latencyMs: 40, jitterMs: 3, tickMs });
    await room.play(5);
    const { arrived, missed, trimmed } = room;
    await room.play(30);
    assert.ok(Math.abs(room.arrived - arrived - 30_000 / tickMs) < 3, "a frame for each tick");
    assert.ok(room.missed - missed <= 2, `${room.missed - missed} missed`);
    assert.equal(room.trimmed, trimmed);
  });
}

test("a tab that slept for a minute sends a few frames, not a minute's worth, and plays on", async () => {
  const room = new SimRoom(seeded(28), { latencyMs: 50, jitterMs: 5 });
  await room.play(5);
  const { arrived } = room;
  room.clock.freeze(60_000);
  await room.play(0.2);
  assert.ok(room.arrived - arrived < 30, `${room.arrived - arrived} frames`);
  assert.ok(room.session.stats.skipped > 3500);
  assert.ok((await lossAfterRecovery(room)) <= 0.001);
  assert.equal(room.session.status.state, "joined");
});
