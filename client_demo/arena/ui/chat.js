/**
 * Chat: Enter opens the field, Enter sends the line, Escape closes the field. Messages are inserted as text, never as
 * markup.
 */

import { make } from "../../pages/dom.js";
import { neon } from "../palette.js";

const MAX_LINES = 40;
/** Lines fade after this, and are shown again while the field is open. */
const FRESH_MS = 9000;

export class Chat {
  /** Called with each line to send. @type {(text: string) => void} */
  onSend = () => {};
  /** Called when the field closes, so that keys steer the ship again. */
  onLeave = () => {};

  #box;
  #lines;
  #form;
  #field;

  /** @param {{box: HTMLElement, lines: HTMLElement, form: HTMLFormElement, field: HTMLInputElement}} parts */
  constructor({ box, lines, form, field }) {
    this.#box = box;
    this.#lines = lines;
    this.#form = form;
    this.#field = field;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    field.addEventListener("blur", () => this.close());
  }

  open() {
    this.#form.hidden = false;
    this.#box.classList.add("open");
    this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#field.focus();
  }

  close() {
    if (this.#form.hidden) return;
    this.#form.hidden = true;
    this.#field.value = "";
    this.#box.classList.remove("open");
    this.onLeave();
  }

  /** @param {string} name @param {number} hue @param {string} text */
  add(name, hue, text) {
    const line = make("li", "fresh");
    const who = make("bdi", "who", name);
    who.style.color = neon(hue);
    line.append(who, make("bdi", "said", text));
    this.#lines.append(line);
    while (this.#lines.childElementCount > MAX_LINES) this.#lines.firstElementChild?.remove();
    this.#lines.scrollTop = this.#lines.scrollHeight;
    setTimeout(() => line.classList.remove("fresh"), FRESH_MS);
  }

  clear() {
    this.#lines.replaceChildren();
  }

  #submit() {
    const text = this.#field.value.trim();
    if (text !== "") this.onSend(text);
    this.close();
  }
}
