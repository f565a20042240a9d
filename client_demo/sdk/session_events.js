/**
 * What a session reports to the handlers of a page: types only.
 *
 * `gameserver/client/session_events.py` is the twin. There a program gets objects in place of
 * names: `Joined`, `Moved`, `Updated`, `Withdrawn`, `PredictedTick`, `PredictedContact`, `Status`.
 */

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./room_types.js").AnyGame} AnyGame
 * @typedef {import("./room_types.js").Game} Game
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
 * @typedef {object} Notice `draining`, `skipped`, `refused` from the server; `bad_controls`,
 *   `prediction_failed`, `transport` (`sse` or `polling`: a spectator watches without a WebSocket), `missed` (up to so many `events` were lost while the link was down) from
 *   the SDK
 * @property {string} name
 * @property {Record<string, any>} detail
 */

/**
 * A tick of the own avatar that was predicted for the first time.
 *
 * @template {Game} [G=AnyGame]
 * @typedef {object} PredictedTick
 * @property {number} seq number of the tick's input frame
 * @property {NonNullable<G["avatar"]>} avatar after the tick
 * @property {NonNullable<G["avatar"]>} before the avatar before it
 * @property {Readonly<G["inputs"]>} controls the inputs that the tick ran with
 */

/**
 * A contact of the predicted world (`predict_world`) that has changed one of its two bodies, in a tick
 * that was predicted for the first time.
 *
 * @template {Game} [G=AnyGame]
 * @typedef {object} PredictedContact
 * @property {number} seq number of the tick's input frame
 * @property {G["entities"][keyof G["entities"]]} one as the contact has left it, as all of these a copy
 * @property {G["entities"][keyof G["entities"]]} other
 * @property {{one: G["entities"][keyof G["entities"]], other: G["entities"][keyof G["entities"]]}} before
 *   both as they were when the contact began
 */

/**
 * What was shown ahead of the server and did not happen: an entity of `predictSpawn`, or an event of
 * `expectEvent`.
 *
 * @template {Game} [G=AnyGame]
 * @typedef {{entity: G["entities"][keyof G["entities"]]} | Omit<import("./room_types.js").RoomEvent<G>, "tick">} Withdrawn
 */

/**
 * @template {Game} [G=AnyGame]
 * @typedef {object} SessionEvents
 * @property {Welcome} joined a room was joined, or the session was resumed
 * @property {{kind: string, room: string}} moved the room's rules have moved the session to another
 *   room; `joined` follows, with what that one is like. All events of the room before have been reported
 * @property {{tick: number, bytes: number}} updated a STATE was applied
 * @property {readonly Readonly<G["roster"]>[]} roster who is in the room, or what is known of one of them,
 *   has changed; after the first STATE it is always reported
 * @property {Readonly<G["room"]> | null} room what the room says of itself has changed; after the first
 *   STATE it is always reported
 * @property {import("./room_types.js").RoomEvent<G>} event something happened in the room, in order and once
 * @property {Notice} notice
 * @property {PredictedTick<G>} predicted
 * @property {PredictedContact<G>} contact two bodies of the predicted world have met
 * @property {Withdrawn<G>} withdrawn
 * @property {Status} status it has changed
 * @property {Closed} closed the session has ended, and the SDK does not reconnect by itself
 */

export {};
