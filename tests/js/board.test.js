/** The board's own strokes until the room has them, and the curve that they are drawn as. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { distanceSquared, parts, SvgPath, svgPath } from "../../client_demo/board/curve.js";
import { Easel } from "../../client_demo/board/easel.js";
import { Pencil } from "../../client_demo/board/pencil.js";
import {
  MAX_MESSAGE_POINTS_WITH_WIDTHS,
  MAX_STROKE_POINTS,
  widthOf,
} from "../../client_demo/board/sheet.js";
import { Strokes } from "../../client_demo/board/strokes.js";

/** A room that takes what is sent, or loses it. */
class Room {
  /** @type {Map<number, number[]>} */
  strokes = new Map();
  taken = { mark: 0, taken: 0, drawing: false };
  loses = false;
  refuses = false;
  sent = 0;

  /** As `Board._draw` in gameserver/games/board.py. @param {string} _ @param {any} payload */
  send = (_, { mark, at, points, done }) => {
    if (this.refuses) return false;
    this.sent += 1;
    if (this.loses || mark < this.taken.mark) return true;
    const arrived = mark === this.taken.mark ? this.taken.taken : 0;
    if (at > arrived || (mark === this.taken.mark && !this.taken.drawing)) return true;
    const list = [...(this.strokes.get(mark) ?? []), ...points.slice(2 * (arrived - at))];
    this.strokes.set(mark, list);
    this.taken = { mark, taken: list.length / 2, drawing: !done };
    return true;
  };
}

/** @param {Pencil} pencil @param {number} count @param {number} [from] */
function line(pencil, count, from = 0) {
  for (let i = from; i < from + count; i += 1) pencil.extend(100 + 10 * i, 200);
}

test("a stroke is kept until the room has all of it", () => {
  const [room, pencil] = [new Room(), new Pencil()];
  pencil.begin(90, 200, "blue", 16);
  line(pencil, 5);
  assert.ok(pencil.flush(room.send, 0));
  pencil.confirm(room.taken, 10, false);
  assert.equal(pencil.waiting, 6);
  line(pencil, 3, 5);
  pencil.end();
  pencil.flush(room.send, 20);
  assert.ok(pencil.draws(1));
  pencil.confirm(room.taken, 30, false);
  assert.deepEqual([pencil.waiting, pencil.draws(1)], [0, false]);
  assert.equal(room.strokes.get(1)?.length, 18);
});

test("what a lost link has swallowed is sent again, and nothing twice", () => {
  const [room, pencil] = [new Room(), new Pencil()];
  pencil.begin(90, 200, "blue", 16);
  line(pencil, 5);
  pencil.flush(room.send, 0);
  room.loses = true;
  line(pencil, 5, 5);
  pencil.end();
  pencil.begin(50, 50, "red", 8);
  pencil.end();
  pencil.flush(room.send, 50);
  room.loses = false;
  pencil.confirm(room.taken, 60, false);
  pencil.flush(room.send, 70);
  assert.equal(room.strokes.get(1)?.length, 12, "nothing is sent again on the same link");
  pencil.confirm(room.taken, 80, true);
  pencil.flush(room.send, 90);
  pencil.confirm(room.taken, 100, false);
  assert.equal(pencil.waiting, 0);
  const across = Array.from({ length: 11 }, (_, i) => 90 + 10 * i);
  assert.deepEqual(
    room.strokes.get(1)?.filter((_, i) => i % 2 === 0),
    across,
  );
  assert.deepEqual(room.strokes.get(2), [50, 50]);
});

test("without an answer the rest is sent again after a while", () => {
  const [room, pencil] = [new Room(), new Pencil()];
  room.loses = true;
  pencil.begin(90, 200, "blue", 16);
  pencil.end();
  pencil.flush(room.send, 0);
  pencil.confirm(room.taken, 100, false);
  room.loses = false;
  pencil.flush(room.send, 200);
  assert.equal(room.sent, 1);
  pencil.confirm(room.taken, 3000, false);
  pencil.flush(room.send, 3050);
  assert.deepEqual(room.strokes.get(1), [90, 200]);
});

