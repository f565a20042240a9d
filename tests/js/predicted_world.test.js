import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_BODIES } from "../../client_demo/sdk/body_choice.js";
import { newEntity } from "../../client_demo/sdk/drawn.js";
import { Interpolator } from "../../client_demo/sdk/interpolation.js";
import { PredictedWorld } from "../../client_demo/sdk/predicted_world.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { PredictedSpawns } from "../../client_demo/sdk/spawns.js";
import { ViewRing } from "../../client_demo/sdk/view_state.js";
import { fakeSession, state } from "./support/fakes.js";
import { packRows } from "./support/wire.js";

const TICK_S = 1 / 60;
const REACH = 300;
const FLOAT = { kind: "float", step: 1 / 16, lo: -(2 ** 20), hi: 2 ** 20 };
const PLACE = [
  { name: "x", ...FLOAT, rate: null },
  { name: "y", ...FLOAT, rate: null },
];
const SHOT = [
  { name: "x", ...FLOAT, rate: 2 },
  { name: "y", ...FLOAT, rate: null },
  { name: "vx", ...FLOAT, rate: null },
  { name: "owner", kind: "ref" },
];
const SCHEMA = {
  fingerprint: "00000000000000cd",
  entities: [
    { name: "Ship", fields: PLACE },
    { name: "Shot", fields: SHOT },
    { name: "Bubble", fields: [...SHOT, { name: "isNew", kind: "int", lo: 0, hi: 9 }] },
  ],
  inputs: [{ name: "fire", kind: "flag" }],
};
const SHIP = 3;

/** @param {any} shot @param {number} dt */
function fly(shot, dt) {
  shot.x += shot.vx * dt;
}

/** @param {any} bubble */
function swell(bubble) {
  bubble.isNew += 1;
}

/** @type {any} */
const TOUCH = {
  ...{ reach: REACH, snap: 100, place: ["x", "y"], steered: [], shows: [], shows_s: 0.25 },
  steps: [
    ["Shot", fly],
    ["Bubble", swell],
  ],
  ...{ contacts: [], floats: {} },
};

/** A ship at rest, and what it fires. */
class Scene {
  schema = compileSchema(SCHEMA, 1 / TICK_S);
  ring = new ViewRing(this.schema);
  interpolator = new Interpolator(this.schema, 1 / TICK_S);
  spawns = new PredictedSpawns(this.schema, TICK_S);
  avatar = newEntity(this.schema.types[0], SHIP);
  /** @type {PredictedWorld | null} */
  world = new PredictedWorld(this.schema, TOUCH, () => {}, 1 / TICK_S);
  seq = 0;
  nowS = 10;

  constructor() {
    this.state(0, []);
  }

  /** @param {number} seq newest frame consumed @param {number[][]} shots id, x, vx */
  state(seq, shots) {
    const { spare } = this.ring;
    spare.tick = this.seq + 1;
    const [, table] = spare.tables;
    table.reserve(shots.length);
    table.count = shots.length;
    shots.forEach(([id, x, vx], row) => {
      table.ids[row] = id;
      table.codes.set([x * 16, 0, vx * 16, SHIP], row * table.width);
    });
    this.ring.commit();
    this.spawns.reconcile(this.ring.newest, seq, this.leftAtS(seq), this.world);
    this.world?.take(seq, this.ring.newest, this.avatar, this.nowS);
    for (let again = seq + 1; again <= this.seq; again += 1) {
      this.world?.touch(this.avatar, {}, again);
    }
    this.world?.settle(this.nowS);
  }

  /** When the state after a frame is drawn. @param {number} seq */
  leftAtS(seq) {
    return this.nowS + (seq - this.seq + 1) * TICK_S;
  }

  tick() {
    this.seq += 1;
    this.nowS += TICK_S;
    this.world?.touch(this.avatar, {}, this.seq);
    this.world?.ticked(this.nowS, TICK_S);
  }

  /** @param {object} [values] @param {string} [type] */
  fire(values = {}, type = "Shot") {
    const shot = { vx: 600, owner: SHIP, ...values };
    const { seq, ring, world } = this;
    const atS = this.leftAtS(seq);
    return this.spawns.add(type, shot, seq, atS, () => true, ring.newest, false, world);
  }

