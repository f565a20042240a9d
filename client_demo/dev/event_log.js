/** The newest events of the room, and what the session itself reports. */
import { make } from "./dom.js";

const MOST = 200;
const MAX_TEXT = 2_000;

/** The list. */
export class EventLog {
  #list;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
    this.#hint();
  }

  /** @param {number} tick @param {string} name @param {unknown} payload */
  add(tick, name, payload) {
    this.#put(String(tick), name, payload, "event");
  }

  /** Something that is no event of the room. @param {string} text @param {unknown} detail */
  note(text, detail) {
    this.#put("", text, detail, "note");
  }

  #hint() {
    this.#list.replaceChildren(make("li", "hint", "What the room broadcasts appears here."));
  }

  /** @param {string} tick @param {string} name @param {unknown} payload @param {string} className */
  #put(tick, name, payload, className) {
    this.#list.querySelector(".hint")?.remove();
    const item = make("li", className);
    item.append(make("span", "tick", tick), make("b", "", name));
    if (payload !== null) item.append(make("code", "", asText(payload)));
    const isAtEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 24;
    this.#list.append(item);
    while (this.#list.children.length > MOST) this.#list.firstElementChild?.remove();
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

/** @param {unknown} value */
export function asText(value) {
  const text = JSON.stringify(value, (_, part) => {
    if (part instanceof Uint8Array) return `${part.length} bytes`;
    if (typeof part === "number") return Math.round(part * 1000) / 1000;
    return part instanceof Map ? Object.fromEntries(part) : part;
  });
  return (text ?? String(value)).slice(0, MAX_TEXT);
}
