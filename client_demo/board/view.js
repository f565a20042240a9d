/** Which part of the sheet the canvas shows. */
import { HEIGHT, UNITS_PER_PIXEL, WIDTH } from "./sheet.js";

/** @typedef {import("./sheet.js").Box} Box */

const MAX_ZOOM = 8;
const MIN_ZOOM = 0.05;
const FIT_MARGIN_PX = 40;

export class View {
  /** Of the canvas, in its own pixels. */
  width = 1;
  height = 1;
  /** Pixels of the canvas for each pixel of the page. */
  density = 1;
  /** Pixels of the page for each pixel of the sheet at 100 %. */
  zoom = 1;
  /** The place on the sheet at the canvas's left top corner, in units. */
  x = 0;
  y = 0;

  /** Pixels of the canvas for each unit. */
  get scale() {
    return (this.zoom * this.density) / UNITS_PER_PIXEL;
  }

  /** Makes the canvas as large as its element. @param {HTMLCanvasElement} canvas @returns {boolean} whether it changed */
  fitCanvas(canvas) {
    const density = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(canvas.clientWidth * density));
    const height = Math.max(1, Math.round(canvas.clientHeight * density));
    if (canvas.width === width && canvas.height === height && density === this.density)
      return false;
    const [middleX, middleY] = this.middle;
    Object.assign(canvas, { width, height });
    Object.assign(this, { width, height, density });
    this.centre(middleX, middleY);
    return true;
  }

  /** The place in the middle of the canvas. @returns {[number, number]} */
  get middle() {
    return [this.x + this.width / this.scale / 2, this.y + this.height / this.scale / 2];
  }

  /** The part of the sheet that is shown. @returns {Box} */
  get box() {
    return [this.x, this.y, this.x + this.width / this.scale, this.y + this.height / this.scale];
  }

  /** Shows a place in the middle. @param {number} x @param {number} y */
  centre(x, y) {
    this.x = x - this.width / this.scale / 2;
    this.y = y - this.height / this.scale / 2;
    this.#stayNear();
  }

  /** The place under a pixel of the page. @param {number} clientX @param {number} clientY @returns {[number, number]} */
  place(clientX, clientY) {
    const perPixel = UNITS_PER_PIXEL / this.zoom;
    return [this.x + clientX * perPixel, this.y + clientY * perPixel];
  }

  /** The pixel of the page over a place. @param {number} x @param {number} y @returns {[number, number]} */
  pixel(x, y) {
    const perUnit = this.zoom / UNITS_PER_PIXEL;
    return [(x - this.x) * perUnit, (y - this.y) * perUnit];
  }

  /** Moves the sheet by pixels of the page. @param {number} dx @param {number} dy */
  pan(dx, dy) {
    const perPixel = UNITS_PER_PIXEL / this.zoom;
    this.x -= dx * perPixel;
    this.y -= dy * perPixel;
    this.#stayNear();
  }

  /** Zooms; the place under a pixel of the page stays there. @param {number} factor @param {number} atX @param {number} atY */
  zoomBy(factor, atX, atY) {
    const [x, y] = this.place(atX, atY);
    this.zoom = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, this.zoom * factor));
    const perPixel = UNITS_PER_PIXEL / this.zoom;
    this.x = x - atX * perPixel;
    this.y = y - atY * perPixel;
    this.#stayNear();
  }

  /** Shows a part of the sheet whole, at 100 % at most. @param {Box} box */
  show([left, top, right, bottom]) {
    const margin = 2 * FIT_MARGIN_PX * this.density;
    const across = Math.max(1, this.width - margin) / Math.max(1, right - left);
    const down = Math.max(1, this.height - 2 * margin) / Math.max(1, bottom - top);
    const zoom = (Math.min(across, down) * UNITS_PER_PIXEL) / this.density;
    this.zoom = Math.max(MIN_ZOOM, Math.min(1, zoom));
    this.centre((left + right) / 2, (top + bottom) / 2);
  }

  /** Keeps some of the sheet visible. */
  #stayNear() {
    const [across, down] = [this.width / this.scale, this.height / this.scale];
    this.x = Math.max(-across / 2, Math.min(WIDTH - across / 2, this.x));
    this.y = Math.max(-down / 2, Math.min(HEIGHT - down / 2, this.y));
  }
}
