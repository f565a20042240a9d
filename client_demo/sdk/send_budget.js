/**
 * How many messages of the game's own a client may still send: the limits of WELCOME, kept on this
 * side, so that no server closes the link over them.
 *
 * The server keeps the same two buckets for each link and fills them when the link joins. PING,
 * PONG and RESYNC count as well; INPUT and ACK have room of their own.
 *
 * Pure; times in seconds. `gameserver/client/send_budget.py` is the twin.
 */
import { TokenBucket } from "./token_bucket.js";

/** Of what the server allows; its clock and this one do not run alike. */
export const SHARE = 0.9;

/** The budget of one link. */
export class SendBudget {
  #messages;
  #bytes;

  /** @param {import("./codec.js").ClientLimits} limits of WELCOME @param {number} nowS */
  constructor(limits, nowS) {
    const { messages_per_s: messagesPerS, messages_burst: messagesBurst } = limits;
    const { bytes_per_s: bytesPerS, bytes_burst: bytesBurst } = limits;
    this.#messages = new TokenBucket(SHARE * messagesPerS, SHARE * messagesBurst, nowS);
    this.#bytes = new TokenBucket(SHARE * bytesPerS, SHARE * bytesBurst, nowS);
  }

  /**
   * Takes a message out of the budget.
   *
   * @param {number} size bytes
   * @param {number} nowS
   * @returns {boolean} false if it must not be sent now
   */
  take(size, nowS) {
    return this.#messages.take(1, nowS) && this.#bytes.take(size, nowS);
  }
}
