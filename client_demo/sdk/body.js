/**
 * One predicted body: its values after the newest predicted tick, the pose that is drawn of it, and
 * how far it has come on its way from the past that is interpolated to the present that is
 * predicted.
 *
 * Pure; times in seconds. `gameserver/client/body.py` is the twin, and a test compares the two.
 */
import { marksNew, setObjects } from "./drawn.js";
import { SteppedEntity } from "./grid.js";
import { copyEntity, floatsOf, newMovingEntity } from "./moving_entity.js";
import { Pose } from "./pose.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./view_state.js").Table} Table
 *
 * @typedef {object} BodyStats how well the bodies of one type are predicted
 * @property {number} bodies how many are predicted now
 * @property {number} corrections how often a state moved one of them from where it was predicted
 * @property {number} units how far the newest of these moved what is drawn
 * @property {number} late corrections with a state before which the server repeated or dropped an
 *   input frame of this client
 * @property {number} others corrections with a state in which something that others steer was
 *   elsewhere than predicted too
 * @property {number} rules all other corrections: rules outside of the predicted world, bodies that
 *   were out of reach, rules that differ
 */

/**
 * How long a body is drawn on its way between the past that is interpolated and the present that is
 * predicted.
 */
export const BLEND_S = 0.25;

/** The bodies of one type. */
export class BodyKind {
  /**
   * @param {EntityType} type
   * @param {boolean} steered whether players steer it
   * @param {readonly [string, string]} place names of the fields that hold a position
   * @param {import("./grid.js").FloatCopies} copies
   */
  constructor(type, steered, place, copies) {
    const { numeric } = type;
    this.type = type;
    this.copies = copies;
    this.steered = steered;
    this.x = numeric.findIndex(({ name }) => name === place[0]);
    this.y = numeric.findIndex(({ name }) => name === place[1]);
    this.marksNew = marksNew(type);
    /** Every entity of the type that takes part, ids ascending, the own avatar among them. @type {Entity[]} */
    this.entities = [];
    /** @type {BodyStats} */
    this.stats = { bodies: 0, corrections: 0, units: 0, late: 0, others: 0, rules: 0 };
  }

  /**
   * Makes `entities` anew.
   *
   * @param {readonly Body[]} bodies of all types, ids ascending in each
   * @param {Entity | null} avatar the own one, if it is of this type
   */
  fill(bodies, avatar) {
    const { entities } = this;
    let count = 0;
    let own = avatar;
    for (const { kind, entity } of bodies) {
      if (kind !== this) continue;
      if (own !== null && own.id < entity.id) {
        entities[count] = own;
        own = null;
        count += 1;
      }
      entities[count] = entity;
      count += 1;
    }
    if (own !== null) {
      entities[count] = own;
      count += 1;
    }
    entities.length = count;
  }
}

/** One predicted body. */
export class Body {
  /** How much of the way from the past to the present it has come. */
  share = 0;
  leaving = false;
  /** Whether it was predicted before the state that is being taken. */
  known = false;
  /** Whether that state has moved it. */
  moved = false;
  #isNew = true;

  /** @param {BodyKind} kind @param {number} id @param {number} tickS @param {number} snapDistance */
  constructor(kind, id, tickS, snapDistance) {
    const { type } = kind;
    this.kind = kind;
    this.stepped = new SteppedEntity(type, id, kind.copies);
    /** What rules change: the body after the newest predicted tick. */
    this.entity = this.stepped.entity;
    this.drawn = newMovingEntity(type, id);
    this.pose = new Pose(type, tickS, snapDistance);
    /** The controls that its fields hold, if it is steered. @type {Record<string, any>} */
    this.held = {};
    /** Its codes before the state that is being taken. */
    this.before = new Int32Array(type.numeric.length);
    /** Where it was drawn then. */
    this.was = new Float64Array(this.pose.size);
  }

  /** A state is about to be taken: notes where it is predicted and drawn. @param {number} nowS */
  remember(nowS) {
    this.known = true;
    this.before.set(this.stepped.codes);
    this.was.set(this.pose.at(this.stepped, nowS));
  }

  /** Sets it to what a state has of it. @param {Table} table @param {number} row */
  load(table, row) {
    this.stepped.load(table.codes, row * table.width);
    setObjects(this.entity, table, row);
    this.pose.place(this.stepped);
  }

  /** A tick has run: puts every field on its grid, as the server does. */
  step() {
    this.stepped.snap();
    this.pose.step(this.stepped);
  }

  /** Notes whether the state that was taken has moved it; one that jumped is drawn there at once. */
  compare() {
    const { before } = this;
    const { codes } = this.stepped;
    const { jumps, moving } = this.kind.type;
    this.moved = false;
    if (!this.known) return;
    if (jumps >= 0 && before[jumps] !== codes[jumps]) {
      this.pose.settle();
      this.share = 1;
      return;
    }
    for (let i = 0; i < moving.length; i += 1) {
      if (before[moving[i]] !== codes[moving[i]]) this.moved = true;
    }
  }

  /**
   * Puts it into the list of what is drawn of its type.
   *
   * @param {Entity[]} list
   * @param {number} elapsedS since the drawn frame before
   * @param {number} nowS
   */
  draw(list, elapsedS, nowS) {
    const { drawn, entity, stepped, pose, kind } = this;
    const at = placeOf(list, entity.id);
    const past = at < 0 ? null : list[at];
    this.#moveShare(elapsedS, past);
    const { share } = this;
    if (past === null || share >= 0.5) copyEntity(kind.type, drawn, entity, stepped.floats);
    else copyEntity(kind.type, drawn, past, floatsOf(past));
    if (past === null || share === 1) pose.write(drawn, stepped, nowS);
    else pose.mix(drawn, past, pose.at(stepped, nowS), share * share * (3 - 2 * share));
    if (kind.marksNew) drawn.isNew = past === null ? this.#isNew : past.isNew && this.#isNew;
    this.#isNew = false;
    if (at < 0) list.push(drawn);
    else list[at] = drawn;
  }

  /** Where it is drawn in the present; the same object each time. @param {number} nowS */
  drawnAt(nowS) {
    copyEntity(this.kind.type, this.drawn, this.entity, this.stepped.floats);
    this.pose.write(this.drawn, this.stepped, nowS);
    return this.drawn;
  }

  /**
   * Moves it on its way between the past and the present.
   *
   * @param {number} elapsedS
   * @param {Entity | null} past what is interpolated; null: the past that is drawn does not hold it
   */
  #moveShare(elapsedS, past) {
    const step = elapsedS / BLEND_S;
    if (past === null || this.#jumpsAfter(past)) this.share = 1;
    else if (this.leaving) this.share = Math.max(0, this.share - step);
    else this.share = Math.min(1, this.share + step);
  }

  /**
   * Whether a jump lies between the past that is drawn and the present: there is no way from one to
   * the other, and the old place must not come back.
   *
   * @param {Entity} past
   */
  #jumpsAfter(past) {
    const { jumps, numeric } = this.kind.type;
    return jumps >= 0 && past[numeric[jumps].name] !== this.stepped.codes[jumps];
  }
}

/** @param {readonly Body[]} bodies @param {number} id @returns {Body | null} */
export function bodyOf(bodies, id) {
  for (let i = 0; i < bodies.length; i += 1) if (bodies[i].entity.id === id) return bodies[i];
  return null;
}

/** @param {readonly Entity[]} list @param {number} id */
export function placeOf(list, id) {
  for (let i = 0; i < list.length; i += 1) if (list[i].id === id) return i;
  return -1;
}
