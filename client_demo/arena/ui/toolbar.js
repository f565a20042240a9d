/** The buttons at the top and their keys. A key does what its button does, except while the player is typing. */
import { isTyping, shortcut } from "../input/keyboard.js";

/**
 * @typedef {object} Parts
 * @property {HTMLButtonElement} feel
 * @property {HTMLButtonElement} graph
 * @property {HTMLButtonElement} sound
 * @property {HTMLButtonElement} chat
 * @property {HTMLButtonElement} leave
 * @property {HTMLElement} panel
 * @property {HTMLElement} graphCard
 */

export class Toolbar {
  /** @type {(on: boolean) => void} */
  onSound = () => {};
  onChat = () => {};
  onLeave = () => {};
  /** Called after a click with the pointer, so that the focus leaves the button and space fires again. */
  onDone = () => {};
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#click(parts.feel, () => this.toggleFeel());
    this.#click(parts.graph, () => this.toggleGraph());
    this.#click(parts.sound, () => this.toggleSound());
    parts.chat.addEventListener("click", () => this.onChat());
    parts.leave.addEventListener("click", () => this.onLeave());
    window.addEventListener("keydown", (event) => this.#key(event));
  }

  toggleFeel() {
    const { panel, feel } = this.#parts;
    panel.hidden = !panel.hidden;
    feel.setAttribute("aria-expanded", String(!panel.hidden));
  }

  toggleGraph() {
    const { graphCard, graph } = this.#parts;
    graphCard.hidden = !graphCard.hidden;
    graph.setAttribute("aria-pressed", String(!graphCard.hidden));
  }

  toggleSound() {
    const { sound } = this.#parts;
    const on = sound.getAttribute("aria-pressed") !== "true";
    sound.setAttribute("aria-pressed", String(on));
    this.onSound(on);
  }

  /** @param {HTMLButtonElement} button @param {() => void} act */
  #click(button, act) {
    button.addEventListener("click", (event) => {
      act();
      // A click made with the keyboard has a count of 0: the focus stays on the button then.
      if (event.detail > 0) this.onDone();
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (isTyping(event.target) || document.body.dataset.link === "idle") return;
    const key = shortcut(event);
    if (key === "n") this.toggleGraph();
    else if (key === "f") this.toggleFeel();
    else if (key === "m") this.toggleSound();
    else if (key === "t") this.#openChat(event);
    else if (key === "enter" && !isPressable(event.target)) this.#openChat(event);
  }

  /** @param {KeyboardEvent} event */
  #openChat(event) {
    event.preventDefault();
    this.onChat();
  }
}

/** @param {EventTarget | null} target @returns {boolean} whether Enter activates something there */
function isPressable(target) {
  return target instanceof Element && target.closest("button, a") !== null;
}
