/**
 * The background: nebula, three layers of stars, the arena's floor, grid and walls.
 *
 * The backdrop is painted once for each size; the rest is a few hundred rectangles and one path per frame.
 */
import { FLOOR, GRID, GRID_STRONG, WALL, WALL_EDGE } from "../palette.js";
import { paintNebula, scatter } from "./nebula.js";

const GRID_UNITS = 100;
const GRID_STRONG_EVERY = 4;
/** How much of the camera's motion each layer follows: 0 does not move, 1 moves like the arena. */
const BACKDROP_PARALLAX = 0.07;
const STAR_DEPTHS = Object.freeze([
  { parallax: 0.14, stars: 110, size: 1, colour: "rgba(190, 203, 255, 0.55)" },
  { parallax: 0.26, stars: 70, size: 1.4, colour: "rgba(205, 220, 255, 0.75)" },
  { parallax: 0.44, stars: 32, size: 2, colour: "rgba(235, 242, 255, 0.9)" },
]);
const WALL_ROUND_UNITS = 3;
const INLAY_UNITS = 7;
const HATCH_UNITS = 18;
/** The glow outside the arena's edge: pairs of width in world units and opacity. */
const BORDER_GLOW = Object.freeze([
  [44, 0.022],
  [34, 0.028],
  [25, 0.036],
  [17, 0.05],
  [10, 0.08],
  [5, 0.16],
  [2.5, 1],
]);
/** The same for walls, whose strokes reach half as far outwards. */
const WALL_GLOW = Object.freeze([
  [30, 0.03],
  [22, 0.04],
  [14, 0.06],
  [8, 0.1],
]);
/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../types.js").Bounds} Bounds */
/** @typedef {import("../types.js").Wall} Wall */

export class World {
  #backdrop = document.createElement("canvas");
  #stars = STAR_DEPTHS.map((depth, index) => scatter(depth.stars, index + 1));
  #walls = new Path2D();
  /** A line inside each wall's edge. */
  #inlay = new Path2D();
  #hatch = hatchPattern();

  /** @param {ReadonlyArray<Wall>} walls */
  setWalls(walls) {
    this.#walls = new Path2D();
    this.#inlay = new Path2D();
    for (const { x, y, w, h } of walls) {
      this.#walls.roundRect(x, y, w, h, WALL_ROUND_UNITS);
      const inset = Math.min(INLAY_UNITS, w / 3, h / 3);
      this.#inlay.roundRect(x + inset, y + inset, w - 2 * inset, h - 2 * inset, WALL_ROUND_UNITS);
    }
  }

