/**
 * The others as the own avatar meets them ahead of the server: where they are expected to be when
 * its next input frame counts.
 *
 * Pure. docs/guide/time.md §6 states the algorithm; `gameserver/client/contact.py` is the twin, and
 * a test compares the two.
 *
 * - An other goes on with its newest known rates. What its own controls, or the contact itself,
 *   make it do is not known before the server's next state; so contact makes corrections smaller,
 *   and does not make them vanish.
 * - Only the own avatar is changed.
 */
import { newEntity, setColumns } from "./drawn.js";
import { snapValue } from "./fields.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./view_state.js").Table} Table
 *
 * @typedef {(me: any, other: any, dt: number) => void} Contact the room's shared function for two
 *   that meet: changes `me`
 */

/**
 * For how long an other is expected to go on as it did: longer than a round trip at 150 ms each
 * way.
 */
export const MAX_AHEAD_S = 0.5;

/** All entities of the own avatar's type but itself. */
export class Others {
  #type;
  #contact;
  #dt;
  #maxTicks;
  #columns;
  /** What moves: columns of the fields that have a rate. @type {readonly number[]} */
  #moving;
  #seq = 0;
  /** Each of them; where they are by the newest state, one after the other. @type {Entity[]} */
  #known = [];
  /** @type {number[]} */
  #places = [];

  /** @param {EntityType} type @param {Contact} contact @param {number} tickHz */
  constructor(type, contact, tickHz) {
    this.#type = type;
    this.#contact = contact;
    this.#dt = 1 / tickHz;
    this.#maxTicks = Math.floor(MAX_AHEAD_S * tickHz);
    this.#columns = type.numeric.map((_, column) => column);
    this.#moving = this.#columns.filter((column) => type.numeric[column].rate >= 0);
  }

  get count() {
    return this.#known.length;
  }

  /**
   * Takes the newest state.
   *
   * @param {number} seq newest frame consumed @param {Table} table of the avatar's type
   * @param {number} ownId
   */
  see(seq, table, ownId) {
    this.#seq = seq;
    this.#known.length = 0;
    this.#places.length = 0;
    for (let row = 0; row < table.count; row += 1) {
      if (table.ids[row] === ownId) continue;
      const entity = newEntity(this.#type, table.ids[row]);
      setColumns(entity, this.#columns, table, row);
      this.#known.push(entity);
      for (const column of this.#moving) this.#places.push(entity[this.#type.numeric[column].name]);
    }
  }

  /**
   * Lets the avatar, after the step of frame `seq`, meet the others where they will be then.
   *
   * @param {Entity} me @param {Readonly<Record<string, any>>} _controls @param {number} seq
   */
  touch(me, _controls, seq) {
    const aheadS = Math.min(seq - this.#seq, this.#maxTicks) * this.#dt;
    const { numeric } = this.#type;
    let place = 0;
    for (const other of this.#known) {
      for (const column of this.#moving) {
        const field = numeric[column];
        const at = this.#places[place] + other[numeric[field.rate].name] * aheadS;
        other[field.name] = snapValue(field, at);
        place += 1;
      }
      this.#contact(me, other, this.#dt);
    }
  }
}
