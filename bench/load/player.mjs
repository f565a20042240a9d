/**
 * A player of the reference scene, the same for every server: it turns all the time, and keeps the time at which each
 * input was sent.
 */

const KEPT = 1024;
const GOLDEN_ANGLE = 2.399963;
const TURN = 2 * Math.PI;

export class Player {
  seq = 0;
  ackedSeq = 0;
  #heading;
  #aim;
  #sentAt = new Float64Array(KEPT);

  /** @param {number} index */
  constructor(index) {
    this.#heading = index * GOLDEN_ANGLE;
    this.#aim = index * 1.1;
  }

  /** Returns the next input. */
  next() {
    this.#heading += (Math.random() - 0.5) * 0.6;
    this.#aim = (this.#aim + 0.05 + Math.random() * 0.1) % TURN;
    this.seq += 1;
    return {
      seq: this.seq,
      dx: Math.cos(this.#heading),
      dy: Math.sin(this.#heading),
      aim: this.#aim,
    };
  }

  /** Notes that the newest input was sent. */
  sent() {
    this.#sentAt[this.seq % KEPT] = performance.now();
  }

  /** Takes the newest input back: it could not be sent. */
  unsent() {
    this.seq -= 1;
  }

  /** The server has consumed all inputs up to `seq`: adds the time that each took to `histogram`. */
  acked(seq, now, histogram) {
    for (let s = Math.max(this.ackedSeq, seq - KEPT) + 1; s <= seq; s += 1) {
      histogram?.add(now - this.#sentAt[s % KEPT]);
    }
    if (seq > this.ackedSeq) this.ackedSeq = seq;
  }
}
