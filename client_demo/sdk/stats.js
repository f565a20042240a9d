/**
 * The figures of the net graph, from what the parts of a session count. Pure; times in seconds come
 * in, milliseconds go out.
 *
 * No twin in Python: a program reads `Counters` (`gameserver/client/session_events.py`) and takes
 * what else it wants from the parts.
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
 * @property {Readonly<Record<string, import("./body.js").BodyStats>>} bodies how well the
 *   bodies near the avatar are predicted, by the name of their type
 * @property {import("./prediction.js").Outcome | "off"} diagnosis what corrections of the last
 *   seconds point to; off: nothing is predicted
 * @property {number} missed ticks for which the server had no frame of ours
 * @property {number} trimmed frames of ours that the server dropped
 * @property {number} shed frames that never left, because the link was backed up
 * @property {number} skipped ticks that were not run, because the page slept
 * @property {number} jumps of the client's tick and of the drawn time
 * @property {number} desyncs STATEs that did not fit
 * @property {number} bufferedBytes what the WebSocket has not sent yet
 */

/** Rates are counted over so many seconds. */
const WINDOW_S = 1;

const NO_BODIES = Object.freeze({});

/** @returns {Stats} */
export function noStats() {
  return {
    ...{ rtt: 0, jitter: 0, lead: 0, leadTarget: 0, tick: 0 },
    ...{ snapshotBytes: 0, snapshotHz: 0, bytesPerS: 0, snapshotJitter: 0, interpolationDelay: 0 },
    ...{ predicting: false, pending: 0, corrections: 0, correctionUnits: 0, diagnosis: "off" },
    bodies: NO_BODIES,
    ...{ missed: 0, trimmed: 0, shed: 0, skipped: 0, jumps: 0, desyncs: 0, bufferedBytes: 0 },
  };
}

/**
 * Fills in the figures of a session.
 *
 * @param {Stats} stats filled in place
 * @param {{states: RateMeter, desyncs: number, seat: import("./seat.js").Seat | null}} core
 * @param {number} bufferedBytes what the WebSocket has not sent yet
 * @param {number} nowS
 */
export function readStats(stats, core, bufferedBytes, nowS) {
  stats.bufferedBytes = bufferedBytes;
  stats.snapshotBytes = core.states.lastBytes;
  stats.snapshotHz = core.states.perS(nowS);
  stats.bytesPerS = core.states.bytesPerS(nowS);
  stats.desyncs = core.desyncs;
  if (core.seat === null) return;
  const { frames, replica, missed, trimmed } = core.seat;
  stats.missed = missed;
  stats.trimmed = trimmed;
  stats.jumps = frames.pacer.jumps + replica.clock.jumps;
  readFrames(stats, frames);
  readReplica(stats, replica);
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
function readReplica(stats, { tick, clock, predictor, world, corrections, correctionUnits }) {
  stats.tick = tick;
  stats.interpolationDelay = clock.delayS * 1000;
  stats.snapshotJitter = clock.jitterS * 1000;
  stats.predicting = predictor !== null;
  stats.pending = predictor?.pending ?? 0;
  stats.diagnosis = predictor?.diagnosis ?? "off";
  stats.bodies = world?.stats ?? NO_BODIES;
  stats.corrections = corrections;
  stats.correctionUnits = correctionUnits;
}

/** Counts and sizes of what arrives, as rates over the last whole second. Times in seconds. */
export class RateMeter {
  #fromS = Number.NEGATIVE_INFINITY;
  #count = 0;
  #bytes = 0;
  #perS = 0;
  #bytesPerS = 0;
  /** Size of the newest, in bytes. */
  lastBytes = 0;

  /** @param {number} bytes @param {number} nowS */
  add(bytes, nowS) {
    this.#roll(nowS);
    this.#count += 1;
    this.#bytes += bytes;
    this.lastBytes = bytes;
  }

  /** How many came per second. @param {number} nowS */
  perS(nowS) {
    this.#roll(nowS);
    return this.#perS;
  }

  /** How many bytes came per second. @param {number} nowS */
  bytesPerS(nowS) {
    this.#roll(nowS);
    return this.#bytesPerS;
  }

  /** @param {number} nowS */
  #roll(nowS) {
    const elapsedS = nowS - this.#fromS;
    if (elapsedS < WINDOW_S) return;
    this.#perS = this.#count / elapsedS;
    this.#bytesPerS = this.#bytes / elapsedS;
    this.#fromS = nowS;
    this.#count = 0;
    this.#bytes = 0;
  }
}
