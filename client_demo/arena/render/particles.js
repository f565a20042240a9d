/**
 * Sparks, smoke and shock rings: a fixed number of them in flat arrays, so that an explosion allocates nothing.
 *
 * They do not affect the game, and are thinned (`thin`) on slow machines and for people who prefer reduced motion.
 */
import { HUE_STEPS, hueStep, neon, stepHue } from "../palette.js";

const MAX_SPARKS = 1400;
const MAX_RINGS = 24;
/** Share of its speed that a spark keeps over a second. */
const DRAG_PER_S = 0.12;
const GLOW_UNITS = 32;
const TAU = Math.PI * 2;
const RING_COLOURS = Array.from({ length: HUE_STEPS }, (_, step) => neon(stepHue(step)));

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("./sprites.js").Sprites} Sprites */

/** Columns of a spark and of a ring in the flat arrays. */
const X = 0;
const Y = 1;
const VX = 2;
const VY = 3;
const AGE = 4;
const LIFE = 5;
const SIZE = 6;
const HUE = 7;
const COLUMNS = 8;

export class Particles {
  /** Share of the sparks that are made, 0–1. */
  thin = 1;
  #sparks = new Float32Array(MAX_SPARKS * COLUMNS);
  #sparkCount = 0;
  #rings = new Float32Array(MAX_RINGS * COLUMNS);
  #ringCount = 0;

  /** @returns {number} sparks alive */
  get count() {
    return this.#sparkCount;
  }

  /**
   * @param {number} x world units
   * @param {number} y
   * @param {number} vx units a second
   * @param {number} vy
   * @param {number} life seconds
   * @param {number} size diameter of its glow, world units
   * @param {number} hue degrees
   */
  spark(x, y, vx, vy, life, size, hue) {
    // When all slots are taken, the newest spark replaces a random older one.
    const slot =
      this.#sparkCount < MAX_SPARKS ? this.#sparkCount++ : Math.floor(Math.random() * MAX_SPARKS);
    write(this.#sparks, slot * COLUMNS, x, y, vx, vy, life, size, hueStep(hue));
  }

  /**
   * Adds sparks in all directions.
   *
   * @param {number} count
   * @param {number} x
   * @param {number} y
   * @param {number} speed of the fastest, units a second
   * @param {number} life of the longest, seconds
   * @param {number} size of the largest, world units
   * @param {number} hue degrees
   */
  burst(count, x, y, speed, life, size, hue) {
    for (let index = 0; index < count * this.thin; index++) {
      const angle = Math.random() * TAU;
      const pace = speed * (0.15 + 0.85 * Math.random());
      this.spark(
        x,
        y,
        Math.cos(angle) * pace,
        Math.sin(angle) * pace,
        life * (0.35 + 0.65 * Math.random()),
        size * (0.4 + 0.6 * Math.random()),
        hue,
      );
    }
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius when it ends, world units
   * @param {number} life seconds
   * @param {number} hue degrees
   */
  ring(x, y, radius, life, hue) {
    const slot = this.#ringCount < MAX_RINGS ? this.#ringCount++ : 0;
    write(this.#rings, slot * COLUMNS, x, y, 0, 0, life, radius, hueStep(hue));
  }

  /** @param {number} dt seconds */
  advance(dt) {
    this.#sparkCount = age(this.#sparks, this.#sparkCount, dt, DRAG_PER_S ** dt);
    this.#ringCount = age(this.#rings, this.#ringCount, dt, 1);
  }

  /**
   * Draws with additive light; the caller has set the composite mode.
   *
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Sprites} sprites
   */
  draw(ctx, camera, sprites) {
    const sparks = this.#sparks;
    for (let at = 0; at < this.#sparkCount * COLUMNS; at += COLUMNS) {
      const x = sparks[at + X];
      const y = sparks[at + Y];
      const size = sparks[at + SIZE];
      if (!camera.sees(x, y, size)) continue;
      const rest = 1 - sparks[at + AGE] / sparks[at + LIFE];
      const stretch = (size / GLOW_UNITS) * (0.4 + 0.6 * rest);
      ctx.globalAlpha = rest;
      sprites.stamp(ctx, camera, "glow", sparks[at + HUE], x, y, 0, stretch, stretch);
    }
    this.#drawRings(ctx, camera);
    ctx.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera */
  #drawRings(ctx, camera) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    const rings = this.#rings;
    for (let at = 0; at < this.#ringCount * COLUMNS; at += COLUMNS) {
      const part = rings[at + AGE] / rings[at + LIFE];
      const grown = 1 - (1 - part) ** 3;
      ctx.globalAlpha = (1 - part) * 0.8;
      ctx.strokeStyle = RING_COLOURS[rings[at + HUE]] ?? "#fff";
      ctx.lineWidth = camera.density * (0.5 + 5 * (1 - part));
      ctx.beginPath();
      const x = camera.screenX(rings[at + X]);
      const y = camera.screenY(rings[at + Y]);
      ctx.arc(x, y, rings[at + SIZE] * grown * camera.scale, 0, TAU);
      ctx.stroke();
    }
  }
}

/**
 * @param {Float32Array} rows
 * @param {number} at
 * @param {number} x
 * @param {number} y
 * @param {number} vx
 * @param {number} vy
 * @param {number} life
 * @param {number} size
 * @param {number} hue
 */
function write(rows, at, x, y, vx, vy, life, size, hue) {
  rows[at + X] = x;
  rows[at + Y] = y;
  rows[at + VX] = vx;
  rows[at + VY] = vy;
  rows[at + AGE] = 0;
  rows[at + LIFE] = life;
  rows[at + SIZE] = size;
  rows[at + HUE] = hue;
}

/**
 * Moves all rows by `dt`; the last row replaces one that has ended.
 *
 * @param {Float32Array} rows
 * @param {number} count
 * @param {number} dt seconds
 * @param {number} keep share of the speed that stays
 * @returns {number} how many are left
 */
function age(rows, count, dt, keep) {
  let left = count;
  for (let index = left - 1; index >= 0; index--) {
    const at = index * COLUMNS;
    rows[at + AGE] = rows[at + AGE] + dt;
    if (rows[at + AGE] >= rows[at + LIFE]) {
      left -= 1;
      rows.copyWithin(at, left * COLUMNS, (left + 1) * COLUMNS);
      continue;
    }
    rows[at + X] = rows[at + X] + rows[at + VX] * dt;
    rows[at + Y] = rows[at + Y] + rows[at + VY] * dt;
    rows[at + VX] = rows[at + VX] * keep;
    rows[at + VY] = rows[at + VY] * keep;
  }
  return left;
}
