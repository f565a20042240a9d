/**
 * What to do when a link has ended: whether to come back, how, and when (protocol.md §10). Pure;
 * randomness is an argument.
 */
import { CLOSE } from "./constants.js";

/**
 * Back-off: doubling from the first to the last, full jitter, so that the clients of a server that
 * fell do not return as one.
 */
export const FIRST_DELAY_MS = 500;
export const MAX_DELAY_MS = 16_000;

/**
 * Codes from here on are the protocol's; an unknown one is of a later version, and means nothing to
 * us.
 */
const FIRST_OWN_CODE = 4000;

/**
 * @typedef {object} Plan
 * @property {"no" | "resume" | "join"} back
 * @property {number} afterMs
 */

export class Backoff {
  #random;
  /** Tries since the last time that a room was joined. */
  attempt = 0;

  /** @param {() => number} random 0 ≤ value < 1 */
  constructor(random) {
    this.#random = random;
  }

  /** A room was joined: the next loss begins anew. */
  joined() {
    this.attempt = 0;
  }

  /**
   * @param {number} code with which the link ended
   * @param {string} reason
   * @returns {Plan}
   */
  plan(code, reason) {
    const back = CLOSE[code]?.back ?? (code < FIRST_OWN_CODE ? "resume" : "no");
    if (back === "no") return { back, afterMs: 0 };
    const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.attempt);
    this.attempt += 1;
    return { back, afterMs: retryAfterMs(reason) + this.#random() * ceiling };
  }
}

/**
 * What the server asked for in a close with 1001, `retry in N s`; 0 if nothing.
 *
 * @param {string} reason
 */
function retryAfterMs(reason) {
  const found = /^retry in (\d{1,4}(?:\.\d+)?) s$/.exec(reason);
  return found === null ? 0 : Number(found[1]) * 1000;
}
