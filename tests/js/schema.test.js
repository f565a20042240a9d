import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../client_demo/sdk/errors.js";
import { decodeValue, encodeValue, snapValue } from "../../client_demo/sdk/fields.js";
import { checkControls, compileSchema, encodeControls } from "../../client_demo/sdk/schema.js";
import { seeded } from "./support/random.js";
import { SHIP_SCHEMA } from "./support/wire.js";

/** @param {any[]} fields @param {any[]} [inputs] */
function withFields(fields, inputs = []) {
  const entities = [{ name: "Thing", fields }];
  return compileSchema({ fingerprint: "0".repeat(16), entities, inputs }, 20);
}

/** @param {any} field @returns {import("../../client_demo/sdk/fields.js").NumericField} */
function only(field) {
  return withFields([{ name: "f", rate: null, ...field }]).types[0].numeric[0];
}

test("columns are the numeric fields in order, and rates point at columns", () => {
  const text = { name: "label", kind: "text", max_bytes: 9 };
  const x = { name: "x", kind: "float", step: 0.25, lo: 0, hi: 9, rate: 2 };
  const vx = { name: "vx", kind: "float", step: 0.5, lo: 0, hi: 9, rate: null };
  const [type] = withFields([text, x, vx]).types;
  assert.deepEqual(
    type.numeric.map((field) => field.name),
    ["x", "vx"],
  );
  assert.equal(type.numeric[0].rate, 1);
  assert.equal(type.numeric[0].k, 0.5 / 0.25 / 20);
  assert.deepEqual(type.objectColumn, [0, -1, -1]);
});

test("a counter of jumps is known by its column, and stands once in a type", () => {
  const hp = { name: "hp", kind: "int", lo: 0, hi: 255 };
  const gates = { ...hp, name: "gates", jump: true };
  assert.equal(withFields([hp]).types[0].jumps, -1);
  assert.equal(withFields([hp, gates]).types[0].jumps, 1);
  const more = { ...gates, name: "more" };
  for (const fields of [
    [gates, more],
    [{ ...gates, jump: false }],
    [{ ...gates, hi: 256 }],
    [{ name: "list", kind: "list", of: { kind: "int", lo: 0, hi: 255, jump: true }, max_items: 3 }],
  ]) {
    assert.throws(() => withFields(fields), ProtocolError);
  }
  assert.throws(() => withFields([], [gates]), ProtocolError);
});

test("values and codes turn into each other", () => {
  const angle = only({ kind: "angle", steps: 1024 });
  assert.equal(encodeValue(angle, -Math.PI / 2), 768);
  assert.equal(decodeValue(angle, 512), 512 * (6.283185307179586 / 1024));
  assert.equal(encodeValue(only({ kind: "float", step: 0.5, lo: -4, hi: 4 }), -99), -4);
  assert.equal(snapValue(only({ kind: "float", step: 0.5, lo: -4, hi: 4 }), 0.3), 0.5);
  assert.equal(snapValue(only({ kind: "int", lo: 0, hi: 9 }), 3.5), 4);
  assert.equal(decodeValue(only({ kind: "flag" }), 1), true);
  const choice = only({ kind: "choice", names: ["idle", "run"] });
  assert.equal(encodeValue(choice, "run"), 1);
  assert.equal(decodeValue(choice, 1), "run");
  assert.equal(decodeValue(only({ kind: "ref" }), 0), null);
  assert.equal(decodeValue(only({ kind: "ref" }), 7), 7);
});

test("a snapped value stays where it is", () => {
  const random = seeded(4);
  const kinds = [
    only({ kind: "float", step: 0.1, lo: -5000, hi: 5000 }),
    only({ kind: "float", step: 1 / 64, lo: -5000, hi: 5000 }),
    only({ kind: "angle", steps: 1000 }),
  ];
  for (let round = 0; round < 3000; round += 1) {
    const field = random.pick(kinds);
    const snapped = snapValue(field, (random.next() - 0.5) * 2000);
    assert.equal(snapValue(field, snapped), snapped);
  }
});

test("a value that a field cannot hold is named in the error", () => {
  const field = only({ kind: "float", step: 1, lo: 0, hi: 9 });
  assert.throws(() => encodeValue(field, Number.NaN), /f is float and cannot be NaN/);
  assert.throws(() => encodeValue(field, "3"), TypeError);
  assert.throws(() => encodeValue(only({ kind: "angle", steps: 2 ** 20 }), 1e308), TypeError);
  const choice = only({ kind: "choice", names: ["idle", "run"] });
  assert.throws(() => encodeValue(choice, "fly"), /idle, run, not fly/);
});

