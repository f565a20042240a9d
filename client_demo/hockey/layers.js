/**
 * Over the picture: where the server's newest state has each body, where it is interpolated in the past, and where it is
 * predicted, as outlines of three colours and three kinds of line; and the legend that says which is which.
 */
import { GOOD, SHIELD, WARN } from "../arena/palette.js";
import { PUCK_RADIUS, SKATER_RADIUS } from "./sprites.js";

/** @typedef {import("../sdk/layers.js").Layers} Layers */
/** @typedef {import("./view.js").View} View */

const LINE_WIDTH = 4;
/** @type {Readonly<Record<string, number>>} */
const RADII = Object.freeze({ Skater: SKATER_RADIUS, Puck: PUCK_RADIUS });
/** Line and gap as shares of the line's width; solid without. */
const LINES = Object.freeze([
  { layer: /** @type {const} */ ("interpolated"), colour: SHIELD, dash: [1.2, 1.8] },
  { layer: /** @type {const} */ ("server"), colour: WARN, dash: [4, 2.5] },
  { layer: /** @type {const} */ ("predicted"), colour: GOOD, dash: [] },
]);

/** @param {CanvasRenderingContext2D} ctx @param {View} view @param {Layers} layers */
export function drawLayers(ctx, view, layers) {
  view.enter(ctx);
  ctx.lineWidth = LINE_WIDTH;
  for (const { layer, colour, dash } of LINES) {
    ctx.strokeStyle = colour;
    ctx.setLineDash(dash.map((share) => share * LINE_WIDTH));
    for (const [type, radius] of Object.entries(RADII)) {
      for (const { x, y } of layers[layer].get(type) ?? []) {
        ctx.beginPath();
        ctx.arc(x, y, radius, 0, 2 * Math.PI);
        ctx.stroke();
      }
    }
  }
  ctx.setLineDash([]);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
}
