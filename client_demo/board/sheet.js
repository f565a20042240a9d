/** What the page and the rules agree on, as in gameserver/games/board_strokes.py: the sheet, its colours, its limits. */

export const WIDTH = 16_384;
export const HEIGHT = 10_240;
/** Units in a pixel of the page at 100 %. */
export const UNITS_PER_PIXEL = 4;
export const MAX_STROKE_POINTS = 500;
export const MAX_MESSAGE_POINTS = 200;
/** A message has at most 512 values. */
export const MAX_MESSAGE_POINTS_WITH_WIDTHS = 150;
export const MAX_MESSAGE_STROKES = 400;

/** Those of Okabe and Ito, which colour-blind people can distinguish, darker where paper needs it. */
export const COLOURS = Object.freeze({
  black: "#1c2030",
  blue: "#0067b1",
  sky: "#3fa9e8",
  green: "#009e73",
  orange: "#e69f00",
  red: "#d55e00",
  purple: "#c0609a",
  grey: "#8b90a0",
});
/** @typedef {keyof typeof COLOURS} Colour */
export const COLOUR_NAMES = /** @type {readonly Colour[]} */ (Object.keys(COLOURS));
/** How thick a pen is, in units. */
export const PENS = Object.freeze([8, 16, 32, 72]);
const MIN_PEN = 4;
const MAX_PEN = 255;
/** The widths of a stroke are so far apart, in shares of its pen: fewer parts to draw. */
const WIDTH_STEPS = 16;

/**
 * How thick a stroke is where its pen is pressed; half of the pressure gives the pen's own thickness.
 *
 * @param {number} pen in units @param {number} [pressure] 0 to 1
 * @returns {number | undefined} undefined without a pressure
 */
export function widthOf(pen, pressure) {
  if (pressure === undefined) return undefined;
  const share = Math.round((0.25 + 1.5 * pressure) * WIDTH_STEPS) / WIDTH_STEPS;
  return Math.max(MIN_PEN, Math.min(MAX_PEN, Math.round(pen * share)));
}

export const PEN_NAMES = Object.freeze(["fine", "medium", "thick", "marker"]);

export const PAPER = "#fcfcfa";
export const DESK = "#0b1022";

/** @typedef {[left: number, top: number, right: number, bottom: number]} Box in units */

/** @param {Box} a @param {Box} b */
export function overlap(a, b) {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

/** The smallest box around points and others. @param {readonly Box[]} boxes @returns {Box | null} */
export function around(boxes) {
  if (boxes.length === 0) return null;
  /** @type {Box} */
  const all = [...boxes[0]];
  for (const [left, top, right, bottom] of boxes) {
    if (left < all[0]) all[0] = left;
    if (top < all[1]) all[1] = top;
    if (right > all[2]) all[2] = right;
    if (bottom > all[3]) all[3] = bottom;
  }
  return all;
}
