/**
 * One client of the lab: a session with its own added latency, and in each frame three views of it: what it draws, what the newest
 * snapshot that reached it says, and, for the observer beside the server, where things are by now.
 */
import { joinArena } from "../arena/net.js";

/** Where a ship is, in one of the views. @typedef {{x: number, y: number, angle: number, frame: number}} Ghost */
/** @typedef {import("../arena/types.js").Ship} Ship */
/** @typedef {import("../arena/net.js").Session} Session */
/** @typedef {import("../arena/scene.js").Frame} Frame */

/** The newest snapshot is carried on along its speeds for no longer than this. */
const MAX_AHEAD_S = 0.1;
const RAW = Object.freeze({ prediction: false, interpolation: false });

export class LabClient {
  /** Ship's id → where the newest snapshot has it. @type {Map<number, Ghost>} */
  received = new Map();
  session;
  #arrivedMs = 0;
  #frame = 0;

  /** @param {Parameters<typeof joinArena>[0]} wish */
  constructor(wish) {
    this.session = joinArena(wish);
    this.session.on("state", () => {
      this.#arrivedMs = performance.now();
    });
  }

  /**
   * What this client draws now. `received` is brought up to date first: the SDK draws into the same objects each time.
   *
   * @param {number} now milliseconds
   * @returns {Frame}
   */
  frame(now) {
    const { prediction, interpolation } = this.session.switches;
    this.session.switches = RAW;
    this.#copy(this.session.frame(now), 0);
    this.session.switches = { prediction, interpolation };
    return this.session.frame(now);
  }

  /** Where things are by now, as far as a client beside the server can know. @param {number} now @returns {Map<number, Ghost>} */
  truth(now) {
    this.session.switches = RAW;
    const aheadS = Math.max(0, Math.min(MAX_AHEAD_S, (now - this.#arrivedMs) / 1000));
    this.#copy(this.session.frame(now), aheadS);
    return this.received;
  }

  /** @param {Frame} raw @param {number} aheadS */
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
