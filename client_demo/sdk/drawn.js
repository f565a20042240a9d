/**
 * What `draw` returns: objects with a value under each field's name, kept from one drawn frame to
 * the next. Knows nothing of time. `moving_entity.js` keeps their numbers so that drawing makes no
 * garbage; the people of a room, who are few and frozen, are plain objects.
 *
 * `gameserver/client/drawn.py` is the twin. Programs that draw look at many entities at once, so
 * there they are numpy arrays, new each time.
 */
import { clamp, decodeObject, decodeValue, isNumeric } from "./fields.js";

/**
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./view_state.js").Table} Table
 *
 * @typedef {Record<string, any> & {id: number, type: string, isNew: boolean}} Entity a field's
 *   value under its name, `type` the name of its type, `isNew` true the first time that it is drawn.
 *   A game's own field called `type` or `isNew` stands under that name.
 *
 * @typedef {object} Drawn what to draw; all objects are reused the next time
 * @property {Map<string, Entity[]>} entities by the name of their type, each list in ascending
 *   order of id except for the own avatar
 * @property {Entity | null} avatar what the player steers, predicted if prediction is on; also in
 *   its list
 * @property {number} tick the moment at which the others are drawn, in ticks of the room
 */

/**
 * @param {EntityType} type
 * @param {number} id
 * @returns {Entity} with every property that it will ever have, always in the same order: one shape
 *   for the engine
 */
export function newEntity(type, id) {
  /** @type {Entity} */
  const entity = { id, type: type.name, isNew: true };
  for (const field of type.fields) entity[field.name] = firstValue(field);
  return entity;
}

/** What a field holds before anything is known of it. @param {import("./fields.js").Field} field @returns {any} */
export function firstValue(field) {
  if (isNumeric(field)) return decodeValue(field, clamp(0, field.lo, field.hi));
  return field.type === "text" ? "" : [];
}

/** @param {EntityType} type */
export function marksNew(type) {
  return !type.fields.some((field) => field.name === "isNew");
}

/**
 * Sets the numeric fields of the given columns to the values that stand in the table.
 *
 * @param {Entity} entity
 * @param {readonly number[]} columns
 * @param {Table} table
 * @param {number} row
 */
export function setColumns(entity, columns, table, row) {
  const { numeric } = table.type;
  for (const column of columns) {
    const field = numeric[column];
    entity[field.name] = decodeValue(field, table.codes[row * table.width + column]);
  }
}

/** Sets the texts and lists. @param {Entity} entity @param {Table} table @param {number} row */
export function setObjects(entity, table, row) {
  table.type.objects.forEach((field, i) => {
    entity[field.name] = decodeObject(field, table.objects[i][row]);
  });
}

/**
 * The same for those whose code is another object than before. States share the codes of what has not changed, so a list
 * at rest costs a comparison, however long it is.
 *
 * @param {Entity} entity
 * @param {Table} table
 * @param {number} row
 * @param {any[]} codes what was set before; is changed
 */
export function setChangedObjects(entity, table, row, codes) {
  const { objects } = table.type;
  for (let i = 0; i < objects.length; i += 1) {
    const code = table.objects[i][row];
    if (codes[i] === code) continue;
    codes[i] = code;
    entity[objects[i].name] = decodeObject(objects[i], code);
  }
}
