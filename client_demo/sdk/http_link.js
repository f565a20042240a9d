/**
 * One link of a spectator whose WebSocket is blocked: a stream of Server-Sent Events, or polls
 * (docs/transports.md). It carries the same messages as a WebSocket from the server. The other way it
 * carries the first message only, as the request; the server acks for it.
 *
 * No twin in Python: a program is not behind a page's proxy.
 */
import { ClientMessage, CloseCode, MAX_PAYLOAD_DEPTH } from "./constants.js";
import { unpack } from "./msgpack.js";

/**
 * @typedef {"sse" | "polling"} HttpTransport
 *
 * @typedef {object} HttpOptions
 * @property {string} url of the WebSocket that is blocked
 * @property {HttpTransport} transport
 * @property {string | null} token a JWT, where the server asks for one
 * @property {string | null} room the id of the room that the session is in; null: it is in none
 * @property {import("./page.js").Clock} clock
 * @property {import("./link.js").LinkHandlers} handlers called until the link is closed here
 *
 * @typedef {object} First what the link asks for
 * @property {string} room
 * @property {Record<string, string>} query
 */

/** How long after an answer the next poll is sent. */
const POLL_EVERY_MS = 200;
const NEVER = Number.POSITIVE_INFINITY;

/** The close codes that stand for an HTTP status of a refusal. */
const CODES = Object.freeze(
  /** @type {Record<number, number>} */ ({
    400: CloseCode.MALFORMED,
    401: CloseCode.UNAUTHORIZED,
    403: CloseCode.FORBIDDEN,
    404: CloseCode.ROOM_NOT_FOUND,
    410: CloseCode.ROOM_CLOSED,
    421: CloseCode.FORBIDDEN,
    429: CloseCode.SERVER_FULL,
    503: CloseCode.UNAVAILABLE,
  }),
);

/** Has the methods of `Link` that the connector uses. */
export class HttpLink {
  #options;
  #abort = new AbortController();
  /** @type {(Uint8Array | string)[]} */
  #arrived = [];
  #begun = false;
  #over = false;

  /** @param {HttpOptions} options */
  constructor(options) {
    this.#options = options;
    queueMicrotask(() => {
      if (!this.#over) options.handlers.opened();
    });
  }

  /** Nothing waits here. */
  get bufferedBytes() {
    return 0;
  }

  get busy() {
    return false;
  }

  get nextAtMs() {
    return NEVER;
  }

  /** A message has come. @param {Uint8Array | string} data */
  arrived(data) {
    this.#arrived.push(data);
  }

  /** Takes out the next message that has arrived, or undefined. */
  take() {
    return this.#arrived.shift();
  }

  /**
   * Begins, with the session's first message. What comes later the server says by itself, apart from a
   * RESYNC: then the link ends, and the next one begins with what the session has.
   *
   * @param {Uint8Array} bytes
   */
  send(bytes) {
    const message = unpack(bytes, MAX_PAYLOAD_DEPTH + 4);
    if (!Array.isArray(message)) return;
    if (message[0] === ClientMessage.RESYNC) this.#end(CloseCode.LINK_LOST, "a state does not fit");
    if (this.#begun) return;
    this.#begun = true;
    this.#run(message).catch((error) => {
      this.#end(CloseCode.LINK_LOST, error instanceof Error ? error.message : String(error));
    });
  }

  /** There is nothing to flush. */
  flush() {}

  /** Nothing is sent. */
  sendNow() {}

  /** Ends the link from this side: no handler is called any more. */
  close() {
    this.#over = true;
    this.#abort.abort();
  }

  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    if (this.#over) return;
    this.close();
    this.#options.handlers.ended(code, reason);
  }

