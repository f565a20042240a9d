/**
 * Messages ↔ bytes (protocol.md §3). Decoding raises ProtocolError and nothing else, whatever the
 * bytes are; encoding raises RangeError or TypeError for what the server would refuse. What is
 * inside STATE's blocks is checked by `decoder.js`, what is in WELCOME's schema by `schema.js`.
 * In Python: `gameserver/protocol/codec.py`.
 */
import {
  CLIENT_ITEMS,
  ClientMessage,
  CloseCode,
  LIMITS,
  MAX_LEAD,
  MAX_SERVER_DEPTH,
  MAX_TICK_HZ,
  RESERVATION_BYTES,
  Role,
  SERVER_ITEMS,
  ServerMessage,
} from "./constants.js";
import { ProtocolError } from "./errors.js";
import { utf8Bytes } from "./fields.js";
import { amount, bad, bool, counter, isMap, list, payloadOf, text, tokenOf } from "./items.js";
import { pack, unpack } from "./msgpack.js";

/**
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} server this server process
 * @property {number} session the participant's number in the room
 * @property {Uint8Array} token for RESUME
 * @property {boolean} resumed
 * @property {string} kind
 * @property {string} room
 * @property {number} role
 * @property {number} tick the room's tick as it was joined
 * @property {number} tick_hz
 * @property {number} snapshot_every ticks
 * @property {number} grace_s
 * @property {number} event cursor
 * @property {number} seq newest input consumed
 * @property {Record<string, unknown>} schema
 * @property {string | null} step path of the shared step
 * @property {ClientLimits} limits
 * @property {number} [rolled_back_to] the tick from which a restarted server's room goes on, when
 *   this client had seen later ones
 *
 * @typedef {object} ClientLimits what the client must keep
 * @property {number} message_bytes size of one message
 * @property {number} depth nested arrays and maps in a payload
 * @property {number} values in one message
 * @property {number} name_bytes length of a message's name
 * @property {number} messages_per_s besides one INPUT or ACK a tick
 * @property {number} messages_burst
 * @property {number} bytes_per_s of these messages
 * @property {number} bytes_burst
 * @property {number} dead_after_s silence after which the server closes a link
 * @property {number} input_hold_s length of the server's queue of input frames
 *
 * @typedef {object} State a delta, its blocks as they are on the wire
 * @property {"state"} type
 * @property {number} tick
 * @property {number} span ticks since its base; 0: from nothing
 * @property {number} seq newest input consumed
 * @property {number | null} lead 1/256 tick
 * @property {unknown[]} leaves
 * @property {unknown[]} enters
 * @property {unknown[]} changes
 * @property {unknown[]} values
 *
 * @typedef {object} RoomEvent
 * @property {number} tick when it happened
 * @property {string} name
 * @property {any} payload
 *
 * @typedef {{type: "events", since: number, upto: number, items: RoomEvent[]}} Events
 * @typedef {{type: "ping", nonce: number}} Ping
 * @typedef {{type: "pong", nonce: number, tick: number, held: number, missed: number, trimmed:
 *   number}} Pong
 * @typedef {{type: "notice", name: string, detail: Record<string, any>}} Notice
 *
 * @typedef {{type: "moved", kind: string, room: string, token: Uint8Array | null}} Moved
 *
 * @typedef {Welcome | State | Events | Ping | Pong | Notice | Moved} ServerMsg
 */

/** How deep a payload may be nested: what the message around it leaves of what a client takes. */
const EVENTS_DEPTH = MAX_SERVER_DEPTH - 3;
const NOTICE_DEPTH = MAX_SERVER_DEPTH - 1;

/**
 * A server's limits unless its operator changed them: until the first WELCOME says what they are.
 *
 * @type {Readonly<ClientLimits>}
 */
export const DEFAULT_LIMITS = Object.freeze({
  message_bytes: LIMITS.MAX_MESSAGE_BYTES,
  depth: LIMITS.MAX_DEPTH,
  values: LIMITS.MAX_VALUES,
  name_bytes: LIMITS.MAX_NAME_BYTES,
  messages_per_s: LIMITS.MAX_MESSAGES_PER_S,
  messages_burst: LIMITS.MAX_MESSAGES_BURST,
  bytes_per_s: LIMITS.MAX_BYTES_PER_S,
  bytes_burst: LIMITS.MAX_BYTES_BURST,
  dead_after_s: LIMITS.DEAD_AFTER_S,
  input_hold_s: LIMITS.INPUT_HOLD_S,
});

// --- from the server

/** @type {Readonly<Record<number, (items: any[]) => ServerMsg>>} */
const READERS = {
  [ServerMessage.WELCOME]: readWelcome,
  [ServerMessage.STATE]: readState,
  [ServerMessage.EVENTS]: readEvents,
  [ServerMessage.PING]: ([nonce]) => ({ type: "ping", nonce: counter(nonce) }),
  [ServerMessage.PONG]: readPong,
  [ServerMessage.NOTICE]: readNotice,
  [ServerMessage.MOVED]: readMoved,
};

