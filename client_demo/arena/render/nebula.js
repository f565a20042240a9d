/**
 * The background: clouds of gas and a few bright stars, painted once for each size of the picture.
 */
import { SPACE } from "../palette.js";

/** Centre and radius as shares of the picture, colour, opacity, and number of puffs. */
const CLOUDS = Object.freeze([
  { x: 0.14, y: 0.22, reach: 0.34, colour: "98, 66, 226", alpha: 0.075, puffs: 16 },
  { x: 0.3, y: 0.62, reach: 0.3, colour: "34, 78, 214", alpha: 0.07, puffs: 14 },
  { x: 0.84, y: 0.3, reach: 0.32, colour: "14, 140, 178", alpha: 0.065, puffs: 16 },
  { x: 0.66, y: 0.86, reach: 0.34, colour: "190, 44, 140", alpha: 0.06, puffs: 16 },
  { x: 0.5, y: 0.42, reach: 0.2, colour: "120, 120, 255", alpha: 0.035, puffs: 8 },
]);
const BRIGHT_STARS = 16;
const TAU = Math.PI * 2;

/** @param {CanvasRenderingContext2D} ctx @param {number} width @param {number} height */
export function paintNebula(ctx, width, height) {
  ctx.fillStyle = SPACE;
  ctx.fillRect(0, 0, width, height);
  ctx.globalCompositeOperation = "lighter";
  CLOUDS.forEach((cloud, index) => {
    paintCloud(ctx, width, height, cloud, scatter(cloud.puffs, index + 11));
  });
  paintBrightStars(ctx, width, height);
  ctx.globalCompositeOperation = "source-over";
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} width
 * @param {number} height
 * @param {typeof CLOUDS[number]} cloud
 * @param {Float32Array} places of its puffs, x, y pairs in 0–1
 */
function paintCloud(ctx, width, height, { x, y, reach, colour, alpha }, places) {
  const size = Math.max(width, height);
  for (let at = 0; at < places.length; at += 2) {
    const away = Math.sqrt(places[at]) * reach * size;
    const angle = places[at + 1] * TAU;
    const puffX = x * width + Math.cos(angle) * away;
    const puffY = y * height + Math.sin(angle) * away * 0.6;
    const radius = reach * size * (0.35 + 0.5 * places[at + 1]);
    const puff = ctx.createRadialGradient(puffX, puffY, 0, puffX, puffY, radius);
    puff.addColorStop(0, `rgba(${colour}, ${alpha})`);
    puff.addColorStop(0.55, `rgba(${colour}, ${alpha * 0.3})`);
    puff.addColorStop(1, `rgba(${colour}, 0)`);
    ctx.fillStyle = puff;
    ctx.fillRect(puffX - radius, puffY - radius, radius * 2, radius * 2);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} width @param {number} height */
function paintBrightStars(ctx, width, height) {
  const places = scatter(BRIGHT_STARS, 7);
  const unit = Math.max(width, height) / 1280;
  for (let at = 0; at < places.length; at += 2) {
    const x = places[at] * width;
    const y = places[at + 1] * height;
    const radius = unit * (4 + 7 * places[at]);
    const halo = ctx.createRadialGradient(x, y, 0, x, y, radius);
    halo.addColorStop(0, "rgba(240, 245, 255, 1)");
    halo.addColorStop(0.16, "rgba(190, 208, 255, 0.5)");
    halo.addColorStop(0.4, "rgba(160, 182, 255, 0.12)");
    halo.addColorStop(1, "rgba(150, 170, 255, 0)");
    ctx.fillStyle = halo;
    ctx.fillRect(x - radius, y - radius, radius * 2, radius * 2);
  }
}

/**
 * @param {number} count
 * @param {number} seed fixed, so that the sky is the same at every load
 * @returns {Float32Array} x, y pairs in 0–1
 */
export function scatter(count, seed) {
  const places = new Float32Array(count * 2);
  let state = seed;
  for (let index = 0; index < places.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    places[index] = state / 2 ** 32;
  }
  return places;
}
