/**
 * The finished strokes as pixels. A new one is drawn onto them, one that goes is repaired around; only when the view has
 * zoomed or leaves what is drawn are all of them drawn anew, a slice in each frame, while the old pixels are shown scaled.
 */
import { COLOURS, DESK, HEIGHT, overlap, PAPER, WIDTH } from "./sheet.js";

/** @typedef {import("./sheet.js").Box} Box */
/** @typedef {import("./strokes.js").Shape} Shape */
/** @typedef {import("./view.js").View} View */

/** What is drawn beyond each side of the canvas, in shares of it. */
const MARGIN = 0.2;
const SLICE_MS = 5;
/** While there is nothing yet to show; what is drawn is shown as it comes. */
const FIRST_SLICE_MS = 120;
/** After so many strokes of a slice the browser is made to rasterise them, which it would do when the slice is over. */
const STROKES_A_FLUSH = 24;
/** A view that zooms has pixels of its own only when it has stayed as it is for so long. */
const ZOOM_SETTLES_MS = 150;
/** With more strokes to repair around, all are drawn anew. */
const MAX_REPAIRS = 60;
const GRID = 160;
const MIN_GRID_PX = 14;

/** One canvas, and which part of the sheet is on it. */
class Pixels {
  canvas = document.createElement("canvas");
  /** `willReadFrequently` has the processor draw it: long paths cost a graphics card more. */
  ctx = /** @type {CanvasRenderingContext2D} */ (
    this.canvas.getContext("2d", { alpha: false, willReadFrequently: true })
  );
  x = 0;
  y = 0;
  scale = 0;
  /** How many of the strokes are on it, while it is drawn anew. */
  drawn = 0;

  /** Empties it for a part of the sheet. @param {View} view */
  begin(view) {
    const width = Math.ceil(view.width * (1 + 2 * MARGIN));
    const height = Math.ceil(view.height * (1 + 2 * MARGIN));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.scale = view.scale;
    this.x = view.x - (view.width * MARGIN) / view.scale;
    this.y = view.y - (view.height * MARGIN) / view.scale;
    this.drawn = 0;
    this.paper();
  }

  /** @returns {Box} */
  get box() {
    const { x, y, scale, canvas } = this;
    return [x, y, x + canvas.width / scale, y + canvas.height / scale];
  }

  paper() {
    drawPaper(this.ctx, this, this.canvas.width, this.canvas.height);
  }

  /** @param {Shape} shape @returns {boolean} whether it lies on this part of the sheet */
  draw(shape) {
    if (!overlap(shape.box, this.box)) return false;
    enter(this.ctx, this);
    drawShape(this.ctx, shape);
    return true;
  }

  /** Rasterises what was drawn. */
  flush() {
    this.ctx.getImageData(0, 0, 1, 1);
  }

  /** Draws a part of it anew. @param {Box} box @param {readonly Shape[]} shapes */
  repair(box, shapes) {
    if (!overlap(box, this.box)) return;
    const edge = 2 / this.scale;
    /** @type {Box} */
    const wide = [box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge];
    const { ctx } = this;
    ctx.save();
    enter(ctx, this);
    ctx.beginPath();
    ctx.rect(wide[0], wide[1], wide[2] - wide[0], wide[3] - wide[1]);
    ctx.clip();
    this.paper();
    enter(ctx, this);
    for (const shape of shapes) if (overlap(shape.box, wide)) drawShape(ctx, shape);
    ctx.restore();
  }
}

export class Picture {
  #front = new Pixels();
  #back = new Pixels();
  /** Whether the front has all strokes. */
  #isWhole = false;
  /** Whether the back is being drawn. */
  #renews = false;
  /** The scale of the last view, and since when it has been that. */
  #zoom = { scale: 0, sinceMs: 0 };
  /** Lowest first. @type {readonly Shape[]} */
  #shapes = [];
  /** The order of the highest of them; the list itself is the caller's, who has changed it already. */
  #highest = 0;

  /** Forgets the pixels of a board that was left, or that has gone back. */
  clear() {
    this.#shapes = [];
    this.#highest = 0;
    this.#again();
    this.#front.scale = 0;
  }

