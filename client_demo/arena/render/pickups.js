/** Pickups: they float, change size and glow in a slow pulse, so that they attract attention without blinking. */
import { hueStep, PICKUP_HUE } from "../palette.js";
import { PICKUP_TYPES } from "./sprites.js";

const MARGIN_UNITS = 40;

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../types.js").Pickup} Pickup */
/** @typedef {import("./sprites.js").Sprites} Sprites */

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Camera} camera
 * @param {Scene} scene
 * @param {Sprites} sprites
 * @param {number} seconds running time
 */
export function drawPickups(ctx, camera, scene, sprites, seconds) {
  for (let index = 0; index < scene.pickups.length; index++) {
    const pickup = scene.pickups[index];
    if (!camera.sees(pickup.x, pickup.y, MARGIN_UNITS)) continue;
    const phase = seconds * 2.4 + pickup.id;
    const y = pickup.y + 3 * Math.sin(phase);
    const pulse = 2.1 + 0.5 * Math.sin(phase * 1.3);
    const column = Math.max(0, PICKUP_TYPES.indexOf(pickup.what));
    ctx.globalAlpha = 0.32;
    const hue = hueStep(PICKUP_HUE[pickup.what] ?? PICKUP_HUE.health);
    sprites.stamp(ctx, camera, "glow", hue, pickup.x, y, 0, pulse, pulse);
    ctx.globalAlpha = 1;
    const breath = 1 + 0.05 * Math.sin(phase * 1.7);
    sprites.stamp(ctx, camera, "pickup", column, pickup.x, y, 0, breath, breath);
  }
}
