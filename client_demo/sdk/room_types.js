/**
 * The types of one kind of room: types only. `gameserver types mygame:Tag` writes them of a room's
 * class, and `connect` takes them: `connect<Tag>(…)` in TypeScript, `@type {Session<Tag>}` in JSDoc.
 *
 * No twin in Python: there, a room's classes are the types.
 */

/**
 * @typedef {import("./drawn.js").Entity} Entity
 *
 * @typedef {object} Game what a kind of room is like, as far as a page knows
 * @property {string} kind
 * @property {object} entities what is drawn of each entity type, by the type's name
 * @property {object | null} avatar what a player steers
 * @property {object} inputs a player's controls
 * @property {object} messages the payloads of messages to the room, by the message's name
 * @property {object} events the payloads of the room's events, by the event's name
 * @property {object} options what the creator of a room may choose
 * @property {object} listing what others may see of a room
 * @property {object} roster what everybody knows of one participant
 * @property {object} room what the room says of itself
 *
 * @typedef {object} AnyGame a kind of room of which nothing is known
 * @property {string} kind
 * @property {Record<string, Entity>} entities
 * @property {Entity} avatar
 * @property {Record<string, unknown>} inputs
 * @property {Record<string, unknown>} messages
 * @property {Record<string, any>} events
 * @property {Record<string, unknown>} options
 * @property {Record<string, unknown>} listing
 * @property {Entity} roster
 * @property {Entity} room
 */

/**
 * @template {object} T
 * @typedef {keyof T & string} Names
 */

/**
 * What is drawn, by the name of the type.
 *
 * @template {Game} G
 * @typedef {string extends keyof G["entities"] ? Map<string, Entity[]> : Omit<ReadonlyMap<
 *   Names<G["entities"]>, G["entities"][keyof G["entities"]][]>, "get"> & {get<N extends
 *   Names<G["entities"]>>(name: N): G["entities"][N][] | undefined}} Entities
 */

/**
 * What to draw; all objects are reused the next time.
 *
 * @template {Game} [G=AnyGame]
 * @typedef {object} Drawn
 * @property {Entities<G>} entities by the name of their type, each list in ascending order of id
 *   except for the own avatar
 * @property {G["avatar"] | null} avatar what the player steers, predicted if prediction is on; also
 *   in its list
 * @property {number} tick the moment at which the others are drawn, in ticks of the room
 */

/**
 * Something that happened in the room: asking for the `name` says what the `payload` is.
 *
 * @template {Game} [G=AnyGame]
 * @typedef {{[N in Names<G["events"]>]: {tick: number, name: N, payload: G["events"][N]}}[Names<
 *   G["events"]>]} RoomEvent
 */

/**
 * The rest of `send`: a payload that may be null may be left out.
 *
 * @template P
 * @typedef {null extends P ? [payload?: P] : [payload: P]} PayloadOf
 */

/**
 * What a room must list, by the names of its fields.
 *
 * @template {object} L
 * @typedef {{[F in keyof L]?: L[F] | readonly L[F][] | {min?: L[F], max?: L[F]} | {exists:
 *   boolean}}} Where
 */

export {};
