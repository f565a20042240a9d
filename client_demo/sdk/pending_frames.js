/**
 * The ticks that are predicted and that the server has not answered yet, oldest first: a ring of
 * records that are used again, so that predicting a tick leaves nothing to be collected.
 *
 * No twin in `gameserver/client/`: Python has `collections.deque`.
 */

/**
 * @typedef {object} PendingFrame
 * @property {number} seq
 * @property {readonly number[]} inputs codes
 * @property {Int32Array} result codes of the avatar after the tick
 */

/** At most so many frames; the oldest give way to newer ones. */
export class PendingFrames {
  #width;
  #capacity;
  /** @type {PendingFrame[]} */
  #ring = [];
  #first = 0;

  count = 0;

  /** @param {number} capacity @param {number} width codes in a result */
  constructor(capacity, width) {
    this.#capacity = capacity;
    this.#width = width;
  }

  /** @param {number} i 0 for the oldest, below `count` @returns {PendingFrame} */
  at(i) {
    return this.#ring[(this.#first + i) % this.#capacity];
  }

  /** Appends a frame. @param {number} seq @param {readonly number[]} inputs @returns {PendingFrame} */
  push(seq, inputs) {
    if (this.count === this.#capacity) this.shift();
    const place = (this.#first + this.count) % this.#capacity;
    this.#ring[place] ??= { seq, inputs, result: new Int32Array(this.#width) };
    const frame = this.#ring[place];
    frame.seq = seq;
    frame.inputs = inputs;
    this.count += 1;
    return frame;
  }

  /** Removes the oldest; it is valid until the next `push`. @returns {PendingFrame} */
  shift() {
    const frame = this.at(0);
    this.#first = (this.#first + 1) % this.#capacity;
    this.count -= 1;
    return frame;
  }

  /** Removes one of them. @param {number} seq */
  remove(seq) {
    for (let left = this.count; left > 0; left -= 1) {
      const { seq: one, inputs, result } = this.shift();
      if (one !== seq) this.push(one, inputs).result.set(result);
    }
  }

  clear() {
    this.count = 0;
  }
}
