/**
 * The demo's only contact with the SDK: joins a room, and turns the SDK's figures into what the net graph shows.
 */

import { Role, WEBSOCKET_PATH } from "../sdk/constants.js";
import { connect } from "../sdk/index.js";

const KIND = "arena";

/** @typedef {import("../sdk/index.js").Session} Session */
/** @typedef {import("./ui/netgraph.js").NetFigures} NetFigures */
/** @typedef {import("./ui/panel.js").Switches} Switches */
/** @typedef {import("./settings.js").Pilot} Pilot */

/**
 * @param {object} wish
 * @param {Pilot | null} wish.pilot null: only watch
 * @param {string | null} wish.room null: any with a free seat
 * @param {Switches} wish.switches
 * @returns {Session}
 */
export function joinArena({ pilot, room, switches }) {
  const { prediction, interpolation, lagMs, jitterMs } = switches;
  return connect(socketUrl(), {
    kind: KIND,
    room,
    role: pilot === null ? Role.SPECTATOR : Role.PLAYER,
    params: pilot === null ? {} : { name: pilot.name || "Pilot", hue: pilot.hue },
    prediction,
    interpolation,
    lag: { ms: lagMs, jitterMs },
  });
}

/** @returns {string} the WebSocket beside this page, on the same origin */
function socketUrl() {
  const url = new URL(WEBSOCKET_PATH, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** @returns {NetFigures} all zero */
export function noFigures() {
  return {
    rtt: 0,
    jitter: 0,
    lead: 0,
    snapshotBytes: 0,
    snapshotHz: 0,
    bytesPerS: 0,
    corrections: 0,
    correctionUnits: 0,
    interpolationMs: 0,
    missed: 0,
    trimmed: 0,
  };
}

/** @param {NetFigures} figures filled in place @param {Session} session */
export function readFigures(figures, { stats }) {
  figures.rtt = stats.rtt;
  figures.jitter = stats.jitter;
  figures.lead = stats.lead;
  figures.snapshotBytes = stats.snapshotBytes;
  figures.snapshotHz = stats.snapshotHz;
  figures.bytesPerS = stats.bytesPerS;
  figures.corrections = stats.corrections;
  figures.correctionUnits = stats.correctionUnits;
  figures.interpolationMs = stats.interpolationDelay;
  figures.missed = stats.missed;
  figures.trimmed = stats.trimmed;
}