  /** @param {Camera} camera */
  resize(camera) {
    const roam = 1 + 2 * BACKDROP_PARALLAX;
    this.#backdrop.width = Math.ceil(camera.width * roam);
    this.#backdrop.height = Math.ceil(camera.height * roam);
    const ctx = this.#backdrop.getContext("2d", { alpha: false });
    if (ctx !== null) paintNebula(ctx, this.#backdrop.width, this.#backdrop.height);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Bounds} bounds the arena
   */
  draw(ctx, camera, bounds) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    this.#drawBackdrop(ctx, camera, bounds);
    this.#drawStars(ctx, camera);
    const { scale } = camera;
    ctx.setTransform(scale, 0, 0, scale, camera.screenX(0), camera.screenY(0));
    drawFloor(ctx, camera, bounds);
    this.#drawWalls(ctx, bounds);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {Bounds} bounds */
  #drawBackdrop(ctx, camera, bounds) {
    const slackX = (this.#backdrop.width - camera.width) / 2;
    const slackY = (this.#backdrop.height - camera.height) / 2;
    const way = camera.scale * BACKDROP_PARALLAX;
    const x = (camera.x - (bounds.left + bounds.right) / 2) * way;
    const y = (camera.y - (bounds.top + bounds.bottom) / 2) * way;
    ctx.drawImage(
      this.#backdrop,
      -slackX - Math.max(-slackX, Math.min(slackX, x)),
      -slackY - Math.max(-slackY, Math.min(slackY, y)),
    );
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera */
  #drawStars(ctx, camera) {
    for (let depth = 0; depth < STAR_DEPTHS.length; depth++) {
      const layer = STAR_DEPTHS[depth];
      const places = this.#stars[depth];
      if (layer === undefined || places === undefined) continue;
      const size = layer.size * camera.density;
      const shiftX = camera.x * camera.scale * layer.parallax;
      const shiftY = camera.y * camera.scale * layer.parallax;
      ctx.fillStyle = layer.colour;
      for (let index = 0; index < places.length; index += 2) {
        const x = wrap(places[index] * camera.width - shiftX, camera.width);
        const y = wrap(places[index + 1] * camera.height - shiftY, camera.height);
        ctx.fillRect(x, y, size, size);
      }
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Bounds} bounds */
  #drawWalls(ctx, bounds) {
    // Wider and fainter strokes make the glow: canvas shadows would cost milliseconds here.
    ctx.lineJoin = "round";
    ctx.strokeStyle = WALL_EDGE;
    for (const [width, alpha] of WALL_GLOW) {
      ctx.globalAlpha = alpha;
      ctx.lineWidth = width;
      ctx.stroke(this.#walls);
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = WALL;
    ctx.fill(this.#walls);
    if (this.#hatch !== null) ctx.fillStyle = this.#hatch;
    ctx.fill(this.#inlay);
    ctx.lineWidth = 2.2;
    ctx.stroke(this.#walls);
    ctx.globalAlpha = 0.28;
    ctx.lineWidth = 1;
    ctx.stroke(this.#inlay);
    ctx.globalAlpha = 1;
    drawBorder(ctx, bounds);
  }
}

/** @returns {CanvasPattern | null} diagonal stripes, one tile of which is `HATCH_UNITS` wide */
function hatchPattern() {
  const tile = document.createElement("canvas");
  tile.width = HATCH_UNITS;
  tile.height = HATCH_UNITS;
  const ctx = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  ctx.strokeStyle = "rgba(111, 134, 255, 0.16)";
  ctx.lineWidth = 5;
  for (const shift of [-HATCH_UNITS, 0, HATCH_UNITS]) {
    ctx.beginPath();
    ctx.moveTo(shift, HATCH_UNITS);
    ctx.lineTo(shift + HATCH_UNITS, 0);
    ctx.stroke();
  }
  return ctx.createPattern(tile, "repeat");
}

/** @param {CanvasRenderingContext2D} ctx @param {Bounds} bounds */
function drawBorder(ctx, { left, top, right, bottom }) {
  for (const [width, alpha] of BORDER_GLOW) {
    const out = width / 2;
    ctx.globalAlpha = alpha;
    ctx.lineWidth = width;
    ctx.strokeRect(left - out, top - out, right - left + width, bottom - top + width);
  }
  ctx.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {Bounds} bounds */
function drawFloor(ctx, camera, bounds) {
  const { seen } = camera;
  const left = Math.max(bounds.left, seen.left);
  const right = Math.min(bounds.right, seen.right);
  const top = Math.max(bounds.top, seen.top);
  const bottom = Math.min(bounds.bottom, seen.bottom);
  if (left >= right || top >= bottom) return;
  ctx.globalAlpha = 0.3;
  ctx.fillStyle = FLOOR;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1;
  for (const strong of [false, true]) {
    const step = strong ? GRID_UNITS * GRID_STRONG_EVERY : GRID_UNITS;
    ctx.strokeStyle = strong ? GRID_STRONG : GRID;
    ctx.beginPath();
    for (let x = Math.ceil(left / step) * step; x <= right; x += step) {
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom);
    }
    for (let y = Math.ceil(top / step) * step; y <= bottom; y += step) {
      ctx.moveTo(left, y);
      ctx.lineTo(right, y);
    }
    ctx.stroke();
  }
}

/** @param {number} value @param {number} size @returns {number} value brought into 0 … size */
function wrap(value, size) {
  return value - Math.floor(value / size) * size;
}
