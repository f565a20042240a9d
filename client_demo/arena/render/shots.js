/**
 * Draws shots as bolts in their owner's hue, with a flash where one begins and sparks where one ends.
 *
 * The server sends no event for a shot that ends in a wall; this module detects that the shot is gone. A shot that is
 * shown ahead of the server ends where it meets a wall, before the server confirms it.
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
/** @typedef {{id: number, x: number, y: number, hue: number, frame: number, over: boolean}} Flight */

export class Shots {
  /** Called with each shot that appeared. @type {(shot: Shot) => void} */
  onFired = () => {};
  /**
   * By the SDK's object and not by id: an own shot that was shown ahead of the server gets its id later.
   *
   * @type {Map<Shot, Flight>}
   */
  #flights = new Map();
  /** Records of ended flights, for reuse. @type {Flight[]} */
  #spare = [];
  #frame = 0;

  /** @param {Scene} scene @param {Camera} camera @param {Particles} particles */
  follow(scene, camera, particles) {
    this.#frame += 1;
    for (let index = 0; index < scene.shots.length; index++) {
      const shot = scene.shots[index];
      const flight = this.#flightOf(scene, camera, particles, shot);
      flight.frame = this.#frame;
      if (flight.over) continue;
      flight.x = shot.x;
      flight.y = shot.y;
      if (scene.blocked(shot.x, shot.y)) this.#end(camera, particles, flight);
    }
    for (const [shot, flight] of this.#flights) {
      if (flight.frame === this.#frame) continue;
      this.#end(camera, particles, flight);
      this.#flights.delete(shot);
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
      const flight = this.#flights.get(shot);
      if (flight === undefined || flight.over) continue;
      if (!camera.sees(shot.x, shot.y, MARGIN_UNITS)) continue;
      const angle = Math.atan2(shot.vy, shot.vx);
      sprites.stamp(ctx, camera, "bolt", hueStep(flight.hue), shot.x, shot.y, angle, 1, 1);
    }
  }

  /**
   * @param {Scene} scene
   * @param {Camera} camera
   * @param {Particles} particles
   * @param {Shot} shot
   * @returns {Flight}
   */
  #flightOf(scene, camera, particles, shot) {
    const known = this.#flights.get(shot);
    if (known !== undefined && known.id === shot.id) return known;
    if (known !== undefined && known.id < 0 && shot.id > 0) {
      known.id = shot.id;
      return known;
    }
    // The SDK may have reused the object of an ended shot for another one.
    if (known !== undefined) this.#end(camera, particles, known);
    const flight = known ?? this.#spare.pop() ?? newFlight();
    flight.id = shot.id;
    flight.over = false;
    flight.hue = scene.ship(shot.owner_ship)?.hue ?? STRAY_HUE;
    this.#flights.set(shot, flight);
    if (camera.sees(shot.x, shot.y, MARGIN_UNITS)) this.#begin(particles, shot, flight.hue);
    return flight;
  }

  /** @param {Particles} particles @param {Shot} shot @param {number} hue */
  #begin(particles, shot, hue) {
    particles.spark(shot.x, shot.y, shot.vx * 0.1, shot.vy * 0.1, 0.12, 46, hue);
    this.onFired(shot);
  }

  /** @param {Camera} camera @param {Particles} particles @param {Flight} flight */
  #end(camera, particles, flight) {
    if (flight.over) return;
    flight.over = true;
    const { x, y, hue } = flight;
    if (camera.sees(x, y, MARGIN_UNITS)) particles.burst(FADE_SPARKS, x, y, 120, 0.28, 9, hue);
  }
}

/** @returns {Flight} */
function newFlight() {
  return { id: 0, x: 0, y: 0, hue: 0, frame: 0, over: false };
}
