/**
 * The camera: follows a point smoothly, leads a little in the direction of travel, and shakes.
 *
 * All easing is exponential in real time, so the motion is the same at 30, 60 and 144 frames a second.
 */

/** Time in which the camera covers 63 % of the way to its goal: short enough not to lag, long enough not to jolt. */
const FOLLOW_S = 0.16;
const LEAD_S = 0.45;
/** How far the camera leads a flying ship, in seconds of flight, and at most this share of the picture's half width. */
const LEAD_TIME_S = 0.32;
const LEAD_MAX_SHARE = 0.3;
/** Beyond this distance (a respawn) the camera jumps instead of flying there. */
const CUT_DISTANCE = 900;
const SHAKE_FADE_S = 0.38;
const SHAKE_MAX_PX = 9;
/** Width in world units that a picture of 1280 × 800 shows; other sizes show about the same area. */
const VIEW_WIDTH = 1080;
const REFERENCE_DIAGONAL = Math.hypot(1280, 800);
const MIN_ZOOM = 0.62;
const MAX_ZOOM = 1.7;

/** @typedef {import("./types.js").Bounds} Bounds */

export class Camera {
  x = 1200;
  y = 800;
  /** Device pixels per world unit. */
  scale = 1;
  /** Size of the picture in device pixels, and device pixels per CSS pixel. */
  width = 1;
  height = 1;
  density = 1;
  /** Zoom factor relative to the usual one. */
  magnify = 1;
  /** Shake, in device pixels. */
  shakeX = 0;
  shakeY = 0;
  /** The part of the world that is in the picture. @type {Bounds} */
  seen = { left: 0, top: 0, right: 0, bottom: 0 };

  /** No shake for those who prefer reduced motion. */
  #reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
  #leadX = 0;
  #leadY = 0;
  #trauma = 0;
  #phase = 0;
  #placed = false;

  /**
   * @param {number} width device pixels
   * @param {number} height device pixels
   * @param {number} density device pixels per CSS pixel
   */
  resize(width, height, density) {
    this.width = width;
    this.height = height;
    this.density = density;
    const diagonal = Math.hypot(width, height) / density;
    const zoom = (1280 / VIEW_WIDTH) * (diagonal / REFERENCE_DIAGONAL);
    this.scale = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom)) * this.magnify * density;
    this.#updateSeen();
  }

  /**
   * @param {number} dt seconds since the last frame
   * @param {number} x the point to follow, in world units
   * @param {number} y
   * @param {number} vx its speed, units a second
   * @param {number} vy
   */
  follow(dt, x, y, vx, vy) {
    const reach = (this.width / this.scale / 2) * LEAD_MAX_SHARE;
    const lead = 1 - Math.exp(-dt / LEAD_S);
    this.#leadX += (clamp(vx * LEAD_TIME_S, reach) - this.#leadX) * lead;
    this.#leadY += (clamp(vy * LEAD_TIME_S, reach) - this.#leadY) * lead;
    const goalX = x + this.#leadX;
    const goalY = y + this.#leadY;
    const far = Math.abs(goalX - this.x) + Math.abs(goalY - this.y) > CUT_DISTANCE;
    const part = far || !this.#placed ? 1 : 1 - Math.exp(-dt / FOLLOW_S);
    this.#placed = true;
    this.x += (goalX - this.x) * part;
    this.y += (goalY - this.y) * part;
    this.#shake(dt);
    this.#updateSeen();
  }

  /** Shakes the picture. @param {number} amount 0–1, added to the present shake */
  jolt(amount) {
    if (!this.#reducedMotion.matches) this.#trauma = Math.min(1, this.#trauma + amount);
  }

  /** @param {number} x world units @returns {number} device pixels from the left */
  screenX(x) {
    return (x - this.x) * this.scale + this.width / 2 + this.shakeX;
  }

  /** @param {number} y world units @returns {number} device pixels from the top */
  screenY(y) {
    return (y - this.y) * this.scale + this.height / 2 + this.shakeY;
  }

  /**
   * @param {number} x world units
   * @param {number} y
   * @param {number} margin world units
   * @returns {boolean} whether something of that size at this point touches the picture
   */
  sees(x, y, margin) {
    const seen = this.seen;
    return (
      x > seen.left - margin &&
      x < seen.right + margin &&
      y > seen.top - margin &&
      y < seen.bottom + margin
    );
  }

  /** @param {number} dt seconds */
  #shake(dt) {
    this.#trauma *= Math.exp(-dt / SHAKE_FADE_S);
    this.#phase += dt;
    const size = this.#trauma * this.#trauma * SHAKE_MAX_PX * this.density;
    // Two sines with unrelated periods look random and never jump between frames.
    this.shakeX = size * Math.sin(this.#phase * 71);
    this.shakeY = size * Math.sin(this.#phase * 83 + 1.3);
  }

  #updateSeen() {
    const halfWidth = this.width / this.scale / 2;
    const halfHeight = this.height / this.scale / 2;
    this.seen.left = this.x - halfWidth;
    this.seen.right = this.x + halfWidth;
    this.seen.top = this.y - halfHeight;
    this.seen.bottom = this.y + halfHeight;
  }
}

/** @param {number} value @param {number} reach @returns {number} */
function clamp(value, reach) {
  return Math.max(-reach, Math.min(reach, value));
}
