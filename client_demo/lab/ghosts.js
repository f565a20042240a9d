/**
 * Ghosts over a pane's picture: outlines of the ships' poses on the server, in a snapshot, in the interpolated past and
 * in the predicted present, and lines from the drawn ships to those on the server.
 */
import { GOOD, INK, SHIELD, WARN } from "../arena/palette.js";
import { HULL, outline } from "../arena/render/shapes.js";

/** @typedef {import("../arena/camera.js").Camera} Camera */
/** @typedef {import("../arena/types.js").Ship} Ship */
/** @typedef {import("./client.js").Ghost} Ghost */

/** Colour and line of each kind of ghosts, as the legend has them. */
const LINES = Object.freeze({
  server: { colour: INK, dash: [] },
  received: { colour: WARN, dash: [4, 3] },
  interpolated: { colour: SHIELD, dash: [1.2, 2.2] },
  predicted: { colour: GOOD, dash: [] },
});

/**
 * Draws outlines at the ghosts' poses.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Camera} camera
 * @param {Iterable<{x: number, y: number, angle: number}>} ghosts
 * @param {keyof typeof LINES} kind
 */
export function drawGhosts(ctx, camera, ghosts, kind) {
  const { scale } = camera;
  const { colour, dash } = LINES[kind];
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.6;
  ctx.lineJoin = "round";
  ctx.setLineDash(dash);
  for (const { x, y, angle } of ghosts) {
    const cos = Math.cos(angle) * scale;
    const sin = Math.sin(angle) * scale;
    ctx.setTransform(cos, sin, -sin, cos, camera.screenX(x), camera.screenY(y));
    outline(ctx, HULL);
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

/**
 * Draws a line from each drawn ship to its position on the server.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Camera} camera
 * @param {ReadonlyArray<Ship>} ships as drawn
 * @param {Map<number, Ghost>} serverPoses
 */
export function drawErrors(ctx, camera, ships, serverPoses) {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.strokeStyle = "rgba(233, 237, 255, 0.5)";
  ctx.lineWidth = camera.density;
  ctx.beginPath();
  for (const ship of ships) {
    const ghost = serverPoses.get(ship.id);
    if (ghost === undefined || ship.dead) continue;
    ctx.moveTo(camera.screenX(ship.x), camera.screenY(ship.y));
    ctx.lineTo(camera.screenX(ghost.x), camera.screenY(ghost.y));
  }
  ctx.stroke();
}

/**
 * @param {Ship | null | undefined} ship as drawn
 * @param {Map<number, Ghost>} serverPoses
 * @returns {number | null} distance between the two, units
 */
export function errorOf(ship, serverPoses) {
  const ghost = ship ? serverPoses.get(ship.id) : undefined;
  return ship && ghost !== undefined ? Math.hypot(ship.x - ghost.x, ship.y - ghost.y) : null;
}
