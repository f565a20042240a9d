/**
 * Writes STATE messages for tests, straight from protocol.md §5 and with no care for speed: what
 * the SDK reads must have been written by other code than its own.
 */

/** @param {number} signed */
export function zigzag(signed) {
  return signed >= 0 ? 2 * signed : -2 * signed - 1;
}

/** @param {readonly number[]} ascending */
export function gaps(ascending) {
  return ascending.map((value, i) => (i === 0 ? value : value - ascending[i - 1]));
}

/** @param {readonly number[]} indexes @param {number} count */
export function bitString(indexes, count) {
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (const i of indexes) bits[Math.floor(i / 8)] += 2 ** (i % 8);
  return bits;
}

/**
 * @param {readonly (readonly number[])[]} rows residuals
 * @param {number} columns
 * @returns {[Uint8Array, Uint8Array]} widths and rows
 */
export function packRows(rows, columns) {
  const widths = Array.from({ length: columns }, (_, c) =>
    Math.max(0, ...rows.map((row) => zigzag(row[c]).toString(2).length * Number(row[c] !== 0))),
  );
  const stride = Math.ceil(widths.reduce((sum, width) => sum + width, 0) / 8);
  const bytes = rows.flatMap((row) => {
    let packed = 0n;
    let at = 0n;
    row.forEach((residual, c) => {
      packed |= BigInt(zigzag(residual)) << at;
      at += BigInt(widths[c]);
    });
    return Array.from({ length: stride }, (_, i) => Number((packed >> BigInt(8 * i)) & 255n));
  });
  return [Uint8Array.from(widths), Uint8Array.from(bytes)];
}

/**
 * @param {Partial<import("../../../client_demo/sdk/codec.js").State>} parts
 * @returns {import("../../../client_demo/sdk/codec.js").State}
 */
export function stateOf(parts) {
  const empty = { leaves: [], enters: [], changes: [], values: [] };
  return { type: "state", tick: 1, span: 0, seq: 0, lead: null, ...empty, ...parts };
}

/** The schema of protocol.md's example. */
export const SHIP_SCHEMA = {
  fingerprint: "0123456789abcdef",
  entities: [
    {
      name: "Ship",
      fields: [
        { name: "x", kind: "float", step: 1 / 16, lo: -(2 ** 20), hi: 2 ** 20, rate: 1 },
        { name: "vx", kind: "float", step: 1 / 16, lo: -(2 ** 16), hi: 2 ** 16, rate: null },
        { name: "hp", kind: "int", lo: 0, hi: 100 },
        { name: "name", kind: "text", max_bytes: 24 },
      ],
    },
  ],
  inputs: [
    { name: "turn", kind: "int", lo: -1, hi: 1 },
    { name: "thrust", kind: "flag" },
    { name: "fire", kind: "flag" },
  ],
};
