/**
 * The state of the link (online, reconnecting, closed): a pill in the corner, a banner in the middle, text for screen
 * readers.
 */
import { closeMessage, reconnectMessage } from "../../pages/close_messages.js";
import { setText } from "../../pages/dom.js";

/** Above these round trips the pill changes colour, milliseconds. */
const FAIR_RTT_MS = 120;
const POOR_RTT_MS = 250;

/** @typedef {Extract<import("../../sdk/index.js").Status, {state: "waiting"}>} Waiting */
/**
 * @typedef {object} Parts
 * @property {HTMLElement} root
 * @property {HTMLElement} pill
 * @property {HTMLElement} pillText
 * @property {HTMLElement} banner
 * @property {HTMLElement} title
 * @property {HTMLElement} hint
 * @property {HTMLElement} detail
 * @property {HTMLButtonElement} action
 * @property {HTMLElement} live
 */

export class Status {
  /** Called when the banner's button is pressed. @type {() => void} */
  onAction = () => {};
  #parts;
  /** When the next try is due, in the page's milliseconds; 0: no countdown is shown. */
  #retryAt = 0;
  #why = "";

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    parts.action.addEventListener("click", () => this.onAction());
  }

  connecting() {
    this.#retryAt = 0;
    this.#show("connecting", "Connecting…", "", "", "");
  }

  online() {
    this.#retryAt = 0;
    this.#parts.root.dataset.link = "online";
    this.#parts.banner.hidden = true;
    this.announce("Connected");
  }

  /** @param {Waiting} change @param {number} now milliseconds */
  reconnecting({ attempt, retryInMs, code }, now) {
    this.#retryAt = Number.isFinite(retryInMs) ? now + retryInMs : 0;
    this.#why = reconnectMessage(code);
    this.#show("reconnecting", "Reconnecting…", this.#why, `try ${attempt}`, "Try now");
    this.tick(now);
  }

  /** @param {number} code @param {string} reason */
  closed(code, reason) {
    this.#retryAt = 0;
    const { title, hint, detail, action } = closeMessage(code, reason);
    this.#show("closed", title, hint, detail, action === "reload" ? "Reload" : "Join again");
  }

  /** Counts down to the next try. @param {number} now milliseconds */
  tick(now) {
    if (this.#retryAt === 0) return;
    const seconds = Math.ceil((this.#retryAt - now) / 1000);
    const hint = seconds > 0 ? `${this.#why} Next try in ${seconds} s.` : "Trying now…";
    setText(this.#parts.hint, hint);
  }

  /** Shows the round trip on the pill. @param {number} ms */
  roundTrip(ms) {
    const { pill, pillText, root } = this.#parts;
    if (root.dataset.link !== "online") return;
    setText(pillText, `${Math.round(ms)} ms`);
    const grade = ms > POOR_RTT_MS ? "poor" : ms > FAIR_RTT_MS ? "fair" : "good";
    if (pill.dataset.grade !== grade) pill.dataset.grade = grade;
  }

  /** Announces a text to screen readers. @param {string} text */
  announce(text) {
    setText(this.#parts.live, text);
  }

  /**
   * @param {string} link
   * @param {string} title
   * @param {string} hint
   * @param {string} detail
   * @param {string} action label of the button, empty for none
   */
  #show(link, title, hint, detail, action) {
    const { root, banner, pill, pillText } = this.#parts;
    root.dataset.link = link;
    pill.dataset.grade = "poor";
    setText(this.#parts.title, title);
    setText(this.#parts.hint, hint);
    setText(this.#parts.detail, detail);
    setText(this.#parts.action, action);
    setText(pillText, link === "closed" ? "offline" : `${link}…`);
    this.#parts.action.hidden = action === "";
    banner.hidden = false;
    this.announce(`${title} ${hint}`);
  }
}
