/** What clients count while the window is open. */
import { Histogram } from "./histogram.mjs";

export class Figures {
  /** Whether the window is open. */
  open = false;
  /** From sending an input to having applied a state that says it was consumed; of sampled clients, which decode everything. */
  ack = new Histogram();
  /** The same of those who only read the head of a state, where the protocol has it there. */
  ackHead = new Histogram();
  /** From one state to the next. */
  interval = new Histogram();
  states = 0;
  stateBytes = 0;
  otherMessages = 0;

  /** A state came to a client that only walks along frames. @param {number} bytes @param {number} sinceLastMs NaN at the first */
  state(bytes, sinceLastMs) {
    if (!this.open) return;
    this.states += 1;
    this.stateBytes += bytes;
    if (sinceLastMs >= 0) this.interval.add(sinceLastMs);
  }
}
