/**
 * One sheet with every moving thing in every hue, drawn once: a frame then only copies rectangles.
 *
 * Glow (canvas shadows) is slow to draw and cheap to copy, so only this module draws it.
 */
import { HUE_STEPS, stepHue } from "../palette.js";
import { paintBolt, paintFlame, paintGlow, paintHull, paintPickup, paintShield } from "./shapes.js";

/** Rows of the sheet. Sizes are in world units; each sprite is painted around its middle, pointing right. */
const ROWS = Object.freeze({
  hull: { width: 64, height: 64, columns: HUE_STEPS, paint: paintHull },
  flame: { width: 48, height: 28, columns: HUE_STEPS, paint: paintFlame },
  bolt: { width: 44, height: 20, columns: HUE_STEPS, paint: paintBolt },
  glow: { width: 32, height: 32, columns: HUE_STEPS, paint: paintGlow },
  pickup: { width: 64, height: 64, columns: 3, paint: paintPickup },
  shield: { width: 72, height: 72, columns: 1, paint: paintShield },
});

/** Types of pickup in the order of their columns. */
export const PICKUP_TYPES = Object.freeze(
  /** @type {Array<"health" | "rapid" | "shield">} */ (["health", "rapid", "shield"]),
);

/** @typedef {keyof typeof ROWS} SpriteName */
/**
 * What `stamp` needs of a camera.
 *
 * @typedef {{scale: number, screenX(x: number): number, screenY(y: number): number}} View
 */

export class Sprites {
  /** @type {HTMLCanvasElement} */
  sheet = document.createElement("canvas");
  #pixels = 0;
  /** @type {Map<SpriteName, {top: number, width: number, height: number, row: typeof ROWS[SpriteName]}>} */
  #cells = new Map();

  /**
   * Draws the sheet for a picture of `scale` device pixels per world unit, unless it has that resolution already.
   *
   * @param {number} scale
   */
  sharpen(scale) {
    const pixels = Math.min(4, Math.ceil(scale * 2) / 2);
    if (pixels === this.#pixels) return;
    this.#pixels = pixels;
    this.#measure();
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.sheet.getContext("2d"));
    for (const cell of this.#cells.values()) {
      for (let column = 0; column < cell.row.columns; column++) this.#bake(ctx, cell, column);
    }
  }

  /**
   * Copies a sprite, turned to `angle`, into the picture. Leaves the context's transform changed.
   *
   * @param {CanvasRenderingContext2D} ctx
   * @param {View} camera
   * @param {SpriteName} name
   * @param {number} column
   * @param {number} x world units
   * @param {number} y
   * @param {number} angle radians
   * @param {number} stretchX 1 is the baked size
   * @param {number} stretchY
   */
  stamp(ctx, camera, name, column, x, y, angle, stretchX, stretchY) {
    const cell = this.#cells.get(name);
    if (cell === undefined) return;
    const scale = camera.scale / this.#pixels;
    const cos = Math.cos(angle) * scale;
    const sin = Math.sin(angle) * scale;
    ctx.setTransform(
      cos * stretchX,
      sin * stretchX,
      -sin * stretchY,
      cos * stretchY,
      camera.screenX(x),
      camera.screenY(y),
    );
    const { width, height } = cell;
    const left = column * width;
    ctx.drawImage(
      this.sheet,
      left,
      cell.top,
      width,
      height,
      -width / 2,
      -height / 2,
      width,
      height,
    );
  }

  #measure() {
    let top = 0;
    let widest = 0;
    for (const [name, row] of Object.entries(ROWS)) {
      const width = Math.ceil(row.width * this.#pixels);
      const height = Math.ceil(row.height * this.#pixels);
      this.#cells.set(/** @type {SpriteName} */ (name), { top, width, height, row });
      top += height;
      widest = Math.max(widest, width * row.columns);
    }
    this.sheet.width = widest;
    this.sheet.height = top;
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{top: number, width: number, height: number, row: typeof ROWS[SpriteName]}} cell
   * @param {number} column
   */
  #bake(ctx, cell, column) {
    const { top, width, height, row } = cell;
    ctx.save();
    ctx.beginPath();
    ctx.rect(column * width, top, width, height);
    ctx.clip();
    ctx.translate((column + 0.5) * width, top + height / 2);
    ctx.scale(this.#pixels, this.#pixels);
    row.paint(ctx, row.columns === HUE_STEPS ? stepHue(column) : column, this.#pixels);
    ctx.restore();
  }
}
