/** The eraser: which strokes it has touched. They are shown faded until the room has taken them away. */
import { MAX_MESSAGE_STROKES } from "./sheet.js";

/** @typedef {import("./strokes.js").Shape} Shape */

/** Without an answer for so long a stroke stays, and is shown so. */
const GIVE_UP_MS = 1500;

export class Eraser {
  /** Those that are about to go, with the time at which they were touched. @type {Map<Shape, number>} */
  #touched = new Map();
  /** @type {Shape[]} */
  #unsent = [];
  #gesture = 0;

  /** Faded ones. @returns {Iterable<Shape>} */
  get touched() {
    return this.#touched.keys();
  }

  /** @param {number} gesture the number of the movement that begins */
  begin(gesture) {
    this.#gesture = gesture;
  }

  /**
   * @param {readonly Shape[]} shapes @param {number} x @param {number} y @param {number} radius in units
   * @param {(shape: Shape) => boolean} mayErase @param {number} nowMs
   * @returns {boolean} whether it touched one that this person may not erase
   */
  rub(shapes, x, y, radius, mayErase, nowMs) {
    let refused = false;
    for (const shape of shapes) {
      if (!shape.touches(x, y, radius) || this.#touched.has(shape)) continue;
      if (!mayErase(shape)) {
        refused = true;
        continue;
      }
      this.#touched.set(shape, nowMs);
      this.#unsent.push(shape);
    }
    return refused;
  }

  /** @param {(name: string, payload: unknown) => boolean} send */
  flush(send) {
    while (this.#unsent.length > 0) {
      const strokes = this.#unsent.slice(0, MAX_MESSAGE_STROKES).map(({ order }) => order);
      if (!send("erase", { gesture: this.#gesture, strokes })) return;
      this.#unsent.splice(0, strokes.length);
    }
  }

  /** Strokes are gone. @param {readonly Shape[]} shapes */
  gone(shapes) {
    for (const shape of shapes) this.#touched.delete(shape);
  }

  /** Shows those whole again that nobody took away. @param {number} nowMs @returns {boolean} whether there were any */
  giveUp(nowMs) {
    let any = false;
    for (const [shape, atMs] of this.#touched) {
      if (nowMs - atMs < GIVE_UP_MS) continue;
      this.#touched.delete(shape);
      any = true;
    }
    return any;
  }

  clear() {
    this.#touched.clear();
    this.#unsent = [];
  }
}
