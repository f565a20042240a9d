import assert from "node:assert/strict";
import { test } from "node:test";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { PredictedSpawns } from "../../client_demo/sdk/spawns.js";
import { ViewRing } from "../../client_demo/sdk/view_state.js";
import { fakeSession, state } from "./support/fakes.js";
import { packRows } from "./support/wire.js";

const FLOAT = { kind: "float", step: 1 / 16, lo: -(2 ** 20), hi: 2 ** 20 };
const SCHEMA = {
  fingerprint: "00000000000000cc",
  entities: [
    {
      name: "Ship",
      fields: [
        { name: "x", ...FLOAT, rate: null },
        { name: "cooldown", kind: "int", lo: 0, hi: 60 },
      ],
    },
    {
      name: "Shot",
      fields: [
        { name: "x", ...FLOAT, rate: 1 },
        { name: "vx", ...FLOAT, rate: null },
        { name: "owner", kind: "ref" },
      ],
    },
  ],
  inputs: [{ name: "fire", kind: "flag" }],
};

const SHIP = 3;
const TICK_S = 1 / 20;

/** A room's newest view, written by hand, and what is drawn of it at once. */
class Scene {
  schema = compileSchema(SCHEMA, 20);
  ring = new ViewRing(this.schema);
  spawns = new PredictedSpawns(this.schema, TICK_S);

  /** @param {number} tick @param {number[][]} shots id, x, vx, owner */
  show(tick, shots) {
    const { spare } = this.ring;
    spare.tick = tick;
    const [, table] = spare.tables;
    table.reserve(shots.length);
    table.count = shots.length;
    shots.forEach(([id, x, vx, owner], row) => {
      table.ids[row] = id;
      table.codes.set([x * 16, vx * 16, owner], row * 3);
    });
    this.ring.commit();
  }

  /** @param {number} seq @param {number} atS @param {number} x @param {boolean} [rewound] */
  fire(seq, atS, x, rewound) {
    const mine = (/** @type {any} */ { owner }) => owner === SHIP;
    const values = { x, vx: 100, owner: SHIP };
    return this.spawns.add("Shot", values, seq, atS, mine, this.ring.newest, rewound);
  }

  /** @param {number} seq @param {number | null} atS */
  reconcile(seq, atS) {
    this.spawns.reconcile(this.ring.newest, seq, atS);
  }

  /**
   * Ids and places of the shots that a frame shows.
   *
   * @param {number} nowS
   * @param {number} [tick]
   * @param {{id: number, x: number}[]} [others]
   */
  draw(nowS, tick = this.ring.newest.tick, others = []) {
    const shots = others.map((shot) => ({ ...shot, type: "Shot", isNew: false }));
    this.spawns.draw([[], shots], tick, nowS);
    return shots.map(({ id, x }) => [id, Math.round(x * 1000) / 1000]);
  }
}

test("a spawn is drawn at once, and moves by its own speed", () => {
  const scene = new Scene();
  const shot = scene.fire(7, 1, 50);
  assert.ok(shot.id < 0 && shot.isNew);
  assert.deepEqual(scene.draw(0.99), [[shot.id, 50]]);
  assert.deepEqual(scene.draw(1.1), [[shot.id, 60]]);
  assert.equal(shot.isNew, false);
});

test("the server's entity is adopted: the same object goes on, and its error is eased out", () => {
  const scene = new Scene();
  scene.show(1, [[4, 0, 0, SHIP]]);
  const shot = scene.fire(7, 1, 50);
  scene.show(2, [[4, 0, 0, SHIP]]);
  scene.reconcile(6, 0.95);
  assert.deepEqual(scene.draw(1.1), [[shot.id, 60]], "frame 7 is not consumed yet");
  scene.show(3, [
    [4, 0, 0, SHIP],
    [9, 55, 100, SHIP],
  ]);
  scene.reconcile(7, 1);
  assert.equal(shot.id, 9);
  assert.deepEqual(scene.draw(1.1), [[9, 60]], "it does not jump");
  const [[, later]] = scene.draw(1.2);
  assert.ok(later > 71 && later < 74, `the server's is 5 ahead, eased: ${later}`);
  const [[, end]] = scene.draw(3);
  assert.ok(Math.abs(end - 255) < 0.01, `${end}`);
  assert.deepEqual(scene.spawns.withdrawn, []);
});

