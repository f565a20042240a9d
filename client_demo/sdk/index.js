/**
 * The browser client of a trio-gameserver: `connect` joins a room and keeps the session across
 * broken links; `session.draw` returns what to draw. README.md shows how to use it. Works as it
 * stands in a page with `script-src 'self'`, and in Node with a WebSocket handed in.
 */
export { CLOSE, CloseCode, Role } from "./constants.js";
export { JoinFailed } from "./errors.js";
export { connect, Session } from "./session.js";

/**
 * @typedef {import("./drawn.js").Drawn} Drawn
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./replica.js").SharedStep} SharedStep
 * @typedef {import("./session.js").ConnectOptions} ConnectOptions
 * @typedef {import("./session.js").Switches} Switches
 * @typedef {import("./session_events.js").Closed} Closed
 * @typedef {import("./session_events.js").Notice} Notice
 * @typedef {import("./session_events.js").PredictedTick} PredictedTick
 * @typedef {import("./session_events.js").RoomEvent} RoomEvent
 * @typedef {import("./session_events.js").SessionEvents} SessionEvents
 * @typedef {import("./session_events.js").Status} Status
 * @typedef {import("./session_events.js").Welcome} Welcome
 * @typedef {import("./session_events.js").Withdrawn} Withdrawn
 * @typedef {import("./stats.js").Stats} Stats
 */