test("what may not be sent now is sent later, in order", () => {
  const [room, pencil] = [new Room(), new Pencil()];
  room.refuses = true;
  pencil.begin(90, 200, "blue", 16);
  line(pencil, 300);
  pencil.end();
  assert.equal(pencil.flush(room.send, 0), false);
  room.refuses = false;
  assert.ok(pencil.flush(room.send, 50));
  assert.equal(room.sent, 2);
  assert.equal(room.strokes.get(1)?.length, 602);
});

test("a long line is several strokes of one movement, and they meet", () => {
  const [room, pencil] = [new Room(), new Pencil()];
  pencil.begin(90, 200, "blue", 16);
  line(pencil, 700);
  pencil.end();
  assert.deepEqual(
    pencil.strokes.map(({ shape, gesture }) => [shape.points.length / 2, gesture]),
    [
      [MAX_STROKE_POINTS, 1],
      [202, 1],
    ],
  );
  pencil.flush(room.send, 0);
  assert.deepEqual(room.strokes.get(1)?.slice(-2), room.strokes.get(2)?.slice(0, 2));
});

test("points are whole, on the sheet, and not where the last one is", () => {
  const pencil = new Pencil();
  pencil.begin(-5, 1e9, "blue", 16);
  pencil.extend(1, 10_240);
  pencil.extend(50.4, 10_000.6);
  assert.deepEqual(pencil.open?.shape.points, [0, 10_240, 50, 10_001]);
});

test("undoing takes back what was never sent, the whole movement", () => {
  const [room, pencil] = [new Room(), new Pencil()];
  pencil.begin(90, 200, "blue", 16);
  pencil.end();
  pencil.flush(room.send, 0);
  pencil.begin(90, 200, "blue", 16);
  line(pencil, 700);
  pencil.end();
  assert.ok(pencil.undoUnsent());
  assert.equal(pencil.strokes.length, 1);
  assert.equal(pencil.undoUnsent(), false);
});

test("a curve goes through the middles and ends at the last point; a dot has a length", () => {
  assert.equal(svgPath([0, 0, 10, 0, 10, 10]), "M0 0Q10 0 10 5L10 10");
  assert.equal(svgPath([3, 4]), "M3 4L3.01 4");
  assert.equal(distanceSquared([0, 0, 10, 0], 5, 3), 9);
  assert.equal(distanceSquared([0, 0], 3, 4), 25);
});

test("a pen that feels pressure sends how thick its stroke is at each point, in messages that fit", () => {
  const pencil = new Pencil();
  pencil.begin(0, 0, "blue", 16, 0.5);
  for (let i = 1; i < MAX_STROKE_POINTS + 20; i += 1) pencil.extend(10 * i, 0, i < 3 ? 1 : 0);
  pencil.extend(9000, 0);
  pencil.end();
  /** @type {any[]} */
  const sent = [];
  assert.ok(pencil.flush((_, payload) => sent.push(payload) > 0, 0));
  for (const { points, widths } of sent) {
    assert.equal(widths.length, points.length / 2);
    assert.ok(widths.length <= MAX_MESSAGE_POINTS_WITH_WIDTHS);
  }
  const first = sent.filter(({ mark }) => mark === 1).flatMap(({ widths }) => widths);
  assert.deepEqual(first.slice(0, 4), [16, 28, 28, 4]);
  assert.equal(first.length, MAX_STROKE_POINTS);
  const second = sent.filter(({ mark }) => mark === 2).flatMap(({ widths }) => widths);
  assert.deepEqual([second.at(0), second.at(-1)], [4, 16]);
  assert.equal(widthOf(16, undefined), undefined);
});

