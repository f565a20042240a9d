/**
 * Draws one frame, back to front. Reads the scene and owns the canvas; it changes nothing in the game.
 *
 * Nothing is allocated per frame and entity: sprites and labels are drawn once and copied, particles are in flat
 * arrays.
 */
import { SPACE } from "../palette.js";
import { Hud } from "./hud.js";
import { Particles } from "./particles.js";
import { drawPickups } from "./pickups.js";
import { Quality } from "./quality.js";
import { Ships } from "./ships.js";
import { Shots } from "./shots.js";
import { Sprites } from "./sprites.js";
import { World } from "./world.js";

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("./hud.js").Pointer} Pointer */

export class Renderer {
  sprites = new Sprites();
  particles = new Particles();
  shots = new Shots();
  hud = new Hud();
  #canvas;
  #ctx;
  #camera;
  #world = new World();
  #ships = new Ships();
  #quality = new Quality();
  #wallsVersion = -1;
  /** How long drawing the last frame took. */
  #workS = 0;

  /** @param {HTMLCanvasElement} canvas @param {Camera} camera */
  constructor(canvas, camera) {
    this.#canvas = canvas;
    this.#camera = camera;
    this.#ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /** @returns {CanvasRenderingContext2D} for drawing over the finished frame */
  get context() {
    return this.#ctx;
  }

  /**
   * @param {Scene} scene
   * @param {Pointer} pointer where the mouse aims, in CSS pixels
   * @param {number} seconds running time
   * @param {number} dt seconds since the last frame
   */
  draw(scene, pointer, seconds, dt) {
    if (this.#quality.judge(this.#workS) || this.#densityChanged()) this.#resize();
    const startedMs = performance.now();
    if (scene.wallsVersion !== this.#wallsVersion) {
      this.#wallsVersion = scene.wallsVersion;
      this.#world.setWalls(scene.walls);
    }
    this.shots.follow(scene, this.#camera, this.particles);
    this.particles.advance(dt);
    this.#paint(scene, seconds);
    this.hud.draw(this.#ctx, this.#camera, scene, pointer, seconds, dt);
    this.#workS = (performance.now() - startedMs) / 1000;
  }

  /** @param {Scene} scene @param {number} seconds */
  #paint(scene, seconds) {
    const ctx = this.#ctx;
    const camera = this.#camera;
    const sprites = this.sprites;
    this.#ships.select(scene, camera);
    this.#world.draw(ctx, camera, scene.bounds);
    drawPickups(ctx, camera, scene, sprites, seconds);
    ctx.globalCompositeOperation = "lighter";
    this.#ships.drawFlames(ctx, camera, scene, sprites, seconds);
    this.shots.draw(ctx, camera, scene, sprites);
    ctx.globalCompositeOperation = "source-over";
    this.#ships.drawHulls(ctx, camera, scene, sprites);
    ctx.globalCompositeOperation = "lighter";
    this.#ships.drawLight(ctx, camera, scene, sprites, seconds);
    this.particles.draw(ctx, camera, sprites);
    ctx.globalCompositeOperation = "source-over";
    this.#ships.drawLabels(ctx, camera, scene);
  }

  #densityChanged() {
    return this.#camera.density !== this.#quality.density();
  }

  #resize() {
    const density = this.#quality.density();
    const width = Math.max(1, Math.round(this.#canvas.clientWidth * density));
    const height = Math.max(1, Math.round(this.#canvas.clientHeight * density));
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#camera.resize(width, height, density);
    this.sprites.sharpen(this.#camera.scale);
    this.#world.resize(this.#camera);
    this.hud.resize(this.#camera);
    this.particles.thin = this.#quality.thin;
    this.#ctx.fillStyle = SPACE;
    this.#ctx.fillRect(0, 0, width, height);
  }
}
