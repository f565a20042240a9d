/**
 * The demo's colours, in one place: dark space, and neon colours of equal brightness.
 *
 * Hues are those of OKLCH, in which every hue looks equally bright, so no ship's colour stands out. To colour-blind
 * players the eight are about three: each also has a mark (render/marks.js), and those that look alike have the marks
 * that differ most.
 */

/** Sprites are baked for this many hues; a ship's own hue is drawn with the nearest. */
export const HUE_STEPS = 24;
const DEGREES_PER_STEP = 360 / HUE_STEPS;

/** @typedef {"disc" | "bar" | "triangle" | "cross" | "star" | "ring" | "bars" | "bow"} MarkName */
/** @typedef {{name: string, hue: number, mark: MarkName}} ShipColour */

/**
 * The colours of the join screen: names for screen readers, hues and marks that can be distinguished on the minimap.
 *
 * @type {ReadonlyArray<Readonly<ShipColour>>}
 */
export const SHIP_COLOURS = Object.freeze([
  { name: "Coral", hue: 22, mark: "disc" },
  { name: "Amber", hue: 65, mark: "bar" },
  { name: "Lime", hue: 125, mark: "triangle" },
  { name: "Mint", hue: 165, mark: "cross" },
  { name: "Cyan", hue: 210, mark: "star" },
  { name: "Blue", hue: 260, mark: "ring" },
  { name: "Violet", hue: 300, mark: "bars" },
  { name: "Pink", hue: 345, mark: "bow" },
]);

export const SPACE = "#05070f";
export const FLOOR = "#090d1c";
export const GRID = "rgba(128, 150, 255, 0.06)";
export const GRID_STRONG = "rgba(128, 150, 255, 0.1)";
export const WALL = "#0f1530";
export const WALL_EDGE = "#6f86ff";
export const INK = "#e9edff";
export const INK_SOFT = "#9aa6d6";
export const GOOD = "#5ff2b4";
export const WARN = "#ffc857";
export const BAD = "#ff5d73";
export const SHIELD = "#7fe3ff";

/** Hue of each type of pickup, on the same circle as the ships' hues. */
export const PICKUP_HUE = Object.freeze({ health: 160, rapid: 75, shield: 220 });

export const UI_FONT =
  'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
export const NUMBER_FONT =
  'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

/**
 * @param {number} hue degrees
 * @param {number} [alpha] 0–1
 * @returns {string} the neon colour of that hue
 */
export function neon(hue, alpha = 1) {
  return `oklch(0.8 0.155 ${hue} / ${alpha})`;
}

/**
 * @param {number} hue degrees
 * @param {number} [alpha] 0–1
 * @returns {string} the dark tone of that hue, for hulls
 */
export function dusk(hue, alpha = 1) {
  return `oklch(0.34 0.085 ${hue} / ${alpha})`;
}

/**
 * @param {number} hue degrees, any number
 * @returns {number} index of the nearest baked hue
 */
export function hueStep(hue) {
  const step = Math.round(hue / DEGREES_PER_STEP) % HUE_STEPS;
  return step < 0 ? step + HUE_STEPS : step;
}

/**
 * @param {number} step index of a baked hue
 * @returns {number} degrees
 */
export function stepHue(step) {
  return step * DEGREES_PER_STEP;
}

/**
 * @param {number} hue degrees, any number
 * @returns {Readonly<ShipColour>} the colour of the join screen that is nearest
 */
export function nearestColour(hue) {
  return SHIP_COLOURS.reduce((nearest, colour) =>
    hueDistance(colour.hue, hue) < hueDistance(nearest.hue, hue) ? colour : nearest,
  );
}

/** @param {number} one degrees @param {number} other @returns {number} degrees on the circle, 0–180 */
function hueDistance(one, other) {
  const apart = Math.abs(one - other) % 360;
  return Math.min(apart, 360 - apart);
}