test("a spawn that the server did not make is withdrawn by the STATE that consumed its frame", () => {
  const scene = new Scene();
  scene.show(1, [[4, 0, 0, SHIP]]);
  const shot = scene.fire(7, 1, 50);
  scene.show(2, [
    [4, 0, 0, SHIP],
    [9, 0, 0, SHIP + 1],
  ]);
  scene.reconcile(7, 1);
  assert.deepEqual(scene.draw(1.1), [], "neither the old one nor another player's is it");
  assert.deepEqual(scene.spawns.withdrawn, [shot]);
});

test("several spawns are adopted in order, each once", () => {
  const scene = new Scene();
  const one = scene.fire(7, 1, 50);
  const two = scene.fire(9, 1.1, 50);
  const three = scene.fire(11, 1.2, 50);
  scene.show(3, [
    [8, 50, 100, SHIP],
    [9, 50, 100, SHIP],
  ]);
  scene.reconcile(11, 1.2);
  assert.deepEqual([one.id, two.id], [8, 9]);
  assert.deepEqual(scene.spawns.withdrawn, [three]);
});

test("the server's own is hidden behind the adopted one, also in the past that is still drawn after its end", () => {
  const scene = new Scene();
  scene.fire(7, 1, 50);
  scene.show(3, [[9, 50, 100, SHIP]]);
  scene.reconcile(7, 1);
  const past = [{ id: 9, x: 10 }];
  assert.deepEqual(scene.draw(1.1, 1, past), [[9, 60]], "once, and ahead");
  scene.show(6, []);
  scene.reconcile(8, 1.2);
  assert.deepEqual(
    scene.draw(1.2, 4, past),
    [],
    "it has hit: it does not come back out of the past",
  );
  assert.deepEqual(
    scene.draw(1.3, 6, past),
    past.map(Object.values),
    "and ids are not hidden for ever",
  );
});

test("what the rules rewind is drawn among the others once it is adopted, without a jump, and ends among them", () => {
  const scene = new Scene();
  const shot = scene.fire(7, 1, 50, true);
  assert.deepEqual(scene.draw(1.1, 94), [[shot.id, 60]], "in the player's own time until then");
  // At tick 100 the room has taken it 8 ticks along: 2 are flown, 6 are to come.
  scene.show(100, [[9, 90, 100, SHIP]]);
  scene.reconcile(7, 1);
  assert.deepEqual(scene.draw(1.15, 95), [[9, 65]]);
  assert.deepEqual(scene.draw(1.4, 100), [[9, 90]]);
  scene.show(103, []);
  scene.reconcile(8, null);
  assert.deepEqual(scene.draw(1.5, 102, [{ id: 9, x: 100 }]), [[9, 100]], "once");
  assert.deepEqual(scene.draw(1.55, 103), []);
});

test("what is never decided is withdrawn in the end, and at once when all begins anew", () => {
  const scene = new Scene();
  const slow = scene.fire(7, 1, 50);
  assert.equal(scene.draw(2.9).length, 1);
  assert.equal(scene.draw(3.1).length, 0);
  const lost = scene.fire(8, 4, 50);
  scene.spawns.clear();
  assert.deepEqual(scene.spawns.withdrawn, [slow, lost]);
});

test("a type or field that the room does not have is refused", () => {
  const { spawns, ring } = new Scene();
  const add = (/** @type {string} */ type, /** @type {object} */ values) =>
    spawns.add(type, { ...values }, 1, 0, () => true, ring.newest);
  assert.throws(() => add("Rocket", {}), /no entity type is called Rocket/);
  assert.throws(() => add("Shot", { speed: 3 }), /Shot has no field speed/);
});

/** A gun that fires whenever it may. @param {any} ship @param {any} controls */
function step(ship, controls) {
  ship.cooldown = Math.max(0, ship.cooldown - 1);
  if (controls.fire && ship.cooldown === 0) ship.cooldown = 20;
}

