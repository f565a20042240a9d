/** The messages of the current channel on the screen. Everything that people wrote goes in as text. */
import { neon } from "../arena/palette.js";
import { make } from "../pages/dom.js";
import { partsOf } from "./text.js";

/** @typedef {import("./log.js").Message} Message */
/** @typedef {import("./outbox.js").Waiting} Waiting */

const GROUP_MS = 5 * 60_000;
/** Longer texts are folded; the person unfolds them. */
const LONG_CHARS = 700;
const LONG_LINES = 14;
/** So far from its end the list still counts as at its end. */
const END_PX = 40;
/** So far before its beginning the list asks for more. */
const NEAR_PX = 200;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** @param {number} number a person's @returns {string} their colour */
export function colourOf(number) {
  return neon((number * 137) % 360);
}

export class Messages {
  /** Called when a person wants a message that was not sent to be sent, or dropped. @type {(nonce: number) => void} */
  onRetry = () => {};
  /** @type {(nonce: number) => void} */
  onDrop = () => {};
  /** Called when a moderator takes a message out. @type {(id: number) => void} */
  onHide = () => {};
  /** Called when the list is scrolled to its beginning, or to its end. */
  onBeginning = () => {};
  onEnd = () => {};

  /** Whether there are buttons for moderators. */
  moderates = false;
  #scroller;
  #list;
  /** @type {Message | null} */
  #last = null;
  #waitingAt = 0;
  #wasAtEnd = true;

