/**
 * What a session reports to the handlers of a page: types only.
 *
 * `gameserver/client/session_events.py` is the twin. There a program gets objects in place of
 * names: `Joined`, `Updated`, `Withdrawn`, `PredictedTick`, `Status`.
 */

/**
 * @typedef {import("./codec.js").RoomEvent} RoomEvent a `tick`, a `name` and a `payload`
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {Omit<import("./codec.js").Welcome, "token">} Welcome what was joined: `room`,
 *   `session`, `tick_hz`, `schema` …
 *
 * @typedef {{state: "connecting"}
 *   | {state: "joined"}
 *   | {state: "waiting", attempt: number, retryInMs: number, code: number, reason: string}
 *   | {state: "closed", code: number, reason: string}} Status what a session is doing: a link is
 *   being opened; it is in a room; the link was lost, and attempt number `attempt`, from 1 on,
 *   follows after `retryInMs`, or with a new token if that is infinite; it has ended
 *
 * @typedef {object} Closed
 * @property {number} code the close code
 * @property {string} name of the code in protocol.md §10
 * @property {string} meaning of the code
 * @property {string} reason what the server gave as the reason
 *
 * @typedef {object} Notice `draining`, `skipped` from the server; `bad_controls`,
 *   `prediction_failed`, `missed` (up to so many `events` were lost while the link was down) from
 *   the SDK
 * @property {string} name
 * @property {Record<string, any>} detail
 *
 * @typedef {object} PredictedTick a tick of the own avatar that was predicted for the first time
 * @property {number} seq number of the tick's input frame
 * @property {Entity} avatar after the tick
 * @property {Entity} before the avatar before it
 * @property {Readonly<Record<string, any>>} controls the inputs that the tick ran with
 *
 * @typedef {{entity: Entity} | {name: string, payload: any}} Withdrawn what was shown ahead of the
 *   server and did not happen: an entity of `predictSpawn`, or an event of `expectEvent`
 *
 * @typedef {object} SessionEvents
 * @property {Welcome} joined a room was joined, or the session was resumed
 * @property {{tick: number, bytes: number}} updated a STATE was applied
 * @property {RoomEvent} event something happened in the room, in order and once
 * @property {Notice} notice
 * @property {PredictedTick} predicted
 * @property {Withdrawn} withdrawn
 * @property {Status} status it has changed
 * @property {Closed} closed the session has ended, and the SDK does not reconnect by itself
 */

export {};
