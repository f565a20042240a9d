/**
 * Touch: on the left half of the screen a stick appears under the thumb (its direction is the heading, its far half
 * thrusts); the right half fires.
 *
 * The marks on screen only show this: each half reacts as a whole.
 */

const STICK_RADIUS_PX = 58;
/** Nearer to the middle the ship keeps its heading. */
const DEAD_SHARE = 0.2;
const THRUST_SHARE = 0.55;
const NO_FINGER = -1;

export class Touch {
  steer = false;
  thrust = false;
  fire = false;
  /** Heading of the stick, radians. */
  aim = 0;
  /** Called at the first touch. */
  onFirst = () => {};

  #stick;
  #knob;
  #trigger;
  #used = false;
  #steerFinger = NO_FINGER;
  #fireFinger = NO_FINGER;
  #originX = 0;
  #originY = 0;

  /**
   * @param {HTMLElement} stage
   * @param {{stick: HTMLElement, knob: HTMLElement, trigger: HTMLElement}} marks
   */
  constructor(stage, { stick, knob, trigger }) {
    this.#stick = stick;
    this.#knob = knob;
    this.#trigger = trigger;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      stage.addEventListener(name, (event) => this.#up(event));
    }
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse") return;
    event.preventDefault();
    if (!this.#used) this.onFirst();
    this.#used = true;
    const left = event.clientX < window.innerWidth / 2;
    if (left && this.#steerFinger === NO_FINGER) this.#grip(event);
    else if (!left && this.#fireFinger === NO_FINGER) this.#pull(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #grip(event) {
    this.#steerFinger = event.pointerId;
    this.#originX = event.clientX;
    this.#originY = event.clientY;
    this.#stick.style.translate = `${event.clientX}px ${event.clientY}px`;
    this.#stick.classList.add("held");
  }

  /** @param {number} finger */
  #pull(finger) {
    this.#fireFinger = finger;
    this.fire = true;
    this.#trigger.classList.add("held");
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#steerFinger) return;
    const x = event.clientX - this.#originX;
    const y = event.clientY - this.#originY;
    const far = Math.hypot(x, y);
    const share = Math.min(1, far / STICK_RADIUS_PX);
    this.steer = share > DEAD_SHARE;
    this.thrust = share > THRUST_SHARE;
    if (this.steer) this.aim = Math.atan2(y, x);
    const reach = far === 0 ? 0 : (share * STICK_RADIUS_PX) / far;
    this.#knob.style.translate = `${x * reach}px ${y * reach}px`;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId === this.#steerFinger) {
      this.#steerFinger = NO_FINGER;
      this.steer = false;
      this.thrust = false;
      this.#knob.style.translate = "0 0";
      this.#stick.style.translate = "";
      this.#stick.classList.remove("held");
    } else if (event.pointerId === this.#fireFinger) {
      this.#fireFinger = NO_FINGER;
      this.fire = false;
      this.#trigger.classList.remove("held");
    }
  }
}
