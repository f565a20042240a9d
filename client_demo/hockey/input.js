/**
 * Keyboard, touch and gamepad as one direction and one button. Directions are those of the screen: the rink may be drawn
 * turned, and `view.js` turns them back.
 *
 * Touch: under a thumb on the left half a stick appears; a tap on the right half dashes.
 */

const STICK_RADIUS_PX = 56;
const DEAD_SHARE = 0.15;

/** By `KeyboardEvent.code`. @type {Readonly<Record<string, readonly [x: number, y: number]>>} */
const WAYS = Object.freeze({
  ArrowUp: [0, -1],
  KeyW: [0, -1],
  ArrowDown: [0, 1],
  KeyS: [0, 1],
  ArrowLeft: [-1, 0],
  KeyA: [-1, 0],
  ArrowRight: [1, 0],
  KeyD: [1, 0],
});

export class Input {
  /** Called at the first touch. */
  onTouch = () => {};
  /** Called when R is pressed. */
  onReady = () => {};
  /** Called when N is pressed. */
  onGraph = () => {};
  /** Called when L is pressed. */
  onLayers = () => {};

  x = 0;
  y = 0;
  dash = false;

  #marks;
  /** @type {Set<string>} */
  #keys = new Set();
  /** The finger on the stick. @type {number | null} */
  #finger = null;
  #start = { x: 0, y: 0 };
  #stick = { x: 0, y: 0 };
  #tapped = 0;

  /** @param {HTMLElement} stage @param {{stick: HTMLElement, knob: HTMLElement}} marks */
  constructor(stage, marks) {
    this.#marks = marks;
    window.addEventListener("keydown", (event) => this.#key(event, true));
    window.addEventListener("keyup", (event) => this.#key(event, false));
    window.addEventListener("blur", () => this.#keys.clear());
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      stage.addEventListener(name, (event) => this.#up(event));
    }
  }

  /** Reads everything; call it once for each drawn frame. @param {number} nowMs */
  read(nowMs) {
    this.x = this.#stick.x;
    this.y = this.#stick.y;
    for (const key of this.#keys) {
      const [x, y] = WAYS[key] ?? [0, 0];
      this.x += x;
      this.y += y;
    }
    this.dash = this.#keys.has("Space") || nowMs - this.#tapped < 120;
    this.#readPad();
    const push = Math.hypot(this.x, this.y);
    if (push > 1) {
      this.x /= push;
      this.y /= push;
    }
  }

  #readPad() {
    const pad = navigator.getGamepads?.().find((one) => one?.connected);
    if (!pad) return;
    const [x = 0, y = 0] = pad.axes;
    if (Math.hypot(x, y) > DEAD_SHARE) {
      this.x += x;
      this.y += y;
    }
    if (pad.buttons.slice(0, 4).some((button) => button.pressed)) this.dash = true;
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  #key(event, down) {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return;
    const pressesButton = event.target instanceof HTMLButtonElement && event.code === "Space";
    if (!(event.code in WAYS || event.code === "Space") || pressesButton) {
      if (!down || event.repeat) return;
      if (event.code === "KeyR") this.onReady();
      if (event.code === "KeyN") this.onGraph();
      if (event.code === "KeyL") this.onLayers();
      return;
    }
    event.preventDefault();
    if (down) this.#keys.add(event.code);
    else this.#keys.delete(event.code);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse") return;
    event.preventDefault();
    this.onTouch();
    if (event.clientX > window.innerWidth / 2) {
      this.#tapped = performance.now();
      return;
    }
    if (this.#finger !== null) return;
    this.#finger = event.pointerId;
    this.#start = { x: event.clientX, y: event.clientY };
    this.#marks.stick.style.translate = `${event.clientX}px ${event.clientY}px`;
    this.#marks.stick.classList.add("held");
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#finger) return;
    const x = (event.clientX - this.#start.x) / STICK_RADIUS_PX;
    const y = (event.clientY - this.#start.y) / STICK_RADIUS_PX;
    const far = Math.hypot(x, y);
    const share = far < DEAD_SHARE ? 0 : Math.min(1, far) / far;
    this.#stick = { x: x * share, y: y * share };
    const { x: knobX, y: knobY } = this.#stick;
    this.#marks.knob.style.translate = `${knobX * STICK_RADIUS_PX}px ${knobY * STICK_RADIUS_PX}px`;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.#finger) return;
    this.#finger = null;
    this.#stick = { x: 0, y: 0 };
    this.#marks.knob.style.translate = "";
    this.#marks.stick.classList.remove("held");
  }
}
