/**
 * One predicted entity: the object that rules change, beside it its floats and angles in an array,
 * and its place on the grid, as the server's after each tick: to the last bit.
 *
 * An engine makes an object of a number that is read or written under a name in a variable. So the
 * step module of a room that predicts bodies brings functions in which the names are written out
 * (`FloatCopies`), and nothing is left to be collected. `gameserver/client/grid.py` is the twin, which
 * compiles such a function; a page may not compile code. The rule itself is in `fields.js`.
 */
import { newEntity } from "./drawn.js";
import { decodeValue, encodeNumber, encodeValue } from "./fields.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 *
 * @typedef {object} FloatCopies copies the floats and angles of a type's entities, in the order of
 *   `type.moving`
 * @property {(entity: any, floats: Float64Array) => void} read into an array
 * @property {(entity: any, floats: Float64Array) => void} write from an array
 */

/** An entity that is stepped ahead of the server. */
export class SteppedEntity {
  #copies;

  /** @param {EntityType} type @param {number} id @param {FloatCopies} [copies] */
  constructor(type, id, copies = copiesByName(type)) {
    this.#copies = copies;
    this.type = type;
    this.entity = newEntity(type, id);
    /** Its floats and angles, in the order of `type.moving`. */
    this.floats = new Float64Array(type.moving.length);
    /** Those of all numeric fields; a reference's is what the server says. */
    this.codes = new Int32Array(type.numeric.length);
  }

  /**
   * Sets every numeric field.
   *
   * @param {Int32Array} codes
   * @param {number} start of the entity's row among them
   */
  load(codes, start) {
    const { numeric, moving, stepping } = this.type;
    for (let c = 0; c < numeric.length; c += 1) this.codes[c] = codes[start + c];
    for (let i = 0; i < moving.length; i += 1) {
      this.floats[i] = this.codes[moving[i]] * numeric[moving[i]].step;
    }
    this.#copies.write(this.entity, this.floats);
    for (let i = 0; i < stepping.length; i += 1) {
      const field = numeric[stepping[i]];
      this.entity[field.name] = decodeValue(field, this.codes[stepping[i]]);
    }
  }

  /**
   * Rules have changed it: sets every field to the nearest value of its grid, references left out.
   *
   * @throws {TypeError} for a value that a field cannot hold
   */
  snap() {
    const { numeric, moving, stepping } = this.type;
    const { entity, floats, codes } = this;
    this.#copies.read(entity, floats);
    for (let i = 0; i < moving.length; i += 1) {
      const field = numeric[moving[i]];
      const code = encodeNumber(field, floats[i]);
      codes[moving[i]] = code;
      floats[i] = code * field.step;
    }
    this.#copies.write(entity, floats);
    for (let i = 0; i < stepping.length; i += 1) {
      const field = numeric[stepping[i]];
      if (field.type === "ref") continue;
      const code = encodeValue(field, entity[field.name]);
      codes[stepping[i]] = code;
      entity[field.name] = decodeValue(field, code);
    }
  }

  /**
   * Sets every reference to the nearest value of its grid.
   *
   * @throws {TypeError} for a value that a reference cannot hold
   */
  snapReferences() {
    const { entity, codes, type } = this;
    for (const column of type.stepping) {
      const field = type.numeric[column];
      if (field.type !== "ref") continue;
      codes[column] = encodeValue(field, entity[field.name]);
      entity[field.name] = decodeValue(field, codes[column]);
    }
  }
}

/** For rooms whose module brings none. @param {EntityType} type @returns {FloatCopies} */
export function copiesByName({ numeric, moving }) {
  return {
    read(entity, floats) {
      for (let i = 0; i < moving.length; i += 1) floats[i] = entity[numeric[moving[i]].name];
    },
    write(entity, floats) {
      for (let i = 0; i < moving.length; i += 1) entity[numeric[moving[i]].name] = floats[i];
    },
  };
}
