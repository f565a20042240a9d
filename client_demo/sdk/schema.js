/**
 * The schema that WELCOME carries (protocol.md §4), checked and compiled: which types there are,
 * where each field stands in a row of codes, and how fast rated fields move. Pure; raises
 * ProtocolError for a map that is not a schema. In Python: `gameserver/state/schema.py`.
 */
import { MAX_CODE } from "./constants.js";
import { ProtocolError } from "./errors.js";
import { encodeValue, isNumeric, TURN_RADIANS } from "./fields.js";

/**
 * @typedef {import("./fields.js").Field} Field
 * @typedef {import("./fields.js").NumericField} NumericField
 * @typedef {import("./fields.js").ObjectField} ObjectField
 *
 * @typedef {object} EntityType
 * @property {string} name
 * @property {"players" | "room" | null} use what it is found by, if not by its name alone
 * @property {number} index its number on the wire
 * @property {readonly Field[]} fields in the wire's order
 * @property {readonly NumericField[]} numeric the columns of a row of codes
 * @property {readonly number[]} moving columns of floats and angles
 * @property {readonly number[]} stepping all other columns
 * @property {readonly ObjectField[]} objects
 * @property {number} jumps column that counts how often an entity was put elsewhere, or -1
 * @property {readonly number[]} objectColumn index of a field → index among `objects`, or -1
 *
 * @typedef {object} Schema
 * @property {string} fingerprint
 * @property {readonly EntityType[]} types
 * @property {readonly NumericField[]} inputs
 * @property {readonly number[]} neutral codes of the neutral input frame
 */

/** Most codes that a field moves in a tick for each code of its rate: keeps a tick's sum exact. */
export const MAX_RATE_RATIO = 2 ** 20;

/** A counter of jumps starts again at 0 after this. */
export const MAX_JUMPS = 255;

/**
 * Checks and compiles a schema.
 *
 * @param {unknown} wire WELCOME's `schema`
 * @param {number} tickHz ticks per second
 * @returns {Schema}
 * @throws {ProtocolError} for a map that is not a schema
 */
export function compileSchema(wire, tickHz) {
  const map = mapOf(wire, "schema");
  const { fingerprint } = map;
  if (typeof fingerprint !== "string" || !/^[0-9a-f]{16}$/.test(fingerprint)) {
    bad("fingerprint is not 16 hex digits");
  }
  const types = arrayOf(map.entities, "entities").map((item, i) => entityType(item, i, tickHz));
  unique(types, "entities");
  const uses = types.filter(({ use }) => use !== null).map(({ use }) => ({ name: String(use) }));
  unique(uses, "entities: uses");
  const inputs = inputFields(map.inputs);
  const neutral = inputs.map((field) => Math.min(Math.max(0, field.lo), field.hi));
  return { fingerprint, types, inputs, neutral };
}

/**
 * The codes of one input frame. Fields that `controls` leaves out are neutral.
 *
 * @param {Schema} schema
 * @param {Readonly<Record<string, unknown>>} controls
 * @returns {number[]}
 * @throws {TypeError} for a value that a field cannot hold
 */
export function encodeControls(schema, controls) {
  return schema.inputs.map((field, i) => {
    const value = controls[field.name];
    return value === undefined ? schema.neutral[i] : encodeValue(field, value);
  });
}

/**
 * Checks that a room has all of these inputs.
 *
 * @param {Schema} schema
 * @param {Readonly<Record<string, unknown>>} controls
 * @throws {TypeError} for a name that is no input of the room
 */
export function checkControls(schema, controls) {
  for (const name of Object.keys(controls)) {
    if (schema.inputs.some((field) => field.name === name)) continue;
    const known = schema.inputs.map((field) => field.name).join(", ");
    throw new TypeError(`no input is called ${name}; this room has: ${known || "none"}`);
  }
}

/** @param {unknown} wire @param {number} index @param {number} tickHz @returns {EntityType} */
function entityType(wire, index, tickHz) {
  const map = mapOf(wire, `entity type ${index}`);
  const name = nameOf(map.name, `entity type ${index}`);
  const wireFields = arrayOf(map.fields, `${name}.fields`);
  const fields = wireFields.map((item, i) => field(mapOf(item, `${name}.fields[${i}]`), name));
  unique(fields, name);
  if (fields.some((item) => item.name === "id"))
    bad(`${name}: id is the entity's own, not a field`);
  const numeric = fields.filter(isNumeric);
  const objects = /** @type {ObjectField[]} */ (fields.filter((item) => !isNumeric(item)));
  const objectColumn = fields.map((item) => (isNumeric(item) ? -1 : objects.indexOf(item)));
  fields.forEach((item, i) => {
    linkRate(item, /** @type {any} */ (wireFields[i]).rate, fields, numeric, name, tickHz);
  });
  // A rate's own rate would make the expectation depend on the order of fields.
  for (const item of numeric) {
    if (item.rate >= 0 && numeric[item.rate].rate >= 0) bad(`${name}.${item.name}: rate of a rate`);
  }
  const counters = numeric.filter((item) => item.jump);
  if (counters.length > 1) bad(`${name}: jumps are counted twice`);
  const jumps = numeric.findIndex((item) => item.jump);
  const columns = numeric.map((_, column) => column);
  const moving = columns.filter((column) => isFloat(numeric[column]));
  const stepping = columns.filter((column) => !isFloat(numeric[column]));
  const use = map.use === "players" || map.use === "room" ? map.use : null; // others are a later server's
  return { name, use, index, fields, numeric, moving, stepping, objects, jumps, objectColumn };
}

