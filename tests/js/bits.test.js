import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRows, readBits, setBits, undoGaps, unzigzag } from "../../client_demo/sdk/bits.js";
import { DeltaError } from "../../client_demo/sdk/errors.js";
import { seeded } from "./support/random.js";
import { bitString, gaps, packRows, zigzag } from "./support/wire.js";

test("a value of any width is read at any offset", () => {
  const random = seeded(1);
  for (let round = 0; round < 5000; round += 1) {
    const width = random.int(1, 32);
    const start = random.int(0, 40);
    const value = BigInt(random.int(0, 2 ** width - 1));
    let packed = BigInt(random.int(0, 2 ** 40)) & ((1n << BigInt(start)) - 1n);
    packed |= value << BigInt(start);
    packed |= BigInt(random.int(0, 255)) << BigInt(start + width);
    const bytes = new Uint8Array(Math.ceil((start + width) / 8));
    bytes.forEach((_, i) => {
      bytes[i] = Number((packed >> BigInt(8 * i)) & 255n);
    });
    assert.equal(readBits(bytes, start, width), Number(value), `${width} bits at ${start}`);
  }
});

test("zigzag comes back, at the ends of its range too", () => {
  for (const value of [0, 1, -1, 2 ** 30 - 1, -(2 ** 30) + 1, 2 ** 31 - 1, -(2 ** 31)]) {
    assert.equal(unzigzag(zigzag(value)), value);
  }
});

test("a row's bytes are its bits, rounded up", () => {
  const bytesOf = (/** @type {number[]} */ ...widths) => {
    for (let bytes = 0; bytes < 40; bytes += 1) {
      try {
        checkRows(Uint8Array.from(widths), new Uint8Array(2 * bytes), widths.length, 2);
        return bytes;
      } catch (error) {
        assert.ok(error instanceof DeltaError);
      }
    }
    return -1;
  };
  assert.equal(bytesOf(), 0);
  assert.equal(bytesOf(0, 0), 0);
  assert.equal(bytesOf(12, 10, 8), 4);
  assert.equal(bytesOf(32, 32, 1), 9);
  assert.equal(bytesOf(33), -1);
});

test("protocol.md's example row is packed and read as the page says", () => {
  const [widths, rows] = packRows([[1600, 320, 100]], 3);
  assert.deepEqual([...widths], [0x0c, 0x0a, 0x08]);
  assert.deepEqual([...rows], [0x80, 0x0c, 0x28, 0x32]);
  assert.equal(unzigzag(readBits(rows, 12, 10)), 320);
});

test("gaps come back as the list they were made of", () => {
  const random = seeded(2);
  for (let round = 0; round < 300; round += 1) {
    const values = new Set(Array.from({ length: random.int(0, 30) }, () => random.int(1, 999)));
    const ascending = [...values].sort((a, b) => a - b);
    const out = new Int32Array(30);
    assert.equal(undoGaps(gaps(ascending), out, 1, 999), ascending.length);
    assert.deepEqual([...out.subarray(0, ascending.length)], ascending);
  }
});

test("gaps that do not ascend, leave the range or are no integers are refused", () => {
  const out = new Int32Array(8);
  for (const wrong of [[0], [1, 0], [1, -1], [1.5], [5, 5], ["1"], [null], null, {}, "12"]) {
    assert.throws(() => undoGaps(wrong, out, 1, 9), DeltaError, JSON.stringify(wrong));
  }
  assert.equal(undoGaps([0, 9], out, 0, 9), 2);
});

test("a bit string gives the indexes of its bits", () => {
  const random = seeded(3);
  for (let round = 0; round < 300; round += 1) {
    const count = random.int(0, 70);
    const indexes = Array.from({ length: count }, (_, i) => i).filter(() => random.chance(0.4));
    const out = new Int32Array(70);
    const found = setBits(bitString(indexes, count), count, out);
    assert.deepEqual([...out.subarray(0, found)], indexes);
  }
});

test("a bit string of the wrong length, or with a bit past its end, is refused", () => {
  const out = new Int32Array(16);
  assert.throws(() => setBits(Uint8Array.of(1, 0), 8, out), DeltaError);
  assert.throws(() => setBits(Uint8Array.of(), 1, out), DeltaError);
  assert.throws(() => setBits(Uint8Array.of(0b1000), 3, out), DeltaError);
});
