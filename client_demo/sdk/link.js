/**
 * One WebSocket of a session, from opening to end, with the latency that the lab adds to it.
 *
 * `gameserver/client/link.py` is the twin. There three tasks drive the core over the WebSocket; here
 * the browser calls back, and the connector drives the core.
 */
import { CloseCode, MAX_REASON_BYTES, SUBPROTOCOL, TOKEN_PREFIX } from "./constants.js";
import { NetworkSimulator } from "./network_simulator.js";

/**
 * @typedef {object} Socket as much of a WebSocket as is used
 * @property {string} binaryType
 * @property {number} readyState
 * @property {number} bufferedAmount
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 * @property {(bytes: any) => void} send
 * @property {(code?: number, reason?: string) => void} close
 *
 * @typedef {object} Address where a WebSocket is, and what it is made with
 * @property {string} url
 * @property {new (url: string, protocols: string[]) => Socket} WebSocket
 *
 * @typedef {object} AddedLatency latency to add in each direction
 * @property {number} lagMs
 * @property {number} jitterMs by how much it varies, up and down
 *
 * @typedef {object} LinkHandlers
 * @property {() => void} opened
 * @property {(data: Uint8Array | string) => void} received
 * @property {(code: number, reason: string) => void} ended
 */

/**
 * With more than this waiting in the WebSocket, the network takes less than the session gives it; an
 * input frame takes some 30 bytes.
 */
export const MAX_BUFFERED_BYTES = 512;

const OPEN = 1;

/** One link. */
export class Link {
  #socket;
  #latency;
  /** @type {NetworkSimulator<Uint8Array | string>} */
  #inbound;
  /** @type {NetworkSimulator<Uint8Array>} */
  #outbound;

  /**
   * @param {Address} address
   * @param {string | null} token a JWT, where the server asks for one
   * @param {Readonly<AddedLatency>} latency read with each message
   * @param {() => number} random 0 ≤ value < 1
   * @param {LinkHandlers} handlers called by the WebSocket until the link is closed here
   * @throws {SyntaxError} for a URL that is none, or a token that is none
   */
  constructor({ url, WebSocket }, token, latency, random, handlers) {
    this.#latency = latency;
    this.#inbound = new NetworkSimulator(random);
    this.#outbound = new NetworkSimulator(random);
    const offer = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_PREFIX + token];
    this.#socket = new WebSocket(url, offer);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => handlers.opened();
    this.#socket.onmessage = ({ data }) =>
      handlers.received(typeof data === "string" ? data : new Uint8Array(data));
    this.#socket.onclose = ({ code, reason }) => handlers.ended(code, reason);
    this.#socket.onerror = () => {};
  }

  /** What the WebSocket has not sent yet. */
  get bufferedBytes() {
    return this.#socket.bufferedAmount;
  }

  /** Whether the WebSocket has not sent yet what it was given before. */
  get busy() {
    return this.bufferedBytes > MAX_BUFFERED_BYTES;
  }

  /** When the next delayed message is due, in milliseconds; infinite when there is none. */
  get nextAtMs() {
    return Math.min(this.#inbound.nextAtMs, this.#outbound.nextAtMs);
  }

  /** A message has come out of the WebSocket. @param {Uint8Array | string} data @param {number} nowMs */
  arrived(data, nowMs) {
    const { lagMs, jitterMs } = this.#latency;
    this.#inbound.push(data, nowMs, lagMs, jitterMs);
  }

  /**
   * Takes out the next message that has arrived, the added latency included, or undefined.
   *
   * @param {number} nowMs
   */
  take(nowMs) {
    return this.#inbound.take(nowMs);
  }

  /** @param {Uint8Array} bytes @param {number} nowMs */
  send(bytes, nowMs) {
    const { lagMs, jitterMs } = this.#latency;
    this.#outbound.push(bytes, nowMs, lagMs, jitterMs);
    this.flush(nowMs);
  }

  /** Gives the WebSocket what is due. @param {number} nowMs */
  flush(nowMs) {
    for (let bytes = this.#outbound.take(nowMs); bytes; bytes = this.#outbound.take(nowMs)) {
      this.sendNow(bytes);
    }
  }

  /** Sends without added latency. @param {Uint8Array} bytes */
  sendNow(bytes) {
    if (this.#socket.readyState === OPEN) this.#socket.send(bytes);
  }

  /**
   * Closes the link from this side. It counts as closed from now on, whether the server answers or
   * not: no handler is called any more.
   *
   * @param {number} code
   * @param {string} reason
   */
  close(code, reason) {
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    if (code === CloseCode.LINK_LOST) this.#socket.close();
    else this.#socket.close(code, clipped(reason));
  }
}

/** As much of a reason as a close frame takes. @param {string} reason */
function clipped(reason) {
  const bytes = new TextEncoder().encode(reason).subarray(0, MAX_REASON_BYTES - 3);
  return new TextDecoder().decode(bytes);
}