  /** The shots that a frame shows, with the others 12 ticks in the past. */
  draw() {
    const pastTick = Math.max(1, this.seq - 12);
    const past = this.interpolator.draw(this.ring, pastTick * TICK_S);
    const lists = past.map((list) => [...list]);
    this.world?.draw(lists, pastTick, this.nowS);
    this.spawns.draw(lists, pastTick, this.nowS, this.world);
    return lists[1];
  }

  /**
   * Ticks and draws; returns how far a shot moves in each frame.
   *
   * @param {any} shot @param {number} ticks
   */
  steps(shot, ticks) {
    return Array.from({ length: ticks }, () => {
      const { x } = shot;
      this.tick();
      assert.equal(this.draw().filter((drawn) => drawn.id === shot.id).length, 1);
      assert.ok(this.draw().includes(shot));
      return shot.x - x;
    });
  }

  /** Fires, and the server's own comes six ticks later. */
  fireAndAdopt() {
    this.tick();
    const shot = this.fire();
    const fired = this.seq;
    for (let i = 0; i < 6; i += 1) this.tick();
    this.draw();
    this.state(fired, [[9, 0, 600]]);
    assert.deepEqual(this.draw(), [shot]);
    assert.equal(shot.id, 9);
    return shot;
  }
}

const isSmooth = (/** @type {number} */ step) => step > 9 && step < 11;

test("a spawn in the world keeps its references", () => {
  const scene = new Scene();
  scene.tick();
  const shot = scene.fire();
  scene.tick();
  assert.deepEqual(scene.draw(), [shot]);
  assert.equal(shot.owner, SHIP);
});

test("an adopted spawn goes on where it is drawn when there is no predicted world any more", () => {
  const scene = new Scene();
  const shot = scene.fireAndAdopt();
  assert.ok(scene.steps(shot, 6).every(isSmooth));
  scene.world = null;
  assert.ok(scene.steps(shot, 6).every(isSmooth));
});

test("an adopted spawn goes on where it is drawn when nearer bodies take its place in the world", () => {
  const scene = new Scene();
  const shot = scene.fireAndAdopt();
  assert.ok(scene.steps(shot, 6).every(isSmooth));
  const crowd = Array.from({ length: MAX_BODIES }, (_, i) => [20 + i, -1, 0]);
  for (let away = 60; away < 240; away += 60) {
    scene.state(scene.seq - 6, [[9, away, 600], ...crowd]);
    assert.ok(scene.steps(shot, 6).every(isSmooth), `${away} away`);
  }
});

test("a spawn that adopts what an earlier state had goes on where it is drawn", () => {
  const scene = new Scene();
  scene.tick();
  const shot = scene.fire();
  const fired = scene.seq;
  for (let i = 0; i < 6; i += 1) scene.tick();
  scene.state(0, [[9, 20, 0]]);
  assert.equal(scene.draw().length, 2);
  scene.state(fired, [[9, 0, 600]]);
  assert.deepEqual(scene.draw(), [shot]);
  assert.ok(scene.steps(shot, 6).every(isSmooth));
});

test("an adopted spawn that flies out of reach goes on in its player's present", () => {
  const scene = new Scene();
  const shot = scene.fireAndAdopt();
  for (let away = 0; away < 3 * REACH; away += 60) {
    scene.state(scene.seq - 6, [[9, away, 600]]);
    assert.ok(scene.steps(shot, 6).every(isSmooth), `${away} away`);
  }
  assert.equal(scene.world?.count, 0);
});

test("a spawn with a value that no field can hold is refused, and nothing of it is kept", () => {
  const scene = new Scene();
  scene.tick();
  assert.throws(() => scene.fire({ x: Number.NaN }), TypeError);
  assert.throws(() => scene.fire({ owner: "me" }), TypeError);
  assert.equal(scene.spawns.size, 0);
  assert.equal(scene.world?.count, 0);
});

