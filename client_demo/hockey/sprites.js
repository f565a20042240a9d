/** What looks the same in every frame, drawn once for each size of the window: the ice, the skaters, the puck. */
import { GOAL_DEPTH, RINK_HEIGHT, RINK_WIDTH } from "./view.js";

const GOAL_TOP = 310;
const GOAL_BOTTOM = 590;
export const SKATER_RADIUS = 36;
export const PUCK_RADIUS = 22;
/** How far a glow reaches, in radii. */
const GLOW = 2.2;

/** @typedef {import("./view.js").Team} Team */
/** @typedef {import("./view.js").View} View */

/** Coral and cyan; each team has a mark too, for whom they look alike. @type {Readonly<Record<Team, string>>} */
export const COLOURS = Object.freeze({ red: "#ff7a66", blue: "#5fd4ff" });
/** @type {Readonly<Record<Team, string>>} */
const DARK = Object.freeze({ red: "#7a2220", blue: "#0f4c6e" });

/** @param {number} width @param {number} height @returns {[HTMLCanvasElement, CanvasRenderingContext2D]} */
function blank(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  return [canvas, /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))];
}

export class Sprites {
  #key = "";
  /** @type {HTMLCanvasElement} */
  ice = blank(1, 1)[0];
  /** @type {HTMLCanvasElement} */
  puck = blank(1, 1)[0];
  /** @type {Record<Team, HTMLCanvasElement>} */
  skaters = { red: this.puck, blue: this.puck };