/**
 * @param {Uint8Array} bytes one WebSocket message; STATE's blocks go on pointing into it
 * @returns {ServerMsg}
 * @throws {ProtocolError}
 */
export function decodeServer(bytes) {
  const [id, ...items] = readArray(bytes);
  const read = READERS[id];
  if (read === undefined) {
    throw new ProtocolError(`no message has the id ${id}`, CloseCode.UNKNOWN_MESSAGE);
  }
  const expected = SERVER_ITEMS[id].length;
  if (items.length !== expected) bad(`message ${id} has ${items.length} items, not ${expected}`);
  return read(items);
}

/** @param {Uint8Array} bytes @returns {any[]} not empty, begins with an integer */
function readArray(bytes) {
  const value = unpack(bytes, MAX_SERVER_DEPTH);
  if (!Array.isArray(value)) throw new ProtocolError("not an array");
  if (!Number.isInteger(value[0])) throw new ProtocolError("no message id");
  return value;
}

/** @param {any[]} items @returns {Welcome} */
function readWelcome([map]) {
  if (!isMap(map)) bad("WELCOME has no map");
  return {
    type: "welcome",
    server: text(map.server, "server"),
    session: counter(map.session, 1),
    token: tokenOf(map.token),
    resumed: bool(map.resumed, "resumed"),
    kind: text(map.kind, "kind"),
    room: text(map.room, "room"),
    role: counter(map.role, 0, 1),
    tick: counter(map.tick),
    tick_hz: counter(map.tick_hz, 1, MAX_TICK_HZ),
    snapshot_every: counter(map.snapshot_every, 1),
    grace_s: amount(map.grace_s, "grace_s"),
    event: counter(map.event),
    seq: counter(map.seq),
    schema: isMap(map.schema) ? map.schema : bad("schema is not a map"),
    step: map.step === null ? null : text(map.step, "step"),
    limits: readLimits(map.limits),
    ...(map.rolled_back_to === undefined ? {} : { rolled_back_to: counter(map.rolled_back_to) }),
  };
}

/** @param {any} map @returns {ClientLimits} */
function readLimits(map) {
  if (!isMap(map)) bad("limits is not a map");
  return {
    message_bytes: counter(map.message_bytes, 1),
    depth: counter(map.depth, 1),
    values: counter(map.values, 1),
    name_bytes: counter(map.name_bytes, 1),
    messages_per_s: amount(map.messages_per_s, "messages_per_s"),
    messages_burst: amount(map.messages_burst, "messages_burst"),
    bytes_per_s: amount(map.bytes_per_s, "bytes_per_s"),
    bytes_burst: amount(map.bytes_burst, "bytes_burst"),
    dead_after_s: amount(map.dead_after_s, "dead_after_s"),
    input_hold_s: amount(map.input_hold_s, "input_hold_s"),
  };
}

/** @param {any[]} items @returns {State} */
function readState([tick, span, seq, lead, leaves, enters, changes, values]) {
  return {
    type: "state",
    tick: counter(tick, 1),
    span: counter(span, 0, tick),
    seq: counter(seq),
    lead: lead === null ? null : counter(lead, 0, MAX_LEAD),
    leaves: list(leaves, "leaves"),
    enters: list(enters, "enters"),
    changes: list(changes, "changes"),
    values: list(values, "values"),
  };
}

/** @param {any[]} items @returns {Events} */
function readEvents([since, upto, items]) {
  return {
    type: "events",
    since: counter(since),
    upto: counter(upto, since),
    items: list(items, "events").map(readEvent),
  };
}

/** @param {any} item @returns {RoomEvent} */
function readEvent(item) {
  if (!Array.isArray(item) || item.length !== 3) bad("an event has not three items");
  const [tick, name, payload] = item;
  return {
    tick: counter(tick),
    name: text(name, "event"),
    payload: payloadOf(payload, EVENTS_DEPTH),
  };
}

/** @param {any[]} items @returns {Pong} */
function readPong([nonce, tick, held, missed, trimmed]) {
  return {
    type: "pong",
    nonce: counter(nonce),
    tick: counter(tick),
    held: counter(held, 0, MAX_LEAD),
    missed: counter(missed),
    trimmed: counter(trimmed),
  };
}

/** @param {any[]} items @returns {Notice} */
function readNotice([name, map]) {
  if (!isMap(map)) bad("NOTICE has no map");
  return { type: "notice", name: text(name, "notice"), detail: payloadOf(map, NOTICE_DEPTH) };
}

/** @param {any[]} items @returns {Moved} */
function readMoved([kind, room, token]) {
  return {
    type: "moved",
    kind: text(kind, "kind"),
    room: text(room, "room"),
    token: token === null ? null : tokenOf(token),
  };
}

// --- from the client

/**
 * JOIN's room: its id, null for any, or one of the forms of protocol.md §3.
 *
 * @typedef {string | null | { code: string } | { create: Readonly<Record<string, unknown>> }
 *   | { where?: Readonly<Record<string, unknown>>, options?: Readonly<Record<string, unknown>> }
 *   | { room: string, reservation: Uint8Array }}
 *   RoomChoice
 */

