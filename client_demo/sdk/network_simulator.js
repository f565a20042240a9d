/**
 * Delays messages and gives them out in order: the latency that the lab adds to a link. Pure; times
 * in milliseconds.
 *
 * The Python client has none of its own: `gameserver/net/network_simulator.py` adds latency on the
 * server's side (`--lag`).
 */

/**
 * One direction of a link.
 *
 * @template T
 */
export class NetworkSimulator {
  /** @type {{item: T, dueMs: number}[]} */
  #items = [];
  #lastDueMs = 0;
  #random;

  /** @param {() => number} random 0 ≤ value < 1 */
  constructor(random) {
    this.#random = random;
  }

  /** When the first item is due; infinite when there is none. */
  get nextAtMs() {
    return this.#items.length > 0 ? this.#items[0].dueMs : Number.POSITIVE_INFINITY;
  }

  /**
   * Takes in an item.
   *
   * @param {T} item
   * @param {number} nowMs
   * @param {number} lagMs
   * @param {number} jitterMs delays vary by up to this much in both directions; order is kept, as
   *   TCP keeps it
   */
  push(item, nowMs, lagMs, jitterMs) {
    const wanted = nowMs + Math.max(0, lagMs + (2 * this.#random() - 1) * jitterMs);
    // Only an item that is still inside can be overtaken.
    this.#lastDueMs = this.#items.length > 0 ? Math.max(wanted, this.#lastDueMs) : wanted;
    this.#items.push({ item, dueMs: this.#lastDueMs });
  }

  /**
   * Takes out the next item that is due, or undefined.
   *
   * @param {number} nowMs
   * @returns {T | undefined}
   */
  take(nowMs) {
    return this.nextAtMs <= nowMs ? this.#items.shift()?.item : undefined;
  }
}
