/**
 * Two of the client's clocks: how far away the server is, and which past moment of the others is
 * drawn. The third is `pacer.js`.
 *
 * Pure: times are arguments, in seconds on the client's monotonic clock. docs/guide/time.md §2 and
 * §4 state the algorithms; `gameserver/client/clock.py` is the twin, and a test compares the two.
 */
import { LEAD_UNITS_PER_TICK } from "./constants.js";
import { Estimator } from "./estimator.js";
import { SENT_SLOTS } from "./pacer.js";

/**
 * RFC 6298's weights: a change is followed within about eight samples, which is half a second of
 * play.
 */
export const RTT_GAIN = 1 / 8;
export const RTT_DEVIATION_GAIN = 1 / 4;

/**
 * A sample counts as at most this many deviations away: one late wake-up must not move the estimate
 * far …
 */
export const RTT_CLAMP_DEVIATIONS = 3.0;

/**
 * … and on a link without jitter, this is the deviation for that clamp, or the estimate could never
 * move again.
 */
export const RTT_MIN_DEVIATION_S = 0.002;

/** Two snapshot intervals: one to have a snapshot on either side, one in reserve for a late one. */
export const INTERVALS_OF_DELAY = 2.0;

/**
 * One interval plus three times the deviation, which remembers its peaks, covers all but a few in a
 * thousand frames.
 */
export const JITTERS_OF_DELAY = 3.0;

/** At 20 snapshots a second, most of a change is followed within a second. */
export const INTERVAL_GAIN = 1 / 16;
export const DELIVERY_GAIN = 1 / 16;
export const DELIVERY_RISE_GAIN = 1 / 8;

/**
 * Snapshots that keep arriving this long off by more than an interval are taken as the new mean. A
 * burst after a stall is over sooner.
 */
export const DELIVERY_SHIFT_INTERVALS = 3.0;

/** An error of the drawn time is eased out with this time constant … */
export const EASE_S = 0.5;

/**
 * … but time is drawn at most this much faster or slower. Slower may be more: running out of
 * snapshots looks worse.
 */
export const MAX_CATCH_UP = 0.02;
export const MAX_SLOW_DOWN = 0.04;

/**
 * Further off than `NEAR_S` those limits widen by this much per second of error: a step of 180 ms
 * is gone in about two seconds.
 */
export const NEAR_S = 0.05;
export const FAR_CATCH_UP_PER_S = 0.5;
export const FAR_SLOW_DOWN_PER_S = 2.0;

/** Further off than this (a long stall, a sleep) there is nothing to smooth. */
export const JUMP_S = 1.0;

/** Beyond the newest snapshot motion goes on with its last rates for this long, then rests. */
export const MAX_EXTRAPOLATION_S = 0.25;

/** Smoothed round-trip time and mean deviation. */
export class RoundTrip {
  #seqs = new Float64Array(SENT_SLOTS);
  #sentS = new Float64Array(SENT_SLOTS);

  /** @type {number | null} seconds; null before the first sample */
  rttS = null;
  jitterS = 0;
  samples = 0;

  /** Remembers when input frame `seq` left. @param {number} seq @param {number} nowS */
  frameSent(seq, nowS) {
    this.#seqs[seq % SENT_SLOTS] = seq;
    this.#sentS[seq % SENT_SLOTS] = nowS;
  }

  /** When input frame `seq` left, or null if that is not remembered. @param {number} seq */
  sentAtS(seq) {
    const slot = seq % SENT_SLOTS;
    return this.#seqs[slot] === seq ? this.#sentS[slot] : null;
  }

  /**
   * A STATE says that frame `seq` was consumed after waiting `lead` / 256 ticks; the rest of the
   * time was the round trip.
   *
   * @param {number} seq @param {number} lead @param {number} tickS @param {number} nowS
   */
  frameAcked(seq, lead, tickS, nowS) {
    const sentS = this.sentAtS(seq);
    if (sentS !== null) this.add(nowS - sentS - (lead / LEAD_UNITS_PER_TICK) * tickS);
  }

