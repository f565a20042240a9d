/**
 * What moves the bodies of a predicted world and what happens when two meet, in the server's order:
 * types as declared, ids ascending.
 *
 * Pure. The twin is `run_world` in `gameserver/state/touch.py`.
 */
import { BodyKind } from "./body.js";
import { ContactWatch } from "./contact_watch.js";

/**
 * @typedef {import("./contact_watch.js").SeenContact} SeenContact
 * @typedef {import("./schema.js").Schema} Schema
 *
 * @typedef {Record<string, any>} Controls an input's value under its name
 * @typedef {(entity: any, controls: any, dt: number) => void} Step
 *
 * @typedef {object} Touch what the room's own module exports as `world` (protocol.md §7)
 * @property {number} reach
 * @property {number} snap an error beyond it is not eased out
 * @property {readonly [string, string]} place names of the fields that hold a body's position
 * @property {readonly string[]} steered names of the types that players steer
 * @property {readonly string[]} shows names of the inputs that they show in fields of that name
 * @property {number} shows_s for how long those are believed
 * @property {Readonly<Record<string, import("./grid.js").FloatCopies>>} floats for each type
 * @property {readonly [string, ((body: any, dt: number) => void) | null][]} steps
 * @property {readonly [string, string, (one: any, other: any, dt: number) => void][]} contacts
 */

/** The steps and contacts of one room. */
export class WorldRules {
  /** @type {{kind: BodyKind, step: (body: any, dt: number) => void}[]} */
  #steps;
  /** @type {{ones: BodyKind, others: BodyKind, contact: (one: any, other: any, dt: number) => void}[]} */
  #contacts;
  /** Made when a tick is watched for the first time, one for each contact. @type {ContactWatch[]} */
  #watches = [];
  #dt;

  /**
   * @param {Schema} schema
   * @param {Touch} touch the room's declaration
   * @param {number} dt the length of a tick in seconds
   * @throws {TypeError} when the room has no type of a name
   */
  constructor(schema, touch, dt) {
    this.#dt = dt;
    /** @type {Map<string, BodyKind>} */
    const kinds = new Map();
    const { steered, place, floats } = touch;
    const named = (/** @type {string} */ name) => {
      const type = schema.types.find((item) => item.name === name);
      if (type === undefined) throw new TypeError(`no entity type is called ${name}`);
      const kind =
        kinds.get(name) ?? new BodyKind(type, steered.includes(name), place, floats[name]);
      kinds.set(name, kind);
      return kind;
    };
    this.#steps = touch.steps.flatMap(([name, step]) => {
      const kind = named(name);
      return step === null ? [] : [{ kind, step }];
    });
    this.#contacts = touch.contacts.map(([one, other, contact]) => {
      return { ones: named(one), others: named(other), contact };
    });
    /** In the order of the declaration. @type {readonly BodyKind[]} */
    this.kinds = [...kinds.values()];
  }

  /**
   * Runs steps and contacts of one tick, after every steered body has been moved.
   *
   * @param {SeenContact[] | null} seen takes those contacts that have changed a body; null: they are
   *   not watched
   */
  run(seen) {
    const dt = this.#dt;
    for (let s = 0; s < this.#steps.length; s += 1) {
      const { kind, step } = this.#steps[s];
      for (let i = 0; i < kind.entities.length; i += 1) step(kind.entities[i], dt);
    }
    for (let c = 0; c < this.#contacts.length; c += 1) {
      const { ones, others, contact } = this.#contacts[c];
      for (let i = 0; i < ones.entities.length; i += 1) {
        const first = ones === others ? i + 1 : 0;
        for (let j = first; j < others.entities.length; j += 1) {
          if (seen === null) contact(ones.entities[i], others.entities[j], dt);
          else this.#watch(c).run(contact, ones.entities[i], others.entities[j], dt, seen);
        }
      }
    }
  }

  /** @param {number} c place of the contact */
  #watch(c) {
    const { ones, others } = this.#contacts[c];
    this.#watches[c] ??= new ContactWatch(ones, others);
    return this.#watches[c];
  }
}
