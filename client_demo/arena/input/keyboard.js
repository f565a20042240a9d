/**
 * The game's keys that are down. A tap counts for a short time even if the key is up again before it is read.
 */

/** Long enough that a client tick (16.7 ms) falls into it, short enough not to feel like a held key. */
const TAP_MS = 40;

/** @typedef {"left" | "right" | "thrust" | "brake" | "fire"} Action */

/**
 * By position on the keyboard, not by letter, so WASD works on a French keyboard too.
 *
 * @type {Readonly<Record<string, Action>>}
 */
const ACTIONS = Object.freeze({
  ArrowLeft: "left",
  KeyA: "left",
  ArrowRight: "right",
  KeyD: "right",
  ArrowUp: "thrust",
  KeyW: "thrust",
  ArrowDown: "brake",
  KeyS: "brake",
  Space: "fire",
});

export class Keyboard {
  /** Called when a turn key goes down: the keys steer from now on, not the mouse. */
  onTurn = () => {};
  /** @type {Map<string, Action>} */
  #held = new Map();
  /** Action → until when its last tap counts. @type {Map<Action, number>} */
  #taps = new Map();

  constructor() {
    window.addEventListener("keydown", (event) => this.#down(event));
    window.addEventListener("keyup", (event) => this.#held.delete(event.code));
    window.addEventListener("blur", () => this.#held.clear());
  }

  /** @param {Action} action @param {number} now milliseconds @returns {boolean} */
  is(action, now) {
    if ((this.#taps.get(action) ?? 0) > now) return true;
    for (const held of this.#held.values()) if (held === action) return true;
    return false;
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    const action = ACTIONS[event.code];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isControl(event.target)) return;
    event.preventDefault();
    if (event.repeat) return;
    this.#held.set(event.code, action);
    this.#taps.set(action, performance.now() + TAP_MS);
    if (action === "left" || action === "right") this.onTurn();
  }
}

/** What the keys of a US keyboard have on them, beside letters. @type {Readonly<Record<string, string>>} */
const SIGNS = Object.freeze({ Comma: ",", Period: "." });

/**
 * The name of a shortcut's key: by letter, as on the buttons' labels, where the layout has Latin letters; by the key's
 * position on other layouts (Greek, Cyrillic, Arabic, Hebrew), whose letters no button names.
 *
 * @param {Pick<KeyboardEvent, "key" | "code">} event
 * @returns {string} in lower case
 */
export function shortcut({ key, code }) {
  // Names of keys (Enter), and what is on Latin keyboards, are ASCII.
  if (/^[!-~]+$|^ $/.test(key) && key !== "Process" && key !== "Unidentified")
    return key.toLowerCase();
  return SIGNS[code] ?? code.replace(/^Key/, "").toLowerCase();
}

/**
 * @param {EventTarget | null} target
 * @returns {boolean} whether arrows and space there operate a field or a button instead of the ship
 */
export function isControl(target) {
  return target instanceof Element && target.closest("input, button, select, textarea, a") !== null;
}

/**
 * @param {EventTarget | null} target
 * @returns {boolean} whether letters there are text
 */
export function isTyping(target) {
  return target instanceof Element && target.closest("input[type=text], textarea") !== null;
}
