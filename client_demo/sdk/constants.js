/**
 * The numbers and names of the wire, as protocol.md has them: message ids, close codes, limits.
 * Generated from the server's tables by `python -m gameserver.protocol.export`; do not edit.
 */

/** The protocol version of this client. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol to offer. */
export const SUBPROTOCOL = "gameserver.v1";

/** The beginning of the subprotocol entry that carries a token (a JWT). */
export const TOKEN_PREFIX = "token.";

/** The path of the WebSocket. */
export const WEBSOCKET_PATH = "/ws";

/** The beginning of the names of events that are the protocol's own. */
export const PROTOCOL_EVENT_PREFIX = "@";

/** The name of the event that says which entity the player steers. */
export const AVATAR_EVENT = "@avatar";

/** The highest tick, seq, event cursor and nonce. */
export const MAX_COUNTER = 4294967295;

/** Codes are within ±MAX_CODE; also the highest entity id. */
export const MAX_CODE = 1073741823;

/** The units of STATE's lead and PONG's held in a tick. */
export const LEAD_UNITS_PER_TICK = 256;

/** The highest lead and held, in 1/256 tick. */
export const MAX_LEAD = 65535;

/** The units of INPUT's behind in a tick. */
export const BEHIND_UNITS_PER_TICK = 16;

/** The highest behind, in 1/16 tick. */
export const MAX_BEHIND = 4095;

/** The length of WELCOME's token. */
export const RESUME_TOKEN_BYTES = 24;

/** The length of JOIN's attempt. */
export const ATTEMPT_BYTES = 16;

/** The length of JOIN's reservation. */
export const RESERVATION_BYTES = 16;

/** The most ticks per second. */
export const MAX_TICK_HZ = 240;

/** The most nested arrays and maps in a server's message. */
export const MAX_SERVER_DEPTH = 16;

/** The most nested arrays and maps in a payload. */
export const MAX_PAYLOAD_DEPTH = 12;

/** The most bytes of a close reason. */
export const MAX_REASON_BYTES = 120;

/** A side sends a PING after silence of this share of the dead time. */
export const PING_AFTER_DEAD_SHARE = 0.3333333333333333;

/** Ids of the messages that a client sends. */
export const ClientMessage = Object.freeze({
  JOIN: 1,
  RESUME: 2,
  INPUT: 3,
  MESSAGE: 4,
  PING: 5,
  PONG: 6,
  RESYNC: 7,
  ACK: 8,
  LEAVE: 9,
  ARRIVED: 10,
});

/** Ids of the messages that the server sends. */
export const ServerMessage = Object.freeze({
  WELCOME: 16,
  STATE: 17,
  EVENTS: 18,
  PING: 19,
  PONG: 20,
  NOTICE: 21,
  MOVED: 22,
});

/** What a participant is in a room. */
export const Role = Object.freeze({
  PLAYER: 0,
  SPECTATOR: 1,
});

/** WebSocket close codes. */
export const CloseCode = Object.freeze({
  NORMAL: 1000,
  GOING_AWAY: 1001,
  LINK_LOST: 1006,
  MESSAGE_TOO_BIG: 1009,
  MALFORMED: 4000,
  UNSUPPORTED_VERSION: 4001,
  TEXT_FRAME: 4002,
  UNKNOWN_MESSAGE: 4003,
  INVALID_FIELD: 4004,
  OUT_OF_STATE: 4005,
  TOO_BIG: 4006,
  RATE_LIMITED: 4007,
  JOIN_TIMEOUT: 4008,
  DEAD: 4009,
  UNKNOWN_KIND: 4010,
  ROOM_NOT_FOUND: 4011,
  ROOM_FULL: 4012,
  JOIN_REFUSED: 4013,
  SERVER_FULL: 4014,
  UNAUTHORIZED: 4015,
  FORBIDDEN: 4016,
  UNAVAILABLE: 4017,
  ROOM_LOCKED: 4018,
  INVALID_OPTIONS: 4019,
  ROOM_CLOSED: 4020,
  ROOM_FAILED: 4021,
  KICKED: 4022,
  REPLACED: 4023,
  SESSION_EXPIRED: 4024,
  SERVER_RESTARTED: 4025,
  TOO_SLOW: 4026,
  INVALID_WHERE: 4027,
  INVALID_RESERVATION: 4028,
  MOVED: 4029,
  BANNED: 4030,
});

