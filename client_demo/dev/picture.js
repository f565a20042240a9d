/**
 * Draws every entity that has an x and a y: a dot in the colour of its type, its name if it has one,
 * its direction if it has an angle. What is there fills the canvas.
 */
import { isNumeric } from "../sdk/fields.js";

/** @typedef {import("../sdk/index.js").Drawn} Drawn */
/** @typedef {import("../sdk/index.js").Entity} Entity */
/** @typedef {import("../sdk/schema.js").Schema} Schema */
/** @typedef {import("../sdk/schema.js").EntityType} EntityType */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

export const COLOURS = [
  "#7fe3ff",
  "#ffc857",
  "#5ff2b4",
  "#ff8fd0",
  "#b79cff",
  "#ff9d6b",
  "#d6e85c",
];
const NAMES = ["name", "label", "title", "text"];
const ANGLES = ["angle", "heading", "direction"];
const SIZES = ["radius", "r", "size"];
const DOT_PX = 9;
const MARGIN_PX = 30;
/** A declared range that is larger says nothing about what is in the room. */
const MAX_DECLARED = 20_000;
const LEAST_EXTENT = 1;
const MAX_NAMES = 60;
const INK = "#e9edff";

/**
 * @typedef {object} Drawable a type that can be drawn
 * @property {string} name
 * @property {string} colour
 * @property {string | null} label field with a text
 * @property {string | null} angle field with radians
 * @property {string | null} size field with a radius in the room's unit
 * @property {readonly string[]} flags
 */

/** The canvas. */
export class Picture {
  #canvas;
  #context;
  #legend;
  /** @type {Drawable[]} */
  #types = [];
  /** What the fields may hold. @type {Box | null} */
  #declared = null;
  /** What has been seen. @type {Box | null} */
  #seen = null;

  /** @param {HTMLCanvasElement} canvas @param {HTMLElement} legend */
  constructor(canvas, legend) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#legend = legend;
  }

  /** Follows another room. @param {Schema} schema */
  use(schema) {
    const placed = schema.types.filter((type) => ["x", "y"].every((name) => numeric(type, name)));
    this.#types = placed.map((type) => drawable(type, COLOURS[type.index % COLOURS.length]));
    this.#declared = placed.map(declaredBox).reduce(union, null);
    this.#seen = null;
    this.#legend.replaceChildren(
      ...this.#types.map(({ name, colour }) => {
        const entry = document.createElement("span");
        entry.textContent = name;
        entry.style.setProperty("--colour", colour);
        return entry;
      }),
    );
  }

  /** @param {Drawn} drawn @returns {number} how many entities there are to draw */
  draw({ entities, avatar }) {
    const { width, height, scale } = this.#fit();
    const context = this.#context;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const found = this.#types.map((type) => ({ type, list: entities.get(type.name) ?? [] }));
    const count = found.reduce((sum, { list }) => sum + list.length, 0);
    for (const { list } of found) for (const { x, y } of list) this.#see(x, y);
    const box = this.#declared ?? this.#seen;
    if (box === null) return count;
    const place = projection(box, width, height);
    this.#drawField(box, place);
    const named = count <= MAX_NAMES;
    for (const { type, list } of found) {
      for (const entity of list) {
        this.#drawEntity(type, entity, place, { named, own: entity === avatar });
      }
    }
    return count;
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * scale)) {
      this.#canvas.width = Math.round(width * scale);
    }
    if (this.#canvas.height !== Math.round(height * scale)) {
      this.#canvas.height = Math.round(height * scale);
    }
    return { width, height, scale };
  }

  /** @param {number} x @param {number} y */
  #see(x, y) {
    this.#seen = union(this.#seen, { left: x, top: y, right: x, bottom: y });
  }

  /** @param {Box} box @param {Projection} place */
  #drawField(box, place) {
    const context = this.#context;
    const [left, top] = place.at(box.left, box.top);
    const [right, bottom] = place.at(box.right, box.bottom);
    context.fillStyle = "rgb(128 150 255 / 4%)";
    context.strokeStyle = "rgb(128 150 255 / 22%)";
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(left, top, right - left, bottom - top, 8);
    context.fill();
    context.stroke();
    context.fillStyle = "#7f8bbf";
    context.font = "11px ui-monospace, monospace";
    context.textAlign = "left";
    context.fillText(`${round(box.left)}, ${round(box.top)}`, left + 8, top + 16);
    context.textAlign = "right";
    context.fillText(`${round(box.right)}, ${round(box.bottom)}`, right - 8, bottom - 8);
  }

  /**
   * @param {Drawable} type @param {Entity} entity @param {Projection} place
   * @param {{named: boolean, own: boolean}} how
   */
  #drawEntity(type, entity, place, { named, own }) {
    const context = this.#context;
    const [x, y] = place.at(entity.x, entity.y);
    const radius = type.size === null ? DOT_PX : Math.max(3, entity[type.size] * place.scale);
    context.fillStyle = type.colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = INK;
    if (own) {
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, radius + 4, 0, 2 * Math.PI);
      context.stroke();
    }
    if (type.angle !== null) {
      const [ahead, aside] = [Math.cos(entity[type.angle]), Math.sin(entity[type.angle])];
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + ahead * (radius + 8), y + aside * (radius + 8));
      context.stroke();
    }
    if (!named) return;
    const set = type.flags.filter((name) => entity[name]);
    const label = type.label === null ? "" : String(entity[type.label]).slice(0, 24);
    const text = [label, ...set].filter(Boolean).join(" · ");
    if (!text) return;
    context.fillStyle = INK;
    context.font = "600 12px ui-sans-serif, system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText(text, x, y - radius - 9);
  }
}