const ROOM_FORMS = ["code", "create", "options", "where", "options,where", "reservation,room"];

/** @param {RoomChoice} room */
function checkRoom(room) {
  if (room === null) return;
  if (typeof room === "string") {
    checkName("room", room, LIMITS.MAX_ROOM_ID_BYTES);
    return;
  }
  if (!isMap(room) || !ROOM_FORMS.includes(Object.keys(room).sort().join())) {
    throw new TypeError("room is an id, null, or one of the forms of protocol.md §3");
  }
  for (const [name, value] of Object.entries(room)) {
    if (name === "code" || name === "room") checkName(name, value, LIMITS.MAX_ROOM_ID_BYTES);
    else if (name === "reservation") checkBytes(name, value, RESERVATION_BYTES);
    else if (!isMap(value)) throw new TypeError(`${name} is an object: { name: value }`);
  }
}

/**
 * @param {string} kind @param {RoomChoice} room @param {number} role
 * @param {Readonly<Record<string, unknown>>} params
 * @param {Uint8Array | null} [attempt] the same in each repetition; null: it is never repeated
 * @throws {TypeError} for what the wire cannot carry
 * @throws {RangeError} when it is longer, or nested deeper, than a server takes
 */
export function encodeJoin(kind, room, role, params, attempt = null) {
  checkName("kind", kind, LIMITS.MAX_KIND_BYTES);
  checkRoom(room);
  if (!isMap(params)) throw new TypeError("params is an object: { name: value }");
  if (role !== Role.PLAYER && role !== Role.SPECTATOR) {
    throw new TypeError("role is Role.PLAYER or Role.SPECTATOR");
  }
  const items = [kind, room, role, params, ...(attempt === null ? [] : [attempt])];
  return sized("params", encode(ClientMessage.JOIN, items), DEFAULT_LIMITS);
}

/**
 * @param {Uint8Array} token
 * @param {number} tick newest applied, 0 if none
 * @param {number | null} event cursor; null: the client knows nothing of the room
 */
export function encodeResume(token, tick, event) {
  return encode(ClientMessage.RESUME, [token, tick, event]);
}

/**
 * @param {number} seq @param {number} ack newest applied tick
 * @param {number} behind how far behind that the others are drawn, in 1/16 tick
 * @param {readonly number[]} codes
 */
export function encodeInput(seq, ack, behind, codes) {
  return encode(ClientMessage.INPUT, [seq, ack, behind, ...codes]);
}

/**
 * @param {string} name
 * @param {unknown} payload
 * @param {ClientLimits} [limits] the server's
 * @throws {TypeError} for what the wire cannot carry
 * @throws {RangeError} when it is longer, or nested deeper, than a server takes
 */
export function encodeMessage(name, payload, limits = DEFAULT_LIMITS) {
  checkName("name", name, limits.name_bytes);
  return sized(`message "${name}"`, encode(ClientMessage.MESSAGE, [name, payload], limits), limits);
}

/** @param {number} nonce */
export function encodePing(nonce) {
  return encode(ClientMessage.PING, [nonce]);
}

/** @param {number} nonce */
export function encodePong(nonce) {
  return encode(ClientMessage.PONG, [nonce]);
}

/** @param {number} tick newest applied, 0 if none */
export function encodeResync(tick) {
  return encode(ClientMessage.RESYNC, [tick]);
}

/** @param {number} tick newest applied */
export function encodeAck(tick) {
  return encode(ClientMessage.ACK, [tick]);
}

export function encodeLeave() {
  return encode(ClientMessage.LEAVE, []);
}

export function encodeArrived() {
  return encode(ClientMessage.ARRIVED, []);
}

/** @param {number} id @param {unknown[]} items @param {ClientLimits} [limits] */
function encode(id, items, { depth, values } = DEFAULT_LIMITS) {
  const names = ["id", ...CLIENT_ITEMS[id]];
  // The message itself is an array around the payload.
  return pack([id, ...items], { maxDepth: depth + 1, maxValues: values, names });
}

/** @param {string} what @param {unknown} value @param {number} maxBytes */
function checkName(what, value, maxBytes) {
  if (typeof value !== "string") throw new TypeError(`${what} is a string, not ${typeof value}`);
  const bytes = utf8Bytes(value);
  if (bytes === 0 || bytes > maxBytes) {
    throw new RangeError(`${what} has 1 to ${maxBytes} bytes, not ${bytes}`);
  }
}

/** @param {string} what @param {unknown} value @param {number} size */
function checkBytes(what, value, size) {
  if (!(value instanceof Uint8Array) || value.length !== size) {
    throw new TypeError(`${what} is a Uint8Array of ${size} bytes`);
  }
}

/** @param {string} what is in it @param {Uint8Array} bytes @param {ClientLimits} limits */
function sized(what, bytes, { message_bytes: most }) {
  if (bytes.length > most) {
    throw new RangeError(`${what} takes ${bytes.length} bytes; a server takes at most ${most}`);
  }
  return bytes;
}
