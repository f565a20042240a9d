/**
 * Names under ships, each drawn once and then copied. Text reaches the picture through `fillText` only: nothing that a
 * player types can become markup.
 */
import { INK, UI_FONT } from "../palette.js";

const FONT_PX = 11;
const PAD_PX = 3;
/** Wider names are condensed to this. */
const MAX_WIDTH_PX = 150;
const HEIGHT_PX = 17;
/**
 * More names than any room has players. When there are this many, all are dropped, and those in use are drawn again.
 */
const MAX_LABELS = 256;

export class Labels {
  /** @type {Map<string, HTMLCanvasElement>} */
  #made = new Map();
  #density = 0;

  /**
   * @param {string} text
   * @param {number} density device pixels per CSS pixel
   * @returns {HTMLCanvasElement} the text as a picture in device pixels
   */
  get(text, density) {
    if (density !== this.#density || this.#made.size >= MAX_LABELS) {
      this.#made.clear();
      this.#density = density;
    }
    let label = this.#made.get(text);
    if (label === undefined) {
      label = write(text, density);
      this.#made.set(text, label);
    }
    return label;
  }
}

/** @param {string} text @param {number} density @returns {HTMLCanvasElement} */
function write(text, density) {
  const canvas = document.createElement("canvas");
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const font = `600 ${FONT_PX * density}px ${UI_FONT}`;
  ctx.font = font;
  const width = Math.min(ctx.measureText(text).width, MAX_WIDTH_PX * density);
  canvas.width = Math.max(1, Math.ceil(width + 2 * PAD_PX * density));
  canvas.height = Math.ceil(HEIGHT_PX * density);
  ctx.font = font;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3 * density;
  ctx.strokeStyle = "rgba(5, 7, 15, 0.75)";
  const x = PAD_PX * density;
  const y = canvas.height / 2;
  ctx.strokeText(text, x, y, MAX_WIDTH_PX * density);
  ctx.fillStyle = INK;
  ctx.globalAlpha = 0.85;
  ctx.fillText(text, x, y, MAX_WIDTH_PX * density);
  return canvas;
}
