/**
 * The demo's only contact with the SDK: joins a room.
 */

import { Role, WEBSOCKET_PATH } from "../sdk/constants.js";
import { connect, keptSeat } from "../sdk/index.js";

const KIND = "arena";
/** Relative to this file, because the server may be behind a proxy that has other things at its root. */
const SOCKET_URL = new URL(`..${WEBSOCKET_PATH}`, import.meta.url);
/**
 * How a shot begins (`SHIP_RADIUS`, `SHOT_SPEED` of gameserver/games/arena.py). Only for drawing: the server's own shot
 * replaces the one that is shown ahead of it.
 */
const MUZZLE_UNITS = 16;
const SHOT_SPEED = 760;
/** A shot has flown one step at the end of the tick in which it is fired. */
const TICK_S = 1 / 60;

/** @typedef {import("../sdk/index.js").Session} Session */
/** @typedef {import("./ui/panel.js").Switches} Switches */
/** @typedef {import("./settings.js").Pilot} Pilot */

/**
 * How the page was in the arena before it was loaded again, if it still is.
 *
 * @param {string | null} room null: any
 * @returns {"player" | "spectator" | null}
 */
export function seatBefore(room) {
  const seat = keptSeat(SOCKET_URL, { kind: KIND, room });
  if (seat === null) return null;
  return seat.role === Role.SPECTATOR ? "spectator" : "player";
}

/**
 * Joins a room of the arena.
 *
 * @param {object} options
 * @param {Pilot | null} options.pilot null: as a spectator
 * @param {string | null} options.room null: any with a free seat
 * @param {Switches} options.switches
 * @returns {Session}
 */
export function joinArena({ pilot, room, switches }) {
  const { prediction, interpolation, lagMs, jitterMs } = switches;
  const session = connect(SOCKET_URL, {
    kind: KIND,
    room,
    role: pilot === null ? Role.SPECTATOR : Role.PLAYER,
    params: pilot === null ? {} : { name: pilot.name || "Pilot", hue: pilot.hue },
    prediction,
    interpolation,
    lag: { ms: lagMs, jitterMs },
  });
  session.on("predicted", ({ avatar, before }) => {
    if (avatar.cooldown > before.cooldown) showShot(session, avatar);
  });
  return session;
}

/**
 * Shows the own shot now, not a round trip later.
 *
 * @param {Session} session
 * @param {import("../sdk/index.js").Entity} own
 */
function showShot(session, own) {
  const aheadX = Math.cos(own.angle);
  const aheadY = Math.sin(own.angle);
  const vx = own.vx + SHOT_SPEED * aheadX;
  const vy = own.vy + SHOT_SPEED * aheadY;
  session.predictSpawn(
    "Shot",
    {
      x: own.x + MUZZLE_UNITS * aheadX + vx * TICK_S,
      y: own.y + MUZZLE_UNITS * aheadY + vy * TICK_S,
      vx,
      vy,
      owner_ship: own.id,
    },
    { match: (shot) => shot.owner_ship === own.id, rewound: true },
  );
}
