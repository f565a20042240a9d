/**
 * Hits of the puck, ahead of the server: shown when and where a skater is predicted to hit it, not a round trip later.
 *
 * Only for drawing. The server's own of such a hit is not shown again; one that was not predicted, or elsewhere, is shown
 * when it comes.
 */
/** @typedef {import("../pages/net.js").Session} Session */
/** @typedef {import("../sdk/index.js").PredictedContact} PredictedContact */

/** As in gameserver/games/hockey_rink.py and hockey.py: what a hit gives the puck, and how fast one is that is shown. */
const PUCK_BOUNCE = 0.85;
const LOUD = 120;
/** In units. The server's hit by the same skater is this one when it is no farther away. */
const SAME_PLACE = 180;

/** @param {Session} session @param {PredictedContact} contact */
export function expectHit(session, { one: skater, other: puck, before }) {
  if (puck.type !== "Puck") return;
  const { vx, vy } = before.other;
  const speed = Math.hypot(puck.vx - vx, puck.vy - vy) / (1 + PUCK_BOUNCE);
  if (speed <= LOUD) return;
  const { x, y } = puck;
  const match = (/** @type {any} */ sent) =>
    sent.skater === skater.id && Math.hypot(sent.x - x, sent.y - y) < SAME_PLACE;
  session.expectEvent("hit", { skater: skater.id, x, y, speed }, { match });
}
