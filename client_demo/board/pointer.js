/**
 * Mouse, pen and fingers as strokes and moves of the sheet. One finger draws and two move and zoom; a stroke that the
 * first of two fingers has begun is taken back.
 */

/** @typedef {import("./view.js").View} View */
/**
 * @typedef {object} Hand what pointers do; places are pixels of the page
 * @property {(x: number, y: number, how: {erases: boolean, touches: boolean, pressure?: number | undefined}) => void} begin
 * @property {(x: number, y: number, pressure?: number) => void} go
 * @property {() => void} end
 * @property {() => void} takeBack
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 * @property {() => void} viewMoved
 * @property {() => boolean} moves whether the hand is held
 */

const PEN_ERASER = 32;
const WHEEL_ZOOM = 0.0022;

export class Pointers {
  #view;
  #hand;
  /** Fingers on the canvas, by pointer. @type {Map<number, {x: number, y: number}>} */
  #fingers = new Map();
  /** The pointer that draws. @type {number | null} */
  #drawing = null;
  /** The pointer that moves the sheet. @type {number | null} */
  #moving = null;
  #last = { x: 0, y: 0 };

  /** @param {HTMLElement} stage @param {View} view @param {Hand} hand */
  constructor(stage, view, hand) {
    this.#view = view;
    this.#hand = hand;
    stage.addEventListener("pointerdown", (event) => this.#down(stage, event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#up(event));
    stage.addEventListener("pointercancel", (event) => this.#up(event));
    stage.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") hand.leave();
    });
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** @param {HTMLElement} stage @param {PointerEvent} event */
  #down(stage, event) {
    stage.focus({ preventScroll: true });
    try {
      stage.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already, or a test has made the event up.
    }
    this.#last = { x: event.clientX, y: event.clientY };
    if (event.pointerType === "touch") {
      this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.#fingers.size === 2) {
        if (this.#drawing !== null) this.#hand.takeBack();
        this.#drawing = null;
        this.#moving = null;
        return;
      }
      if (this.#fingers.size > 2) return;
    }
    if (event.button === 1 || event.button === 2 || this.#hand.moves()) {
      this.#moving = event.pointerId;
      event.preventDefault();
      return;
    }
    if (this.#drawing !== null) return;
    this.#drawing = event.pointerId;
    this.#hand.begin(event.clientX, event.clientY, {
      erases: (event.buttons & PEN_ERASER) !== 0,
      touches: event.pointerType === "touch",
      pressure: pressureOf(event),
    });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#fingers.size >= 2) {
      this.#pinch(event);
      return;
    }
    if (event.pointerId === this.#moving) {
      this.#view.pan(event.clientX - this.#last.x, event.clientY - this.#last.y);
      this.#last = { x: event.clientX, y: event.clientY };
      this.#hand.viewMoved();
    }
    if (event.pointerId === this.#drawing) {
      const all = event.getCoalescedEvents?.() ?? [];
      for (const each of all.length > 0 ? all : [event]) {
        this.#hand.go(each.clientX, each.clientY, pressureOf(each));
      }
    }
    this.#hand.hover(event.clientX, event.clientY);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#fingers.delete(event.pointerId);
    if (event.pointerId === this.#drawing) {
      this.#drawing = null;
      this.#hand.end();
    }
    if (event.pointerId === this.#moving) this.#moving = null;
    if (event.pointerType === "touch") this.#hand.leave();
  }

  /** @param {PointerEvent} event */
  #pinch(event) {
    const moved = this.#fingers.get(event.pointerId);
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (moved === undefined || other === undefined) return;
    const before = { x: (moved.x + other.x) / 2, y: (moved.y + other.y) / 2 };
    const wide = Math.hypot(moved.x - other.x, moved.y - other.y);
    Object.assign(moved, { x: event.clientX, y: event.clientY });
    const after = { x: (moved.x + other.x) / 2, y: (moved.y + other.y) / 2 };
    this.#view.pan(after.x - before.x, after.y - before.y);
    const wider = Math.hypot(moved.x - other.x, moved.y - other.y);
    if (wide > 1 && wider > 1) this.#view.zoomBy(wider / wide, after.x, after.y);
    this.#hand.viewMoved();
  }

  /** A wheel moves the sheet; with Ctrl, and by two fingers on a touchpad, it zooms. @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const perLine = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [across, down] = [event.deltaX * perLine, event.deltaY * perLine];
    if (event.ctrlKey || event.metaKey) {
      this.#view.zoomBy(Math.exp(-down * WHEEL_ZOOM), event.clientX, event.clientY);
    } else if (event.shiftKey) this.#view.pan(-down - across, 0);
    else this.#view.pan(-across, -down);
    this.#hand.viewMoved();
  }
}

/** How hard a pen is pressed, 0 to 1; undefined for what feels no pressure. @param {PointerEvent} event */
function pressureOf({ pointerType, pressure }) {
  return pointerType === "pen" ? pressure : undefined;
}
