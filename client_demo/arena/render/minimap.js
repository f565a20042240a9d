/** The whole arena in a corner: walls, pickups, all ships, and the part of it that the picture shows. */
import {
  FLOOR,
  HUE_STEPS,
  hueStep,
  INK,
  neon,
  PICKUP_HUE,
  stepHue,
  WALL_EDGE,
} from "../palette.js";
import { fillMark, markOf } from "./marks.js";

/** Drawn in every n-th frame: on a map this small nothing moves a pixel in less time. */
const EVERY_FRAMES = 2;
/** Large enough to distinguish the marks of the colours. */
const SHIP_PX = 3.4;
const OWN_PX = 3.4;
const TAU = Math.PI * 2;
const COLOURS = Array.from({ length: HUE_STEPS }, (_, step) => neon(stepHue(step)));
const MARKS = Array.from({ length: HUE_STEPS }, (_, step) => markOf(stepHue(step)));

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../scene.js").Scene} Scene */

export class Minimap {
  #canvas;
  #ctx;
  #ground = document.createElement("canvas");
  #groundKey = "";
  #frame = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /** @param {Scene} scene @param {Camera} camera */
  draw(scene, camera) {
    this.#frame += 1;
    if (this.#frame % EVERY_FRAMES !== 0) return;
    const scale = this.#fit(scene, camera.density);
    if (scale === 0) return;
    const ctx = this.#ctx;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    ctx.drawImage(this.#ground, 0, 0);
    ctx.setTransform(scale, 0, 0, scale, -scene.bounds.left * scale, -scene.bounds.top * scale);
    drawWindow(ctx, camera, scale);
    drawPickups(ctx, scene, camera.density / scale);
    drawShips(ctx, scene, camera.density / scale);
  }

  /** @param {Scene} scene @param {number} density @returns {number} device pixels per world unit */
  #fit(scene, density) {
    const { bounds } = scene;
    const width = Math.round(this.#canvas.clientWidth * density);
    if (width === 0) return 0;
    const scale = width / (bounds.right - bounds.left);
    const height = Math.round((bounds.bottom - bounds.top) * scale);
    const key = `${width}:${height}:${scene.wallsVersion}`;
    if (key !== this.#groundKey) {
      this.#groundKey = key;
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#paintGround(scene, scale, density);
    }
    return scale;
  }

  /** @param {Scene} scene @param {number} scale @param {number} density */
  #paintGround(scene, scale, density) {
    this.#ground.width = this.#canvas.width;
    this.#ground.height = this.#canvas.height;
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.#ground.getContext("2d"));
    ctx.fillStyle = FLOOR;
    ctx.globalAlpha = 0.72;
    ctx.fillRect(0, 0, this.#ground.width, this.#ground.height);
    ctx.globalAlpha = 0.75;
    ctx.fillStyle = WALL_EDGE;
    ctx.setTransform(scale, 0, 0, scale, -scene.bounds.left * scale, -scene.bounds.top * scale);
    // A border wall is less than a pixel wide here; every wall gets at least one pixel.
    const least = density / scale;
    for (const wall of scene.walls) {
      ctx.fillRect(wall.x, wall.y, Math.max(wall.w, least), Math.max(wall.h, least));
    }
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {number} scale */
function drawWindow(ctx, camera, scale) {
  const { left, top, right, bottom } = camera.seen;
  ctx.fillStyle = "rgba(140, 165, 255, 0.07)";
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.strokeStyle = "rgba(160, 180, 255, 0.35)";
  ctx.lineWidth = camera.density / scale;
  ctx.strokeRect(left, top, right - left, bottom - top);
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {number} unit one CSS pixel in world units */
function drawPickups(ctx, scene, unit) {
  const size = 3 * unit;
  for (let index = 0; index < scene.pickups.length; index++) {
    const pickup = scene.pickups[index];
    if (pickup === undefined) continue;
    ctx.fillStyle = COLOURS[hueStep(PICKUP_HUE[pickup.what] ?? 0)] ?? INK;
    ctx.fillRect(pickup.x - size / 2, pickup.y - size / 2, size, size);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {number} unit */
function drawShips(ctx, scene, unit) {
  for (let index = 0; index < scene.ships.length; index++) {
    const ship = scene.ships[index];
    if (ship === undefined || ship.dead || ship === scene.avatar) continue;
    const step = hueStep(ship.hue);
    ctx.fillStyle = COLOURS[step] ?? INK;
    fillMark(ctx, MARKS[step] ?? [], ship.x, ship.y, SHIP_PX * unit);
  }
  const own = scene.avatar;
  if (own === null || own.dead) return;
  ctx.fillStyle = INK;
  dot(ctx, own.x, own.y, OWN_PX * unit);
  ctx.strokeStyle = COLOURS[hueStep(own.hue)] ?? INK;
  ctx.lineWidth = 1.5 * unit;
  ctx.beginPath();
  ctx.moveTo(own.x, own.y);
  ctx.lineTo(own.x + Math.cos(own.angle) * 9 * unit, own.y + Math.sin(own.angle) * 9 * unit);
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} radius */
function dot(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, TAU);
  ctx.fill();
}
