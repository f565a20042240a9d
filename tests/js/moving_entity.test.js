import assert from "node:assert/strict";
import { test } from "node:test";
import { SteppedEntity } from "../../client_demo/sdk/grid.js";
import { copyEntity, floatsOf, newMovingEntity } from "../../client_demo/sdk/moving_entity.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";

const FLOAT = { kind: "float", step: 1 / 16, lo: -1000, hi: 1000, rate: null };
const FIELDS = [
  { name: "held", kind: "flag" },
  { name: "x", ...FLOAT },
  { name: "name", kind: "text", max_bytes: 8 },
  { name: "way", kind: "angle", steps: 8, rate: null },
  { name: "near", kind: "ref" },
];
const WIRE = {
  fingerprint: "00000000000000cc",
  entities: [{ name: "Disc", fields: FIELDS }],
  inputs: [],
};
const [type] = compileSchema(WIRE, 60).types;

test("what is drawn is for a page what a plain object would be", () => {
  const disc = newMovingEntity(type, 3);
  disc.x += 2.5;
  disc.held = true;
  const plain = { x: 2.5, held: true, name: "", way: 0, near: null };
  assert.deepEqual({ ...disc }, { id: 3, type: "Disc", isNew: true, ...plain });
  assert.deepEqual(JSON.parse(JSON.stringify(disc)), { ...disc });
  assert.deepEqual([...floatsOf(disc)], [2.5, 0]);
});

test("a copy has the values, and its own id and numbers", () => {
  const [disc, copy] = [newMovingEntity(type, 3), newMovingEntity(type, 4)];
  Object.assign(disc, { x: 1.5, held: true, name: "Ada", near: 9 });
  copyEntity(type, copy, disc, floatsOf(disc));
  disc.x = 7;
  assert.deepEqual([copy.id, copy.x, copy.held, copy.name, copy.near], [4, 1.5, true, "Ada", 9]);
});

test("a step's values are put on their grid, with or without functions from the room's module", () => {
  const copies = {
    read(/** @type {any} */ disc, /** @type {Float64Array} */ floats) {
      floats[0] = disc.x;
      floats[1] = disc.way;
    },
    write(/** @type {any} */ disc, /** @type {Float64Array} */ floats) {
      disc.x = floats[0];
      disc.way = floats[1];
    },
  };
  for (const one of [new SteppedEntity(type, 3), new SteppedEntity(type, 3, copies)]) {
    one.load(Int32Array.of(9, 0, 16, 0, 5), 1);
    assert.deepEqual([one.entity.x, one.entity.held, one.entity.near], [1, false, 5]);
    one.entity.x = 2.53;
    one.entity.way = -Math.PI / 2;
    one.entity.held = 1;
    one.entity.near = 6;
    one.snap();
    assert.deepEqual([...one.codes], [1, 40, 6, 5], "a reference is the server's");
    assert.deepEqual([one.entity.x, one.entity.held], [2.5, true]);
    assert.deepEqual([...one.floats], [one.entity.x, one.entity.way]);
    one.entity.x = Number.NaN;
    assert.throws(() => one.snap(), /x is float and cannot be NaN/);
  }
});
