/**
 * The shapes on the sprite sheet: drawn around the origin, pointing right, in world units.
 */
import { dusk, INK, neon, PICKUP_HUE, SHIELD } from "../palette.js";
import { fillMark, markOf } from "./marks.js";

/** Where a ship has the mark of its colour: between cockpit and engine. */
const MARK_X = -4.4;
const MARK_RADIUS = 4.6;

/** The ship's outline: nose, wing tip, tail, notch, mirrored below. */
export const HULL = Object.freeze([
  [17, 0],
  [2, 5.5],
  [-8, 13],
  [-13.5, 12],
  [-9.5, 4],
  [-9.5, -4],
  [-13.5, -12],
  [-8, -13],
  [2, -5.5],
]);

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} hue
 * @param {number} pixels device pixels a unit: shadows do not follow the transform
 */
export function paintHull(ctx, hue, pixels) {
  outline(ctx, HULL);
  const body = ctx.createLinearGradient(-13, 0, 17, 0);
  body.addColorStop(0, dusk(hue));
  body.addColorStop(0.55, dusk(hue));
  body.addColorStop(1, neon(hue, 0.75));
  ctx.lineJoin = "round";
  ctx.shadowColor = neon(hue, 0.9);
  ctx.shadowBlur = 11 * pixels;
  ctx.fillStyle = body;
  ctx.fill();
  ctx.shadowBlur = 0;
  ctx.strokeStyle = neon(hue);
  ctx.lineWidth = 1.7;
  ctx.stroke();
  paintCockpit(ctx, hue);
  ctx.fillStyle = INK;
  fillMark(ctx, markOf(hue), MARK_X, 0, MARK_RADIUS);
}

/** @param {CanvasRenderingContext2D} ctx @param {number} hue */
function paintCockpit(ctx, hue) {
  ctx.fillStyle = INK;
  ctx.beginPath();
  ctx.ellipse(5.6, 0, 3.4, 1.5, 0, 0, Math.PI * 2);
  ctx.fill();
  ctx.strokeStyle = neon(hue, 0.55);
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(-1.5, 5.8);
  ctx.lineTo(-9, 10.4);
  ctx.moveTo(-1.5, -5.8);
  ctx.lineTo(-9, -10.4);
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} hue */
export function paintFlame(ctx, hue) {
  // Its root, the exhaust, is at the right end, so that stretching lengthens it backwards.
  const glow = ctx.createRadialGradient(8, 0, 0, 8, 0, 16);
  glow.addColorStop(0, neon(hue, 0.55));
  glow.addColorStop(1, neon(hue, 0));
  ctx.fillStyle = glow;
  ctx.fillRect(-24, -14, 48, 28);
  const core = ctx.createLinearGradient(16, 0, -24, 0);
  core.addColorStop(0, "rgba(255, 255, 255, 0.95)");
  core.addColorStop(0.25, neon(hue, 0.85));
  core.addColorStop(1, neon(hue, 0));
  ctx.fillStyle = core;
  ctx.beginPath();
  ctx.moveTo(16, -3.6);
  ctx.quadraticCurveTo(2, -4.4, -24, 0);
  ctx.quadraticCurveTo(2, 4.4, 16, 3.6);
  ctx.fill();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} hue @param {number} pixels */
export function paintBolt(ctx, hue, pixels) {
  const tail = ctx.createLinearGradient(-20, 0, 10, 0);
  tail.addColorStop(0, neon(hue, 0));
  tail.addColorStop(1, neon(hue, 0.9));
  ctx.lineCap = "round";
  ctx.strokeStyle = tail;
  ctx.lineWidth = 4;
  segment(ctx, -18, 8);
  ctx.shadowColor = neon(hue);
  ctx.shadowBlur = 7 * pixels;
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = 2.6;
  segment(ctx, 1, 9);
}

