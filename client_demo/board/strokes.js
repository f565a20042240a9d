/** The strokes on the board, made from the room's entities: which are finished, which still grow, and what has changed. */
import { distanceSquared, parts, trace } from "./curve.js";
import { overlap } from "./sheet.js";

/** @typedef {import("../pages/net.js").Entity} Entity */
/** @typedef {import("./sheet.js").Box} Box */
/** @typedef {import("./sheet.js").Colour} Colour */

/** One stroke, as it is drawn. */
export class Shape {
  /** @type {number[]} */
  points = [];
  /** What it covers, its thickness included. @type {Box} */
  box = [0, 0, 0, 0];
  /** How thick it is at each point, in units; empty: as its pen everywhere. @type {number[]} */
  widths = [];
  /** The largest of them, or its pen. */
  thickest = 0;
  /** @type {Path2D | null} */
  #path = null;
  /** @type {{width: number, path: Path2D}[] | null} */
  #parts = null;

  /** @param {number} order @param {number} by @param {Colour} colour @param {number} pen */
  constructor(order, by, colour, pen) {
    this.order = order;
    this.by = by;
    this.colour = colour;
    this.pen = pen;
  }

  /** Adds a point. @param {number} x @param {number} y @param {number} [width] where it is not that of the pen */
  add(x, y, width) {
    const thick = width ?? this.pen;
    this.thickest = Math.max(this.thickest, thick);
    if (width !== undefined) this.widths.push(width);
    const half = thick / 2;
    const { box, points } = this;
    if (points.length === 0) this.box = [x - half, y - half, x + half, y + half];
    else {
      box[0] = Math.min(box[0], x - half);
      box[1] = Math.min(box[1], y - half);
      box[2] = Math.max(box[2], x + half);
      box[3] = Math.max(box[3], y + half);
    }
    points.push(x, y);
    this.#path = null;
    this.#parts = null;
  }

  /** What is drawn of a stroke that is not equally thick everywhere. */
  get parts() {
    this.#parts ??= parts(this.points, this.widths, () => new Path2D());
    return this.#parts;
  }

  get path() {
    this.#path ??= trace(this.points, new Path2D());
    return this.#path;
  }

  /** Whether a round eraser touches it. @param {number} x @param {number} y @param {number} radius */
  touches(x, y, radius) {
    if (!overlap(this.box, [x - radius, y - radius, x + radius, y + radius])) return false;
    return distanceSquared(this.points, x, y) <= (radius + this.thickest / 2) ** 2;
  }
}

export class Strokes {
  /** By the entity's id. @type {Map<number, {shape: Shape, finished: boolean}>} */
  #known = new Map();
  /** Finished ones, lowest first. @type {Shape[]} */
  finished = [];
  /** Those that others are drawing now. @type {Shape[]} */
  growing = [];
  /** How many entities at the start of the list are finished, and the last one's id: they need not be looked at again. */
  #settled = { count: 0, id: 0 };
  /** How many came and went in the last update. */
  changes = { added: /** @type {Shape[]} */ ([]), removed: /** @type {Shape[]} */ ([]) };

  /**
   * Takes the newest state.
   *
   * @param {readonly Entity[]} entities
   * @param {(entity: Entity) => boolean} isShown false: the page draws this one itself, for now
   * @returns {boolean} whether anything is to be drawn anew
   */
  update(entities, isShown) {
    /** @type {Shape[]} */
    const added = [];
    const grewBefore = this.growing.length;
    let grew = false;
    this.growing = [];
    for (let i = this.#firstToLookAt(entities); i < entities.length; i += 1) {
      const entity = entities[i];
      let known = this.#known.get(entity.id);
      if (known?.finished) continue;
      if (known === undefined) {
        known = { shape: shapeOf(entity), finished: false };
        this.#known.set(entity.id, known);
      }
      if (grow(known.shape, entity)) grew = true;
      if (!isShown(entity)) continue;
      known.finished = entity.done;
      (entity.done ? added : this.growing).push(known.shape);
    }
    this.changes = { added, removed: this.#removed(entities) };
    if (this.changes.removed.length > 0) {
      const gone = new Set(this.changes.removed);
      this.finished = this.finished.filter((shape) => !gone.has(shape));
    }
    this.#insert(added);
    const changed = added.length + this.changes.removed.length > 0;
    return changed || grew || this.growing.length !== grewBefore;
  }

  /**
   * Ids ascend, and none is used twice until the room goes back, when all here is cleared. So where the last one of those that are finished stands at its old place, all
   * before it do.
   *
   * @param {readonly Entity[]} entities
   * @returns {number} index of the first that may have changed
   */
  #firstToLookAt(entities) {
    let { count } = this.#settled;
    if (count > 0 && entities[count - 1]?.id !== this.#settled.id) count = 0;
    while (count < entities.length && this.#known.get(entities[count].id)?.finished) count += 1;
    this.#settled = { count, id: entities[count - 1]?.id ?? 0 };
    return count;
  }

  /** Forgets all of a room that was left, or that has gone back, so that its ids come again for other strokes. */
  clear() {
    this.#settled = { count: 0, id: 0 };
    this.#known.clear();
    this.finished = [];
    this.growing = [];
    this.changes = { added: [], removed: [] };
  }

  /** @param {readonly Entity[]} entities @returns {Shape[]} finished ones that are gone */
  #removed(entities) {
    /** @type {Shape[]} */
    const removed = [];
    if (this.#known.size === entities.length) return removed; // no id is used twice
    const ids = new Set(entities.map(({ id }) => id));
    for (const [id, { shape, finished }] of this.#known) {
      if (ids.has(id)) continue;
      this.#known.delete(id);
      if (finished) removed.push(shape);
    }
    return removed;
  }

  /** @param {Shape[]} added */
  #insert(added) {
    if (added.length === 0) return;
    const highest = this.finished.at(-1)?.order ?? 0;
    added.sort((a, b) => a.order - b.order);
    this.finished.push(...added);
    if (added[0].order < highest) this.finished.sort((a, b) => a.order - b.order);
  }
}

/** @param {Entity} entity */
function shapeOf({ order, by, colour, pen, x, y, widths }) {
  const shape = new Shape(order, by, colour, pen);
  shape.add(x, y, widths[0]);
  return shape;
}

/**
 * Adds the points that a shape does not have yet.
 *
 * @param {Shape} shape @param {Entity} entity
 * @returns {boolean} whether there were any
 */
function grow(shape, { steps, widths }) {
  const { points } = shape;
  const grows = points.length - 2 < steps.length;
  for (let i = points.length - 2; i < steps.length; i += 2) {
    shape.add(points[i] + steps[i], points[i + 1] + steps[i + 1], widths[i / 2 + 1]);
  }
  return grows;
}
