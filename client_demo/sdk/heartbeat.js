/**
 * Whether the other side still lives (protocol.md §8): silence for all of the dead time means that
 * the link is dead. A PING every two seconds, and at least three in the dead time, keeps a quiet
 * room from looking dead; its PONG tells the net graph what STATE does not, and a spectator its
 * round trip.
 *
 * Pure; times in seconds. Only time during which we ran counts as silence: a tab that was frozen
 * for a minute wakes up with what the server said meanwhile still waiting to be read.
 */
import { LEAD_UNITS_PER_TICK, PING_AFTER_DEAD_SHARE } from "./constants.js";

/** @typedef {import("./clock.js").RoundTrip} RoundTrip */

/** Often enough for the net graph, and a hundredth of what the inputs send. */
export const MEASURE_EVERY_S = 2;
export const FIRST_MEASURE_AFTER_S = 0.5;

export class Heartbeat {
  #deadS;
  #everyS;
  #heardS = 0;
  #checkedS = 0;
  #pingedS = Number.NEGATIVE_INFINITY;
  #nonce = 0;
  /** Nonce of the PING that is on its way, 0 for none. */
  #waiting = 0;

  /** When the next PING is due. */
  dueS = Number.POSITIVE_INFINITY;

  /** @param {number} deadS silence after which the link is dead */
  constructor(deadS) {
    this.#deadS = deadS;
    this.#everyS = Math.min(MEASURE_EVERY_S, deadS * PING_AFTER_DEAD_SHARE);
  }

  /** A link came up. @param {number} nowS */
  start(nowS) {
    this.#heardS = nowS;
    this.#checkedS = nowS;
    this.#waiting = 0;
    this.dueS = nowS + FIRST_MEASURE_AFTER_S;
  }

  /** Any message came. @param {number} nowS */
  heard(nowS) {
    this.#heardS = nowS;
  }

  /**
   * @param {number} nowS
   * @returns {"dead" | number | null} dead, or the nonce of a PING to send now, or nothing to do
   */
  check(nowS) {
    const asleepS = nowS - this.#checkedS - this.#deadS * PING_AFTER_DEAD_SHARE;
    if (asleepS > 0) this.#heardS += asleepS;
    this.#checkedS = nowS;
    const silentS = nowS - this.#heardS;
    if (silentS > this.#deadS) return "dead";
    if (nowS < this.dueS) return null;
    this.dueS = nowS + this.#everyS;
    this.#pingedS = nowS;
    this.#nonce = (this.#nonce + 1) >>> 0;
    this.#waiting = this.#nonce;
    return this.#nonce;
  }

  /**
   * A PONG came: a round trip, if it answers the newest PING.
   *
   * @param {number} nonce
   * @param {number} held 1/256 tick
   * @param {number} tickS
   * @param {RoundTrip} roundTrip
   * @param {number} nowS
   */
  answered(nonce, held, tickS, roundTrip, nowS) {
    if (nonce !== this.#waiting) return;
    this.#waiting = 0;
    roundTrip.add(nowS - this.#pingedS - (held / LEAD_UNITS_PER_TICK) * tickS);
  }
}
