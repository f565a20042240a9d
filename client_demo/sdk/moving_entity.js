/**
 * Entities that are drawn: their floats and angles stand in one typed array, and the properties
 * under the fields' names read and write it.
 *
 * An engine makes an object of a number that is written under a name in a variable, each time; of
 * one that is written into a typed array it does not. So the SDK writes into the arrays
 * (`floatsOf`), pages read the properties, and nothing is left to be collected.
 *
 * No twin in `gameserver/client/`: there it is one numpy array for all entities of a type.
 */
import { firstValue } from "./drawn.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 */

const FLOATS = Symbol("floats");
const NO_FLOATS = new Float64Array(0);

/**
 * By place in the array: the same functions for all types, so that engines see few shapes.
 *
 * @type {PropertyDescriptor[]}
 */
const ACCESSORS = [];

/**
 * @param {EntityType} type
 * @param {number} id
 * @returns {Entity}
 */
export function newMovingEntity(type, id) {
  /** @type {Entity} */
  const entity = { id, type: type.name, isNew: true };
  const { length } = type.moving;
  const floats = length === 0 ? NO_FLOATS : new Float64Array(length);
  Object.defineProperty(entity, FLOATS, { value: floats });
  let place = 0;
  for (const field of type.fields) {
    if (field.type === "float" || field.type === "angle") {
      floats[place] = firstValue(field);
      Object.defineProperty(entity, field.name, accessor(place));
      place += 1;
    } else entity[field.name] = firstValue(field);
  }
  return entity;
}

/**
 * The floats and angles of a moving entity, in the order of `type.moving`.
 *
 * @param {Entity} entity
 * @returns {Float64Array}
 */
export function floatsOf(entity) {
  return /** @type {any} */ (entity)[FLOATS];
}

/**
 * Sets everything but its id to what another entity of its type has.
 *
 * @param {EntityType} type
 * @param {Entity} to
 * @param {Entity} from
 * @param {Float64Array} floats those of `from`
 */
export function copyEntity({ numeric, stepping, objects }, to, from, floats) {
  to.isNew = from.isNew;
  floatsOf(to).set(floats);
  for (let i = 0; i < stepping.length; i += 1) {
    const { name } = numeric[stepping[i]];
    to[name] = from[name];
  }
  for (let i = 0; i < objects.length; i += 1) {
    const { name } = objects[i];
    to[name] = from[name];
  }
}

/** @param {number} place @returns {PropertyDescriptor} */
function accessor(place) {
  ACCESSORS[place] ??= {
    enumerable: true,
    configurable: true,
    get() {
      return /** @type {any} */ (this)[FLOATS][place];
    },
    set(value) {
      /** @type {any} */ (this)[FLOATS][place] = value;
    },
  };
  return ACCESSORS[place];
}
