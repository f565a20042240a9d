/**
 * Draws every entity whose fields say where it is: a rectangle, a line, a circle or a dot in the
 * colour of its type, its name if it has one, its direction if it has an angle. What is there fills
 * the canvas.
 */
import { isNumeric } from "../sdk/fields.js";
import { ANGLES, extentOf, first, shapeOf } from "./shape.js";

/** @typedef {import("../sdk/index.js").Drawn} Drawn */
/** @typedef {import("../sdk/index.js").Entity} Entity */
/** @typedef {import("../sdk/schema.js").Schema} Schema */
/** @typedef {import("../sdk/schema.js").EntityType} EntityType */
/** @typedef {import("./shape.js").Box} Box */
/** @typedef {import("./shape.js").Circle} Circle */
/** @typedef {import("./shape.js").Line} Line */
/** @typedef {import("./shape.js").Rectangle} Rectangle */
/** @typedef {import("./shape.js").Shape} Shape */

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
const DOT_PX = 9;
const LEAST_RADIUS_PX = 3;
const LINE_PX = 4;
const LEAST_SIDE_PX = 2;
const INSIDE_ALPHA = 0.35;
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
 * @property {Shape} shape
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
    this.#types = schema.types.flatMap((type) => {
      const shape = shapeOf(type);
      return shape === null ? [] : [drawable(type, shape, COLOURS[type.index % COLOURS.length])];
    });
    // Of points alone: the place of a rectangle is often declared with a larger range than the field has.
    this.#declared = schema.types
      .filter((type) => shapeOf(type)?.form === "circle")
      .map(declaredBox)
      .reduce(union, null);
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
    for (const { type, list } of found) {
      for (const entity of list) this.#seen = union(this.#seen, extentOf(type.shape, entity));
    }
    const box = union(this.#declared, this.#seen);
    if (box === null) return count;
    const place = projection(box, width, height);
    this.#drawField(box, place);
    const named = count <= MAX_NAMES;
    // Rectangles and lines are most often what the others stand on, or in front of.
    found.sort((one, other) => Number(isRound(one.type)) - Number(isRound(other.type)));
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
    context.fillStyle = type.colour;
    context.strokeStyle = type.colour;
    const { x, y, reach } = this.#drawShape(type.shape, entity, place);
    context.strokeStyle = INK;
    context.lineWidth = 2;
    if (own) {
      context.beginPath();
      context.arc(x, y, reach + 4, 0, 2 * Math.PI);
      context.stroke();
    }
    if (type.angle !== null) {
      const [ahead, aside] = [Math.cos(entity[type.angle]), Math.sin(entity[type.angle])];
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + ahead * (reach + 8), y + aside * (reach + 8));
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
    context.fillText(text, x, y - reach - 9);
  }

  /**
   * @param {Shape} shape @param {Entity} entity @param {Projection} place
   * @returns {{x: number, y: number, reach: number}} the pixel of its middle, and how far up it
   *   goes from there
   */
  #drawShape(shape, entity, place) {
    if (shape.form === "circle") return this.#drawCircle(shape.of(entity), place);
    if (shape.form === "line") return this.#drawLine(shape.of(entity), place);
    return this.#drawRectangle(shape.of(entity), place);
  }

  /** @param {Circle} circle @param {Projection} place */
  #drawCircle(circle, place) {
    const [x, y] = place.at(circle.x, circle.y);
    const reach =
      circle.radius === 0 ? DOT_PX : Math.max(LEAST_RADIUS_PX, circle.radius * place.scale);
    this.#context.beginPath();
    this.#context.arc(x, y, reach, 0, 2 * Math.PI);
    this.#context.fill();
    return { x, y, reach };
  }

  /** @param {Line} line @param {Projection} place */
  #drawLine(line, place) {
    const context = this.#context;
    const [x1, y1] = place.at(line.x1, line.y1);
    const [x2, y2] = place.at(line.x2, line.y2);
    context.lineWidth = Math.max(LINE_PX, line.width * place.scale);
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, reach: context.lineWidth / 2 };
  }

  /** @param {Rectangle} rectangle @param {Projection} place */
  #drawRectangle(rectangle, place) {
    const context = this.#context;
    const [x, y] = place.at(rectangle.x, rectangle.y);
    const [width, height] = [rectangle.width, rectangle.height].map((side) =>
      Math.max(LEAST_SIDE_PX, side * place.scale),
    );
    context.save();
    context.translate(x, y);
    context.rotate(rectangle.angle);
    context.beginPath();
    context.rect(-width / 2, -height / 2, width, height);
    context.globalAlpha = INSIDE_ALPHA;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.stroke();
    context.restore();
    return { x, y, reach: Math.min(width, height) / 2 };
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

/** @param {EntityType} type @param {Shape} shape @param {string} colour @returns {Drawable} */
function drawable(type, shape, colour) {
  return {
    name: type.name,
    colour,
    label: first(type, NAMES, "text"),
    angle: first(type, ANGLES, "angle"),
    shape,
    flags: type.fields.filter((f) => isNumeric(f) && f.type === "flag").map((f) => f.name),
  };
}

/** @param {Drawable} type */
function isRound(type) {
  return type.shape.form === "circle";
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