/** @param {CanvasRenderingContext2D} ctx @param {number} hue */
export function paintGlow(ctx, hue) {
  const glow = ctx.createRadialGradient(0, 0, 0, 0, 0, 16);
  glow.addColorStop(0, "rgba(255, 255, 255, 0.95)");
  glow.addColorStop(0.16, neon(hue, 0.85));
  glow.addColorStop(0.45, neon(hue, 0.22));
  glow.addColorStop(1, neon(hue, 0));
  ctx.fillStyle = glow;
  ctx.fillRect(-16, -16, 32, 32);
}

/** @param {CanvasRenderingContext2D} ctx @param {number} column which pickup @param {number} pixels */
export function paintPickup(ctx, column, pixels) {
  const kind = /** @type {const} */ (["health", "rapid", "shield"])[column] ?? "health";
  const hue = PICKUP_HUE[kind];
  ctx.shadowColor = neon(hue);
  ctx.shadowBlur = 12 * pixels;
  ctx.fillStyle = dusk(hue, 0.9);
  hexagon(ctx, 15);
  ctx.fill();
  ctx.shadowBlur = 0;
  ctx.strokeStyle = neon(hue);
  ctx.lineWidth = 1.8;
  ctx.stroke();
  ctx.lineWidth = 3;
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  ctx.strokeStyle = INK;
  ctx.beginPath();
  ICONS[kind](ctx);
  ctx.stroke();
}

/** @type {Record<"health" | "rapid" | "shield", (ctx: CanvasRenderingContext2D) => void>} */
const ICONS = {
  health(ctx) {
    ctx.moveTo(-6, 0);
    ctx.lineTo(6, 0);
    ctx.moveTo(0, -6);
    ctx.lineTo(0, 6);
  },
  rapid(ctx) {
    for (const x of [-5, 1]) {
      ctx.moveTo(x, -5);
      ctx.lineTo(x + 5, 0);
      ctx.lineTo(x, 5);
    }
  },
  shield(ctx) {
    ctx.moveTo(0, -7);
    ctx.lineTo(6, -4);
    ctx.quadraticCurveTo(6, 4, 0, 7);
    ctx.quadraticCurveTo(-6, 4, -6, -4);
    ctx.closePath();
  },
};

/** @param {CanvasRenderingContext2D} ctx @param {number} _column @param {number} pixels */
export function paintShield(ctx, _column, pixels) {
  const haze = ctx.createRadialGradient(0, 0, 14, 0, 0, 25);
  haze.addColorStop(0, "rgba(127, 227, 255, 0)");
  haze.addColorStop(1, "rgba(127, 227, 255, 0.22)");
  ctx.fillStyle = haze;
  ctx.beginPath();
  ctx.arc(0, 0, 25, 0, Math.PI * 2);
  ctx.fill();
  ctx.shadowColor = SHIELD;
  ctx.shadowBlur = 7 * pixels;
  ctx.strokeStyle = SHIELD;
  ctx.lineWidth = 1.6;
  // Six arcs with gaps, so that its rotation is visible.
  for (let arc = 0; arc < 6; arc++) {
    ctx.beginPath();
    ctx.arc(0, 0, 25, (arc * Math.PI) / 3, (arc * Math.PI) / 3 + 0.8);
    ctx.stroke();
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {ReadonlyArray<ReadonlyArray<number>>} points */
export function outline(ctx, points) {
  ctx.beginPath();
  for (const [x = 0, y = 0] of points) ctx.lineTo(x, y);
  ctx.closePath();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} fromX @param {number} toX */
function segment(ctx, fromX, toX) {
  ctx.beginPath();
  ctx.moveTo(fromX, 0);
  ctx.lineTo(toX, 0);
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} radius */
function hexagon(ctx, radius) {
  ctx.beginPath();
  for (let corner = 0; corner < 6; corner++) {
    const angle = (corner * Math.PI) / 3 + Math.PI / 6;
    ctx.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  ctx.closePath();
}