/** @param {NumericField} field */
function isFloat({ type }) {
  return type === "float" || type === "angle";
}

/**
 * @param {Field} item @param {unknown} rate @param {Field[]} fields @param {NumericField[]} numeric
 * @param {string} owner @param {number} tickHz
 */
function linkRate(item, rate, fields, numeric, owner, tickHz) {
  if (item.type !== "float" && item.type !== "angle") return;
  if (rate === null) return;
  const where = `${owner}.${item.name}`;
  const target = fields[integerOf(rate, 0, fields.length - 1, `${where}: rate`)];
  if (target.type !== "float" || target === item) bad(`${where}: rate is not another float`);
  item.rate = numeric.indexOf(target);
  item.k = target.step / item.step / tickHz;
  if (item.k > MAX_RATE_RATIO) bad(`${where}: rate is too coarse for it`);
}

/** @param {unknown} wire @returns {NumericField[]} */
function inputFields(wire) {
  const fields = arrayOf(wire, "inputs").map((item, i) => {
    const map = mapOf(item, `inputs[${i}]`);
    const made = field(map, "inputs");
    if (!isNumeric(made) || made.type === "ref") bad(`inputs.${made.name} is ${made.type}`);
    if (made.jump) bad(`inputs.${made.name} counts jumps`);
    if ((map.rate ?? null) !== null) bad(`inputs.${made.name} has a rate`);
    return made;
  });
  unique(fields, "inputs");
  return fields;
}

/** @param {Record<string, unknown>} map @param {string} owner @returns {Field} */
function field(map, owner) {
  const name = nameOf(map.name, `${owner}'s field`);
  const where = `${owner}.${name}`;
  const numeric = { name, lo: 0, hi: 1, step: 1, steps: 0, names: [], rate: -1, k: 0, jump: false };
  switch (map.kind) {
    case "float": {
      const step = positive(map.step, `${where}: step`);
      return { ...numeric, ...range(map, where), type: "float", step };
    }
    case "angle": {
      const steps = integerOf(map.steps, 1, MAX_CODE, `${where}: steps`);
      return { ...numeric, type: "angle", hi: steps - 1, steps, step: TURN_RADIANS / steps };
    }
    case "int":
      return { ...numeric, ...range(map, where), type: "int", jump: countsJumps(map, where) };
    case "flag":
      return { ...numeric, type: "flag" };
    case "choice": {
      const names = arrayOf(map.names, `${where}: names`).map((item) => nameOf(item, where));
      if (names.length === 0) bad(`${where}: no names`);
      return { ...numeric, type: "choice", hi: names.length - 1, names };
    }
    case "ref":
      return { ...numeric, type: "ref", hi: MAX_CODE };
    case "text":
      return { name, type: "text", maxBytes: integerOf(map.max_bytes, 0, MAX_CODE, where) };
    case "list": {
      const of = field({ ...mapOf(map.of, `${where}: of`), name: `${name}[]` }, owner);
      if (!isNumeric(of) || of.jump) bad(`${where}: a list of ${of.type}`);
      return { name, type: "list", of, maxItems: integerOf(map.max_items, 0, MAX_CODE, where) };
    }
    default:
      return bad(`${where}: there is no field type ${String(map.kind)}`);
  }
}

/** @param {Record<string, unknown>} map @param {string} where */
function range(map, where) {
  const lo = integerOf(map.lo, -MAX_CODE, MAX_CODE, `${where}: lo`);
  return { lo, hi: integerOf(map.hi, lo, MAX_CODE, `${where}: hi`) };
}

/** @param {Record<string, unknown>} map @param {string} where */
function countsJumps(map, where) {
  if (map.jump === undefined) return false;
  const isCounter = map.jump === true && map.lo === 0 && map.hi === MAX_JUMPS;
  return isCounter || bad(`${where}: a counter of jumps has jump true and goes from 0 to 255`);
}

/** @param {unknown} value @param {string} what @returns {Record<string, unknown>} */
function mapOf(value, what) {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap || ArrayBuffer.isView(value)) bad(`${what} is not a map`);
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value @param {string} what @returns {unknown[]} */
function arrayOf(value, what) {
  return Array.isArray(value) ? value : bad(`${what} is not an array`);
}

/** @param {unknown} value @param {string} what */
function nameOf(value, what) {
  // Values become properties of plain objects, where this one name would set the prototype instead.
  const usable = typeof value === "string" && value !== "" && value !== "__proto__";
  return usable ? value : bad(`${what} has no usable name`);
}

/** @param {unknown} value @param {number} lo @param {number} hi @param {string} what */
function integerOf(value, lo, hi, what) {
  const fits = typeof value === "number" && Number.isInteger(value) && value >= lo && value <= hi;
  return fits ? value : bad(`${what} is not an integer from ${lo} to ${hi}`);
}

/** @param {unknown} value @param {string} what */
function positive(value, what) {
  const fits = typeof value === "number" && Number.isFinite(value) && value > 0;
  return fits ? value : bad(`${what} is not a positive number`);
}

/** @param {readonly {name: string}[]} items @param {string} owner */
function unique(items, owner) {
  if (new Set(items.map((item) => item.name)).size < items.length) bad(`${owner}: a name twice`);
}

/** @param {string} what @returns {never} */
function bad(what) {
  throw new ProtocolError(`schema: ${what}`);
}
