/**
 * A token bucket, as the server has it in `gameserver/sync/token_bucket.py`. Pure; times in seconds.
 */

/** Rounding in sums of token times must not cost a token. */
const ROUNDING_S = 1e-9;

/** Gains tokens at a rate and holds at most a burst of them; full at first. */
export class TokenBucket {
  #tokenS;
  #burstS;
  /** When it was, or would have been, empty: the time since then is worth the tokens in it. */
  #emptyAtS;

  /** @param {number} ratePerS @param {number} burst @param {number} nowS */
  constructor(ratePerS, burst, nowS) {
    this.#tokenS = 1 / ratePerS;
    this.#burstS = burst / ratePerS;
    this.#emptyAtS = nowS - this.#burstS;
  }

  /**
   * Takes tokens; when there are fewer, none.
   *
   * @param {number} amount
   * @param {number} nowS
   * @returns {boolean} whether they were there
   */
  take(amount, nowS) {
    const emptyAtS = Math.max(this.#emptyAtS, nowS - this.#burstS) + amount * this.#tokenS;
    if (emptyAtS > nowS + ROUNDING_S) return false;
    this.#emptyAtS = emptyAtS;
    return true;
  }
}