test("parts of a curve are those of the whole, each as thick as its points", () => {
  const points = [0, 0, 10, 0, 20, 0, 30, 10, 40, 10];
  const found = parts(points, [8, 8, 8, 12, 12], () => new SvgPath());
  assert.deepEqual(
    found.map(({ width, path }) => [width, path.d]),
    [
      [8, "M0 0Q10 0 15 0Q20 0 25 5"],
      [12, "M25 5Q30 10 35 10L40 10"],
    ],
  );
  assert.equal(
    found
      .map(({ path }) => path.d)
      .join("")
      .replace("M25 5", ""),
    svgPath(points),
  );
  const [dot] = parts([5, 5], [9], () => new SvgPath());
  assert.deepEqual([dot.width, dot.path.d], [9, "M5 5L5.01 5"]);
});

/** As much of a canvas as drawing needs that nobody looks at. @returns {any} */
function fakeCanvas() {
  const context = new Proxy({}, { get: () => () => {} });
  return { getContext: () => context, addEventListener() {} };
}

/** @param {number} id @param {boolean} [done] @param {number} [x] */
function stroke(id, done = true, x = 0) {
  const look = { by: 1, colour: "blue", pen: 8, mark: id, widths: [] };
  return { id, order: id, ...look, x, y: 0, steps: [1, 1], done };
}

test("of a room that has gone back a stroke with the id of a lost one is drawn, and the pencil keeps its own", () => {
  if (!("window" in globalThis)) {
    Object.assign(globalThis, {
      window: { addEventListener() {} },
      document: { createElement: fakeCanvas },
    });
  }
  const easel = new Easel(fakeCanvas(), /** @type {any} */ ({ tool: "pen" }));
  /** @type {(notice: {name: string}) => void} */
  let notify = () => {};
  const state = { mark: 0, taken: 0, drawing: false };
  const session = {
    me: { number: 2, state },
    roster: [],
    entities: new Map(),
    draw: () => session,
    on: (/** @type {string} */ _, /** @type {any} */ handler) => {
      notify = handler;
    },
  };
  const update = (/** @type {any[]} */ ...strokes) => {
    session.entities = new Map([["Stroke", strokes]]);
    easel.update(0);
    return easel.strokes.finished.map(({ points }) => points[0]);
  };
  easel.follow(/** @type {any} */ (session));
  easel.setOnline(true);
  easel.pencil.begin(90, 200, "blue", 16);
  assert.deepEqual(update(stroke(1), stroke(2, true, 50)), [0, 50]);
  notify({ name: "missed" });
  assert.equal(easel.strokes.finished.length, 2);
  notify({ name: "rolled_back" });
  assert.equal(easel.strokes.finished.length, 0);
  assert.deepEqual(update(stroke(1), stroke(2, true, 70)), [0, 70]);
  assert.equal(easel.pencil.strokes.length, 1);
});

test("strokes that are finished are not looked at again, until one before them is gone", () => {
  const strokes = new Strokes();
  let looks = 0;
  const shown = () => {
    looks += 1;
    return true;
  };
  const update = (/** @type {any[]} */ ...entities) => {
    looks = 0;
    strokes.update(entities, shown);
    return [looks, strokes.finished.map(({ order }) => order), strokes.growing.length];
  };
  assert.deepEqual(update(stroke(1), stroke(2), stroke(3, false)), [3, [1, 2], 1]);
  assert.deepEqual(update(stroke(1), stroke(2), stroke(3, false)), [1, [1, 2], 1]);
  assert.deepEqual(update(stroke(1), stroke(2), stroke(3), stroke(4)), [2, [1, 2, 3, 4], 0]);
  assert.deepEqual(update(stroke(2), stroke(3), stroke(4), stroke(5)), [1, [2, 3, 4, 5], 0]);
  assert.deepEqual(update(stroke(2), stroke(3)), [0, [2, 3], 0]);
  assert.deepEqual(update(stroke(2), stroke(3), stroke(6)), [1, [2, 3, 6], 0]);
});
