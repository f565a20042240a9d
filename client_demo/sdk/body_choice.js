/**
 * Which bodies are predicted: the nearest ones within reach of the avatar, and those that are still
 * drawn on their way back into the past.
 *
 * Pure. Bounded: what is farthest is given up first. `gameserver/client/body_choice.py` is the twin,
 * and a test compares the two.
 */
import { bodyOf } from "./body.js";

/**
 * @typedef {import("./body.js").Body} Body
 * @typedef {import("./body.js").BodyKind} BodyKind
 * @typedef {import("./view_state.js").Table} Table
 * @typedef {import("./view_state.js").ViewState} ViewState
 */

/** Bodies that are predicted at most: every pair of them may touch. */
export const MAX_BODIES = 32;

/**
 * Bodies times ticks that a state may have run again: 32 bodies at half a second and 60 ticks a
 * second.
 */
export const MAX_BODY_TICKS = 1024;

/** A body within reach stays until it is farther than the reach by this factor. */
export const LEAVE_FACTOR = 1.1;

/** The bodies chosen from the newest state. */
export class BodyChoice {
  #reach;
  #near = new Nearest();
  #leaving = new Nearest();

  /** @param {number} reach */
  constructor(reach) {
    this.#reach = reach;
  }

  /** Whether a body is to be predicted. @param {number} id */
  has(id) {
    return this.#near.has(id) || this.#leaving.has(id);
  }

  /**
   * Chooses anew, and notes which bodies are leaving.
   *
   * @param {readonly BodyKind[]} kinds
   * @param {ViewState} view the newest state
   * @param {number} ownId the avatar's, which is none of them
   * @param {number} x where the avatar is @param {number} y
   * @param {readonly Body[]} bodies those that are predicted now
   * @param {number} ticks that each is to be run
   */
  choose(kinds, view, ownId, x, y, bodies, ticks) {
    const limit = Math.min(MAX_BODIES, Math.floor(MAX_BODY_TICKS / Math.max(1, ticks)));
    this.#near.clear(limit);
    this.#leaving.clear(limit);
    for (const kind of kinds) {
      const table = view.tables[kind.type.index];
      for (let row = 0; row < table.count; row += 1) {
        const id = table.ids[row];
        const distance = distanceOf(kind, table, row, x, y);
        if (id !== ownId && distance < this.#reachOf(bodyOf(bodies, id))) {
          this.#near.offer(distance, id);
        }
      }
    }
    for (const body of bodies) {
      const { id } = body.entity;
      body.leaving = !this.#near.has(id);
      const table = view.tables[body.kind.type.index];
      const row = table.rowOf(id);
      if (!body.leaving || body.share === 0 || row < 0 || id === ownId) continue;
      this.#leaving.offer(distanceOf(body.kind, table, row, x, y), id);
    }
  }

  /** @param {Body | null} body */
  #reachOf(body) {
    return body === null || body.leaving ? this.#reach : this.#reach * LEAVE_FACTOR;
  }
}

/** The nearest of those that are offered, nearest first. */
class Nearest {
  #ids = new Int32Array(MAX_BODIES);
  #distances = new Float64Array(MAX_BODIES);
  #count = 0;
  #limit = MAX_BODIES;

  /** Forgets all. @param {number} limit how many are kept from now on */
  clear(limit) {
    this.#count = 0;
    this.#limit = limit;
  }

  /** @param {number} id */
  has(id) {
    for (let i = 0; i < this.#count; i += 1) if (this.#ids[i] === id) return true;
    return false;
  }

  /** @param {number} distance @param {number} id */
  offer(distance, id) {
    let place = this.#count;
    for (; place > 0 && this.#isBefore(distance, id, place - 1); place -= 1) {
      if (place < this.#limit) this.#put(place, this.#distances[place - 1], this.#ids[place - 1]);
    }
    if (place < this.#limit) this.#put(place, distance, id);
    this.#count = Math.min(this.#limit, this.#count + 1);
  }

  /** @param {number} distance @param {number} id @param {number} place */
  #isBefore(distance, id, place) {
    const other = this.#distances[place];
    return distance < other || (distance === other && id < this.#ids[place]);
  }

  /** @param {number} place @param {number} distance @param {number} id */
  #put(place, distance, id) {
    this.#distances[place] = distance;
    this.#ids[place] = id;
  }
}

/** How far a row of a table is from a place. @param {BodyKind} kind @param {Table} table @param {number} row @param {number} x @param {number} y */
function distanceOf({ x: columnX, y: columnY, type }, { codes, width }, row, x, y) {
  const awayX = codes[row * width + columnX] * type.numeric[columnX].step - x;
  const awayY = codes[row * width + columnY] * type.numeric[columnY].step - y;
  return Math.sqrt(awayX * awayX + awayY * awayY);
}
