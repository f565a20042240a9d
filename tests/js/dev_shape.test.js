/** The page for any room: what an entity looks like, by the names of its fields. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { extentOf, shapeOf } from "../../client_demo/dev/shape.js";

/** @typedef {import("../../client_demo/dev/shape.js").Shape} Shape */

/**
 * What is drawn of an entity with these values; those named `angle` are angles, texts texts.
 *
 * @param {Record<string, number | string>} values
 */
function figure(values) {
  const fields = Object.entries(values).map(([name, value]) => ({
    name,
    type: name === "angle" ? "angle" : typeof value === "string" ? "text" : "float",
  }));
  const shape = shapeOf(/** @type {any} */ ({ fields }));
  if (shape === null) return null;
  const entity = /** @type {any} */ (values);
  return { form: shape.form, extent: extentOf(shape, entity), ...shape.of(entity) };
}

test("what has a place is a dot, or a circle of its radius", () => {
  const extent = { left: 3, top: 4, right: 3, bottom: 4 };
  assert.deepEqual(figure({ x: 3, y: 4 }), { form: "circle", extent, x: 3, y: 4, radius: 0 });
  for (const name of ["radius", "r", "size"]) {
    assert.equal(/** @type {any} */ (figure({ x: 3, y: 4, [name]: 7 })).radius, 7);
  }
});

test("what has sides is a rectangle from its corner", () => {
  for (const [width, height] of [
    ["w", "h"],
    ["width", "height"],
  ]) {
    assert.deepEqual(figure({ x: 10, y: 20, [width]: 30, [height]: 8 }), {
      form: "rectangle",
      extent: { left: 10, top: 20, right: 40, bottom: 28 },
      ...{ x: 25, y: 24, width: 30, height: 8, angle: 0 },
    });
  }
});

test("one that turns, or has half sides, is around its place", () => {
  const turned = /** @type {any} */ (figure({ x: 10, y: 20, w: 30, h: 8, angle: Math.PI / 2 }));
  assert.deepEqual([turned.x, turned.y, turned.width, turned.height], [10, 20, 30, 8]);
  const { left, top, right, bottom } = turned.extent;
  for (const [found, expected] of [
    [left, 6],
    [top, 5],
    [right, 14],
    [bottom, 35],
  ]) {
    assert.ok(Math.abs(found - expected) < 1e-9, `${found} is not ${expected}`);
  }
  const halves = /** @type {any} */ (figure({ x: 10, y: 20, half_width: 15, half_height: 4 }));
  assert.deepEqual(halves.extent, { left: -5, top: 16, right: 25, bottom: 24 });
});

test("edges are a rectangle, whichever comes first", () => {
  const expected = { left: 1, top: 2, right: 5, bottom: 10 };
  assert.deepEqual(figure({ left: 1, top: 2, right: 5, bottom: 10 })?.extent, expected);
  assert.deepEqual(figure({ left: 5, top: 10, right: 1, bottom: 2 })?.extent, expected);
});

test("two ends are a line, as thick as it says", () => {
  for (const names of [
    ["x1", "y1", "x2", "y2"],
    ["x0", "y0", "x1", "y1"],
    ["x", "y", "x2", "y2"],
  ]) {
    const ends = Object.fromEntries(names.map((name, i) => [name, [9, 2, 3, 4][i]]));
    assert.deepEqual(figure({ ...ends, thickness: 6 }), {
      form: "line",
      extent: { left: 3, top: 2, right: 9, bottom: 4 },
      ...{ x1: 9, y1: 2, x2: 3, y2: 4, width: 6 },
    });
  }
});

test("what has no place, or a text for one, is not drawn", () => {
  for (const values of [{}, { x: 1 }, { x: "left", y: 1 }, { w: 3, h: 4 }, { x1: 1, y1: 2 }]) {
    assert.equal(figure(/** @type {any} */ (values)), null);
  }
});
