/**
 * Controls of a ship in the lab: from the keyboard, or, while no key is pressed, from an autopilot that circles the
 * middle, so that there is always motion to compare.
 */

const RING_UNITS = 190;
/** How far ahead on the ring the autopilot aims, radians. */
const AHEAD = 0.7;
/** The autopilot takes over this long after the last key. */
const TAKE_OVER_MS = 4000;
const MAX_PACE = 190;
const TURN = Math.PI * 2;

/** @typedef {import("../arena/types.js").Controls} Controls */
/** @typedef {import("../arena/types.js").Ship} Ship */
/**
 * @typedef {object} Keys by position on the keyboard
 * @property {string} left
 * @property {string} right
 * @property {string} thrust
 * @property {string} brake
 * @property {string} fire
 */

export class LabPilot {
  /** @type {Controls} */
  controls = { turn: 0, thrust: false, brake: false, fire: false, steer: false, aim: 0 };
  #keys;
  #held = new Set();
  #touchedMs = Number.NEGATIVE_INFINITY;

  /** @param {Keys} keys */
  constructor(keys) {
    this.#keys = keys;
    const own = new Set(Object.values(keys));
    window.addEventListener("keydown", (event) => {
      const typing = event.target instanceof Element && event.target.closest("input, a") !== null;
      if (!own.has(event.code) || typing) return;
      event.preventDefault();
      this.#held.add(event.code);
      this.#touchedMs = performance.now();
    });
    window.addEventListener("keyup", ({ code }) => this.#held.delete(code));
    window.addEventListener("blur", () => this.#held.clear());
  }

  /**
   * @param {number} now milliseconds
   * @param {Ship | null} own
   * @param {{x: number, y: number}} middle of the ring
   * @returns {Controls} the same object each time
   */
  read(now, own, middle) {
    if (this.#held.size > 0) this.#touchedMs = now;
    if (now - this.#touchedMs < TAKE_OVER_MS || own === null) this.#byHand();
    else this.#circle(own, middle);
    return this.controls;
  }

  #byHand() {
    const { left, right, thrust, brake, fire } = this.#keys;
    const held = this.#held;
    this.controls.steer = false;
    this.controls.turn = Number(held.has(right)) - Number(held.has(left));
    this.controls.thrust = held.has(thrust);
    this.controls.brake = held.has(brake);
    this.controls.fire = held.has(fire);
  }

  /** @param {Ship} own @param {{x: number, y: number}} middle */
  #circle(own, middle) {
    const { controls } = this;
    const place = Math.atan2(own.y - middle.y, own.x - middle.x) + AHEAD;
    const x = middle.x + RING_UNITS * Math.cos(place) - own.x;
    const y = middle.y + RING_UNITS * Math.sin(place) - own.y;
    // Aims at the difference of speeds, not at the place: inertia would carry the ship past it.
    const away = Math.hypot(x, y) || 1;
    const wantX = (x / away) * MAX_PACE - own.vx;
    const wantY = (y / away) * MAX_PACE - own.vy;
    const aim = Math.atan2(wantY, wantX);
    const off = Math.abs(((own.angle - aim + 3 * Math.PI) % TURN) - Math.PI);
    controls.turn = 0;
    controls.steer = true;
    controls.aim = aim < 0 ? aim + TURN : aim;
    controls.thrust = off < 0.5 && Math.hypot(wantX, wantY) > 12;
    controls.brake = false;
    controls.fire = false;
  }
}
