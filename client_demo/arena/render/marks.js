/**
 * The marks of the ships' colours: where two hues look the same, their shapes differ.
 *
 * A mark is a list of polygons in a circle of radius 1, filled by the even-odd rule. Ships turn, so no mark is
 * another one turned, and a square would look like the disc.
 */
import { nearestColour } from "../palette.js";

/** @typedef {import("../palette.js").MarkName} MarkName */
/** @typedef {ReadonlyArray<ReadonlyArray<readonly [number, number]>>} Polygons */

/** @param {number} corners @param {number} radius @returns {Array<[number, number]>} a regular polygon, a corner at the right */
function regular(corners, radius) {
  return Array.from({ length: corners }, (_, corner) => {
    const angle = (corner * Math.PI * 2) / corners;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** @param {number} points @param {number} outer radius @param {number} inner radius @returns {Array<[number, number]>} */
function star(points, outer, inner) {
  return regular(points * 2, 1).map(([x, y], corner) => {
    const radius = corner % 2 === 0 ? outer : inner;
    return [x * radius, y * radius];
  });
}

/** @param {number} x middle @param {number} width @param {number} height @returns {Array<[number, number]>} */
function upright(x, width, height) {
  const [left, right, bottom] = [x - width / 2, x + width / 2, height / 2];
  return [
    [left, -bottom],
    [right, -bottom],
    [right, bottom],
    [left, bottom],
  ];
}

/** @type {Readonly<Record<MarkName, Polygons>>} */
export const MARKS = Object.freeze({
  disc: [regular(24, 0.86)],
  bar: [upright(0, 0.62, 2)],
  triangle: [regular(3, 1)],
  cross: [
    [
      [-0.3, -1],
      [0.3, -1],
      [0.3, -0.3],
      [1, -0.3],
      [1, 0.3],
      [0.3, 0.3],
      [0.3, 1],
      [-0.3, 1],
      [-0.3, 0.3],
      [-1, 0.3],
      [-1, -0.3],
      [-0.3, -0.3],
    ],
  ],
  star: [star(5, 1, 0.4)],
  ring: [regular(24, 1), regular(24, 0.56)],
  bars: [upright(-0.6, 0.5, 1.7), upright(0.6, 0.5, 1.7)],
  bow: [
    [
      [-0.8, -1],
      [0.8, -1],
      [-0.8, 1],
      [0.8, 1],
    ],
  ],
});

/** @param {number} hue degrees @returns {Polygons} the mark of the ship colour that is nearest to a hue */
export function markOf(hue) {
  return MARKS[nearestColour(hue).mark];
}

/**
 * Fills a mark with the context's fill style.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Polygons} mark
 * @param {number} x its middle
 * @param {number} y
 * @param {number} radius
 */
export function fillMark(ctx, mark, x, y, radius) {
  ctx.beginPath();
  for (const polygon of mark) {
    for (let index = 0; index < polygon.length; index++) {
      const [right, down] = polygon[index];
      if (index === 0) ctx.moveTo(x + right * radius, y + down * radius);
      else ctx.lineTo(x + right * radius, y + down * radius);
    }
    ctx.closePath();
  }
  ctx.fill("evenodd");
}

/** @param {Polygons} mark @returns {string} the mark as the `d` of an SVG path */
export function markPath(mark) {
  return mark
    .map((polygon) => `M${polygon.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`)
    .join("");
}
