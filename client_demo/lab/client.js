/**
 * One client of the lab: a session with its own added latency. It gives the ships' poses in up to three ways: as it
 * draws them, as in the newest snapshot that it received, and, for the observer without added latency, as on the server
 * by now.
 */
import { joinArena } from "../arena/net.js";

/**
 * A ship's pose as the snapshot or the server has it.
 *
 * @typedef {{x: number, y: number, angle: number, frame: number}} Ghost
 */
/** @typedef {import("../arena/types.js").Ship} Ship */
/** @typedef {import("../arena/net.js").Session} Session */
/** @typedef {import("../arena/scene.js").Frame} Frame */

/** The newest snapshot is extrapolated along its speeds for no longer than this. */
const MAX_AHEAD_S = 0.1;
const RAW = Object.freeze({ prediction: false, interpolation: false });

export class LabClient {
  /** A ship's id → its pose in the newest snapshot. @type {Map<number, Ghost>} */
  received = new Map();
  session;
  #receivedAtMs = 0;
  #frame = 0;

  /** @param {Parameters<typeof joinArena>[0]} options */
  constructor(options) {
    this.session = joinArena(options);
    this.session.on("updated", () => {
      this.#receivedAtMs = performance.now();
    });
  }

  /**
   * Updates `received`, then returns what this client draws now. The SDK returns the same objects each time, so the
   * newest snapshot is copied first.
   *
   * @param {number} now milliseconds
   * @returns {Frame}
   */
  frame(now) {
    const { prediction, interpolation } = this.session.switches;
    this.session.switches = RAW;
    this.#copy(this.session.draw(now), 0);
    this.session.switches = { prediction, interpolation };
    return this.session.draw(now);
  }

  /**
   * Returns the living ships of a layer of what `frame` has returned.
   *
   * @param {"interpolated" | "predicted"} layer
   * @returns {Ship[]}
   */
  layer(layer) {
    const ships = /** @type {readonly any[]} */ (this.session.layers?.[layer].get("Ship") ?? []);
    return ships.filter(({ dead }) => !dead);
  }

  /**
   * Returns the ships' poses on the server by now, extrapolated from the newest snapshot.
   *
   * @param {number} now
   * @returns {Map<number, Ghost>}
   */
  serverPoses(now) {
    this.session.switches = RAW;
    const aheadS = Math.max(0, Math.min(MAX_AHEAD_S, (now - this.#receivedAtMs) / 1000));
    this.#copy(this.session.draw(now), aheadS);
    return this.received;
  }

  /**
   * Copies the poses of a frame into `received`.
   *
   * @param {Frame} raw
   * @param {number} aheadS how far to extrapolate, seconds
   */
  #copy(raw, aheadS) {
    this.#frame += 1;
    /** @type {Ship[]} */
    const ships = raw.entities.get("Ship") ?? [];
    for (const { id, x, y, vx, vy, angle, dead } of ships) {
      if (dead) continue;
      const ghost = this.received.get(id) ?? { x: 0, y: 0, angle: 0, frame: 0 };
      ghost.x = x + vx * aheadS;
      ghost.y = y + vy * aheadS;
      ghost.angle = angle;
      ghost.frame = this.#frame;
      this.received.set(id, ghost);
    }
    for (const [id, ghost] of this.received) {
      if (ghost.frame !== this.#frame) this.received.delete(id);
    }
  }
}
