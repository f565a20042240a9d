/**
 * Draws ships in passes (flames, hulls, light, labels) rather than ship by ship: few changes of canvas state per frame.
 */
import { BAD, GOOD, hueStep, INK, neon, WARN } from "../palette.js";
import { Labels } from "./labels.js";

/** Distance of a ship's exhaust behind its middle, world units. */
const EXHAUST_UNITS = 10;
const FLAME_HALF_UNITS = 16;
const MARGIN_UNITS = 60;
const BAR_WIDTH_PX = 34;
const BAR_HEIGHT_PX = 3.5;
const BAR_BELOW_UNITS = 23;
const LABEL_GAP_PX = 5;
const OWN_MARK_UNITS = 31;
/** A shield blinks for this many ticks before it ends. */
const SHIELD_BLINK_TICKS = 45;

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../types.js").Ship} Ship */
/** @typedef {import("./sprites.js").Sprites} Sprites */

export class Ships {
  #labels = new Labels();
  /** The ships that are in the picture and alive, refilled each frame. @type {Ship[]} */
  #shown = [];

  /** @param {Scene} scene @param {Camera} camera */
  select(scene, camera) {
    this.#shown.length = 0;
    for (let index = 0; index < scene.ships.length; index++) {
      const ship = scene.ships[index];
      if (!ship.dead && camera.sees(ship.x, ship.y, MARGIN_UNITS)) this.#shown.push(ship);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Scene} scene
   * @param {Sprites} sprites
   * @param {number} seconds running time, for flicker
   */
  drawFlames(ctx, camera, scene, sprites, seconds) {
    for (let index = 0; index < this.#shown.length; index++) {
      const ship = this.#shown[index];
      const flame = scene.visualsOf(ship).flame;
      if (flame < 0.03) continue;
      const length = flame * (0.82 + 0.18 * Math.sin(seconds * 47 + ship.id * 1.7));
      const back = EXHAUST_UNITS + FLAME_HALF_UNITS * length;
      const x = ship.x - Math.cos(ship.angle) * back;
      const y = ship.y - Math.sin(ship.angle) * back;
      sprites.stamp(ctx, camera, "flame", hueStep(ship.hue), x, y, ship.angle, length, 1);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Scene} scene
   * @param {Sprites} sprites
   */
  drawHulls(ctx, camera, scene, sprites) {
    if (scene.avatar !== null && !scene.avatar.dead) drawOwnMark(ctx, camera, scene.avatar);
    for (let index = 0; index < this.#shown.length; index++) {
      const ship = this.#shown[index];
      sprites.stamp(ctx, camera, "hull", hueStep(ship.hue), ship.x, ship.y, ship.angle, 1, 1);
    }
  }

  /**
   * Draws shields and the flashes of hits; additive.
   *
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Scene} scene
   * @param {Sprites} sprites
   * @param {number} seconds
   */
  drawLight(ctx, camera, scene, sprites, seconds) {
    for (let index = 0; index < this.#shown.length; index++) {
      const ship = this.#shown[index];
      const { flash } = scene.visualsOf(ship);
      if (flash > 0.02) {
        ctx.globalAlpha = flash;
        sprites.stamp(ctx, camera, "glow", hueStep(ship.hue), ship.x, ship.y, 0, 2.4, 2.4);
        ctx.globalAlpha = 1;
      }
      if (ship.shield > 0) drawShield(ctx, camera, sprites, ship, seconds);
    }
    ctx.globalAlpha = 1;
  }

  /**
   * Draws names and health bars, in device pixels, so that they are sharp at every zoom.
   *
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Scene} scene
   */
  drawLabels(ctx, camera, scene) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    const { density } = camera;
    for (let index = 0; index < this.#shown.length; index++) {
      const ship = this.#shown[index];
      const x = Math.round(camera.screenX(ship.x));
      const y = Math.round(camera.screenY(ship.y + BAR_BELOW_UNITS));
      if (ship.hp < 100) drawBar(ctx, density, x, y, ship.hp, scene.visualsOf(ship).hp);
      if (ship === scene.avatar || ship.name === "") continue;
      const label = this.#labels.get(ship.name, density);
      ctx.drawImage(label, Math.round(x - label.width / 2), y + LABEL_GAP_PX * density);
    }
  }
}

/**
 * Draws a faint ring around the own ship, so that it is easy to find among fifty.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Camera} camera
 * @param {Ship} own
 */
function drawOwnMark(ctx, camera, own) {
  const { scale } = camera;
  ctx.setTransform(scale, 0, 0, scale, camera.screenX(own.x), camera.screenY(own.y));
  ctx.strokeStyle = neon(own.hue, 0.4);
  ctx.lineWidth = 1.4;
  for (let arc = 0; arc < 3; arc++) {
    const from = own.angle + ((arc + 0.5) * Math.PI * 2) / 3 + 0.25;
    ctx.beginPath();
    ctx.arc(0, 0, OWN_MARK_UNITS, from, from + (Math.PI * 2) / 3 - 0.5);
    ctx.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Camera} camera
 * @param {Sprites} sprites
 * @param {Ship} ship
 * @param {number} seconds
 */
function drawShield(ctx, camera, sprites, ship, seconds) {
  const ending = ship.shield < SHIELD_BLINK_TICKS;
  ctx.globalAlpha = ending ? 0.35 + 0.35 * Math.sin(seconds * 24) : 0.9;
  const breath = 1 + 0.04 * Math.sin(seconds * 5 + ship.id);
  sprites.stamp(ctx, camera, "shield", 0, ship.x, ship.y, seconds * 0.9, breath, breath);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} density
 * @param {number} x middle, device pixels
 * @param {number} y top
 * @param {number} hp
 * @param {number} shown health as eased for drawing
 */
function drawBar(ctx, density, x, y, hp, shown) {
  const width = BAR_WIDTH_PX * density;
  const height = BAR_HEIGHT_PX * density;
  const left = x - width / 2;
  ctx.fillStyle = "rgba(5, 7, 15, 0.7)";
  ctx.fillRect(left - density, y - density, width + 2 * density, height + 2 * density);
  ctx.fillStyle = INK;
  ctx.fillRect(left, y, (width * shown) / 100, height);
  ctx.fillStyle = hpColour(hp);
  ctx.fillRect(left, y, (width * hp) / 100, height);
}

/** @param {number} hp @returns {string} */
export function hpColour(hp) {
  if (hp > 55) return GOOD;
  return hp > 25 ? WARN : BAD;
}
