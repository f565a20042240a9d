/** The channels and the people beside the messages. */
import { make, setText } from "../pages/dom.js";
import { colourOf } from "./messages.js";

/** @typedef {import("../pages/net.js").Entity} Entity */
/** @typedef {Readonly<Entity>} Member */

export class Side {
  /** @type {(number: number) => void} */
  onChannel = () => {};
  /** @type {(number: number) => void} */
  onMuteForMe = () => {};
  /** @type {(number: number, muted: boolean) => void} */
  onMuteForAll = () => {};

  #channels;
  #people;
  #peopleKey = "";

  /** @param {HTMLElement} channels @param {HTMLElement} people */
  constructor(channels, people) {
    this.#channels = channels;
    this.#people = people;
  }

  /**
   * @param {readonly {number: number, name: string, unread: number}[]} channels
   * @param {number} current
   */
  showChannels(channels, current) {
    const rows = new Map(
      Array.from(this.#channels.children, (row) => [
        /** @type {HTMLElement} */ (row).dataset.number,
        row,
      ]),
    );
    const shown = channels.map(
      (channel) => rows.get(String(channel.number)) ?? this.#channelRow(channel),
    );
    for (const [at, row] of shown.entries()) {
      if (this.#channels.children[at] !== row)
        this.#channels.insertBefore(row, this.#channels.children[at] ?? null);
      const { number, unread } = channels[at];
      const button = /** @type {HTMLElement} */ (row.firstElementChild);
      const count = /** @type {HTMLElement} */ (button.lastElementChild);
      if (number === current) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
      button.classList.toggle("unread", unread > 0);
      setText(count, unread === 0 ? "" : countOf(unread));
      count.hidden = unread === 0;
    }
    while (this.#channels.childElementCount > shown.length)
      this.#channels.lastElementChild?.remove();
  }

  /** @param {{number: number, name: string}} channel */
  #channelRow({ number, name }) {
    const row = make("li", "");
    row.dataset.number = String(number);
    const button = make("button", "channel");
    button.type = "button";
    const sign = make("span", "sign", "#");
    sign.ariaHidden = "true";
    button.append(sign, make("bdi", "name", name), make("b", "count"));
    button.addEventListener("click", () => this.onChannel(number));
    row.append(button);
    return row;
  }

  /**
   * @param {readonly Member[]} roster
   * @param {Member | null} me
   * @param {(number: number) => boolean} isMutedForMe
   */
  showPeople(roster, me, isMutedForMe) {
    const key = JSON.stringify(
      [...roster].map(({ number, name, connected, muted, moderator, spectator }) =>
        [number, name, connected, muted, moderator, spectator, isMutedForMe(number)].join(),
      ),
    );
    if (key === this.#peopleKey) return;
    this.#peopleKey = key;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.focusKey;
    this.#people.replaceChildren(
      ...[...roster]
        .sort((a, b) => Number(b.moderator) - Number(a.moderator) || a.number - b.number)
        .map((member) => this.#personRow(member, me, isMutedForMe(member.number))),
    );
    // The buttons are new ones: who was on one stays there.
    for (const button of this.#people.querySelectorAll("button"))
      if (button.dataset.focusKey === focused) button.focus();
  }

  /** @param {Member} member @param {Member | null} me @param {boolean} isMutedForMe */
  #personRow(member, me, isMutedForMe) {
    const row = make("li", "person");
    const lamp = make("span", member.connected ? "lamp" : "lamp away");
    lamp.ariaHidden = "true";
    const name = make("bdi", "name", member.name);
    name.style.color = colourOf(member.number);
    row.append(lamp, name);
    if (member.moderator) row.append(make("span", "badge", "moderator"));
    if (member.number === me?.number) row.append(make("span", "note", "you"));
    if (!member.connected) row.append(make("span", "note", "away"));
    if (member.spectator) row.append(make("span", "note", "watching"));
    if (member.muted) row.append(make("span", "note", "muted"));
    if (member.number === me?.number) return row;
    const tools = make("span", "tools");
    tools.append(
      this.#button(member, isMutedForMe ? "Unhide" : "Hide", "for me", () =>
        this.onMuteForMe(member.number),
      ),
    );
    if (me?.moderator && !member.moderator && !member.spectator) {
      tools.append(
        this.#button(member, member.muted ? "Unmute" : "Mute", "for all", () =>
          this.onMuteForAll(member.number, !member.muted),
        ),
      );
    }
    row.append(tools);
    row.classList.toggle("hidden-for-me", isMutedForMe);
    return row;
  }

  /** @param {Member} member @param {string} text @param {string} scope @param {() => void} then */
  #button(member, text, scope, then) {
    const button = make("button", "small", text);
    button.type = "button";
    button.dataset.focusKey = `${member.number} ${scope}`;
    button.ariaLabel = `${text} ${member.name} ${scope}`;
    button.title = `${text} ${scope}`;
    button.addEventListener("click", then);
    return button;
  }
}

/** @param {number} count */
export function countOf(count) {
  return count > 99 ? "99+" : String(count);
}
