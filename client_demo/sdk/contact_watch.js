/**
 * Sees which contacts of a predicted tick have changed a body, so that a page can show a hit when and
 * where it is predicted.
 *
 * Pure. A contact function checks the distance itself, so that it ran says nothing: the numeric
 * fields of both bodies are compared with what they were before. Only what a contact has changed is
 * copied. `gameserver/client/contact_watch.py` is the twin, and a test compares the two.
 */
import { copiesByName } from "./grid.js";

/**
 * @typedef {import("./body.js").BodyKind} BodyKind
 * @typedef {import("./drawn.js").Entity} Entity
 *
 * @typedef {object} SeenContact copies, which are not changed later
 * @property {Entity} one as the contact has left it
 * @property {Entity} other
 * @property {{one: Entity, other: Entity}} before both as they were when the contact began
 */

/** One contact of a room's declaration, watched. */
export class ContactWatch {
  #one;
  #other;

  /** @param {BodyKind} ones @param {BodyKind} others */
  constructor(ones, others) {
    this.#one = new FieldsBefore(ones);
    this.#other = new FieldsBefore(others);
  }

  /**
   * Runs a contact.
   *
   * @param {(one: any, other: any, dt: number) => void} contact
   * @param {Entity} one
   * @param {Entity} other
   * @param {number} dt
   * @param {SeenContact[]} seen takes it, if it has changed one of the two
   */
  run(contact, one, other, dt, seen) {
    this.#one.keep(one);
    this.#other.keep(other);
    contact(one, other, dt);
    if (!this.#one.differ(one) && !this.#other.differ(other)) return;
    const before = { one: this.#one.on(one), other: this.#other.on(other) };
    seen.push({ one: { ...one }, other: { ...other }, before });
  }
}

/** The numeric fields of a body as they were. */
class FieldsBefore {
  #copies;
  #floats;
  #now;
  /** Names of the other numeric fields, and their values. */
  #names;
  /** @type {any[]} */
  #values;

  /** @param {BodyKind} kind */
  constructor({ type, copies = copiesByName(type) }) {
    this.#copies = copies;
    this.#floats = new Float64Array(type.moving.length);
    this.#now = new Float64Array(type.moving.length);
    this.#names = type.stepping.map((column) => type.numeric[column].name);
    this.#values = this.#names.map(() => 0);
  }

  /** @param {Entity} entity */
  keep(entity) {
    this.#copies.read(entity, this.#floats);
    for (let i = 0; i < this.#names.length; i += 1) this.#values[i] = entity[this.#names[i]];
  }

  /** Whether one of them is another now. @param {Entity} entity */
  differ(entity) {
    this.#copies.read(entity, this.#now);
    for (let i = 0; i < this.#now.length; i += 1) {
      if (this.#now[i] !== this.#floats[i]) return true;
    }
    for (let i = 0; i < this.#names.length; i += 1) {
      if (entity[this.#names[i]] !== this.#values[i]) return true;
    }
    return false;
  }

  /** A copy of the entity with them. @param {Entity} entity */
  on(entity) {
    const copy = { ...entity };
    this.#copies.write(copy, this.#floats);
    for (let i = 0; i < this.#names.length; i += 1) copy[this.#names[i]] = this.#values[i];
    return copy;
  }
}
