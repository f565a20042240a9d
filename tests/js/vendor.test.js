import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../../client_demo/vendor/msgpack/msgpack.js";
import { staleFiles } from "../../tools/vendor_msgpack.mjs";

test("the vendored msgpack is what the pinned package gives", async () => {
  assert.deepEqual(await staleFiles(), []);
});

test("the vendored msgpack keeps every kind of value that the wire uses", () => {
  const message = [3, -1, 70000, 0.5, "Zoë", true, null, new Uint8Array([0, 255])];
  assert.deepEqual(decode(encode(message)), message);
});
