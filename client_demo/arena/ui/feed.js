/** The feed of kills and notices: a few lines that disappear after some seconds. */

import { make } from "../../pages/dom.js";
import { neon } from "../palette.js";

const MAX_LINES = 5;
const LINE_MS = 6000;

export class Feed {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * @param {string} killer empty when the shooter has left
   * @param {number} killerHue
   * @param {string} victim
   * @param {number} victimHue
   */
  kill(killer, killerHue, victim, victimHue) {
    const line = make("li", "kill");
    if (killer !== "") line.append(name(killer, killerHue));
    line.append(make("span", "bolt", "▸"), name(victim, victimHue));
    this.#add(line);
  }

  /** @param {string} who @param {string} what */
  line(who, what) {
    const line = make("li", "note");
    line.append(make("bdi", "", who), ` ${what}`);
    this.#add(line);
  }

  clear() {
    this.#list.replaceChildren();
  }

  /** @param {HTMLElement} line */
  #add(line) {
    this.#list.append(line);
    while (this.#list.childElementCount > MAX_LINES) this.#list.firstElementChild?.remove();
    setTimeout(() => line.remove(), LINE_MS);
  }
}

/** @param {string} text @param {number} hue */
function name(text, hue) {
  const made = make("bdi", "who", text);
  made.style.color = neon(hue);
  return made;
}
