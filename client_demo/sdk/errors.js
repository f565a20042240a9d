/**
 * The SDK's errors. What a server sends raises one of the first two and nothing else; any other
 * error is a bug of the SDK or of the game, and is not caught on the way.
 *
 * In Python `ProtocolError` is in `gameserver/protocol/errors.py`, `DeltaError` in
 * `gameserver/sync/decode/decoder.py`, and `JoinFailed` in `gameserver/client/errors.py`.
 */
import { CLOSE, CloseCode } from "./constants.js";

/** A message that a server may not send: the link is closed with `code`. */
export class ProtocolError extends Error {
  /**
   * @param {string} message what is wrong, fit for a developer to read
   * @param {number} [code] close code of protocol.md §10
   */
  constructor(message, code = CloseCode.MALFORMED) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}

/**
 * A STATE that does not fit the view it should change: the view stays as it is, and the client asks
 * for a full state.
 */
export class DeltaError extends ProtocolError {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "DeltaError";
  }
}

/** The session ended before it had joined a room. */
export class JoinFailed extends Error {
  /**
   * @param {number} code the close code
   * @param {string} reason what the server gave as the reason
   */
  constructor(code, reason) {
    const name = CLOSE[code]?.name ?? "";
    super(`closed with ${code} ${name}${reason === "" ? "" : `: ${reason}`}`);
    this.name = "JoinFailed";
    this.code = code;
    this.reason = reason;
  }
}
