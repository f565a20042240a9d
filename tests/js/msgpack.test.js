/** The SDK's msgpack against the reference library, and in what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as reference from "@msgpack/msgpack";
import { ProtocolError } from "../../client_demo/sdk/errors.js";
import { pack, unpack } from "../../client_demo/sdk/msgpack.js";
import { seeded } from "./support/random.js";

const MAX_DEPTH = 16;

/** @param {string} hex */
const bytesOf = (hex) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** Any value that the wire carries. @param {import("./support/random.js").Random} random */
function anyValue(random, depth = 0) {
  /** @type {(() => any)[]} */
  const kinds = [
    () => null,
    () => random.chance(0.5),
    () => random.int(-200, 200),
    () => random.int(-70_000, 70_000),
    () => random.int(-(2 ** 53) + 1, 2 ** 53 - 1),
    () => random.int(-1000, 1000) / 7,
    () => "a".repeat(random.int(0, 40)),
    () => "Zoë 🚀 \ufeff\0".repeat(random.int(0, 9)),
    () => new Uint8Array(random.pick([0, 3, 255, 256, 65_536])).fill(random.int(0, 255)),
    () => Array.from({ length: random.int(0, 20) }, () => anyValue(random, depth + 1)),
    () => {
      const keys = Array.from({ length: random.int(0, 20) }, () => `k${random.int(0, 99)}`);
      return Object.fromEntries(keys.map((key) => [key, anyValue(random, depth + 1)]));
    },
  ];
  return kinds[random.int(0, depth < 3 ? kinds.length - 1 : 8)]();
}

test("what is written is what the reference library writes, and each reads the other's", () => {
  const random = seeded(3);
  for (let round = 0; round < 2000; round += 1) {
    const value = [anyValue(random)];
    const bytes = pack(value, { maxDepth: MAX_DEPTH });
    assert.deepEqual(bytes, reference.encode(value));
    assert.deepEqual(unpack(bytes, MAX_DEPTH), value);
    assert.deepEqual(reference.decode(bytes), value);
  }
});

const LONG_FORMS = {
  "an integer in eight bytes": ["cf 0000000000000007", 7],
  "a negative one": ["d3 fffffffffffffff9", -7],
  "the largest exact integer": ["cf 001fffffffffffff", 2 ** 53 - 1],
  "the smallest": ["d3 ffe0000000000001", -(2 ** 53) + 1],
  "one above, which is never rounded": ["cf 0020000000000001", 2n ** 53n + 1n],
  "one below": ["d3 ffdfffffffffffff", -(2n ** 53n) - 1n],
  "the largest of 64 bits": ["cf ffffffffffffffff", 2n ** 64n - 1n],
  "a float of 32 bits": ["ca 3fc00000", 1.5],
  "a text with a 32 bit length": ["db 00000002 c3a9", "é"],
  "a text that begins with a byte order mark": [
    `d9 1e efbbbf${"61".repeat(27)}`,
    `\ufeff${"a".repeat(27)}`,
  ],
  "a bin with a 32 bit length": ["c6 00000001 ff", new Uint8Array([255])],
  "an array with a 32 bit length": ["dd 00000001 c0", [null]],
  "a map with a 32 bit length": ["df 00000001 a0 c3", { "": true }],
};
for (const [what, [hex, value]] of Object.entries(LONG_FORMS)) {
  test(`${what} is read`, () => {
    assert.deepEqual(unpack(bytesOf(/** @type {string} */ (hex)), MAX_DEPTH), value);
  });
}

const REFUSED = {
  nothing: "",
  "a byte after the value": "01 01",
  "the unused byte": "c1",
  "a value cut off": "cd 01",
  "a text cut off": "a3 6161",
  "a length that is made up": "dd ffffffff",
  "a made-up length of a bin": "c6 ffffffff",
  "an extension": "d4 01 00",
  "a timestamp": "d6 ff 00000000",
  "text that is not UTF-8": "a1 ff",
  "text with half of a surrogate pair": "a3 eda080",
  "text in overlong form": "a2 c080",
  "an integer as key": "81 01 02",
  "a bin as key": "81 c4 01 61 02",
  "an array as key": "81 90 02",
  "a key twice": "82 a1 61 01 a1 61 02",
  "__proto__ twice": `82 ${`a9 ${Buffer.from("__proto__").toString("hex")} 01`.repeat(2)}`,
  "17 arrays in each other": "91".repeat(17),
  "17 maps in each other": `${"81 a0".repeat(17)} 01`,
};
for (const [what, hex] of Object.entries(REFUSED)) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => unpack(bytesOf(hex), MAX_DEPTH),
      (error) => error instanceof ProtocolError && error.code === 4000,
    );
  });
}

for (const key of ["__proto__", "constructor", "prototype", "hasOwnProperty", "toString"]) {
  test(`the key ${key} is data and changes no object`, () => {
    const sent = JSON.parse(`{ "${key}": { "polluted": true } }`);
    const [map] = /** @type {any[]} */ (unpack(pack([sent], { maxDepth: MAX_DEPTH }), MAX_DEPTH));
    assert.deepEqual(Object.keys(map), [key]);
    assert.deepEqual(map[key], { polluted: true });
    assert.equal(Object.getPrototypeOf(map), Object.prototype);
    assert.equal(/** @type {any} */ ({}).polluted, undefined);
    assert.deepEqual(JSON.stringify(map), JSON.stringify(sent));
  });
}

const UNWRITABLE = {
  NaN: [{ x: [1, Number.NaN] }, RangeError, "payload.x[1] is NaN"],
  infinity: [Number.POSITIVE_INFINITY, RangeError, "payload is Infinity"],
  "half an emoji": [
    "hi 😀".slice(0, 4),
    RangeError,
    /payload is text with half of a surrogate pair/,
  ],
  "half an emoji as key": [{ "\ud83d": 1 }, RangeError, /payload is text with half/],
  "a function": [{ f: () => 1 }, TypeError, "payload.f is a function"],
  "a symbol": [Symbol("s"), TypeError, "payload is a symbol"],
  "a BigInt": [{ id: 1n }, TypeError, "payload.id is a BigInt: send a Number, or text"],
  "a Map": [new Map([["a", 1]]), TypeError, "payload is of type Map"],
  "a Date": [new Date(0), TypeError, "payload is of type Date"],
  "an array of floats": [new Float64Array(2), TypeError, "payload is of type Float64Array"],
  "8 arrays in each other": [[[[[[[[[]]]]]]]], RangeError, /nested too deeply$/],
};
for (const [what, [value, Kind, message]] of Object.entries(UNWRITABLE)) {
  test(`${what} cannot be written, and the error says where it is`, () => {
    const write = () => pack([4, "name", value], { maxDepth: 8, names: ["id", "name", "payload"] });
    assert.throws(write, (error) => error instanceof /** @type {any} */ (Kind));
    assert.throws(write, { message });
  });
}

test("an object that contains itself is nested too deeply", () => {
  /** @type {any} */
  const loop = {};
  loop.self = loop;
  assert.throws(() => pack([loop], { maxDepth: MAX_DEPTH }), RangeError);
});

test("each array, map, key and other value counts", () => {
  const message = [4, "m", [{ a: 1 }, [], null]];
  assert.ok(pack(message, { maxDepth: 8, maxValues: 9 }));
  assert.throws(() => pack(message, { maxDepth: 8, maxValues: 8 }), { message: /^9 values/ });
});
