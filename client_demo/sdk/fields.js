/**
 * One field's values and their codes on the wire (protocol.md §4). Pure; the arithmetic and its
 * order are those of the server, so that a value snapped here equals, to the last bit, the value
 * snapped there. In Python: `gameserver/state/fields.py`.
 */

/** The double nearest to 2π, written out as in the protocol. */
export const TURN_RADIANS = 6.283185307179586;

/**
 * @typedef {"float" | "angle" | "int" | "flag" | "choice" | "ref"} NumericType
 *
 * @typedef {object} NumericField a field whose code is one integer
 * @property {string} name
 * @property {NumericType} type
 * @property {number} lo smallest code
 * @property {number} hi largest code
 * @property {number} step value of one code: `float` its step, `angle` radians, else 1
 * @property {number} steps `angle`: codes in a turn; else 0
 * @property {readonly string[]} names `choice`: the names in order; else empty
 * @property {number} rate column of the field that says how fast this one changes, or -1
 * @property {boolean} jump `int`: whether it counts the jumps of its entity
 * @property {number} k codes that this field moves in a tick for each code of its rate; 0 without
 *   one
 *
 * @typedef {object} TextField
 * @property {string} name
 * @property {"text"} type
 * @property {number} maxBytes
 *
 * @typedef {object} ListField
 * @property {string} name
 * @property {"list"} type
 * @property {NumericField} of
 * @property {number} maxItems
 *
 * @typedef {TextField | ListField} ObjectField a field whose code is not one integer
 * @typedef {NumericField | ObjectField} Field
 *
 * @typedef {number | boolean | string | null} Scalar
 */

/**
 * @param {NumericField} field
 * @param {number} code within the field's range
 * @returns {Scalar} a number; `flag` a boolean; `choice` its name; `ref` an id, or null for none
 */
export function decodeValue(field, code) {
  switch (field.type) {
    case "float":
    case "angle":
      return code * field.step;
    case "int":
      return code;
    case "flag":
      return code !== 0;
    case "choice":
      return field.names[code];
    case "ref":
      return code === 0 ? null : code;
  }
}

/**
 * The code nearest to a value. Numbers out of range are clamped, angles wrapped.
 *
 * @param {NumericField} field
 * @param {unknown} value
 * @returns {number}
 * @throws {TypeError} for a value that the field cannot hold
 */
export function encodeValue(field, value) {
  switch (field.type) {
    case "flag":
      return value ? 1 : 0;
    case "choice":
      return choiceCode(field, value);
    case "ref":
      return value === null ? 0 : clamp(Math.floor(finite(field, value)), field.lo, field.hi);
    case "float":
    case "angle":
      return encodeNumber(field, finite(field, value));
    default:
      return clamp(Math.floor(finite(field, value) / field.step + 0.5), field.lo, field.hi);
  }
}

/**
 * The same for a float or an angle whose value is a number.
 *
 * @param {NumericField} field
 * @param {number} value
 * @returns {number}
 * @throws {TypeError} for NaN and infinities
 */
export function encodeNumber(field, value) {
  const code = Math.floor(value / field.step + 0.5);
  if (!Number.isFinite(field.steps > 0 ? code : value))
    finite(field, field.steps > 0 ? code : value);
  return field.steps > 0 ? modulo(code, field.steps) : clamp(code, field.lo, field.hi);
}

/**
 * The value of the grid nearest to `value`.
 *
 * @param {NumericField} field
 * @param {unknown} value
 */
export function snapValue(field, value) {
  return decodeValue(field, encodeValue(field, value));
}

/**
 * Whether `code` is a code of this object field.
 *
 * @param {ObjectField} field
 * @param {unknown} code
 * @returns {boolean}
 */
export function isObjectCode(field, code) {
  if (field.type === "text") return typeof code === "string" && utf8Bytes(code) <= field.maxBytes;
  if (!Array.isArray(code) || code.length > field.maxItems) return false;
  // Loops, here and below: a board that somebody joins has a million items.
  for (let i = 0; i < code.length; i += 1) if (!isNumericCode(field.of, code[i])) return false;
  return true;
}

/**
 * @param {ObjectField} field
 * @param {any} code one that `isObjectCode` accepts
 * @returns {any} str, or an array of decoded items
 */
export function decodeObject(field, code) {
  if (field.type === "text") return code;
  const items = code.slice();
  if (field.of.type === "int") return items;
  for (let i = 0; i < items.length; i += 1) items[i] = decodeValue(field.of, items[i]);
  return items;
}

/**
 * @param {Field} field
 * @returns {field is NumericField}
 */
export function isNumeric(field) {
  return field.type !== "text" && field.type !== "list";
}

/**
 * `value mod modulus` in 0 … modulus − 1, for integers.
 *
 * @param {number} value
 * @param {number} modulus
 */
export function modulo(value, modulus) {
  const rest = value % modulus;
  // `+ 0` turns −0, which `%` gives for negative multiples, into 0.
  return rest < 0 ? rest + modulus : rest + 0;
}

/** @param {number} value @param {number} lo @param {number} hi */
export function clamp(value, lo, hi) {
  return value < lo ? lo : value > hi ? hi : value;
}

/** @param {NumericField} field @param {unknown} code */
function isNumericCode(field, code) {
  return typeof code === "number" && Number.isInteger(code) && code >= field.lo && code <= field.hi;
}

/** @param {NumericField} field @param {unknown} value */
function finite(field, value) {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new TypeError(`${field.name} is ${field.type} and cannot be ${shown(value)}`);
}

/** @param {NumericField} field @param {unknown} value */
function choiceCode(field, value) {
  const code = field.names.indexOf(/** @type {string} */ (value));
  if (code >= 0) return code;
  throw new TypeError(`${field.name} is one of ${field.names.join(", ")}, not ${String(value)}`);
}

/** The length of a text in UTF-8. @param {string} text */
export function utf8Bytes(text) {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes: each half counts two.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** @param {unknown} value */
function shown(value) {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
