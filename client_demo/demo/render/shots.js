/**
 * Shots as bolts in their owner's hue, with a flash where one begins and sparks where one ends.
 *
 * The server sends no event for a shot that ends in a wall; the picture notices that it is gone.
 */
import { hueStep } from "../palette.js";

const MARGIN_UNITS = 30;
const FADE_SPARKS = 5;
/** Hue of a shot whose owner is not in the view. */
const STRAY_HUE = 75;

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../types.js").Shot} Shot */
/** @typedef {import("./particles.js").Particles} Particles */
/** @typedef {import("./sprites.js").Sprites} Sprites */
/** @typedef {{x: number, y: number, hue: number, frame: number}} Flight */

export class Shots {
  /** Called with each shot that appeared. @type {(shot: Shot) => void} */
  onFired = () => {};
  /** @type {Map<number, Flight>} */
  #flights = new Map();
  /** Spent records, used again. @type {Flight[]} */
  #spare = [];
  #frame = 0;

  /** @param {Scene} scene @param {Camera} camera @param {Particles} particles */
  follow(scene, camera, particles) {
    this.#frame += 1;
    for (let index = 0; index < scene.shots.length; index++) {
      const shot = scene.shots[index];
      const flight = this.#flights.get(shot.id) ?? this.#begin(scene, camera, particles, shot);
      flight.x = shot.x;
      flight.y = shot.y;
      flight.frame = this.#frame;
    }
    for (const [id, flight] of this.#flights) {
      if (flight.frame === this.#frame) continue;
      if (camera.sees(flight.x, flight.y, MARGIN_UNITS)) {
        particles.burst(FADE_SPARKS, flight.x, flight.y, 120, 0.28, 9, flight.hue);
      }
      this.#flights.delete(id);
      this.#spare.push(flight);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Scene} scene
   * @param {Sprites} sprites
   */
  draw(ctx, camera, scene, sprites) {
    for (let index = 0; index < scene.shots.length; index++) {
      const shot = scene.shots[index];
      if (!camera.sees(shot.x, shot.y, MARGIN_UNITS)) continue;
      const hue = this.#flights.get(shot.id)?.hue ?? STRAY_HUE;
      const angle = Math.atan2(shot.vy, shot.vx);
      sprites.stamp(ctx, camera, "bolt", hueStep(hue), shot.x, shot.y, angle, 1, 1);
    }
  }

  /**
   * @param {Scene} scene
   * @param {Camera} camera
   * @param {Particles} particles
   * @param {Shot} shot
   * @returns {Flight}
   */
  #begin(scene, camera, particles, shot) {
    const flight = this.#spare.pop() ?? { x: 0, y: 0, hue: 0, frame: 0 };
    flight.hue = scene.ship(shot.owner_ship)?.hue ?? STRAY_HUE;
    this.#flights.set(shot.id, flight);
    if (camera.sees(shot.x, shot.y, MARGIN_UNITS)) {
      particles.spark(shot.x, shot.y, shot.vx * 0.1, shot.vy * 0.1, 0.12, 46, flight.hue);
      this.onFired(shot);
    }
    return flight;
  }
}
