/**
 * What a page may say when it joins a room and what it may turn on and off, with JOIN's part of it.
 *
 * No twin in Python: there these are the arguments of `connect` (`gameserver/client/session.py`).
 */
import { ATTEMPT_BYTES } from "./constants.js";

/**
 * @typedef {import("./connector.js").TokenSource} TokenSource
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./room_types.js").AnyGame} AnyGame
 * @typedef {import("./room_types.js").Game} Game
 *
 * @typedef {object} Switches what a page can turn on and off at any time, to show what it does
 * @property {boolean} prediction draw the own avatar where it will be, not where the server last
 *   said it was
 * @property {boolean} interpolation draw others between two snapshots, not where the newest has
 *   them
 * @property {number} lagMs latency to add in each direction
 * @property {number} jitterMs by how much that varies, up and down
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {object} ConnectOptions
 * @property {G["kind"]} kind of room
 * @property {string | null} [room] the id of a room; left out: any with a free seat
 * @property {string | null} [code] a room's code, as a friend has read it out, instead of its id
 * @property {boolean} [create] make a new room instead
 * @property {Partial<G["options"]> | null} [roomOptions] options of a room that has to be made, as
 *   the room's class declares them
 * @property {import("./room_types.js").Where<G["listing"]> | null} [where] only a room whose listing fits, by the names of
 *   its fields: a value, an array of values, `{ min, max }` with one of them or both, or
 *   `{ exists: true }`
 * @property {Uint8Array | null} [reservation] of a seat in this `room`, as its rules have made it
 * @property {number} [role] `Role.PLAYER` (left out) or `Role.SPECTATOR`
 * @property {Record<string, unknown>} [params] the game's own: a name, a colour
 * @property {TokenSource} [token] a JWT, where the server asks for one; or a function that returns
 *   it, or a promise of it, and is called before each attempt
 * @property {boolean} [prediction] as in `Switches`; left out: true
 * @property {boolean} [interpolation] as in `Switches`; left out: true
 * @property {{ms?: number, jitterMs?: number}} [lag] latency to add, for the lab
 * @property {number | null} [snapDistance] an error of the prediction beyond it is not eased out, in
 *   the avatar's own unit; left out: by the present speed
 * @property {boolean} [keepSeat] whether a page that is loaded again has the same seat, for as long as
 *   the room keeps it; left out: true. A second tab is a second player in any case
 * @property {boolean} [eventsAtOnce] report events when they arrive, not when what is drawn has
 *   reached them
 * @property {new (url: string, protocols: string[]) => any} [WebSocket] where there is no global
 *   one
 * @property {(url: URL) => Promise<SharedStep>} [loadStep] where modules cannot be imported from the
 *   server
 * @property {import("./page.js").Clock} [clock] for tests
 * @property {import("./page.js").Page} [page] for tests
 * @property {import("./kept_seat.js").TabStorage | null} [storage] for tests
 * @property {() => number} [random] for tests
 * @property {(() => Uint8Array) | null | undefined} [newAttempt] for tests
 */

/**
 * Returns JOIN's `room`.
 *
 * @param {ConnectOptions} options
 * @returns {import("./codec.js").RoomChoice}
 */
export function roomChoice({ room, code, create = false, roomOptions, where, reservation }) {
  const ways = [room != null, code != null, create].filter(Boolean).length;
  if (ways > 1) throw new TypeError("give one of room, code and create, or none of them for any");
  if (roomOptions != null && (room != null || code != null)) {
    throw new TypeError("roomOptions are for a room that has to be made: room and code name one");
  }
  if (where != null && ways > 0) {
    throw new TypeError("where looks for any room that fits: give no room, code or create with it");
  }
  if (reservation != null) {
    if (room == null) throw new TypeError("a reservation is of one room: give its id as room");
    return { room, reservation };
  }
  if (code != null) return { code };
  if (create) return { create: roomOptions ?? {} };
  if (room != null || (where == null && roomOptions == null)) return room ?? null;
  return { ...(where != null && { where }), ...(roomOptions != null && { options: roomOptions }) };
}

/** What the repetitions of a JOIN have in common: no other client's may be the same. */
export function randomAttempt() {
  return crypto.getRandomValues(new Uint8Array(ATTEMPT_BYTES));
}
