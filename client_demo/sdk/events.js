/**
 * The events of a room, in order and once (protocol.md §6), held until what is drawn has reached their tick. Pure.
 */
import { ProtocolError } from "./errors.js";

/** @typedef {import("./codec.js").RoomEvent} RoomEvent */

export class EventQueue {
  /** @type {RoomEvent[]} */
  #waiting = [];

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
    this.#waiting.push(...items);
  }

  /** Takes out the oldest event that happened by `tick`, or undefined. @param {number} tick @returns {RoomEvent | undefined} */
  take(tick) {
    return this.#waiting.length > 0 && this.#waiting[0].tick <= tick
      ? this.#waiting.shift()
      : undefined;
  }
}
