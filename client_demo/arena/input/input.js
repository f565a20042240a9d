/**
 * Combines all devices into the arena's controls. The device used last steers; every device may fire, thrust and brake.
 */

import { Pad } from "./gamepad.js";
import { Keyboard } from "./keyboard.js";
import { Mouse } from "./mouse.js";
import { Touch } from "./touch.js";

const TURN = Math.PI * 2;

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../types.js").Controls} Controls */
/** @typedef {import("../types.js").Ship} Ship */

export class Input {
  /** @type {Controls} */
  controls = { turn: 0, thrust: false, brake: false, fire: false, steer: false, aim: 0 };
  #keyboard = new Keyboard();
  #pad = new Pad();
  #mouse;
  #touch;

  /**
   * @param {HTMLElement} stage
   * @param {{stick: HTMLElement, knob: HTMLElement, trigger: HTMLElement}} marks of the touch controls
   */
  constructor(stage, marks) {
    this.#mouse = new Mouse(stage);
    this.#touch = new Touch(stage, marks);
    this.#keyboard.onTurn = () => this.#mouse.yield();
  }

  /** @returns {import("../render/hud.js").Pointer} */
  get pointer() {
    return this.#mouse.pointer;
  }

  /** @param {() => void} fn called when the screen is first touched */
  set onFirstTouch(fn) {
    this.#touch.onFirst = fn;
  }

  /**
   * @param {number} now milliseconds
   * @param {Camera} camera
   * @param {Ship | null} own
   * @returns {Controls} the same object each time
   */
  read(now, camera, own) {
    this.#pad.poll();
    const keys = this.#keyboard;
    const pad = this.#pad;
    const touch = this.#touch;
    const mouse = this.#mouse;
    const { controls } = this;
    controls.turn = pad.turn || Number(keys.is("right", now)) - Number(keys.is("left", now));
    controls.thrust = keys.is("thrust", now) || mouse.thrust || touch.thrust || pad.thrust;
    controls.brake = keys.is("brake", now) || pad.brake;
    controls.fire = keys.is("fire", now) || mouse.fire || touch.fire || pad.fire;
    this.#steer(camera, own);
    return controls;
  }

  /** @param {Camera} camera @param {Ship | null} own */
  #steer(camera, own) {
    const { controls } = this;
    const touch = this.#touch;
    const { pointer } = this.#mouse;
    controls.steer = controls.turn === 0 && (this.#pad.steer || touch.steer || pointer.active);
    if (!controls.steer) return;
    let aim = this.#pad.steer ? this.#pad.aim : touch.aim;
    if (!this.#pad.steer && !touch.steer && own !== null) {
      const x = pointer.x * camera.density - camera.screenX(own.x);
      const y = pointer.y * camera.density - camera.screenY(own.y);
      aim = Math.atan2(y, x);
    }
    controls.aim = aim < 0 ? aim + TURN : aim;
  }
}