test("what a frame that was never sent has spawned flies on, and is withdrawn by a later frame's state", async () => {
  const play = fakeSession({ loadStep: async () => ({ predict() {}, world: TOUCH }) });
  play.join({ schema: SCHEMA, tick_hz: 60, step: "step/gun.js" });
  await null;
  await null;
  play.socket.say([18, 0, 1, [[1, "@avatar", SHIP]]]);
  play.socket.say(state({ tick: 1, enters: [[0, [SHIP], ...packRows([[0, 0]], 2)]] }));
  play.clock.advance(50);
  /** @type {any} */
  let shot = null;
  play.session.on("predicted", () => {
    shot ??= play.session.predictSpawn("Shot", { vx: 600 });
  });
  const seq = play.socket.take().at(-1)?.[1];
  play.socket.bufferedAmount = 65_536;
  play.clock.advance(300);
  assert.ok(play.session.stats.shed > 0);
  play.socket.say(state({ tick: 2, span: 1, seq }));
  play.session.draw();
  const { x } = shot;
  play.clock.advance(100);
  play.session.draw();
  assert.ok(Math.abs(shot.x - x - 60) < 1, `${shot.x - x}`);
  play.socket.bufferedAmount = 0;
  play.clock.advance(50);
  play.socket.say(state({ tick: 3, span: 1, seq: play.socket.take().at(-1)?.[1] }));
  assert.deepEqual(play.session.draw().entities.get("Shot"), []);
});

test("isNew is true in the first frame, and a game's own field of that name stays the game's", () => {
  const scene = new Scene();
  scene.tick();
  const shot = scene.fire();
  const bubble = scene.fire({ isNew: 7 }, "Bubble");
  scene.draw();
  assert.deepEqual([shot.isNew, bubble.isNew], [true, 7]);
  scene.tick();
  scene.draw();
  assert.deepEqual([shot.isNew, bubble.isNew], [false, 8]);
});

/** A ship at 0 that drives right, and a bubble in its way that counts how often it was touched. */
class Meeting {
  /** @type {any[]} */
  met = [];

  /** @param {any} bubble @param {any} ship */
  static touch(bubble, ship) {
    if (Math.abs(bubble.x - ship.x) > 10) return;
    bubble.x = ship.x + 30;
    bubble.vx = 5;
    bubble.isNew += 1;
  }

  async begin() {
    const drive = (/** @type {any} */ ship) => {
      ship.x += 2;
    };
    const contacts = [["Bubble", "Ship", Meeting.touch]];
    const world = { ...TOUCH, steps: [["Bubble", null]], contacts };
    this.play = fakeSession({ loadStep: async () => ({ predict: drive, world }) });
    this.play.join({ schema: SCHEMA, tick_hz: 60, step: "step/gun.js" });
    await null;
    await null;
    this.play.socket.say([18, 0, 1, [[1, "@avatar", SHIP]]]);
    this.play.session.on("contact", (contact) => this.met.push(contact));
    const bubble = [9, [[60 * 16, 0, 0, 0, 0]], 5];
    const enters = [
      [0, [SHIP], ...packRows([[0, 0]], 2)],
      [2, [bubble[0]], ...packRows(/** @type {any} */ (bubble[1]), 5)],
    ];
    this.play.socket.say(state({ tick: 1, enters }));
    return this.play;
  }
}

test("a contact of the predicted world is reported once, with both bodies before and after it", async () => {
  const meeting = new Meeting();
  const { clock, socket, session } = await meeting.begin();
  clock.advance(250);
  assert.deepEqual(meeting.met, [], "not there yet");
  clock.advance(250);
  const { seq, one, other, before } = /** @type {any} */ (meeting.met)[0];
  assert.equal(meeting.met.length, 1);
  assert.deepEqual([one.type, one.x, one.vx, one.isNew], ["Bubble", other.x + 30, 5, 1]);
  assert.deepEqual([before.one.x, before.one.vx, before.one.isNew], [60, 0, 0]);
  assert.deepEqual([before.one.id, before.other.id, other.id, other.type], [9, SHIP, SHIP, "Ship"]);
  assert.equal(before.other.x, other.x);
  assert.ok(seq > 10, "the frame of its tick");
  // Each of these runs the ticks since frame 1 again, and with them the contact.
  for (let tick = 2; tick < 9; tick += 1) socket.say(state({ tick, span: 1, seq: 1 }));
  clock.advance(50);
  assert.equal(meeting.met.length, 1);
  session.draw();
});

test("while prediction is off no contacts are reported: they are not what is drawn", async () => {
  const meeting = new Meeting();
  const { clock, session } = await meeting.begin();
  session.switches = { prediction: false };
  clock.advance(500);
  assert.deepEqual(meeting.met, []);
});
