/**
 * What to do after a link has ended, and how long to wait before the next attempt (protocol.md
 * §10).
 *
 * The waits are exponential with full jitter, so that a thousand clients whose server restarted do
 * not all come back at the same moment. Pure: the randomness is an argument; times in seconds.
 * `gameserver/client/backoff.py` is the twin, and a test compares the two.
 */
import { CLOSE, CloseCode } from "./constants.js";

/** @typedef {import("./constants.js").CloseInfo} CloseInfo */

/** protocol.md §10: the longest possible wait doubles from 0.5 s to 16 s. */
export const FIRST_S = 0.5;
export const CAP_S = 16;

/** A server that stops says when to come back; a longer time than this is cut to it. */
export const MAX_RETRY_AFTER_S = 300;

/**
 * A link that was joined for at least this long has worked, so the waits start over when it is
 * lost. A server that accepts a client and drops it at once does not reset them.
 */
export const HELD_AFTER_S = 1;

/**
 * The same for a link that ended because the room's rules failed: joining again may well make them
 * fail again.
 */
export const RULES_HELD_AFTER_S = 60;

/**
 * Close codes from here on are the application's (RFC 6455, 7.4.2); an unknown one comes from a
 * later version of the protocol.
 */
export const PRIVATE_CODES_FROM = 4000;

/** The session is gone, but the server is there: no reason to wait long before joining anew. */
const ANSWERED = /** @type {readonly number[]} */ ([
  CloseCode.SESSION_EXPIRED,
  CloseCode.SERVER_RESTARTED,
]);

/**
 * What a client does after a link has ended. A code of the protocol's own table means what the
 * table says, any other private code means "no", and every other end is a broken link.
 *
 * @param {number} code
 * @returns {CloseInfo["back"]}
 */
export function backAfter(code) {
  return CLOSE[code]?.back ?? (code < PRIVATE_CODES_FROM ? "resume" : "no");
}

/** The waits of one session. */
export class Backoff {
  #random;
  /** Attempts since the last link that held. */
  attempts = 0;
  #atOnce = false;

  /** @param {() => number} random 0 ≤ value < 1 */
  constructor(random) {
    this.#random = random;
  }

  /**
   * Starts over if the link has worked, or if the server has answered.
   *
   * @param {number} code the close code
   * @param {number | null} joinedForS how long the link was joined; null if it never was
   */
  linkEnded(code, joinedForS) {
    this.#atOnce = code === CloseCode.MOVED;
    const heldAfterS = code === CloseCode.ROOM_FAILED ? RULES_HELD_AFTER_S : HELD_AFTER_S;
    const held = joinedForS !== null && joinedForS >= heldAfterS;
    if (held || ANSWERED.includes(code)) this.attempts = 0;
  }

  /**
   * How many seconds to wait before the next attempt; counts the attempt.
   *
   * @param {string} [reason] of the close before, which may be `retry in N s`, or end with `: retry in N s`
   */
  nextS(reason = "") {
    if (this.#atOnce && this.attempts === 0) {
      this.#atOnce = false; // the seat in the other process is there
      this.attempts += 1;
      return 0;
    }
    const mostS = Math.min(CAP_S, FIRST_S * 2 ** Math.min(this.attempts, 16));
    this.attempts += 1;
    const asked = /^(?:.*: )?retry in (\d+(?:\.\d+)?) s$/s.exec(reason);
    const leastS = asked === null ? 0 : Math.min(MAX_RETRY_AFTER_S, Number(asked[1]));
    return leastS + this.#random() * mostS;
  }
}
