/**
 * The browser client of a trio-gameserver: `connect` joins a room and keeps the session across
 * broken links; `session.draw` returns what to draw. README.md shows how to use it. Works as it
 * stands in a page with `script-src 'self'`, and in Node with a WebSocket handed in.
 */
export { CLOSE, CloseCode, Role } from "./constants.js";
export { JoinFailed } from "./errors.js";
export { keptSeat } from "./kept_seat.js";
export { connect, Session } from "./session.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./room_types.js").AnyGame} AnyGame
 * @typedef {import("./room_types.js").Game} Game
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./connect_options.js").Switches} Switches
 * @typedef {import("./session_events.js").Closed} Closed
 * @typedef {import("./session_events.js").Notice} Notice
 * @typedef {import("./session_events.js").Status} Status
 * @typedef {import("./session_events.js").Welcome} Welcome
 * @typedef {import("./stats.js").Stats} Stats
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./room_types.js").Drawn<G>} Drawn
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./session.js").Me<G>} Me
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./connect_options.js").ConnectOptions<G>} ConnectOptions
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./session_events.js").PredictedTick<G>} PredictedTick
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./session_events.js").PredictedContact<G>} PredictedContact
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./room_types.js").RoomEvent<G>} RoomEvent
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./session_events.js").SessionEvents<G>} SessionEvents
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {import("./session_events.js").Withdrawn<G>} Withdrawn
 */
