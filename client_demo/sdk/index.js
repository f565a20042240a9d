/**
 * The browser client of a trio-gameserver: `connect` joins a room and keeps the session across
 * broken links; `frame` says what to draw. README.md shows how to use it. Works as it stands in a
 * page with `script-src 'self'`, and in Node with a WebSocket handed in.
 */
import { Session } from "./session.js";

export { CLOSE, CloseCode, Role } from "./constants.js";
export { Session } from "./session.js";

/**
 * @typedef {import("./codec.js").RoomEvent} RoomEvent a `tick`, a `name` and a `payload`
 * @typedef {Omit<import("./codec.js").Welcome, "token">} Welcome where one is: `room`, `session`,
 *   `tick_hz`, `schema` …
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./replica.js").Drawn} Drawn
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./seat.js").PredictedTick} PredictedTick
 * @typedef {import("./stats.js").Stats} Stats
 *
 * @typedef {object} Switches what one can turn on and off at any time, to feel what it does
 * @property {boolean} prediction draw the own avatar where it will be, not where the server last
 *   said it was
 * @property {boolean} interpolation draw others between two snapshots, not where the newest has
 *   them
 * @property {number} lagMs latency to add in each direction
 * @property {number} jitterMs by how much that varies, up and down
 *
 * @typedef {{state: "connecting"}
 *   | {state: "online"}
 *   | {state: "reconnecting", attempt: number, retryInMs: number, code: number, reason: string}
 *   | {state: "closed", code: number, reason: string}} Status of the link; `attempt` counts from 1
 *
 * @typedef {object} Closed
 * @property {number} code
 * @property {string} name of the code in protocol.md §10
 * @property {string} meaning
 * @property {string} reason what the server said
 *
 * @typedef {object} Notice `draining`, `skipped` from the server; `bad_controls`,
 *   `prediction_failed`, `missed` (up to so many `events` were lost while away) from the SDK
 * @property {string} name
 * @property {Record<string, any>} detail
 *
 * @typedef {object} SessionEvents
 * @property {Welcome} welcome a room was joined, or joined again
 * @property {{tick: number, bytes: number}} state a snapshot was applied
 * @property {RoomEvent} event something happened in the room, in order and once
 * @property {Status} status of the link
 * @property {Notice} notice
 * @property {PredictedTick} predicted a tick of the own avatar was predicted, for the first time
 * @property {{entity: Entity} | {name: string, payload: any}} withdrawn what `predictSpawn` or
 *   `expectEvent` showed did not happen
 * @property {Closed} closed the session has ended, and the SDK does not come back by itself
 *
 * @typedef {object} ConnectOptions
 * @property {string} kind of room
 * @property {string | null} [room] the id of a room; left out: any with a free seat
 * @property {number} [role] `Role.PLAYER` (left out) or `Role.SPECTATOR`
 * @property {Record<string, unknown>} [params] the game's business: a name, a colour
 * @property {string | null} [token] a JWT, where the server asks for one
 * @property {boolean} [prediction]
 * @property {boolean} [interpolation]
 * @property {{ms?: number, jitterMs?: number}} [lag] latency to add, for the lab
 * @property {number | null} [snapDistance] an error of the prediction beyond it is not eased out
 * @property {boolean} [eventsAtOnce] tell events as they arrive, not when what is drawn has reached
 *   them
 * @property {new (url: string, protocols: string[]) => any} [WebSocket] where there is no global
 *   one
 * @property {(url: URL) => Promise<SharedStep>} [loadStep] where modules cannot be imported from the
 *   server
 * @property {import("./link.js").Clock} [clock] for tests
 * @property {import("./page.js").Page} [page] for tests
 * @property {() => number} [random] for tests
 */

/**
 * Joins a room. Returns at once; `session.joined` resolves when the room has answered.
 *
 * @param {string} url of the WebSocket: `wss://game.example/ws`
 * @param {ConnectOptions} options
 * @returns {Session}
 * @throws {SyntaxError} for a URL that is none
 */
export function connect(url, options) {
  return new Session(url, options);
}