  /**
   * Takes one measured round trip, the time that the server held it already subtracted.
   *
   * @param {number} sampleS
   */
  add(sampleS) {
    const sample = Math.max(0, sampleS);
    this.samples += 1;
    if (this.rttS === null) {
      this.rttS = sample;
      return;
    }
    const reachS = RTT_CLAMP_DEVIATIONS * Math.max(this.jitterS, RTT_MIN_DEVIATION_S);
    const errorS = Math.min(reachS, Math.max(-reachS, sample - this.rttS));
    this.rttS += RTT_GAIN * errorS;
    this.jitterS += RTT_DEVIATION_GAIN * (Math.abs(errorS) - this.jitterS);
  }
}

/**
 * The moment of server time that is drawn. Call `arrived` with each STATE applied, and `draw` each
 * time that something is drawn.
 */
export class InterpolationClock {
  #tickS;
  #nominalS;
  #delivery;
  /** @type {number | null} */
  #drawnS = null;
  #drawnAtS = 0;

  /** Smoothed time between snapshots, as the room counts it; never below what WELCOME announced. */
  intervalS;
  /** Server time of the newest snapshot. */
  newestS = 0;
  jumps = 0;

  /**
   * @param {number} tickS the room's tick in seconds
   * @param {number} snapshotEvery ticks between snapshots
   */
  constructor(tickS, snapshotEvery) {
    this.#tickS = tickS;
    this.#nominalS = snapshotEvery * tickS;
    this.#delivery = new Estimator({
      gain: DELIVERY_GAIN,
      rise: DELIVERY_RISE_GAIN,
      floor: this.#nominalS,
      shiftAfter: DELIVERY_SHIFT_INTERVALS * this.#nominalS,
    });
    this.intervalS = this.#nominalS;
  }

  /** Mean deviation of the snapshots' arrival. */
  get jitterS() {
    return this.#delivery.deviation;
  }

  /** How far behind the average arrival of snapshots is drawn. */
  get delayS() {
    const { intervalS, jitterS } = this;
    return Math.max(INTERVALS_OF_DELAY * intervalS, intervalS + JITTERS_OF_DELAY * jitterS);
  }

  /** The snapshot of `tick` was applied at `nowS`. @param {number} tick @param {number} nowS */
  arrived(tick, nowS) {
    const snapshotS = tick * this.#tickS;
    if (this.#delivery.value !== null) {
      const gapS = Math.min(JUMP_S, snapshotS - this.newestS);
      const smoothed = this.intervalS + INTERVAL_GAIN * (gapS - this.intervalS);
      this.intervalS = Math.max(this.#nominalS, smoothed);
    }
    this.#delivery.add(nowS - snapshotS, nowS);
    this.newestS = snapshotS;
  }

  /**
   * The server time to draw at `nowS`, in seconds since tick 0. It never runs backwards, and at
   * most `MAX_EXTRAPOLATION_S` ahead of the newest snapshot. 0 before the first.
   *
   * @param {number} nowS
   */
  draw(nowS) {
    if (this.#delivery.value === null) return 0;
    const limitS = this.newestS + MAX_EXTRAPOLATION_S;
    const aimS = Math.min(limitS, nowS - this.#delivery.value - this.delayS);
    this.#drawnS =
      this.#drawnS === null ? aimS : this.#step(this.#drawnS, aimS, nowS - this.#drawnAtS, limitS);
    this.#drawnAtS = nowS;
    return this.#drawnS;
  }

  /** @param {number} drawnS @param {number} aimS @param {number} elapsedS @param {number} limitS */
  #step(drawnS, aimS, elapsedS, limitS) {
    const errorS = aimS - drawnS - elapsedS;
    if (Math.abs(errorS) > JUMP_S) {
      this.jumps += 1;
      return Math.max(drawnS, aimS);
    }
    const wantedS = elapsedS * drawingStretch(errorS);
    // When so much time has passed that easing would overshoot, the error is gone.
    const easedS = Math.abs(wantedS) > Math.abs(errorS) ? errorS : wantedS;
    return Math.max(drawnS, Math.min(limitS, drawnS + elapsedS + easedS));
  }
}

/**
 * How much faster (+) or slower (−) than real time to draw when `errorS` behind (+) or ahead (−) of
 * the aim.
 *
 * @param {number} errorS
 */
export function drawingStretch(errorS) {
  const farS = Math.max(0, Math.abs(errorS) - NEAR_S);
  const fastest = MAX_CATCH_UP + FAR_CATCH_UP_PER_S * farS;
  const slowest = MAX_SLOW_DOWN + FAR_SLOW_DOWN_PER_S * farS;
  return Math.min(fastest, Math.max(-slowest, errorS / EASE_S));
}
