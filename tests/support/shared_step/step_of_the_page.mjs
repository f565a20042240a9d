/**
 * Predicts with a step module as protocol.md §4 and §7 say, and nothing else of ours: reads one JSON
 * object from standard input, `{module, dt, contact, fields, inputs, ticks}`, and writes the codes of
 * each tick's avatar.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const TURN = 6.283185307179586;
const job = JSON.parse(readFileSync(0, "utf8"));
const step = await import(`data:text/javascript,${encodeURIComponent(job.module)}`);

/** §4: what a code means. */
function value(field, code) {
  switch (field.kind) {
    case "float":
      return code * field.step;
    case "angle":
      return code * (TURN / field.steps);
    case "flag":
      return code === 1;
    case "choice":
      return field.names[code];
    default:
      return code;
  }
}

/** §7: the code of a value after a step. */
function snap(field, is) {
  if (field.kind === "flag") return Number(is);
  if (field.kind === "choice") return field.names.indexOf(is);
  if (field.kind === "angle") {
    const code = Math.floor(is / (TURN / field.steps) + 0.5);
    return ((code % field.steps) + field.steps) % field.steps;
  }
  if (field.kind !== "float" && field.kind !== "int") return is;
  const code = Math.floor(is / (field.step ?? 1) + 0.5);
  return Math.min(field.hi, Math.max(field.lo, code));
}

const object = (fields, codes) =>
  Object.fromEntries(fields.map((field, i) => [field.name, value(field, codes[i])]));

/** §7: one tick of the predicted world; every entity is `{id, type, fields, is}`. */
function tick({ own, controls, entities }) {
  const { world } = step;
  const all = entities.map(({ id, type, codes }) => {
    return { id, type, is: object(job.types[type], codes) };
  });
  const of = (type) => all.filter((one) => one.type === type).sort((a, b) => a.id - b.id);
  const held = object(job.inputs, controls);
  const neutral = object(
    job.inputs,
    job.inputs.map((field) => Math.max(0, field.lo ?? 0)),
  );
  for (const { id, type, is } of all) {
    if (!world.steered.includes(type)) continue;
    const shown = Object.fromEntries(world.shows.map((name) => [name, is[name]]));
    step.predict(is, id === own ? held : { ...neutral, ...shown }, job.dt);
    if (id === own) for (const name of world.shows) is[name] = held[name];
  }
  for (const [type, move] of world.steps) {
    if (move !== null) for (const { is } of of(type)) move(is, job.dt);
  }
  for (const [type, other, contact] of world.contacts) {
    for (const one of of(type)) {
      const met = type === other ? of(other).filter(({ id }) => id > one.id) : of(other);
      for (const { is } of met) contact(one.is, is, job.dt);
    }
  }
  return all.map(({ type, is }) => job.types[type].map((field) => snap(field, is[field.name])));
}

if (job.types) {
  assert.deepEqual(Object.keys(step).sort(), ["predict", "world"]);
  console.log(JSON.stringify(job.ticks.map(tick)));
  process.exit(0);
}

assert.deepEqual(Object.keys(step).sort(), job.contact ? ["contact", "predict"] : ["predict"]);
const codes = job.ticks.map(({ entity, controls, others }) => {
  const me = object(job.fields, entity);
  const keys = Object.keys(me);
  const held = Object.freeze(object(job.inputs, controls));
  assert.equal(step.predict(me, held, job.dt), undefined, "predict returns nothing");
  for (const other of job.contact ? others : []) {
    const frozen = Object.freeze(object(job.fields, other));
    assert.equal(step.contact(me, frozen, job.dt), undefined, "contact returns nothing");
  }
  assert.deepEqual(Object.keys(me), keys, "fields change in place, and no others come");
  return job.fields.map((field) => snap(field, me[field.name]));
});
console.log(JSON.stringify(codes));