  /** @param {HTMLElement} scroller @param {HTMLElement} list */
  constructor(scroller, list) {
    this.#scroller = scroller;
    this.#list = list;
    scroller.tabIndex = 0; // so that keys scroll it
    scroller.addEventListener("scroll", () => {
      this.#wasAtEnd = this.atEnd;
      if (this.nearBeginning) this.onBeginning();
      if (this.#wasAtEnd) this.onEnd();
    });
    // A keyboard that comes up, or a composer that grows, leaves the end on the screen.
    new ResizeObserver(() => {
      if (this.#wasAtEnd) this.toEnd();
    }).observe(scroller);
  }

  /** Whether the newest message is on the screen. */
  get atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < END_PX;
  }

  /** Whether more is about to be scrolled to at the beginning, or would fit on the screen. */
  get nearBeginning() {
    return this.#scroller.scrollTop < NEAR_PX;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#wasAtEnd = true;
  }

  /**
   * Shows a channel from the beginning of what is here.
   *
   * @param {Message[]} messages oldest first
   * @param {Waiting[]} waiting
   * @param {number} read up to here this person has read; a line is drawn after it
   * @param {"end" | "keep"} place what stays on the screen
   */
  show(messages, waiting, read, place) {
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    // What was there already is nothing new to a screen reader.
    this.#scroller.ariaLive = "off";
    this.#list.replaceChildren();
    this.#last = null;
    this.#waitingAt = 0;
    for (const message of messages) {
      if (message.id === read + 1 && message.id !== 1) this.#list.append(this.#newLine());
      this.#list.append(...this.#rows(message));
    }
    this.#waitingAt = this.#list.childElementCount;
    this.showWaiting(waiting);
    if (place === "end") this.toEnd();
    else this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    requestAnimationFrame(() => {
      this.#scroller.ariaLive = "polite";
    });
  }

  /** Adds the newest message. @param {Message} message */
  add(message) {
    const follow = this.#wasAtEnd;
    const waiting = this.#list.children[this.#waitingAt] ?? null;
    for (const row of this.#rows(message)) {
      this.#list.insertBefore(row, waiting);
      this.#waitingAt += 1;
    }
    if (follow) this.toEnd();
  }

  /** Shows what is not confirmed yet, after all else. @param {Waiting[]} waiting */
  showWaiting(waiting) {
    const follow = this.#wasAtEnd;
    while (this.#list.childElementCount > this.#waitingAt) this.#list.lastElementChild?.remove();
    for (const each of waiting) this.#list.append(this.#waitingRow(each));
    if (follow) this.toEnd();
  }

  /** @param {Message} message @returns {HTMLElement[]} */
  #rows(message) {
    const before = this.#last;
    this.#last = message;
    const rows = [];
    const isNewDay =
      before === null ||
      new Date(before.atMs).toDateString() !== new Date(message.atMs).toDateString();
    if (isNewDay) {
      const line = make("li", "day");
      line.append(make("span", "", day.format(message.atMs)));
      rows.push(line);
    }
    const isFirst =
      isNewDay ||
      before.from !== message.from ||
      before.name !== message.name ||
      message.atMs - before.atMs > GROUP_MS;
    rows.push(this.#row(message, isFirst));
    return rows;
  }

  /** @param {Message} message @param {boolean} isFirst of a group of the same person */
  #row(message, isFirst) {
    const row = make("li", isFirst ? "message first" : "message");
    row.dataset.id = String(message.id);
    const time = make("time", "time", clock.format(message.atMs));
    time.dateTime = new Date(message.atMs).toISOString();
    if (isFirst) {
      const face = make("span", "face", initialOf(message.name));
      face.ariaHidden = "true";
      face.style.setProperty("--hue", colourOf(message.from));
      const by = make("p", "by");
      const who = make("bdi", "who", message.name);
      who.style.color = colourOf(message.from);
      by.append(who);
      if (message.mod) by.append(make("span", "badge", "moderator"));
      by.append(time);
      row.append(face, by);
    } else {
      // For screen readers, which read row by row.
      row.append(make("bdi", "visually-hidden", message.name), time);
    }
    row.append(textOf(message));
    if (this.moderates && message.id > 0 && !message.hidden) {
      const button = make("button", "small hide", "Remove");
      button.type = "button";
      button.addEventListener("click", () => this.onHide(message.id));
      row.append(button);
    }
    return row;
  }

  /** @param {Waiting} waiting */
  #waitingRow({ nonce, text, failed }) {
    const row = make("li", failed === undefined ? "message waiting" : "message waiting failed");
    const shown = make("p", "text", text);
    shown.dir = "auto";
    row.append(shown);
    if (failed === undefined) {
      row.append(make("span", "visually-hidden", "not sent yet"));
      return row;
    }
    const why = make("p", "why", `Not sent: ${failed} `);
    const again = make("button", "small", "Try again");
    const drop = make("button", "small", "Discard");
    again.type = drop.type = "button";
    again.addEventListener("click", () => this.onRetry(nonce));
    drop.addEventListener("click", () => this.onDrop(nonce));
    why.append(again, drop);
    row.append(why);
    return row;
  }

  #newLine() {
    const line = make("li", "new-line");
    line.append(make("span", "", "New"));
    return line;
  }
}

/** @param {string} name */
function initialOf(name) {
  return (Array.from(name)[0] ?? "?").toUpperCase();
}

/** @param {Message} message @returns {HTMLElement} */
function textOf({ text, hidden }) {
  if (hidden) return make("p", "text gone", "taken out by a moderator");
  const shown = make("p", "text");
  shown.dir = "auto";
  for (const part of partsOf(text)) shown.append(part.href === null ? part.text : linkOf(part));
  if (text.length <= LONG_CHARS && text.split("\n").length <= LONG_LINES) return shown;
  const box = make("div", "folded");
  const more = make("button", "small", "Show all");
  more.type = "button";
  more.ariaExpanded = "false";
  more.addEventListener("click", () => {
    const isFolded = box.classList.toggle("folded");
    more.textContent = isFolded ? "Show all" : "Show less";
    more.ariaExpanded = String(!isFolded);
  });
  box.append(shown, more);
  return box;
}

/** @param {import("./text.js").Part} part */
function linkOf({ text, href }) {
  const link = make("a", "", text);
  link.href = /** @type {string} */ (href);
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  // Where it leads, as the browser understands it: letters of other scripts show as xn--…
  link.title = link.href;
  return link;
}
