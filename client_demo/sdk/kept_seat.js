/**
 * The seat that a page leaves to the next page of its tab: one that is loaded again goes on with it.
 *
 * A seat is in the tab's storage only from the moment that its page is left until the next page takes
 * it out. A tab that is duplicated, or opened by a page, begins with a copy of the storage of a page
 * that is still there, and so without its seat: it is another player.
 *
 * No twin in Python: a program has no page.
 */
import { socketUrl } from "./page.js";

/**
 * @typedef {object} KeptSeat
 * @property {string} room the id of its room
 * @property {number} role as in `ConnectOptions`
 * @property {string} token what resumes the session, in hexadecimal
 * @property {number} untilMs when the room gives the seat away, as `Date.now()` counts
 *
 * @typedef {object} WantedSeat
 * @property {string} kind of room
 * @property {number} [role] left out: any
 * @property {string | null} [room] left out: any
 * @property {string | null} [code] a room's code, instead of its id
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} TabStorage
 */

const TOKEN = /^([0-9a-f]{2}){24}$/;

/**
 * Looks for the seat that the page before has left, which `connect` with these options takes; for
 * pages that ask nothing of a player who is still in the game.
 *
 * @param {string | URL} url of the WebSocket, as for `connect`
 * @param {WantedSeat} wanted
 * @returns {{room: string, role: number} | null} null: there is none
 * @throws {TypeError} for a URL that is none
 */
export function keptSeat(url, wanted) {
  const found = new KeptSeats(socketUrl(url), tabStorage()).find(wanted);
  return found === undefined ? null : { room: found.room, role: found.role };
}

/** The storage of this tab; null: there is none, or the browser refuses it. @returns {TabStorage | null} */
export function tabStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/** The seats of one server that pages of this tab have left. */
export class KeptSeats {
  #url;
  #storage;

  /** @param {string} url of the server's WebSocket @param {TabStorage | null} storage null: nothing is kept */
  constructor(url, storage) {
    this.#url = url;
    this.#storage = storage;
  }

  /** The seat that was left first of those that fit; it stays. @param {WantedSeat} wanted */
  find(wanted) {
    return this.#read(wanted.kind).find((seat) => fits(seat, wanted));
  }

  /** Takes it out. @param {WantedSeat} wanted @returns {KeptSeat | null} null: there is none */
  take(wanted) {
    const seat = this.find(wanted);
    if (seat === undefined) return null;
    this.drop(wanted.kind, seat.token);
    return seat;
  }

  /** Leaves a seat. @param {string} kind of room @param {KeptSeat} seat @returns {boolean} false: it could not be */
  put(kind, seat) {
    return this.#write(kind, [...this.#read(kind), seat]);
  }

  /** Takes a seat out, if it is there. @param {string} kind of room @param {string} token */
  drop(kind, token) {
    this.#write(
      kind,
      this.#read(kind).filter((seat) => seat.token !== token),
    );
  }

  /** @param {string} kind @returns {KeptSeat[]} oldest first */
  #read(kind) {
    try {
      const seats = JSON.parse(this.#storage?.getItem(this.#keyOf(kind)) ?? "[]");
      return seats.filter(
        (/** @type {KeptSeat} */ { token, untilMs }) => TOKEN.test(token) && untilMs > Date.now(),
      );
    } catch {
      return []; // another program's, or the browser refuses the storage
    }
  }

  /** @param {string} kind @param {KeptSeat[]} seats */
  #write(kind, seats) {
    try {
      if (seats.length === 0) this.#storage?.removeItem(this.#keyOf(kind));
      else this.#storage?.setItem(this.#keyOf(kind), JSON.stringify(seats));
      return this.#storage !== null;
    } catch {
      return false; // it is full, or the browser refuses it
    }
  }

  /** @param {string} kind */
  #keyOf(kind) {
    return `gameserver seat ${kind} ${this.#url}`;
  }
}

/** @param {KeptSeat} seat @param {WantedSeat} wanted */
function fits(seat, { role, room, code }) {
  const id = room ?? code?.replace(/[\s-]/g, "").toLowerCase();
  return (role === undefined || seat.role === role) && (id == null || seat.room === id);
}

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} hex */
export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
