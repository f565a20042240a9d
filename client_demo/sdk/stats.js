/**
 * The figures of the net graph, from what the parts of a session count. Pure; times in seconds come
 * in, milliseconds go out.
 */

/**
 * @typedef {object} Stats
 * @property {number} rtt smoothed round trip, ms
 * @property {number} jitter mean deviation of the round trip, ms
 * @property {number} lead how long input frames wait at the server, ticks
 * @property {number} leadTarget what is aimed at, ticks
 * @property {number} tick newest tick applied
 * @property {number} snapshotBytes size of the newest STATE
 * @property {number} snapshotHz STATEs a second
 * @property {number} bytesPerS of STATEs
 * @property {number} snapshotJitter mean deviation of their arrival, ms
 * @property {number} interpolationDelay how far in the past others are drawn, ms
 * @property {boolean} predicting whether the room's step is here and runs
 * @property {number} pending input frames predicted and not consumed yet
 * @property {number} corrections STATEs that moved the avatar from where it was predicted to be
 * @property {number} correctionUnits how far the newest of them did, in the game's unit
 * @property {import("./prediction.js").Outcome} diagnosis what corrections of the last seconds
 *   point to
 * @property {number} missed ticks for which the server had no frame of ours
 * @property {number} trimmed frames of ours that the server dropped
 * @property {number} shed frames that never left, because the link was backed up
 * @property {number} skipped ticks that were not run, because the page slept
 * @property {number} jumps of the client's tick and of the drawn time
 * @property {number} resyncs STATEs that did not fit
 * @property {number} bufferedBytes what the WebSocket has not sent yet
 */

/** @returns {Stats} */
export function noStats() {
  return {
    ...{ rtt: 0, jitter: 0, lead: 0, leadTarget: 0, tick: 0 },
    ...{ snapshotBytes: 0, snapshotHz: 0, bytesPerS: 0, snapshotJitter: 0, interpolationDelay: 0 },
    ...{ predicting: false, pending: 0, corrections: 0, correctionUnits: 0, diagnosis: "matched" },
    ...{ missed: 0, trimmed: 0, shed: 0, skipped: 0, jumps: 0, resyncs: 0, bufferedBytes: 0 },
  };
}

/**
 * @param {Stats} stats filled in place
 * @param {import("./session_core.js").SessionCore} core
 * @param {number} bufferedBytes
 * @param {number} nowS
 */
export function readStats(stats, core, bufferedBytes, nowS) {
  stats.bufferedBytes = bufferedBytes;
  stats.snapshotBytes = core.states.lastBytes;
  stats.snapshotHz = core.states.perS(nowS);
  stats.bytesPerS = core.states.bytesPerS(nowS);
  stats.resyncs = core.resyncs;
  if (core.seat === null) return;
  const { frames, replica, missed, trimmed } = core.seat;
  stats.missed = missed;
  stats.trimmed = trimmed;
  stats.jumps = frames.pacer.jumps + replica.clock.jumps;
  readFrames(stats, frames);
  readFollower(stats, replica);
}

/** @param {Stats} stats @param {import("./inputs.js").InputFrames} frames */
function readFrames(stats, { pacer, roundTrip, shed }) {
  stats.rtt = (roundTrip.rttS ?? 0) * 1000;
  stats.jitter = roundTrip.jitterS * 1000;
  stats.lead = pacer.lead;
  stats.leadTarget = pacer.target;
  stats.skipped = pacer.skipped;
  stats.shed = shed;
}

/** @param {Stats} stats @param {import("./replica.js").Replica} replica */
function readFollower(stats, { tick, clock, predictor, corrections, correctionUnits }) {
  stats.tick = tick;
  stats.interpolationDelay = clock.delayS * 1000;
  stats.snapshotJitter = clock.jitterS * 1000;
  stats.predicting = predictor !== null;
  stats.pending = predictor?.pending ?? 0;
  stats.diagnosis = predictor?.diagnosis ?? "matched";
  stats.corrections = corrections;
  stats.correctionUnits = correctionUnits;
}
