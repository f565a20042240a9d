/**
 * Bit strings and gaps of protocol.md §2: bit `i` is bit `i mod 8` of byte `i div 8`, least
 * significant first. Pure functions on bytes; callers have checked the lengths. In Python:
 * `gameserver/sync/bits.py` and `gameserver/sync/row_ids.py`.
 */
import { DeltaError } from "./errors.js";

/** A residual needs at most 32 bits: codes lie within ±(2³⁰ − 1), so a difference within ±2³¹. */
export const MAX_WIDTH_BITS = 32;

/**
 * Reads an unsigned integer of `width` bits that starts at bit `start`.
 *
 * @param {Uint8Array} bytes holds all of those bits
 * @param {number} start index of the first bit
 * @param {number} width 1–32
 */
export function readBits(bytes, start, width) {
  let index = start >>> 3;
  const offset = start & 7;
  let value = bytes[index] >>> offset;
  for (let have = 8 - offset; have < width; have += 8) {
    index += 1;
    value |= bytes[index] << have;
  }
  // Five bytes may hold a part each; the shifts above drop what lies past bit 31.
  return width === MAX_WIDTH_BITS ? value >>> 0 : value & ((1 << width) - 1);
}

/** @param {number} unsigned a zigzag code below 2³² */
export function unzigzag(unsigned) {
  return (unsigned >>> 1) ^ -(unsigned & 1);
}

/**
 * @typedef {{widths: Uint8Array, rows: Uint8Array, strideBits: number}} Rows a matrix of residuals
 *   as it is packed
 */

/**
 * Checks a matrix of residuals and gives its layout.
 *
 * @param {unknown} widths bits of each field
 * @param {unknown} rows
 * @param {number} columns fields that it must have
 * @param {number} count rows that it must have
 * @returns {Rows}
 */
export function checkRows(widths, rows, columns, count) {
  if (!(widths instanceof Uint8Array) || widths.length !== columns) {
    throw new DeltaError(`widths are not ${columns} bytes`);
  }
  let bits = 0;
  for (let i = 0; i < columns; i += 1) {
    if (widths[i] > MAX_WIDTH_BITS) throw new DeltaError(`a width of ${widths[i]} bits`);
    bits += widths[i];
  }
  const stride = (bits + 7) >>> 3;
  if (!(rows instanceof Uint8Array) || rows.length !== stride * count) {
    throw new DeltaError(`rows are not ${count} times ${stride} bytes`);
  }
  return { widths, rows, strideBits: stride * 8 };
}

/**
 * Resolves *who*: writes the indexes that it picks into `out`.
 *
 * @param {unknown} who nil for all, a bit string, or gaps
 * @param {number} count length of the list that it picks from
 * @param {Int32Array} out long enough for `count` indexes
 * @returns {number} how many it picks
 */
export function pickWho(who, count, out) {
  if (who === null) {
    for (let i = 0; i < count; i += 1) out[i] = i;
    return count;
  }
  if (who instanceof Uint8Array) return setBits(who, count, out);
  return undoGaps(who, out, 0, count - 1);
}

/**
 * Undoes gaps: writes the ascending integers into `out`.
 *
 * @param {unknown} gaps as they came
 * @param {Int32Array} out long enough for all of them
 * @param {number} first smallest value that the first item may have
 * @param {number} last largest value that any item may have, below 2³⁰
 * @returns {number} how many there are
 */
export function undoGaps(gaps, out, first, last) {
  if (!Array.isArray(gaps)) throw new DeltaError("gaps are not an array");
  let value = 0;
  for (let i = 0; i < gaps.length; i += 1) {
    const gap = gaps[i];
    if (!Number.isInteger(gap) || gap < (i === 0 ? first : 1)) {
      throw new DeltaError(`gap ${i} is not a number above the one before`);
    }
    value += gap;
    if (value > last) throw new DeltaError(`gap ${i} leads past ${last}`);
    out[i] = value;
  }
  return gaps.length;
}

/**
 * Writes the indexes of the set bits into `out`.
 *
 * @param {Uint8Array} bits a bit string of exactly `count` bits
 * @param {number} count
 * @param {Int32Array} out long enough for `count` indexes
 * @returns {number} how many are set
 */
export function setBits(bits, count, out) {
  if (bits.length !== (count + 7) >>> 3) {
    throw new DeltaError(`${bits.length} bytes for a bit string of ${count} bits`);
  }
  let found = 0;
  for (let byte = 0; byte < bits.length; byte += 1) {
    for (let rest = bits[byte]; rest !== 0; rest &= rest - 1) {
      out[found] = byte * 8 + 31 - Math.clz32(rest & -rest);
      found += 1;
    }
  }
  if (found > 0 && out[found - 1] >= count) throw new DeltaError("a bit past the end is set");
  return found;
}