  /** Draws them anew if the window has changed. @param {View} view */
  fit(view) {
    if (view.key === this.#key) return;
    this.#key = view.key;
    this.ice = makeIce(view);
    this.puck = makePuck(view.scale);
    this.skaters = { red: makeSkater("red", view.scale), blue: makeSkater("blue", view.scale) };
  }
}

/** @param {View} view */
function makeIce(view) {
  const [canvas, ctx] = blank(view.width, view.height);
  ctx.fillStyle = "#05070f";
  ctx.fillRect(0, 0, view.width, view.height);
  view.enter(ctx);
  const ice = ctx.createLinearGradient(0, 0, RINK_WIDTH, 0);
  ice.addColorStop(0, "#170f1d");
  ice.addColorStop(0.5, "#0a1024");
  ice.addColorStop(1, "#0a1a2b");
  ctx.fillStyle = ice;
  ctx.beginPath();
  ctx.roundRect(0, 0, RINK_WIDTH, RINK_HEIGHT, 46);
  ctx.fill();
  drawMarkings(ctx);
  glow(ctx, view, "rgba(150, 170, 255, 0.5)", 5, () =>
    ctx.roundRect(0, 0, RINK_WIDTH, RINK_HEIGHT, 46),
  );
  for (const team of /** @type {const} */ (["red", "blue"])) drawGoal(ctx, view, team);
  return canvas;
}

/** @param {CanvasRenderingContext2D} ctx */
function drawMarkings(ctx) {
  ctx.lineWidth = 3;
  ctx.strokeStyle = "rgba(150, 170, 255, 0.16)";
  ctx.beginPath();
  for (const share of [0.3, 0.5, 0.7]) {
    ctx.moveTo(RINK_WIDTH * share, 0);
    ctx.lineTo(RINK_WIDTH * share, RINK_HEIGHT);
  }
  ctx.moveTo(RINK_WIDTH / 2 + 130, RINK_HEIGHT / 2);
  ctx.arc(RINK_WIDTH / 2, RINK_HEIGHT / 2, 130, 0, 2 * Math.PI);
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {View} view @param {Team} team whose goal it is */
function drawGoal(ctx, view, team) {
  const [x, out] = team === "red" ? [0, -1] : [RINK_WIDTH, 1];
  ctx.fillStyle = "#05070f";
  ctx.fillRect(x - 6, GOAL_TOP, 12, GOAL_BOTTOM - GOAL_TOP);
  ctx.globalAlpha = 0.16;
  fillGoal(ctx, team);
  ctx.globalAlpha = 1;
  glow(ctx, view, COLOURS[team], 5, () => {
    ctx.moveTo(x, GOAL_TOP);
    ctx.lineTo(x + out * GOAL_DEPTH, GOAL_TOP);
    ctx.lineTo(x + out * GOAL_DEPTH, GOAL_BOTTOM);
    ctx.lineTo(x, GOAL_BOTTOM);
  });
  ctx.globalAlpha = 0.45;
  glow(ctx, view, COLOURS[team], 2, () => arc(ctx, team));
  ctx.globalAlpha = 1;
}

/** Fills a goal and its crease, in units of the rink. @param {CanvasRenderingContext2D} ctx @param {Team} team */
export function fillGoal(ctx, team) {
  const left = team === "red" ? -GOAL_DEPTH : RINK_WIDTH;
  ctx.fillStyle = COLOURS[team];
  ctx.beginPath();
  arc(ctx, team);
  ctx.fill();
  ctx.fillRect(left, GOAL_TOP, GOAL_DEPTH, GOAL_BOTTOM - GOAL_TOP);
}

/** @param {CanvasRenderingContext2D} ctx @param {Team} team */
function arc(ctx, team) {
  const x = team === "red" ? 0 : RINK_WIDTH;
  ctx.arc(x, RINK_HEIGHT / 2, 170, Math.PI / 2, 1.5 * Math.PI, team === "red");
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {View} view @param {string} colour @param {number} width
 * @param {() => void} path
 */
function glow(ctx, view, colour, width, path) {
  ctx.save();
  ctx.shadowColor = colour;
  ctx.shadowBlur = 22 * view.scale;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  path();
  ctx.stroke();
  ctx.restore();
}

/** A disc with its glow, in the middle of a canvas. @param {number} radius @param {number} scale @param {string} colour */
function makeDisc(radius, scale, colour) {
  const side = 2 * radius * GLOW * scale;
  const [canvas, ctx] = blank(side, side);
  ctx.translate(canvas.width / 2, canvas.height / 2);
  ctx.scale(scale, scale);
  const halo = ctx.createRadialGradient(0, 0, radius * 0.8, 0, 0, radius * GLOW);
  halo.addColorStop(0, `${colour}70`);
  halo.addColorStop(1, `${colour}00`);
  ctx.fillStyle = halo;
  ctx.fillRect(-radius * GLOW, -radius * GLOW, 2 * radius * GLOW, 2 * radius * GLOW);
  return /** @type {[HTMLCanvasElement, CanvasRenderingContext2D]} */ ([canvas, ctx]);
}

/** @param {Team} team @param {number} scale */
function makeSkater(team, scale) {
  const [canvas, ctx] = makeDisc(SKATER_RADIUS, scale, COLOURS[team]);
  const body = ctx.createRadialGradient(-12, -14, 4, 0, 0, SKATER_RADIUS);
  body.addColorStop(0, "#ffffff");
  body.addColorStop(0.28, COLOURS[team]);
  body.addColorStop(1, DARK[team]);
  ctx.fillStyle = body;
  ctx.beginPath();
  ctx.arc(0, 0, SKATER_RADIUS, 0, 2 * Math.PI);
  ctx.fill();
  ctx.strokeStyle = "rgba(5, 7, 15, 0.72)";
  ctx.lineWidth = 6;
  ctx.beginPath();
  if (team === "red") {
    ctx.moveTo(-12, 0);
    ctx.lineTo(12, 0);
  } else ctx.arc(0, 0, 10, 0, 2 * Math.PI);
  ctx.stroke();
  return canvas;
}

/** @param {number} scale */
function makePuck(scale) {
  const [canvas, ctx] = makeDisc(PUCK_RADIUS, scale, "#ffe7a6");
  ctx.fillStyle = "#fff6dc";
  ctx.beginPath();
  ctx.arc(0, 0, PUCK_RADIUS, 0, 2 * Math.PI);
  ctx.fill();
  ctx.strokeStyle = "#c89a3a";
  ctx.lineWidth = 3;
  ctx.beginPath();
  ctx.arc(0, 0, PUCK_RADIUS * 0.58, 0, 2 * Math.PI);
  ctx.stroke();
  return canvas;
}