  /**
   * The finished strokes have changed.
   *
   * @param {readonly Shape[]} shapes all of them now, lowest first
   * @param {{added: readonly Shape[], removed: readonly Shape[]}} changes
   */
  change(shapes, { added, removed }) {
    const onTop = removed.length === 0 && added.every(({ order }) => order > this.#highest);
    const wasEmpty = this.#highest === 0;
    this.#shapes = shapes;
    this.#highest = shapes.at(-1)?.order ?? 0;
    if (added.length + removed.length > MAX_REPAIRS) {
      this.#again();
      if (wasEmpty) this.#front.scale = 0; // bare paper: what is drawn now is shown as it comes
    } else if (onTop) {
      // A back that is being drawn comes to them in time.
      if (this.#isWhole) for (const shape of added) this.#front.draw(shape);
    } else {
      this.#renews = false;
      if (this.#isWhole)
        for (const { box } of [...added, ...removed]) this.#front.repair(box, shapes);
    }
  }

  /** Draws all strokes anew, behind what is shown. */
  #again() {
    this.#renews = false;
    this.#isWhole = false;
  }

  /** Draws a slice of what is missing. @param {View} view @returns {boolean} whether the picture is to be shown anew */
  step(view) {
    if (this.#zooms(view)) return false;
    if (!this.#renews) {
      if (this.shows(view)) return false;
      this.#renews = true;
      this.#back.begin(view);
    }
    const back = this.#back;
    this.#drawSlice(back);
    if (back.drawn < this.#shapes.length) return this.#front.scale === 0;
    [this.#front, this.#back] = [back, this.#front];
    this.#renews = false;
    this.#isWhole = true;
    return true;
  }

  /** Whether the view zooms now, so that pixels drawn for it would be of no use soon. @param {View} view */
  #zooms({ scale }) {
    const nowMs = performance.now();
    if (scale !== this.#zoom.scale) this.#zoom = { scale, sinceMs: nowMs };
    return this.#isWhole && nowMs - this.#zoom.sinceMs < ZOOM_SETTLES_MS;
  }

  /** @param {Pixels} back */
  #drawSlice(back) {
    const shapes = this.#shapes;
    const untilMs = performance.now() + (this.#front.scale === 0 ? FIRST_SLICE_MS : SLICE_MS);
    while (back.drawn < shapes.length && performance.now() < untilMs) {
      let seen = 0;
      for (; back.drawn < shapes.length && seen < STROKES_A_FLUSH; back.drawn += 1) {
        if (back.draw(shapes[back.drawn])) seen += 1;
      }
      back.flush();
    }
  }

  /** Puts it onto the canvas. @param {CanvasRenderingContext2D} ctx @param {View} view */
  blit(ctx, view) {
    const isFirst = this.#front.scale === 0 && this.#renews;
    const { canvas, scale, x, y } = isFirst ? this.#back : this.#front;
    const zoom = view.scale / scale;
    const isSame = zoom === 1;
    if (!isSame || !this.#covers(view)) drawPaper(ctx, view, view.width, view.height);
    if (scale === 0) return;
    const [left, top] = [(x - view.x) * view.scale, (y - view.y) * view.scale];
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (isSame) ctx.drawImage(canvas, Math.round(left), Math.round(top));
    else ctx.drawImage(canvas, left, top, canvas.width * zoom, canvas.height * zoom);
  }

  /** Whether the front has all strokes, at the view's scale. @param {View} view */
  shows(view) {
    return this.#isWhole && this.#front.scale === view.scale && this.#covers(view);
  }

  /** @param {View} view */
  #covers(view) {
    if (this.#front.scale === 0) return false;
    const [left, top, right, bottom] = this.#front.box;
    const [viewLeft, viewTop, viewRight, viewBottom] = view.box;
    const half = 0.5 / view.scale;
    return (
      left <= viewLeft + half &&
      top <= viewTop + half &&
      right >= viewRight - half &&
      bottom >= viewBottom - half
    );
  }
}

/** Draws in units from now on. @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number, scale: number}} part */
export function enter(ctx, { x, y, scale }) {
  ctx.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
}

/** @param {CanvasRenderingContext2D} ctx in units @param {Shape} shape */
export function drawShape(ctx, shape) {
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  ctx.strokeStyle = COLOURS[shape.colour];
  if (shape.widths.length === 0) {
    ctx.lineWidth = shape.pen;
    ctx.stroke(shape.path);
    return;
  }
  for (const { width, path } of shape.parts) {
    ctx.lineWidth = width;
    ctx.stroke(path);
  }
}

/**
 * The desk, the sheet on it, and the sheet's grid of points.
 *
 * @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number, scale: number}} part
 * @param {number} width @param {number} height of the canvas
 */
function drawPaper(ctx, part, width, height) {
  const { x, y, scale } = part;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = DESK;
  ctx.fillRect(0, 0, width, height);
  enter(ctx, part);
  ctx.fillStyle = PAPER;
  ctx.fillRect(0, 0, WIDTH, HEIGHT);
  let grid = GRID;
  while (grid * scale < MIN_GRID_PX) grid *= 4;
  const size = 1.6 / scale;
  ctx.fillStyle = "#d9dce6";
  const lastX = Math.min(WIDTH - 1, x + width / scale);
  const lastY = Math.min(HEIGHT - 1, y + height / scale);
  ctx.beginPath();
  for (let down = Math.max(grid, Math.ceil(y / grid) * grid); down < lastY; down += grid) {
    for (let along = Math.max(grid, Math.ceil(x / grid) * grid); along < lastX; along += grid) {
      ctx.rect(along - size / 2, down - size / 2, size, size);
    }
  }
  ctx.fill();
}
