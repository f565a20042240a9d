/**
 * A gamepad in the standard layout: left stick or cross to fly, A or the right trigger to fire, B or the left one to
 * brake.
 */

const DEAD_SHARE = 0.25;
const THRUST_SHARE = 0.6;
const FIRE_BUTTONS = Object.freeze([0, 5, 7]);
const BRAKE_BUTTONS = Object.freeze([1, 6, 13]);
const THRUST_BUTTONS = Object.freeze([2, 12]);
const LEFT_BUTTON = 14;
const RIGHT_BUTTON = 15;

export class Pad {
  turn = 0;
  thrust = false;
  brake = false;
  fire = false;
  steer = false;
  /** Heading of the stick, radians. */
  aim = 0;
  #connected = 0;

  constructor() {
    window.addEventListener("gamepadconnected", () => {
      this.#connected += 1;
    });
    window.addEventListener("gamepaddisconnected", () => {
      this.#connected = Math.max(0, this.#connected - 1);
      this.#release();
    });
  }

  /** Reads the gamepad. Asks the browser only while one is connected: `getGamepads` allocates. */
  poll() {
    if (this.#connected === 0) return;
    const pad = navigator.getGamepads().find((item) => item?.connected);
    if (!pad) return;
    const [x = 0, y = 0] = pad.axes;
    const push = Math.hypot(x, y);
    this.steer = push > DEAD_SHARE;
    if (this.steer) this.aim = Math.atan2(y, x);
    this.thrust = push > THRUST_SHARE || anyDown(pad, THRUST_BUTTONS);
    this.brake = anyDown(pad, BRAKE_BUTTONS);
    this.fire = anyDown(pad, FIRE_BUTTONS);
    this.turn = Number(isDown(pad, RIGHT_BUTTON)) - Number(isDown(pad, LEFT_BUTTON));
  }

  #release() {
    this.turn = 0;
    this.thrust = false;
    this.brake = false;
    this.fire = false;
    this.steer = false;
  }
}

/** @param {Gamepad} pad @param {number} button */
function isDown(pad, button) {
  return pad.buttons[button]?.pressed === true;
}

/** @param {Gamepad} pad @param {ReadonlyArray<number>} buttons */
function anyDown(pad, buttons) {
  return buttons.some((button) => isDown(pad, button));
}
