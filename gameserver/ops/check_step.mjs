/**
 * The JavaScript side of the differential test of a shared step; check_step.py starts it.
 *
 * Each line of JSON on standard input is answered by one on standard output. A line with a `module` loads that module and is
 * answered by `{"ready": true}`. Each line after it is a case: a state and the inputs of all steps, as the bits of doubles in
 * hex. The answer has the states after each step, and the error if one was thrown.
 */

import { createInterface } from "node:readline";

/** @typedef {{name: string, type: string, lo: number, hi: number, step: number}} Field */
/** @typedef {{module: string, export: string, state: Field[], inputs: Field[], dt: number, steps: number}} Job */
/** @typedef {Record<string, number | boolean>} Values */
/** @typedef {(state: Values, inputs: Values, dt: number) => unknown} Step */

const BYTES_PER_DOUBLE = 8;

/** @type {Job | null} */
let job = null;
/** @type {Step} */
let step = () => undefined;

/**
 * Returns a value snapped to its grid, as a room does after a tick.
 * @param {Field} field
 * @param {number | boolean} value
 */
function snap(field, value) {
  if (field.type === "free") return value;
  if (field.type === "flag") return Number(value) !== 0;
  let code = Math.floor(Number(value) / field.step + 0.5);
  if (!Number.isFinite(code)) throw new RangeError(`${field.name} is not finite`);
  if (field.type === "angle") {
    const codes = field.hi + 1;
    code = ((code % codes) + codes) % codes;
  }
  return Math.max(field.lo, Math.min(field.hi, code)) * field.step;
}

/**
 * @param {Field[]} fields
 * @param {Buffer} bits
 * @param {number} row
 */
function read(fields, bits, row) {
  /** @type {Values} */
  const values = {};
  let at = row * fields.length * BYTES_PER_DOUBLE;
  for (const field of fields) {
    const value = bits.readDoubleLE(at);
    values[field.name] = field.type === "flag" ? value !== 0 : value;
    at += BYTES_PER_DOUBLE;
  }
  return values;
}

/**
 * @param {Field[]} fields
 * @param {Values} values
 * @param {Buffer} bits
 * @param {number} row
 */
function write(fields, values, bits, row) {
  let at = row * fields.length * BYTES_PER_DOUBLE;
  for (const field of fields) {
    const value = Number(values[field.name]);
    // -0 and every NaN are written in one form, as in Python: Node would keep a NaN's sign.
    if (Number.isNaN(value)) bits.writeBigUInt64LE(0x7ff8000000000000n, at);
    else bits.writeDoubleLE(value + 0, at);
    at += BYTES_PER_DOUBLE;
  }
}

/**
 * @param {Job} current
 * @param {{state: string, inputs: string}} question
 */
function run(current, question) {
  const state = read(current.state, Buffer.from(question.state, "hex"), 0);
  const inputs = Buffer.from(question.inputs, "hex");
  const states = Buffer.alloc(current.steps * current.state.length * BYTES_PER_DOUBLE);
  for (let tick = 0; tick < current.steps; tick += 1) {
    try {
      step(state, read(current.inputs, inputs, tick), current.dt);
      for (const field of current.state) state[field.name] = snap(field, state[field.name] ?? NaN);
    } catch (error) {
      const whole = tick * current.state.length * BYTES_PER_DOUBLE;
      return { states: states.subarray(0, whole).toString("hex"), raised: String(error) };
    }
    write(current.state, state, states, tick);
  }
  return { states: states.toString("hex"), raised: null };
}

/** @param {Job} wanted */
async function load(wanted) {
  const url = `data:text/javascript;base64,${Buffer.from(wanted.module).toString("base64")}`;
  const found = (await import(url))[wanted.export];
  if (typeof found !== "function") throw new TypeError(`no function ${wanted.export} is exported`);
  job = wanted;
  step = found;
  return { ready: true };
}

/** @param {string} line */
async function answer(line) {
  const message = JSON.parse(line);
  if ("module" in message) return load(message);
  if (job === null) throw new Error("a case came before its module");
  return run(job, message);
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const text = await answer(line).catch((error) => ({ error: String(error?.stack ?? error) }));
  process.stdout.write(`${JSON.stringify(text)}\n`);
}
