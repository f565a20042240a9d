/**
 * The SDK's errors. What a server sends may only ever raise these two; anything else that is thrown
 * is a bug of ours or of the game's and is not caught on the way.
 */

/** A message that is not one of this protocol's: the link is closed with `code`. */
export class ProtocolError extends Error {
  /**
   * @param {string} message what is wrong, fit for a developer to read
   * @param {number} [code] close code of protocol.md §10
   */
  constructor(message, code = 4000) {
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