test("controls become codes; what is left out is neutral, what is unknown is refused", () => {
  const schema = compileSchema(SHIP_SCHEMA, 20);
  assert.deepEqual(encodeControls(schema, { turn: -1, thrust: true }), [-1, 1, 0]);
  assert.deepEqual(schema.neutral, [0, 0, 0]);
  assert.throws(() => checkControls(schema, { trun: 1 }), /trun; this room has: turn, thrust/);
});

test("the neutral code is the one nearest to 0", () => {
  const inputs = [{ name: "gear", kind: "int", lo: 1, hi: 5 }];
  assert.deepEqual(withFields([], inputs).neutral, [1]);
});

const BROKEN = {
  "no map": 7,
  "no fingerprint": { entities: [], inputs: [] },
  "entities are no array": { fingerprint: "0".repeat(16), entities: {}, inputs: [] },
  "no inputs": { fingerprint: "0".repeat(16), entities: [] },
};
for (const [what, wire] of Object.entries(BROKEN)) {
  test(`a schema is refused: ${what}`, () => {
    assert.throws(() => compileSchema(wire, 20), ProtocolError);
  });
}

const FLOAT = { name: "x", kind: "float", step: 1, lo: 0, hi: 9, rate: null };
const BROKEN_FIELDS = {
  "unknown kind": [{ name: "x", kind: "quaternion" }],
  "a step of 0": [{ ...FLOAT, step: 0 }],
  "an infinite step": [{ ...FLOAT, step: Number.POSITIVE_INFINITY }],
  "lo above hi": [{ ...FLOAT, lo: 10 }],
  "a code beyond 2³⁰": [{ ...FLOAT, hi: 2 ** 30 }],
  "a rate that does not exist": [{ ...FLOAT, rate: 1 }],
  "its own rate": [{ ...FLOAT, rate: 0 }],
  "a rate that is missing": [{ ...FLOAT, rate: undefined }],
  "a rate that is no float": [
    { ...FLOAT, rate: 1 },
    { name: "n", kind: "int", lo: 0, hi: 1 },
  ],
  "a rate that has a rate": [
    { ...FLOAT, rate: 1 },
    { ...FLOAT, name: "y", rate: 2 },
    { ...FLOAT, name: "z" },
  ],
  "a rate that is far too coarse": [
    { ...FLOAT, step: 1e-9, rate: 1 },
    { ...FLOAT, name: "y" },
  ],
  "two fields of one name": [FLOAT, FLOAT],
  "a name that would set a prototype": [{ ...FLOAT, name: "__proto__" }],
  "no steps": [{ name: "a", kind: "angle", steps: 0, rate: null }],
  "no names": [{ name: "c", kind: "choice", names: [] }],
  "a list of texts": [
    { name: "l", kind: "list", of: { kind: "text", max_bytes: 3 }, max_items: 4 },
  ],
  "a list of nothing": [{ name: "l", kind: "list", max_items: 4 }],
};
for (const [what, fields] of Object.entries(BROKEN_FIELDS)) {
  test(`a schema's fields are refused: ${what}`, () => {
    assert.throws(() => withFields(fields), ProtocolError);
  });
}

test("inputs are numeric, without refs and rates", () => {
  const text = { name: "t", kind: "text", max_bytes: 3 };
  for (const wrong of [text, { name: "r", kind: "ref" }, { ...FLOAT, rate: 0 }]) {
    assert.throws(() => withFields([], [wrong]), ProtocolError);
  }
});

test("a type is found by its use, which stands once; one of a later server is none", () => {
  /** @param {unknown[]} uses */
  const compiled = (uses) => {
    const entities = uses.map((use, i) => ({ name: `T${i}`, use, fields: [] }));
    return compileSchema({ fingerprint: "0".repeat(16), entities, inputs: [] }, 20).types;
  };
  const uses = compiled([undefined, "players", "room", "weather", 7]).map(({ use }) => use);
  assert.deepEqual(uses, [null, "players", "room", null, null]);
  assert.throws(() => compiled(["players", "players"]), ProtocolError);
});
