import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import * as codec from "../../client_demo/sdk/codec.js";
import { ProtocolError } from "../../client_demo/sdk/errors.js";
import { seeded } from "./support/random.js";
import { SHIP_SCHEMA } from "./support/wire.js";

const WELCOME = {
  server: "s",
  session: 1,
  token: new Uint8Array(24),
  resumed: false,
  kind: "arena",
  room: "r1",
  role: 0,
  tick: 10,
  tick_hz: 60,
  snapshot_every: 3,
  grace_s: 20,
  event: 5,
  seq: 0,
  schema: SHIP_SCHEMA,
  step: null,
  limits: codec.DEFAULT_LIMITS,
};

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

test("client messages are the bytes of protocol.md's examples", () => {
  const join = codec.encodeJoin("arena", null, 0, { name: "Ada" });
  assert.equal(hex(join), "9501a56172656e61c00081a46e616d65a3416461");
  assert.equal(hex(codec.encodeInput(300, 1200, 40, [-1, 1, 0])), "9703cd012ccd04b028ff0100");
  assert.equal(hex(codec.encodeLeave()), "9109");
});

test("each server message is read", () => {
  const state = codec.decodeServer(encode([17, 43, 3, 0, null, [], [], [], []]));
  assert.deepEqual(state, {
    ...{ type: "state", tick: 43, span: 3, seq: 0, lead: null },
    ...{ leaves: [], enters: [], changes: [], values: [] },
  });
  const events = codec.decodeServer(encode([18, 4, 6, [[9, "hit", { by: 1 }]]]));
  assert.deepEqual(events, {
    ...{ type: "events", since: 4, upto: 6 },
    items: [{ tick: 9, name: "hit", payload: { by: 1 } }],
  });
  assert.deepEqual(codec.decodeServer(encode([19, 7])), { type: "ping", nonce: 7 });
  const pong = codec.decodeServer(encode([20, 7, 100, 12, 1, 2]));
  assert.deepEqual(pong, { type: "pong", nonce: 7, tick: 100, held: 12, missed: 1, trimmed: 2 });
  const notice = codec.decodeServer(encode([21, "draining", { retry_after_s: 5 }]));
  assert.deepEqual(notice, { type: "notice", name: "draining", detail: { retry_after_s: 5 } });
  const welcome = codec.decodeServer(encode([16, { ...WELCOME, later: "key of a later version" }]));
  assert.deepEqual(welcome, { type: "welcome", ...WELCOME });
});

test("the token outlives the message it came in", () => {
  const bytes = encode([16, { ...WELCOME, token: new Uint8Array(24).fill(7) }]);
  const welcome = /** @type {import("../../client_demo/sdk/codec.js").Welcome} */ (
    codec.decodeServer(bytes)
  );
  bytes.fill(0);
  assert.deepEqual(welcome.token, new Uint8Array(24).fill(7));
});

const WRONG = {
  "no array": [{ 0: 17 }, 4000],
  "an empty array": [[], 4000],
  "no id": [["17"], 4000],
  "an id that does not exist": [[99], 4003],
  "a client's id": [[3, 1, 0], 4003],
  "too few items": [[19], 4004],
  "too many items": [[19, 1, 2], 4004],
  "a negative nonce": [[19, -1], 4004],
  "a nonce beyond 2³² − 1": [[19, 2 ** 32], 4004],
  "a fractional nonce": [[19, 0.5], 4004],
  "a span before tick 0": [[17, 5, 6, 0, null, [], [], [], []], 4004],
  "a lead beyond 65535": [[17, 5, 0, 0, 65536, [], [], [], []], 4004],
  "leaves that are no array": [[17, 5, 0, 0, null, null, [], [], []], 4004],
  "a cursor that runs backwards": [[18, 5, 4, []], 4004],
  "an event without payload": [[18, 5, 6, [[1, "x"]]], 4004],
  "WELCOME without a map": [[16, null], 4004],
  "WELCOME without a key": [[16, { ...WELCOME, server: undefined }], 4004],
  "WELCOME with a short token": [[16, { ...WELCOME, token: new Uint8Array(23) }], 4004],
  "WELCOME with 0 ticks a second": [[16, { ...WELCOME, tick_hz: 0 }], 4004],
  "NOTICE without a map": [[21, "draining", []], 4004],
};
for (const [what, [value, code]] of Object.entries(WRONG)) {
  test(`${what} is refused with ${code}`, () => {
    assert.throws(
      () => codec.decodeServer(encode(value)),
      (error) => error instanceof ProtocolError && error.code === code,
    );
  });
}

test("extensions, timestamps, trailing bytes and odd keys are not msgpack of ours", () => {
  const timestamp = encode([21, "x", { at: new Date(0) }]);
  assert.throws(() => codec.decodeServer(timestamp), ProtocolError);
  assert.throws(() => codec.decodeServer(Uint8Array.of(0x92, 19, 1, 0)), ProtocolError);
  assert.throws(() => codec.decodeServer(Uint8Array.of(0xdd, 255, 255, 255, 255)), ProtocolError);
  const numberKey = Uint8Array.of(0x93, 21, 0xa1, 0x78, 0x81, 1, 2);
  assert.throws(() => codec.decodeServer(numberKey), ProtocolError);
});

test("an integer that would be rounded is refused", () => {
  for (const hex of ["cf0020000000000000", "d3ffe0000000000000"]) {
    const event = Buffer.from(`941205069193 01 a178 91 ${hex}`.replaceAll(" ", ""), "hex");
    assert.throws(
      () => codec.decodeServer(new Uint8Array(event)),
      (error) => error instanceof ProtocolError && error.code === 4004,
    );
  }
});

test("a payload nested beyond the limit is refused", () => {
  /** @type {unknown} */
  let nested = 1;
  for (let depth = 0; depth < 16; depth += 1) nested = [nested];
  assert.throws(() => codec.decodeServer(encode([18, 0, 1, [[1, "x", nested]]])), ProtocolError);
});

test("any bytes give a message or ProtocolError", () => {
  const random = seeded(5);
  const seeds = [
    encode([16, WELCOME]),
    encode([17, 43, 3, 9, 12, [1], [[0, [1], new Uint8Array(3), new Uint8Array()]], [], []]),
    encode([18, 4, 6, [[9, "hit", { by: [1, null, true, 0.5, "é", new Uint8Array(3)] }]]]),
    encode([20, 7, 100, 12, 1, 2]),
  ];
  let refused = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = mutated(random.pick(seeds), random);
    try {
      codec.decodeServer(bytes);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `${hex(bytes)}: ${error}`);
      refused += 1;
    }
  }
  assert.ok(refused > 1000, "most mutations break a message");
});

/** @param {Uint8Array} bytes @param {import("./support/random.js").Random} random */
function mutated(bytes, random) {
  const copy = Uint8Array.from(bytes.subarray(0, random.chance(0.3) ? random.int(0, 60) : 9999));
  for (let i = random.int(0, 3); i > 0 && copy.length > 0; i -= 1) {
    copy[random.int(0, copy.length - 1)] = random.int(0, 255);
  }
  return copy;
}
