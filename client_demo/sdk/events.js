/**
 * The events of a room, in order and once (protocol.md §6), held until what is drawn has reached
 * their tick.
 *
 * Events that the client expects, because its own action is going to cause them, are reported ahead
 * of the server; the server's own is then not reported again, and one that does not come in time is
 * withdrawn.
 *
 * Pure; times in seconds. `gameserver/client/events.py` is the twin, and a test compares the two.
 */
import { CloseCode, PROTOCOL_EVENT_PREFIX } from "./constants.js";
import { ProtocolError } from "./errors.js";

/**
 * @typedef {import("./codec.js").RoomEvent} RoomEvent
 *
 * @typedef {object} Expected an event that was reported ahead of the server
 * @property {string} name
 * @property {any} payload
 * @property {(payload: any) => boolean} match whether an event of that name with this payload is
 *   the expected one
 * @property {number} untilS when it is withdrawn
 */

/**
 * How long an expected event is waited for unless the game says otherwise: several round trips on
 * any link that one can play on.
 */
export const EXPECT_WITHIN_S = 1;

/** The events of one session. */
export class EventQueue {
  /** @type {RoomEvent[]} */
  #waiting = [];
  /** @type {Expected[]} */
  #expected = [];

  /** Everything up to here has arrived. */
  cursor;

  /** @param {number} cursor WELCOME's event cursor */
  constructor(cursor) {
    this.cursor = cursor;
  }

  /**
   * Takes an EVENTS message. The protocol's own events in it are not kept: they are not the game's.
   *
   * @param {import("./codec.js").Events} message
   * @throws {ProtocolError} when events between the cursor and this message are missing, which no
   *   server does
   */
  add({ since, upto, items }) {
    if (since !== this.cursor) {
      throw new ProtocolError(
        `EVENTS: since ${since}, but the cursor is ${this.cursor}`,
        CloseCode.MALFORMED,
      );
    }
    this.cursor = upto;
    for (const event of items) {
      if (event.name.startsWith(PROTOCOL_EVENT_PREFIX) || this.#claim(event)) continue;
      this.#waiting.push(event);
    }
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

  /** Remembers an event that was reported ahead of the server. @param {Expected} expected */
  expect(expected) {
    this.#expected.push(expected);
  }

  /**
   * Takes out the expected events that did not come in time.
   *
   * @param {number} nowS
   * @returns {Expected[]} oldest first
   */
  takeOverdue(nowS) {
    const overdue = this.#expected.filter(({ untilS }) => untilS <= nowS);
    if (overdue.length > 0) {
      this.#expected = this.#expected.filter(({ untilS }) => untilS > nowS);
    }
    return overdue;
  }

  /**
   * Takes out the events that happened by `tick`.
   *
   * @param {number} tick
   * @returns {RoomEvent[]} oldest first
   */
  take(tick) {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count].tick <= tick) count += 1;
    return this.#waiting.splice(0, count);
  }

  /** @param {RoomEvent} event @returns {boolean} whether it was expected; it then no longer is */
  #claim(event) {
    const found = this.#expected.findIndex(
      ({ name, match }) => name === event.name && match(event.payload),
    );
    if (found >= 0) this.#expected.splice(found, 1);
    return found >= 0;
  }
}
