/**
 * What an entity of a type looks like, by the names of its fields: a box, a line or a circle, in the
 * units of the room. Pure.
 */

/** @typedef {import("../sdk/index.js").Entity} Entity */
/** @typedef {import("../sdk/schema.js").EntityType} EntityType */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/**
 * @typedef {{x: number, y: number, width: number, height: number, angle: number}} Rectangle
 *   its middle, its sides, and radians by which it is turned
 * @typedef {{x1: number, y1: number, x2: number, y2: number, width: number}} Line
 *   `width`: how thick it is, 0 if the type does not say
 * @typedef {{x: number, y: number, radius: number}} Circle `radius`: 0 if the type does not say
 *
 * @typedef {{form: "rectangle", of: (entity: Entity) => Rectangle}
 *   | {form: "line", of: (entity: Entity) => Line}
 *   | {form: "circle", of: (entity: Entity) => Circle}} Shape
 */

const ENDS = [
  ["x1", "y1", "x2", "y2"],
  ["x0", "y0", "x1", "y1"],
  ["x", "y", "x2", "y2"],
];
const EDGES = [["left", "top", "right", "bottom"]];
const SIDES = [
  ["w", "h"],
  ["width", "height"],
];
const HALF_SIDES = [
  ["half_w", "half_h"],
  ["half_width", "half_height"],
];
export const ANGLES = ["angle", "heading", "direction"];
const RADII = ["radius", "r", "size"];
const THICKNESSES = ["thickness", "width"];
const PLACE = ["x", "y"];

/** @param {EntityType} type @returns {Shape | null} null: its fields do not say where it is */
export function shapeOf(type) {
  const ends = firstOf(type, ENDS);
  if (ends !== null) return line(ends, first(type, THICKNESSES));
  const edges = firstOf(type, EDGES);
  if (edges !== null) return edged(edges);
  if (!has(type, PLACE)) return null;
  const angle = first(type, ANGLES, "angle");
  const halves = firstOf(type, HALF_SIDES);
  if (halves !== null) return centred(halves, 2, angle);
  const sides = firstOf(type, SIDES);
  if (sides !== null) return angle === null ? cornered(sides) : centred(sides, 1, angle);
  const radius = first(type, RADII);
  const size = (/** @type {Entity} */ entity) => (radius === null ? 0 : entity[radius]);
  return {
    form: "circle",
    of: (entity) => ({ x: entity.x, y: entity.y, radius: size(entity) }),
  };
}

/** @param {Shape} shape @param {Entity} entity @returns {Box} what it covers */
export function extentOf(shape, entity) {
  if (shape.form === "line") {
    const { x1, y1, x2, y2 } = shape.of(entity);
    return {
      left: Math.min(x1, x2),
      top: Math.min(y1, y2),
      right: Math.max(x1, x2),
      bottom: Math.max(y1, y2),
    };
  }
  if (shape.form === "circle") {
    const { x, y } = shape.of(entity);
    return { left: x, top: y, right: x, bottom: y };
  }
  const { x, y, width, height, angle } = shape.of(entity);
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const [halfWidth, halfHeight] = [
    (cos * width + sin * height) / 2,
    (sin * width + cos * height) / 2,
  ];
  return { left: x - halfWidth, top: y - halfHeight, right: x + halfWidth, bottom: y + halfHeight };
}

/** @param {string[]} names @param {string | null} thickness @returns {Shape} */
function line([x1, y1, x2, y2], thickness) {
  return {
    form: "line",
    of: (entity) => ({
      x1: entity[x1],
      y1: entity[y1],
      x2: entity[x2],
      y2: entity[y2],
      width: thickness === null ? 0 : entity[thickness],
    }),
  };
}

/** @param {string[]} names @returns {Shape} */
function edged([left, top, right, bottom]) {
  return {
    form: "rectangle",
    of: (entity) => ({
      x: (entity[left] + entity[right]) / 2,
      y: (entity[top] + entity[bottom]) / 2,
      width: Math.abs(entity[right] - entity[left]),
      height: Math.abs(entity[bottom] - entity[top]),
      angle: 0,
    }),
  };
}

/** One whose x and y are its first corner. @param {string[]} names @returns {Shape} */
function cornered([width, height]) {
  return {
    form: "rectangle",
    of: (entity) => ({
      x: entity.x + entity[width] / 2,
      y: entity.y + entity[height] / 2,
      width: entity[width],
      height: entity[height],
      angle: 0,
    }),
  };
}

/**
 * One whose x and y are its middle.
 *
 * @param {string[]} names @param {number} times what the fields are multiplied by
 * @param {string | null} angle @returns {Shape}
 */
function centred([width, height], times, angle) {
  return {
    form: "rectangle",
    of: (entity) => ({
      x: entity.x,
      y: entity.y,
      width: entity[width] * times,
      height: entity[height] * times,
      angle: angle === null ? 0 : entity[angle],
    }),
  };
}

/** @param {EntityType} type @param {readonly string[]} names */
function has(type, names) {
  return names.every((name) => first(type, [name]) !== null);
}

/** @param {EntityType} type @param {readonly string[][]} choices @returns {string[] | null} */
function firstOf(type, choices) {
  return choices.find((names) => has(type, names)) ?? null;
}

/**
 * @param {EntityType} type @param {readonly string[]} names
 * @param {"number" | "angle" | "text"} kind what the field holds
 * @returns {string | null} the first of the names that the type has such a field for
 */
export function first(type, names, kind = "number") {
  const types = kind === "number" ? ["float", "int"] : [kind];
  const found = (/** @type {string} */ name) =>
    type.fields.some((field) => field.name === name && types.includes(field.type));
  return names.find(found) ?? null;
}
