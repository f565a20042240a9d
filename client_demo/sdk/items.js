/**
 * Checks of the items that server messages are made of: each returns the value or raises
 * ProtocolError with 4004. In Python: `gameserver/protocol/items.py`.
 */
import { CloseCode, MAX_COUNTER, RESUME_TOKEN_BYTES } from "./constants.js";
import { ProtocolError } from "./errors.js";

/** @param {any} value @param {number} [lo] @param {number} [hi] @returns {number} */
export function counter(value, lo = 0, hi = MAX_COUNTER) {
  const fits = Number.isInteger(value) && value >= lo && value <= hi;
  return fits ? value : bad(`not an integer from ${lo} to ${hi}`);
}

/** @param {any} value @param {string} what @returns {string} */
export function text(value, what) {
  return typeof value === "string" ? value : bad(`${what} is not a str`);
}

/** @param {any} value @param {string} what @returns {boolean} */
export function bool(value, what) {
  return typeof value === "boolean" ? value : bad(`${what} is not a bool`);
}

/** @param {any} value @param {string} what @returns {number} */
export function amount(value, what) {
  return Number.isFinite(value) && value >= 0 ? value : bad(`${what} is not a number from 0 up`);
}

/** @param {any} value @param {string} what @returns {any[]} */
export function list(value, what) {
  return Array.isArray(value) ? value : bad(`${what} is not an array`);
}

/** @param {any} value */
export function tokenOf(value) {
  const fits = value instanceof Uint8Array && value.length === RESUME_TOKEN_BYTES;
  // A copy, so that the whole message is not kept alive by it.
  return fits ? value.slice() : bad("token is not a bin of its length");
}

/**
 * @param {any} value
 * @param {number} depth of arrays and maps that it may have
 * @returns {any} the value, a finite one
 */
export function payloadOf(value, depth) {
  if (typeof value === "number" && !Number.isFinite(value)) bad("a number that is not finite");
  if (typeof value === "bigint") bad("an integer beyond ±(2⁵³ − 1)");
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (depth === 0) bad("nested too deep");
  for (const part of Object.values(value)) payloadOf(part, depth - 1);
  return value;
}

/** @param {any} value */
export function isMap(value) {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

/** @param {string} what @returns {never} */
export function bad(what) {
  throw new ProtocolError(what, CloseCode.INVALID_FIELD);
}
