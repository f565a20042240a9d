import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingFrames } from "../../client_demo/sdk/pending_frames.js";

/** @param {PendingFrames} frames */
const seqs = (frames) => Array.from({ length: frames.count }, (_, i) => frames.at(i).seq);

test("frames come out in the order in which they went in, and their records are used again", () => {
  const frames = new PendingFrames(4, 2);
  for (const seq of [1, 2, 3]) frames.push(seq, [seq]).result[0] = 10 * seq;
  const first = frames.shift();
  assert.deepEqual([first.seq, first.inputs, first.result[0]], [1, [1], 10]);
  for (const seq of [4, 5]) frames.push(seq, [seq]);
  assert.equal(frames.at(3), first);
  assert.deepEqual(seqs(frames), [2, 3, 4, 5]);
});

test("where there is no place for another one the oldest gives way", () => {
  const frames = new PendingFrames(3, 1);
  for (let seq = 1; seq <= 5; seq += 1) frames.push(seq, []);
  assert.deepEqual(seqs(frames), [3, 4, 5]);
});

test("one that was never sent is taken out, and the others keep what they have", () => {
  const frames = new PendingFrames(3, 1);
  for (const seq of [1, 2, 3]) frames.push(seq, [seq]).result[0] = 10 * seq;
  frames.remove(2);
  assert.deepEqual(seqs(frames), [1, 3]);
  assert.deepEqual([frames.at(0).result[0], frames.at(1).result[0]], [10, 30]);
  frames.remove(7);
  assert.deepEqual(seqs(frames), [1, 3]);
  frames.clear();
  assert.equal(frames.count, 0);
});
