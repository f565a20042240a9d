/**
 * The mouse: the ship turns towards it, the left button fires, the right one thrusts. It starts steering when it moves.
 */

/** Smaller movements do not count as steering. */
const NUDGE_PX = 4;

export class Mouse {
  /** Where it aims, in CSS pixels; active while the mouse steers. @type {import("../render/hud.js").Pointer} */
  pointer = { active: false, x: 0, y: 0 };
  fire = false;
  thrust = false;

  /** @param {HTMLElement} stage */
  constructor(stage) {
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    window.addEventListener("pointerup", (event) => this.#buttons(event));
    window.addEventListener("blur", () => this.#release());
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Stops steering until the mouse moves again. */
  yield() {
    this.pointer.active = false;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType !== "mouse") return;
    const { pointer } = this;
    const moved = Math.abs(event.clientX - pointer.x) + Math.abs(event.clientY - pointer.y);
    if (moved >= NUDGE_PX) pointer.active = true;
    if (!pointer.active) return;
    pointer.x = event.clientX;
    pointer.y = event.clientY;
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.pointerType !== "mouse") return;
    this.pointer.active = true;
    this.pointer.x = event.clientX;
    this.pointer.y = event.clientY;
    this.#buttons(event);
  }

  /** @param {PointerEvent} event */
  #buttons(event) {
    if (event.pointerType !== "mouse") return;
    this.fire = (event.buttons & 1) !== 0;
    this.thrust = (event.buttons & 2) !== 0;
  }

  #release() {
    this.fire = false;
    this.thrust = false;
  }
}
