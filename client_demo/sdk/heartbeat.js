/**
 * Whether the other side is alive (protocol.md §8): silence for all of the dead time means that the
 * link is dead.
 *
 * A PING every two seconds, and at least three in the dead time, keeps the link of a quiet room
 * alive; its PONG reports missed and trimmed input frames, which no other message does, and gives a
 * spectator its round trip.
 *
 * Only time in which this page ran counts as silence. After a sleep (a frozen tab, a laptop) what
 * the server sent meanwhile still waits to be read, so a gap between two checks that is longer than
 * the time between two PINGs is taken off the silence.
 *
 * Pure; times in seconds. `gameserver/client/heartbeat.py` is the twin, and a test compares the two.
 */
import { CloseCode, MAX_COUNTER, PING_AFTER_DEAD_SHARE } from "./constants.js";
import { ProtocolError } from "./errors.js";

/**
 * Often enough for figures that a person watches; a hundredth of what the input frames take.
 */
export const MEASURE_EVERY_S = 2;
export const FIRST_MEASURE_AFTER_S = 0.5;

/** PINGs whose PONG is waited for: half a minute of them, longer than any round trip. */
export const MAX_PINGS = 16;

/** The signs of life of one session, over all of its links. */
export class Heartbeat {
  #deadAfterS = 0;
  #everyS = 0;
  #heardAtS = 0;
  #checkedAtS = 0;
  #pingAtS = Number.POSITIVE_INFINITY;
  #nonce = 0;
  /**
   * When each unanswered PING was sent, by its nonce, oldest first.
   *
   * @type {Map<number, number>}
   */
  #pings = new Map();

  /** @param {number} deadAfterS silence after which a link is dead */
  constructor(deadAfterS) {
    this.setDeadTime(deadAfterS);
  }

  /**
   * Counts a link as dead after this silence from now on, and sends PINGs often enough for it.
   *
   * @param {number} deadAfterS
   */
  setDeadTime(deadAfterS) {
    this.#deadAfterS = deadAfterS;
    this.#everyS = Math.min(MEASURE_EVERY_S, deadAfterS * PING_AFTER_DEAD_SHARE);
  }

  /** When `check` has something to do, if nothing is heard before. */
  get nextAtS() {
    return Math.min(this.#pingAtS, this.#heardAtS + this.#deadAfterS);
  }

  /** Begins with a new link. @param {number} nowS */
  start(nowS) {
    this.#heardAtS = nowS;
    this.#checkedAtS = nowS;
    this.#pingAtS = nowS + Math.min(FIRST_MEASURE_AFTER_S, this.#everyS);
    this.#pings.clear();
  }

  /** Takes any message as a sign of life. @param {number} nowS */
  heard(nowS) {
    this.#heardAtS = nowS;
  }

  /**
   * @param {number} nowS
   * @returns {"dead" | number | null} the nonce of a PING to send now; null: nothing to do
   */
  check(nowS) {
    const asleepS = nowS - this.#checkedAtS - this.#deadAfterS * PING_AFTER_DEAD_SHARE;
    this.#heardAtS += Math.max(0, asleepS);
    this.#checkedAtS = nowS;
    if (nowS - this.#heardAtS >= this.#deadAfterS) return "dead";
    if (nowS < this.#pingAtS) return null;
    this.#pingAtS = nowS + this.#everyS;
    return this.#ping(nowS);
  }

  /** @param {number} nowS */
  #ping(nowS) {
    this.#nonce = (this.#nonce % MAX_COUNTER) + 1;
    this.#pings.set(this.#nonce, nowS);
    if (this.#pings.size > MAX_PINGS) {
      for (const oldest of this.#pings.keys()) {
        this.#pings.delete(oldest);
        break;
      }
    }
    return this.#nonce;
  }

  /**
   * @param {number} nonce of a PONG
   * @returns {number | null} when the PING was sent that it answers; null: no longer known
   * @throws {ProtocolError} when no PING with this nonce was ever sent
   */
  answered(nonce) {
    if (nonce < 1 || nonce > this.#nonce) {
      throw new ProtocolError("PONG: a nonce that was not sent", CloseCode.INVALID_FIELD);
    }
    const sentAtS = this.#pings.get(nonce) ?? null;
    this.#pings.delete(nonce);
    return sentAtS;
  }
}
