/**
 * Runs translated functions on the arguments in the module beside it, and sends the results as the bits of doubles in hex: with
 * `print` in a shell, else to the server of the page.
 */

import { jobs } from "./data.js";
import * as exactModule from "./exact.js";
import * as stepModule from "./step.js";
import * as worldModule from "./world.js";

const functions = { ...exactModule, ...stepModule, ...worldModule };

/** @param {string} hex @returns {number[]} */
function doubles(hex) {
  const view = new DataView(new ArrayBuffer(hex.length / 2));
  for (let at = 0; at < hex.length / 2; at += 1)
    view.setUint8(at, Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
  return Array.from({ length: hex.length / 16 }, (_, i) => view.getFloat64(8 * i, true));
}

/** -0 is written as 0, and every NaN as the same one. @param {number[]} values */
function hexOf(values) {
  const view = new DataView(new ArrayBuffer(8));
  return values
    .map((value) => {
      view.setFloat64(0, value + 0, false);
      return Number.isNaN(value)
        ? "7ff8000000000000"
        : view.getBigUint64(0).toString(16).padStart(16, "0");
    })
    .join("");
}

/** Calls a function for each row of arguments. */
function call({ name, arity, given }) {
  const values = doubles(given);
  const found = [];
  for (let at = 0; at < values.length; at += arity)
    found.push(functions[name](...values.slice(at, at + arity)));
  return hexOf(found);
}

/** Snaps a value to its grid, as a room does after a tick. */
function snap(field, value) {
  if (field.type === "free") return value;
  if (field.type === "flag") return Number(value) !== 0;
  let code = Math.floor(Number(value) / field.step + 0.5);
  if (field.type === "angle") {
    const codes = field.hi + 1;
    code = ((code % codes) + codes) % codes;
  }
  return Math.max(field.lo, Math.min(field.hi, code)) * field.step;
}

function named(fields, values, row) {
  return Object.fromEntries(
    fields.map((field, i) => {
      const value = values[row * fields.length + i];
      return [field.name, field.type === "flag" ? value !== 0 : value];
    }),
  );
}

/** Runs a step from each state, over its inputs. */
function play({ job, cases }) {
  const found = [];
  for (const { state: start, inputs: held } of cases) {
    const state = named(job.state, doubles(start), 0);
    const inputs = doubles(held);
    for (let tick = 0; tick < job.steps; tick += 1) {
      functions[job.export](state, named(job.inputs, inputs, tick), job.dt);
      for (const field of job.state) {
        state[field.name] = snap(field, state[field.name]);
        found.push(Number(state[field.name]));
      }
    }
  }
  return hexOf(found);
}

const results = jobs.map((job) => (job.cases ? play(job) : call(job)));
if (typeof document === "undefined") print(JSON.stringify(results));
else await fetch("/report", { method: "POST", body: JSON.stringify(results) });
