/** Times in bins of 0.1 ms up to 2 s: percentiles without keeping every sample. */

const BINS_PER_MS = 10;
const BINS = 20_000;

export class Histogram {
  count = 0;
  max = 0;
  #bins = new Uint32Array(BINS + 1);

  /** @param {number} ms */
  add(ms) {
    this.#bins[Math.min(BINS, Math.max(0, Math.floor(ms * BINS_PER_MS)))] += 1;
    this.count += 1;
    if (ms > this.max) this.max = ms;
  }

  /** @param {number} share 0 … 1 @returns {number | null} ms */
  quantile(share) {
    if (this.count === 0) return null;
    let left = Math.ceil(this.count * share);
    let bin = 0;
    for (; bin <= BINS; bin += 1) {
      left -= this.#bins[bin];
      if (left <= 0) break;
    }
    return (bin + 0.5) / BINS_PER_MS;
  }

  summary() {
    return {
      p50: this.quantile(0.5),
      p99: this.quantile(0.99),
      max: round(this.max, 1),
      count: this.count,
    };
  }
}

/** @param {number} value @param {number} digits */
export function round(value, digits) {
  return Number(value.toFixed(digits));
}
