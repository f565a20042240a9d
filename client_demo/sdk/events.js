/**
 * The events of a room, in order and once (protocol.md §6), held until what is drawn has reached
 * their tick. Pure.
 */
import { ProtocolError } from "./errors.js";

/**
 * @typedef {import("./codec.js").RoomEvent} RoomEvent
 *
 * @typedef {object} Expected an event that was told ahead of the server
 * @property {string} name
 * @property {any} payload
 * @property {(payload: any) => boolean} match whether one of that name is it
 * @property {number} untilS when it is given up
 */

export class EventQueue {
  /** @type {RoomEvent[]} */
  #waiting = [];
  /** @type {Expected[]} */
  #expected = [];

  /** Everything up to here has arrived. */
  cursor;

  /** @param {number} cursor from WELCOME */
  constructor(cursor) {
    this.cursor = cursor;
  }

  /**
   * @param {import("./codec.js").Events} message
   * @throws {ProtocolError} when events were lost, which the server never does
   */
  add({ since, upto, items }) {
    if (since !== this.cursor) {
      throw new ProtocolError(`EVENTS go on from ${since}, the cursor is ${this.cursor}`);
    }
    this.cursor = upto;
    for (const event of items) if (!this.#claim(event)) this.#waiting.push(event);
  }

  /**
   * Goes on from the cursor of a WELCOME that answers RESUME.
   *
   * @param {number} cursor
   * @returns {number} how many events may be lost: so many numbers passed that the room no longer
   *   holds
   */
  resume(cursor) {
    const missed = Math.max(0, cursor - this.cursor);
    this.cursor += missed;
    return missed;
  }

  /**
   * An event that was told already, ahead of the server: the server's own is not told again.
   *
   * @param {Expected} expected
   */
  expect(expected) {
    this.#expected.push(expected);
  }

  /**
   * Takes out an expected event that did not come in time, or undefined.
   *
   * @param {number} nowS
   * @returns {Expected | undefined}
   */
  takeOverdue(nowS) {
    const overdue = this.#expected.findIndex(({ untilS }) => untilS <= nowS);
    return overdue < 0 ? undefined : this.#expected.splice(overdue, 1)[0];
  }

  /**
   * Takes out the oldest event that happened by `tick`, or undefined.
   *
   * @param {number} tick
   * @returns {RoomEvent | undefined}
   */
  take(tick) {
    return this.#waiting.length > 0 && this.#waiting[0].tick <= tick
      ? this.#waiting.shift()
      : undefined;
  }

  /** @param {RoomEvent} event @returns {boolean} whether it was expected */
  #claim(event) {
    const found = this.#expected.findIndex(
      ({ name, match }) => name === event.name && match(event.payload),
    );
    if (found >= 0) this.#expected.splice(found, 1);
    return found >= 0;
  }
}
