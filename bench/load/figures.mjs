/** The figures that clients collect while the measuring window is open. */
import { Histogram } from "./histogram.mjs";

export class Figures {
  /** Whether the measuring window is open. */
  open = false;
  /**
   * From sending an input to having applied a state that reports it as consumed; for sampled clients, which decode
   * everything.
   */
  ack = new Histogram();
  /** The same for clients that read only the head of a state, where the protocol has the number in the head. */
  ackHead = new Histogram();
  /** From one state to the next. */
  interval = new Histogram();
  states = 0;
  stateBytes = 0;
  otherMessages = 0;

  /**
   * Counts a state of a client that reads frame headers only.
   *
   * @param {number} bytes
   * @param {number} sinceLastMs NaN for the first
   */
  state(bytes, sinceLastMs) {
    if (!this.open) return;
    this.states += 1;
    this.stateBytes += bytes;
    if (sinceLastMs >= 0) this.interval.add(sinceLastMs);
  }
}