/**
 * @typedef {object} CloseInfo
 * @property {string} name
 * @property {string} meaning
 * @property {"no" | "resume" | "join" | "token"} back what a client does: show the reason, RESUME with back-off, JOIN
 *   again, or get a new token and RESUME
 */

/** What each close code means. @type {Readonly<Record<number, Readonly<CloseInfo>>>} */
export const CLOSE = Object.freeze({
  1000: Object.freeze({
    name: "NORMAL",
    meaning: "the client left",
    back: "no",
  }),
  1001: Object.freeze({
    name: "GOING_AWAY",
    meaning: "the server is stopping; the reason is `retry in N s`",
    back: "resume",
  }),
  1006: Object.freeze({
    name: "LINK_LOST",
    meaning: "the connection broke; never sent",
    back: "resume",
  }),
  1009: Object.freeze({
    name: "MESSAGE_TOO_BIG",
    meaning: "a message larger than the WebSocket layer accepts",
    back: "no",
  }),
  4000: Object.freeze({
    name: "MALFORMED",
    meaning: "not a valid message of this protocol",
    back: "no",
  }),
  4001: Object.freeze({
    name: "UNSUPPORTED_VERSION",
    meaning: "protocol version not supported; the reason lists the supported ones",
    back: "no",
  }),
  4002: Object.freeze({
    name: "TEXT_FRAME",
    meaning: "a text message; all messages are binary",
    back: "no",
  }),
  4003: Object.freeze({
    name: "UNKNOWN_MESSAGE",
    meaning: "unknown message id",
    back: "no",
  }),
  4004: Object.freeze({
    name: "INVALID_FIELD",
    meaning: "an item has the wrong type, range or length",
    back: "no",
  }),
  4005: Object.freeze({
    name: "OUT_OF_STATE",
    meaning: "a message that is not allowed in this state of the link",
    back: "no",
  }),
  4006: Object.freeze({
    name: "TOO_BIG",
    meaning: "a message larger than `MAX_MESSAGE_BYTES`",
    back: "no",
  }),
  4007: Object.freeze({
    name: "RATE_LIMITED",
    meaning: "too many messages or bytes",
    back: "no",
  }),
  4008: Object.freeze({
    name: "JOIN_TIMEOUT",
    meaning: "no JOIN or RESUME within `JOIN_TIMEOUT_S`",
    back: "resume",
  }),
  4009: Object.freeze({
    name: "DEAD",
    meaning: "nothing received for `DEAD_AFTER_S`",
    back: "resume",
  }),
  4010: Object.freeze({
    name: "UNKNOWN_KIND",
    meaning: "unknown kind of room",
    back: "no",
  }),
  4011: Object.freeze({
    name: "ROOM_NOT_FOUND",
    meaning: "no room with this id or code",
    back: "no",
  }),
  4012: Object.freeze({
    name: "ROOM_FULL",
    meaning: "no free seat in the room",
    back: "no",
  }),
  4013: Object.freeze({
    name: "JOIN_REFUSED",
    meaning: "the game refused the join and gives the reason",
    back: "no",
  }),
  4014: Object.freeze({
    name: "SERVER_FULL",
    meaning: "the server accepts no more rooms, links or joins at the moment",
    back: "resume",
  }),
  4015: Object.freeze({
    name: "UNAUTHORIZED",
    meaning: "a token is needed, or it has expired; the reason says which",
    back: "token",
  }),
  4016: Object.freeze({
    name: "FORBIDDEN",
    meaning: "the token, the page's origin, or the host that was named, is not allowed here",
    back: "no",
  }),
  4017: Object.freeze({
    name: "UNAVAILABLE",
    meaning: "the server cannot check the token at the moment",
    back: "resume",
  }),
  4018: Object.freeze({
    name: "ROOM_LOCKED",
    meaning: "the room takes nobody new",
    back: "no",
  }),
  4019: Object.freeze({
    name: "INVALID_OPTIONS",
    meaning: "the options for a new room are not what its kind declares",
    back: "no",
  }),
  4020: Object.freeze({
    name: "ROOM_CLOSED",
    meaning: "the room has ended",
    back: "no",
  }),
  4021: Object.freeze({
    name: "ROOM_FAILED",
    meaning: "the room ended because its code raised an exception",
    back: "join",
  }),
  4022: Object.freeze({
    name: "KICKED",
    meaning: "the game removed the player",
    back: "no",
  }),
  4023: Object.freeze({
    name: "REPLACED",
    meaning: "the session was resumed over another link",
    back: "no",
  }),
  4024: Object.freeze({
    name: "SESSION_EXPIRED",
    meaning: "the session has ended, or its token was used already",
    back: "join",
  }),
  4025: Object.freeze({
    name: "SERVER_RESTARTED",
    meaning: "the token is from another server process; the server was restarted",
    back: "join",
  }),
  4026: Object.freeze({
    name: "TOO_SLOW",
    meaning: "the client reads too slowly: no snapshot for `EVICT_AFTER_S`, or a full queue",
    back: "resume",
  }),
  4027: Object.freeze({
    name: "INVALID_WHERE",
    meaning: "the filter asks for what the listing of the kind does not declare",
    back: "no",
  }),
  4028: Object.freeze({
    name: "INVALID_RESERVATION",
    meaning: "the reservation has expired or was used, or it is for another role or subject",
    back: "no",
  }),
  4029: Object.freeze({
    name: "MOVED",
    meaning: "the session goes on in another server process; MOVED has said where",
    back: "resume",
  }),
  4030: Object.freeze({
    name: "BANNED",
    meaning: "the player is banned; the reason says for how long, and why",
    back: "no",
  }),
});

