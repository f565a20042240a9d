/**
 * Switches that show what the netcode does: prediction, interpolation, and added latency and jitter.
 */
import { setText } from "../../pages/dom.js";

/** @typedef {{prediction: boolean, interpolation: boolean, lagMs: number, jitterMs: number}} Switches */
/**
 * @typedef {object} Parts
 * @property {HTMLInputElement} prediction
 * @property {HTMLInputElement} interpolation
 * @property {HTMLInputElement} lag
 * @property {HTMLInputElement} jitter
 * @property {HTMLElement} lagValue
 * @property {HTMLElement} jitterValue
 * @property {HTMLElement} verdict
 */

export class Panel {
  /** Called whenever a switch is moved. @type {(switches: Switches) => void} */
  onChange = () => {};
  #parts;

  /** @param {Parts} parts @param {Switches} initial */
  constructor(parts, initial) {
    this.#parts = parts;
    parts.prediction.checked = initial.prediction;
    parts.interpolation.checked = initial.interpolation;
    parts.lag.valueAsNumber = initial.lagMs;
    parts.jitter.valueAsNumber = initial.jitterMs;
    for (const field of [parts.prediction, parts.interpolation, parts.lag, parts.jitter]) {
      field.addEventListener("input", () => this.#changed());
    }
    this.#write();
  }

  /** @returns {Switches} */
  get switches() {
    const { prediction, interpolation, lag, jitter } = this.#parts;
    return {
      prediction: prediction.checked,
      interpolation: interpolation.checked,
      lagMs: lag.valueAsNumber,
      jitterMs: jitter.valueAsNumber,
    };
  }

  #changed() {
    this.#write();
    this.onChange(this.switches);
  }

  #write() {
    const { lagMs, jitterMs } = this.switches;
    setText(this.#parts.lagValue, `+${lagMs} ms`);
    setText(this.#parts.jitterValue, `±${jitterMs} ms`);
    setText(this.#parts.verdict, verdict(this.switches));
  }
}

/** @param {Switches} switches @returns {string} what the player should notice now */
function verdict({ prediction, interpolation, lagMs }) {
  if (!prediction && !interpolation)
    return "Raw netcode: everything waits for the server, and jumps.";
  if (!prediction) {
    return lagMs > 0
      ? `Your ship now answers ${2 * lagMs} ms late.`
      : "Your ship now waits for the server. Add latency to feel it.";
  }
  if (!interpolation) return "Others now jump from snapshot to snapshot, 20 times a second.";
  if (lagMs > 0) return "Latency is on, and your ship still answers at once.";
  return "Add latency, then switch prediction off: that is the difference.";
}
