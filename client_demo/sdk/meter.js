/**
 * Counts and sizes of what arrives, as rates over the last whole second. Pure; times in seconds.
 */

const WINDOW_S = 1;

export class RateMeter {
  #fromS = Number.NEGATIVE_INFINITY;
  #count = 0;
  #bytes = 0;
  #perS = 0;
  #bytesPerS = 0;
  /** Size of the newest. */
  lastBytes = 0;

  /** @param {number} bytes @param {number} nowS */
  add(bytes, nowS) {
    this.#roll(nowS);
    this.#count += 1;
    this.#bytes += bytes;
    this.lastBytes = bytes;
  }

  /** How many came a second. @param {number} nowS */
  perS(nowS) {
    this.#roll(nowS);
    return this.#perS;
  }

  /** @param {number} nowS */
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