/** The default limits of a server; each name ends with its unit. */
export const LIMITS = Object.freeze({
  MAX_MESSAGE_BYTES: 4096,
  MAX_DEPTH: 8,
  MAX_VALUES: 512,
  MAX_MESSAGES_PER_S: 150,
  MAX_MESSAGES_BURST: 300,
  MAX_BYTES_PER_S: 65536,
  MAX_BYTES_BURST: 131072,
  MAX_KIND_BYTES: 64,
  MAX_ROOM_ID_BYTES: 64,
  MAX_NAME_BYTES: 64,
  JOIN_TIMEOUT_S: 5,
  DEAD_AFTER_S: 10,
  RESUME_GRACE_S: 60,
  GOING_AWAY_GRACE_S: 5,
  INPUT_HOLD_S: 0.25,
  MAX_UNACKED_SNAPSHOTS: 32,
  MAX_HELD_EVENTS: 4096,
  MAX_HELD_EVENT_BYTES: 1048576,
  MAX_PRIVATE_EVENTS: 1024,
  MAX_PRIVATE_EVENT_BYTES: 131072,
  EVICT_AFTER_S: 15,
  MAX_ROOMS: 1000,
  MAX_ROOMS_PER_ADDRESS: 32,
  MAX_JOINS_PER_S_PER_ADDRESS: 10,
  MAX_JOINS_BURST_PER_ADDRESS: 100,
  MAX_PROCESSOR_SHARE_PER_ADDRESS: 0.05,
  MAX_PROCESSOR_BURST_S_PER_ADDRESS: 0.1,
  MAX_JOINS_IN_FLIGHT: 1000,
  MAX_SUSPENDED_PER_ADDRESS: 64,
});

/** The items of each client message, after its id. @type {Readonly<Record<number, readonly string[]>>} */
export const CLIENT_ITEMS = Object.freeze({
  1: ["kind", "room", "role", "params", "attempt"],
  2: ["token", "tick", "event"],
  3: ["seq", "ack", "behind"],
  4: ["name", "payload"],
  5: ["nonce"],
  6: ["nonce"],
  7: ["tick"],
  8: ["tick"],
  9: [],
  10: [],
});

/** The items of each server message, after its id. @type {Readonly<Record<number, readonly string[]>>} */
export const SERVER_ITEMS = Object.freeze({
  16: ["map"],
  17: ["tick", "span", "seq", "lead", "leaves", "enters", "changes", "values"],
  18: ["since", "upto", "items"],
  19: ["nonce"],
  20: ["nonce", "tick", "held", "missed", "trimmed"],
  21: ["name", "map"],
  22: ["kind", "room", "token"],
});

/** The keys of WELCOME's map, all present. */
export const WELCOME_KEYS = Object.freeze([
  "server",
  "session",
  "token",
  "resumed",
  "kind",
  "room",
  "role",
  "tick",
  "tick_hz",
  "snapshot_every",
  "grace_s",
  "event",
  "seq",
  "schema",
  "step",
  "limits",
]);

/** The keys of the limits in WELCOME, all present. */
export const LIMIT_KEYS = Object.freeze([
  "message_bytes",
  "depth",
  "values",
  "name_bytes",
  "messages_per_s",
  "messages_burst",
  "bytes_per_s",
  "bytes_burst",
  "dead_after_s",
  "input_hold_s",
]);
