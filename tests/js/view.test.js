import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { decodeServer } from "../../client_demo/sdk/codec.js";
import { DeltaDecoder } from "../../client_demo/sdk/decoder.js";
import { DeltaError, ProtocolError } from "../../client_demo/sdk/errors.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { ViewRing } from "../../client_demo/sdk/view_state.js";
import { ModelRoom, plainView, TEST_SCHEMA } from "./support/model.js";
import { seeded } from "./support/random.js";
import { packRows, SHIP_SCHEMA, stateOf } from "./support/wire.js";

/** @typedef {import("../../client_demo/sdk/codec.js").State} State */

/** A client's view of one room, as the session keeps it. */
class Viewer {
  /** @param {unknown} wire @param {number} tickHz */
  constructor(wire, tickHz) {
    this.schema = compileSchema(wire, tickHz);
    this.ring = new ViewRing(this.schema);
    this.decoder = new DeltaDecoder(this.schema);
  }

  /** @param {State} state */
  apply(state) {
    this.decoder.apply(this.ring.newest, state, this.ring.spare);
    this.ring.commit();
  }

  view() {
    return plainView(this.ring.newest);
  }
}

const ADA = stateOf({
  tick: 40,
  enters: [[0, [1], ...packRows([[1600, 320, 100]], 3)]],
  values: [[0, 3, null, ["Ada"]]],
});

function viewerOfAda() {
  const viewer = new Viewer(SHIP_SCHEMA, 20);
  viewer.apply(ADA);
  return viewer;
}

test("protocol.md's example: a ship enters and flies straight at no cost", () => {
  const viewer = viewerOfAda();
  assert.deepEqual(viewer.view(), { tick: 40, Ship: { 1: [1600, 320, 100, "Ada"] } });
  viewer.apply(stateOf({ tick: 43, span: 3 }));
  assert.deepEqual(viewer.view(), { tick: 43, Ship: { 1: [1648, 320, 100, "Ada"] } });
});

test("span 0 empties the view first", () => {
  const viewer = viewerOfAda();
  viewer.apply(stateOf({ tick: 44, enters: [[0, [9], ...packRows([[0, 0, 1]], 3)]] }));
  assert.deepEqual(viewer.view(), { tick: 44, Ship: { 9: [0, 0, 1, ""] } });
});

test("residuals of an entity in several blocks add up", () => {
  const viewer = viewerOfAda();
  const block = [0, null, ...packRows([[0, 0, -7]], 3)];
  viewer.apply(stateOf({ tick: 41, span: 1, changes: [block, block] }));
  assert.equal(viewer.view().Ship[1][2], 86);
});

const [WIDTHS, ROW] = packRows([[1, 1, 1]], 3);
const MISFITS = {
  "a base that the view is not": { span: 2 },
  "an entity that leaves and is not there": { leaves: [2] },
  "leaves that do not ascend": { leaves: [1, 0] },
  "an entity that enters and is there": { enters: [[0, [1], WIDTHS, ROW]] },
  "an entity that leaves and enters": { leaves: [1], enters: [[0, [1], WIDTHS, ROW]] },
  "an entity that enters twice": {
    enters: [
      [0, [2], WIDTHS, ROW],
      [0, [2], WIDTHS, ROW],
    ],
  },
  "a type that enters in two blocks": {
    enters: [
      [0, [2], WIDTHS, ROW],
      [0, [3], WIDTHS, ROW],
    ],
  },
  "an id of 0": { enters: [[0, [0], WIDTHS, ROW]] },
  "an id beyond 2³⁰ − 1": { enters: [[0, [2 ** 30], WIDTHS, ROW]] },
  "a type that does not exist": { enters: [[1, [2], WIDTHS, ROW]] },
  "a type that is no index": { changes: [["length", null, WIDTHS, ROW]] },
  "a block that is no array": { enters: [7] },
  "a block with an item too many": { changes: [[0, null, WIDTHS, ROW, 0]] },
  "widths of another type": { changes: [[0, null, WIDTHS.subarray(1), ROW]] },
  "widths that are no bin": { changes: [[0, null, [1, 1, 1], ROW]] },
  "a width of 33": { changes: [[0, null, Uint8Array.of(33, 0, 0), new Uint8Array(5)]] },
  "rows that are too short": { changes: [[0, null, WIDTHS, ROW.subarray(1)]] },
  "rows that are too long": { changes: [[0, null, WIDTHS, Uint8Array.of(...ROW, 0)]] },
  "who with an index beyond the list": { changes: [[0, [1], WIDTHS, ROW]] },
  "who with a bit beyond the list": { changes: [[0, Uint8Array.of(2), WIDTHS, ROW]] },
  "who that is neither": { changes: [[0, 0, WIDTHS, ROW]] },
  "who that is an empty bin": { changes: [[0, Uint8Array.of(), WIDTHS, ROW]] },
  "a code above its range": { changes: [[0, null, ...packRows([[0, 0, 1]], 3)]] },
  "a code below its range": { changes: [[0, null, ...packRows([[0, 0, -101]], 3)]] },
  "a rated code outside its range": { changes: [[0, null, ...packRows([[2 ** 21, 0, 0]], 3)]] },
  "an entering code outside its range": { enters: [[0, [2], ...packRows([[0, 0, 101]], 3)]] },
  "a value of a numeric field": { values: [[0, 0, null, [5]]] },
  "a value of a field that does not exist": { values: [[0, 4, null, ["x"]]] },
  "fewer values than entities": { values: [[0, 3, null, []]] },
  "a text that is none": { values: [[0, 3, null, [5]]] },
  "a text that is too long": { values: [[0, 3, null, ["é".repeat(13)]]] },
};
for (const [what, parts] of Object.entries(MISFITS)) {
  test(`a STATE that does not fit changes nothing: ${what}`, () => {
    const viewer = viewerOfAda();
    const before = viewer.view();
    assert.throws(() => viewer.apply(stateOf({ tick: 41, span: 1, ...parts })), DeltaError);
    assert.deepEqual(viewer.view(), before);
    viewer.apply(stateOf({ tick: 41, span: 1 }));
    assert.equal(viewer.view().tick, 41, "and the next one that fits is applied");
  });
}