/** A session that has a ship and predicts it, and shows its shots ahead of the server. */
async function gunner() {
  const play = fakeSession({ loadStep: async () => ({ predict: step }) });
  play.join({ schema: SCHEMA, step: "step/gun.js" });
  await null;
  await null;
  play.socket.say([18, 0, 1, [[1, "@avatar", SHIP]]]);
  const ship = [[0, [SHIP], ...packRows([[0, 0]], 2)]];
  play.socket.say(state({ tick: 1, enters: ship }));
  play.session.on("predicted", ({ avatar, before }) => {
    if (avatar.cooldown <= before.cooldown) return;
    const match = (/** @type {any} */ shot) => shot.owner === avatar.id;
    play.session.predictSpawn("Shot", { x: avatar.x, vx: 80, owner: avatar.id }, { match });
  });
  play.clock.advance(60);
  return play;
}

test("a shot is in the very next frame, is adopted by the server's, and ends with it", async () => {
  const play = await gunner();
  play.session.setControls({ fire: true });
  play.clock.advance(60);
  const shots = play.session.draw().entities.get("Shot");
  assert.equal(shots?.length, 1);
  const [drawn] = /** @type {any[]} */ (shots);
  assert.ok(drawn.id < 0);
  const seq = play.socket.take().filter(([id, , , , fire]) => id === 3 && fire === 1)[0][1];
  const shot = [1, [12], ...packRows([[64, 80 * 16, SHIP]], 3)];
  play.socket.say(state({ tick: 2, span: 1, seq, enters: [shot] }));
  assert.equal(drawn.id, 12);
  assert.deepEqual(play.session.draw().entities.get("Shot"), [drawn]);
  play.socket.say(state({ tick: 3, span: 1, seq, leaves: [12] }));
  assert.deepEqual(play.session.draw().entities.get("Shot"), []);
});

test("a shot that the server does not make is withdrawn, and reported", async () => {
  const play = await gunner();
  /** @type {any[]} */
  const withdrawn = [];
  play.session.on("withdrawn", (what) => withdrawn.push(what));
  play.session.setControls({ fire: true });
  play.clock.advance(60);
  play.session.draw();
  const seq = play.socket.take().at(-1)?.[1];
  play.socket.say(state({ tick: 2, span: 1, seq }));
  assert.equal(withdrawn.length, 1);
  assert.equal(withdrawn[0].entity.type, "Shot");
  assert.deepEqual(play.session.draw().entities.get("Shot"), []);
});

test("nothing is shown ahead while prediction is switched off", async () => {
  const play = await gunner();
  play.session.switches = { prediction: false };
  assert.equal(play.session.predictSpawn("Shot", {}), null);
});

test("an expected event is reported at once, and the server's own is not reported again", () => {
  const play = fakeSession({ eventsAtOnce: true });
  play.join();
  const match = ({ ship = 0 }) => ship === SHIP;
  play.session.expectEvent("pickup", { ship: SHIP }, { match });
  assert.equal(play.heard("event").length, 1);
  const pickups = [
    [5, "pickup", { ship: 99 }],
    [5, "pickup", { ship: SHIP, kind: "rapid" }],
    [6, "pickup", { ship: SHIP, kind: "health" }],
  ];
  play.socket.say([18, 0, 3, pickups]);
  const reported = play.heard("event").map(({ payload }) => payload.kind ?? payload.ship);
  assert.deepEqual(reported, [SHIP, 99, "health"], "the second of the own is another one");
});

test("an expected event that does not come in time is withdrawn", () => {
  const play = fakeSession();
  play.join();
  /** @type {any[]} */
  const withdrawn = [];
  play.session.on("withdrawn", (what) => withdrawn.push(what));
  play.session.expectEvent("pickup", 1, { withinMs: 300 });
  play.clock.advance(290);
  assert.deepEqual(withdrawn, []);
  play.clock.advance(100);
  assert.deepEqual(withdrawn, [{ name: "pickup", payload: 1 }]);
});
