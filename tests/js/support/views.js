/** Views and entities of the SDK as plain numbers, for comparisons with Python. */

/** @typedef {import("../../../client_demo/sdk/schema.js").EntityType} EntityType */
/** @typedef {import("../../../client_demo/sdk/view_state.js").ViewRing} ViewRing */

/** Fills the spare state of a ring. @param {ViewRing} ring @param {any} snapshot */
export function show(ring, { tick, tables }) {
  const { spare } = ring;
  spare.tick = tick;
  tables.forEach((/** @type {any} */ { ids, rows, objects }, /** @type {number} */ i) => {
    const table = spare.tables[i];
    table.reserve(ids.length);
    table.count = ids.length;
    table.ids.set(ids);
    table.codes.set(rows.flat());
    table.objects = objects;
  });
  ring.commit();
}

/** The numeric fields of an entity, references left out. @param {any} entity @param {EntityType} type */
export function numbersOf(entity, type) {
  return type.numeric
    .filter((field) => field.type !== "ref")
    .map((field) => Number(entity[field.name]));
}