test("nothing can be applied before a STATE from nothing", () => {
  const viewer = new Viewer(SHIP_SCHEMA, 20);
  assert.throws(() => viewer.apply(stateOf({ tick: 3, span: 3 })), DeltaError);
  assert.throws(() => viewer.apply(stateOf({ tick: 2, span: 3 })), DeltaError);
});

test("a view follows a room of random entities through spans of any length", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const random = seeded(seed);
    const room = new ModelRoom(random);
    const viewer = new Viewer(TEST_SCHEMA, ModelRoom.TICK_HZ);
    let moved = 0;
    for (let snapshot = 0; snapshot < 30; snapshot += 1) {
      const state = room.next(snapshot === 0 || random.chance(0.1) ? 0 : random.int(1, 6));
      const bytes = encode([17, ...Object.values(state).slice(1)]);
      viewer.apply(/** @type {State} */ (decodeServer(bytes)));
      assert.deepEqual(viewer.view(), room.view(), `seed ${seed}, snapshot ${snapshot}`);
      moved += room.count;
    }
    assert.ok(moved > 50, "the room was not empty");
  }
});

test("mutated STATE messages raise ProtocolError only, and change nothing when they do", () => {
  let refused = 0;
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seeded(1000 + seed);
    const room = new ModelRoom(random);
    const viewer = new Viewer(TEST_SCHEMA, ModelRoom.TICK_HZ);
    viewer.apply(room.next(0));
    const bytes = encode([17, ...Object.values(room.next(random.int(1, 3))).slice(1)]);
    for (let round = 0; round < 60; round += 1) {
      const fresh = new Viewer(TEST_SCHEMA, ModelRoom.TICK_HZ);
      fresh.ring = viewer.ring;
      const before = viewer.view();
      try {
        const message = decodeServer(mutated(bytes, random));
        if (message.type !== "state") continue;
        fresh.decoder.apply(viewer.ring.newest, message, viewer.ring.spare);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
        refused += 1;
      }
      assert.deepEqual(viewer.view(), before);
    }
  }
  assert.ok(refused > 500, `${refused} were refused`);
});

test("a ring keeps the newest states, and forgets them when time runs backwards", () => {
  const viewer = viewerOfAda();
  for (let tick = 41; tick < 140; tick += 1) viewer.apply(stateOf({ tick, span: 1 }));
  const { ring } = viewer;
  assert.equal(ring.count, 64);
  for (let age = 0; age < ring.count; age += 1) assert.equal(ring.at(age).tick, 139 - age);
  viewer.apply({ ...ADA, tick: 7 });
  assert.equal(ring.count, 1);
  assert.equal(ring.newest.tick, 7);
});

/** @param {Uint8Array} bytes @param {import("./support/random.js").Random} random */
function mutated(bytes, random) {
  const copy = Uint8Array.from(bytes);
  for (let i = random.int(1, 3); i > 0; i -= 1) {
    const at = random.int(0, copy.length - 1);
    copy[at] = random.chance(0.5) ? copy[at] ^ (1 << random.int(0, 7)) : random.int(0, 255);
  }
  return copy;
}

test("a view may hold more entities than 2^17, and 2^16", () => {
  const count = 300_000;
  const ids = Array.from({ length: count }, () => 1);
  const rows = new Uint8Array(count).fill(2);
  const bytes = encode([17, 7, 0, 0, null, [], [[0, ids, Uint8Array.of(8, 0, 0), rows]], [], []]);
  const state = decodeServer(bytes);
  assert.equal(state.type, "state");
  const viewer = new Viewer(SHIP_SCHEMA, 20);
  viewer.apply(/** @type {State} */ (state));
  const [ships] = viewer.ring.newest.tables;
  assert.equal(ships.count, count);
  assert.equal(ships.ids[count - 1], count);
});

test("a made-up length reserves no memory", () => {
  const before = process.memoryUsage().rss;
  for (const head of [0xdd, 0xdf]) {
    const nested = Array.from({ length: 12 }, () => [head, 0x07, 0xff, 0xff, 0xff]).flat();
    assert.throws(() => decodeServer(Uint8Array.from(nested)), ProtocolError);
  }
  assert.ok(process.memoryUsage().rss - before < 64 << 20);
});
