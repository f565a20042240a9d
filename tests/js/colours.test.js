/** The ships' colours as colour-blind players see them: pairs that look alike must have marks that do not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  HUE_STEPS,
  hueStep,
  nearestColour,
  neon,
  SHIP_COLOURS,
  stepHue,
} from "../../client_demo/arena/palette.js";
import { fillMark, MARKS, markOf } from "../../client_demo/arena/render/marks.js";
import { paintHull } from "../../client_demo/arena/render/shapes.js";

/** @typedef {[number, number, number]} Triple */

/** Machado, Oliveira, Fernandes 2009, severity 1.0, for linear sRGB. @type {Record<string, Triple[]>} */
const SEEN_WITH = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
/** In OKLCH's lightness, 0 to 1. */
const LIGHTNESS_APART = 0.12;
/** In OKLab: closer colours are hard to distinguish on dots of a few pixels. */
const ALIKE = 0.08;
/** The part of two marks' joint area that only one of them covers, however they are turned. */
const SHAPES_APART = 0.25;

/** @param {Triple[]} matrix @param {Triple} vector @returns {Triple} */
function times(matrix, [a, b, c]) {
  const [x = 0, y = 0, z = 0] = matrix.map(([p, q, r]) => p * a + q * b + r * c);
  return [x, y, z];
}

/** https://bottosson.github.io/posts/oklab/ @param {string} oklch as `neon` writes it @returns {Triple} linear sRGB */
function linear(oklch) {
  const [lightness = 0, chroma = 0, hue = 0] = (oklch.match(/[\d.]+/g) ?? []).map(Number);
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const [l, m, s] = times(
    [
      [1, 0.3963377774, 0.2158037573],
      [1, -0.1055613458, -0.0638541728],
      [1, -0.0894841775, -1.291485548],
    ],
    [lightness, a, b],
  );
  return times(
    [
      [4.0767416621, -3.3077115913, 0.2309699292],
      [-1.2684380046, 2.6097574011, -0.3413193965],
      [-0.0041960863, -0.7034186147, 1.707614701],
    ],
    [l ** 3, m ** 3, s ** 3],
  );
}

/** @param {Triple} rgb linear @returns {Triple} OKLab */
function lab(rgb) {
  const [l, m, s] = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    [Math.cbrt(l), Math.cbrt(m), Math.cbrt(s)],
  );
}

/** @param {Triple} rgb @returns {Triple} what a screen shows */
function shown(rgb) {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => Math.min(1, Math.max(0, value)));
  return [red, green, blue];
}

/** @param {ReadonlyArray<ReadonlyArray<readonly [number, number]>>} mark @param {number} x @param {number} y */
function covers(mark, x, y) {
  let inside = false;
  for (const polygon of mark) {
    polygon.forEach(([ax, ay], index) => {
      const [bx, by] = polygon[(index + 1) % polygon.length] ?? [0, 0];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    });
  }
  return inside;
}

/** @param {ReadonlyArray<ReadonlyArray<readonly [number, number]>>} mark @param {number} angle @returns {boolean[]} */
function raster(mark, angle) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return Array.from({ length: 32 * 32 }, (_, at) => {
    const [x, y] = [((at % 32) - 15.5) / 14, (Math.floor(at / 32) - 15.5) / 14];
    return covers(mark, cos * x - sin * y, sin * x + cos * y);
  });
}

/** @param {keyof typeof MARKS} one @param {keyof typeof MARKS} other @returns {number} 0 same, 1 nothing in common */
function apart(one, other) {
  const still = raster(MARKS[one], 0);
  let least = 1;
  for (let turn = 0; turn < 24; turn++) {
    const turned = raster(MARKS[other], (turn * Math.PI * 2) / 24);
    const both = still.filter((covered, at) => covered && turned[at]).length;
    const either = still.filter((covered, at) => covered || turned[at]).length;
    least = Math.min(least, 1 - both / either);
  }
  return least;
}

const PAIRS = SHIP_COLOURS.flatMap((one, index) =>
  SHIP_COLOURS.slice(index + 1).map((other) => /** @type {const} */ ([one, other])),
);

for (const [kind, matrix] of Object.entries(SEEN_WITH)) {
  test(`with ${kind}, each pair of colours differs by its lightness or by its mark`, () => {
    let alike = 0;
    for (const [one, other] of PAIRS) {
      const [seen, also] = [one, other].map(({ hue }) =>
        lab(shown(times(matrix, shown(linear(neon(hue)))))),
      );
      assert.ok(seen && also);
      if (Math.hypot(...seen.map((value, at) => value - (also[at] ?? 0))) < ALIKE) alike += 1;
      if (Math.abs(seen[0] - also[0]) >= LIGHTNESS_APART) continue;
      const shapes = apart(one.mark, other.mark);
      assert.ok(shapes >= SHAPES_APART, `${one.name} and ${other.name}: ${shapes.toFixed(2)}`);
    }
    // The reason for the marks: without them, some of these colours are the same.
    assert.ok(alike > 0, "no pair looks alike");
  });
}

test("a colour's mark survives the rounding to the sprites' hues", () => {
  for (const { hue, mark } of SHIP_COLOURS)
    assert.equal(markOf(stepHue(hueStep(hue))), MARKS[mark]);
  assert.equal(nearestColour(359).name, "Pink");
  assert.equal(nearestColour(-10).name, "Pink");
  assert.equal(
    new Set(Array.from({ length: HUE_STEPS }, (_, step) => markOf(stepHue(step)))).size,
    8,
  );
});

/** A context that notes where paths go. */
function notes() {
  /** @type {string[]} */
  const lines = [];
  const gradient = { addColorStop() {} };
  const ctx = new Proxy(/** @type {Record<string, unknown>} */ ({}), {
    get:
      (_, name) =>
      (/** @type {unknown[]} */ ...args) => {
        if (name === "createLinearGradient") return gradient;
        lines.push(
          `${String(name)} ${args.map((arg) => (typeof arg === "number" ? arg.toFixed(3) : arg))}`,
        );
        return undefined;
      },
    set: () => true,
  });
  return { lines, ctx: /** @type {any} */ (ctx) };
}

test("a ship has the mark of its colour on its hull", () => {
  const drawn = SHIP_COLOURS.map(({ hue, mark }) => {
    const ship = notes();
    paintHull(ship.ctx, hue, 1);
    const alone = notes();
    fillMark(alone.ctx, MARKS[mark], -4.4, 0, 4.6);
    assert.ok(ship.lines.join().includes(alone.lines.join()), mark);
    return ship.lines.join();
  });
  assert.equal(new Set(drawn).size, SHIP_COLOURS.length);
});
