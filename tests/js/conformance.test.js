import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as codec from "../../client_demo/sdk/codec.js";
import { DeltaDecoder } from "../../client_demo/sdk/decoder.js";
import { ProtocolError } from "../../client_demo/sdk/errors.js";
import { decodeValue, encodeValue } from "../../client_demo/sdk/fields.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { ViewRing } from "../../client_demo/sdk/view_state.js";

/** @param {string} name @returns {any[]} */
function vectors(name) {
  const url = new URL(`../conformance/vectors/${name}.json`, import.meta.url);
  const cases = JSON.parse(readFileSync(url, "utf8"), (_, value) =>
    typeof value?.$bin === "string" ? bytesOf(value.$bin) : value,
  );
  assert.ok(cases.length > 5, `${name} has cases`);
  return cases;
}

/** @param {string} hex */
function bytesOf(hex) {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** @type {Record<number, (items: any[]) => Uint8Array>} */
const ENCODE = {
  1: ([kind, room, role, params, attempt]) => codec.encodeJoin(kind, room, role, params, attempt),
  2: ([token, tick, event]) => codec.encodeResume(token, tick, event),
  3: ([seq, ack, behind, ...codes]) => codec.encodeInput(seq, ack, behind, codes),
  4: ([name, payload]) => codec.encodeMessage(name, payload),
  5: ([nonce]) => codec.encodePing(nonce),
  6: ([nonce]) => codec.encodePong(nonce),
  7: ([tick]) => codec.encodeResync(tick),
  8: ([tick]) => codec.encodeAck(tick),
  9: () => codec.encodeLeave(),
  10: () => codec.encodeArrived(),
};

/** Items of a server message in the order of the wire. @param {any} message */
function itemsOf({ type, ...parts }) {
  const items = Object.values(parts);
  if (type === "welcome") return [parts];
  if (type !== "events") return items;
  return [...items.slice(0, 2), parts.items.map(Object.values)];
}

for (const { name, from, hex, message, only_read: onlyRead } of vectors("messages")) {
  if (from === "client") {
    if (onlyRead) continue;
    test(`messages: the client's ${name} is encoded`, () => {
      const [id, ...items] = message;
      assert.equal(Buffer.from(ENCODE[id](items)).toString("hex"), hex);
    });
  } else {
    test(`messages: the server's ${name} is read`, () => {
      assert.deepEqual(itemsOf(codec.decodeServer(bytesOf(hex))), message.slice(1));
    });
  }
}

for (const { name, from, hex, code } of vectors("refused")) {
  if (from !== "server") continue;
  test(`refused: ${name}`, () => {
    assert.throws(
      () => codec.decodeServer(bytesOf(hex)),
      (error) => error instanceof ProtocolError && error.code === code,
    );
  });
}

for (const { name, field, decode, snap } of vectors("fields")) {
  test(`fields: ${name}`, () => {
    const entities = [{ name: "T", fields: [field] }];
    const schema = compileSchema({ fingerprint: "0".repeat(16), entities, inputs: [] }, 20);
    const [compiled] = schema.types[0].numeric;
    for (const [code, value] of decode) assert.ok(Object.is(decodeValue(compiled, code), value));
    for (const [value, code] of snap) assert.equal(encodeValue(compiled, value), code, `${value}`);
  });
}

for (const { name, tick_hz, schema: wire, steps } of vectors("deltas")) {
  test(`deltas: ${name}`, () => {
    const schema = compileSchema(wire, tick_hz);
    const ring = new ViewRing(schema);
    const decoder = new DeltaDecoder(schema);
    steps.forEach((/** @type {any} */ step, /** @type {number} */ i) => {
      const apply = () => {
        const message = codec.decodeServer(bytesOf(step.hex));
        assert.ok(message.type === "state");
        decoder.apply(ring.newest, message, ring.spare);
        ring.commit();
      };
      const before = viewOf(ring.newest);
      if (step.refuse) {
        assert.throws(apply, ProtocolError, `step ${i}: ${step.refuse}`);
        assert.deepEqual(viewOf(ring.newest), before, `step ${i} changed nothing`);
      } else {
        apply();
        const expected = step.entities.map(
          (/** @type {any} */ { type, id, codes }) => `${type} ${id} ${JSON.stringify(codes)}`,
        );
        assert.equal(ring.newest.tick, step.tick);
        assert.deepEqual(viewOf(ring.newest), expected.sort(), `step ${i}`);
      }
    });
  });
}

/**
 * One line an entity: type, id, codes in the schema's order.
 *
 * @param {import("../../client_demo/sdk/view_state.js").ViewState} view
 */
function viewOf(view) {
  const lines = view.tables.flatMap(({ type, count, ids, codes, width, objects }) =>
    Array.from({ length: count }, (_, row) => {
      const fields = type.fields.map((field, i) => {
        const column = type.objectColumn[i];
        if (column >= 0) return objects[column][row];
        return codes[row * width + type.numeric.findIndex((one) => one.name === field.name)];
      });
      return `${type.index} ${ids[row]} ${JSON.stringify(fields)}`;
    }),
  );
  return lines.sort();
}
