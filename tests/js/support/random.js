/**
 * A small seeded generator for property tests (mulberry32), so that a failure names a seed and
 * comes back with it.
 */

/** @param {number} seed */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @param {number} lo @param {number} hi both included */
  const int = (lo, hi) => lo + Math.floor(next() * (hi - lo + 1));
  /** @template T @param {readonly T[]} items @returns {T} */
  const pick = (items) => items[int(0, items.length - 1)];
  return { next, int, pick, chance: (/** @type {number} */ p) => next() < p };
}

/** @typedef {ReturnType<typeof seeded>} Random */