/** @typedef {{scale: number, at: (x: number, y: number) => [number, number]}} Projection */

/** @param {Box} box @param {number} width @param {number} height @returns {Projection} */
function projection(box, width, height) {
  const wide = Math.max(LEAST_EXTENT, box.right - box.left);
  const high = Math.max(LEAST_EXTENT, box.bottom - box.top);
  const scale = Math.min((width - 2 * MARGIN_PX) / wide, (height - 2 * MARGIN_PX) / high);
  const left = (width - scale * (box.left + box.right)) / 2;
  const top = (height - scale * (box.top + box.bottom)) / 2;
  return { scale, at: (x, y) => [left + x * scale, top + y * scale] };
}

/** @param {Box | null} one @param {Box | null} other @returns {Box | null} */
function union(one, other) {
  if (one === null || other === null) return one ?? other;
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}

/** @param {EntityType} type @param {string} name */
function numeric(type, name) {
  return type.numeric.find((field) => field.name === name);
}

/** @param {EntityType} type @returns {Box | null} */
function declaredBox(type) {
  const [x, y] = [numeric(type, "x"), numeric(type, "y")];
  if (x === undefined || y === undefined) return null;
  const spans = [x, y].map((field) => (field.hi - field.lo) * field.step);
  if (Math.max(...spans) > MAX_DECLARED) return null;
  return { left: x.lo * x.step, top: y.lo * y.step, right: x.hi * x.step, bottom: y.hi * y.step };
}

/** @param {EntityType} type @param {string} colour @returns {Drawable} */
function drawable(type, colour) {
  const first = (/** @type {readonly string[]} */ names, /** @type {string[]} */ kinds) =>
    names.find((name) => type.fields.some((f) => f.name === name && kinds.includes(f.type))) ??
    null;
  return {
    name: type.name,
    colour,
    label: first(NAMES, ["text"]),
    angle: first(ANGLES, ["angle"]),
    size: first(SIZES, ["float", "int"]),
    flags: type.fields.filter((f) => isNumeric(f) && f.type === "flag").map((f) => f.name),
  };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