  /** @param {any[]} message the session's first */
  async #run(message) {
    const first = await this.#first(message);
    if (first === null) {
      this.#end(CloseCode.ROOM_NOT_FOUND, "there is no such room to watch");
    } else if (this.#options.transport === "sse") {
      await this.#stream(first);
    } else {
      await this.#poll(first);
    }
  }

  /** @param {any[]} message @returns {Promise<First | null>} null: there is no room */
  async #first([id, ...items]) {
    if (id === ClientMessage.RESUME) {
      const [token, tick, event] = items;
      const since = `${toBase64(token)}.${tick}.${event ?? "-"}`;
      return { room: this.#options.room ?? "_", query: { since } };
    }
    const [kind, wanted, , params] = items;
    const room = await this.#roomOf(kind, wanted);
    return room === null ? null : { room, query: { params: JSON.stringify(params) } };
  }

  /**
   * The id of the room that a JOIN leads to. A WebSocket's JOIN may also have a room made, or take a
   * reservation.
   *
   * @param {string} kind
   * @param {any} wanted
   * @returns {Promise<string | null>}
   */
  async #roomOf(kind, wanted) {
    if (typeof wanted === "string") return wanted;
    if (wanted?.code !== undefined) return wanted.code.replace(/[\s-]/g, "").toLowerCase();
    if (wanted?.create !== undefined || wanted?.reservation !== undefined) return null;
    /** @type {Record<string, string>} */
    const query = { kind, limit: "1" };
    if (wanted?.where !== undefined) query.where = JSON.stringify(wanted.where);
    const answer = await this.#fetch("api/rooms", query);
    if (answer === null) return null;
    const { rooms } = await answer.json();
    return rooms[0]?.id ?? null;
  }

  /** @param {First} first */
  async #stream({ room, query }) {
    const answer = await this.#fetch(`api/rooms/${encodeURIComponent(room)}/stream`, query);
    const reader = answer?.body?.getReader();
    if (reader === undefined) return;
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
    this.#end(CloseCode.LINK_LOST, "the stream has ended");
  }

  /** @param {string} block one event of the stream */
  #take(block) {
    const fields = new Map(
      block.split("\n").map((line) => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).trimStart()];
      }),
    );
    const data = fields.get("data");
    if (data === undefined || this.#over) return;
    if (fields.get("event") === "close") {
      const { code, reason } = JSON.parse(data);
      this.#end(code, reason);
    } else {
      this.#options.handlers.received(fromBase64(data));
    }
  }

  /** @param {First} first */
  async #poll({ room, query }) {
    const path = `api/rooms/${encodeURIComponent(room)}/state`;
    while (!this.#over) {
      const answer = await this.#fetch(path, query);
      if (answer === null) return;
      const body = unpack(new Uint8Array(await answer.arrayBuffer()), MAX_PAYLOAD_DEPTH);
      const [since, messages, closed] = /** @type {[string, Uint8Array[], any]} */ (body);
      for (const message of messages) {
        if (!this.#over) this.#options.handlers.received(message);
      }
      if (closed !== null) this.#end(closed[0], closed[1]);
      query = { since };
      await new Promise((resolve) =>
        this.#options.clock.setTimeout(() => resolve(null), POLL_EVERY_MS),
      );
    }
  }

  /**
   * Asks the server. A refusal ends the link.
   *
   * @param {string} path
   * @param {Record<string, string>} query
   * @returns {Promise<Response | null>}
   */
  async #fetch(path, query) {
    const url = new URL(path, this.#options.url.replace(/^ws/, "http"));
    /** @type {Record<string, string>} */
    const format = path.endsWith("rooms") ? {} : { format: "messages" };
    url.search = new URLSearchParams({ ...format, ...query }).toString();
    const { token } = this.#options;
    const answer = await fetch(url, {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      cache: "no-store",
      credentials: "omit",
      signal: this.#abort.signal,
    });
    if (answer.ok) return answer;
    this.#end(CODES[answer.status] ?? CloseCode.LINK_LOST, (await answer.text()).trim());
    return null;
  }
}

/** Base64url. @param {Uint8Array} bytes */
function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
