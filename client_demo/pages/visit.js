/**
 * The way into a room and out of it, which pages have in common: the first screen, one session at a time, the banner
 * while there is no link, and the address that friends can use.
 */
import { Banner } from "./banner.js";
import { closeMessage, reconnectMessage } from "./close_messages.js";
import { button, element, setText } from "./dom.js";
import { JoinCard } from "./join_card.js";
import { enterRoom, seatBefore } from "./net.js";
import { showRestores } from "./restored.js";
import { keep, kept, storage } from "./storage.js";

/** @typedef {import("./net.js").Session} Session */
/** @typedef {import("./net.js").Wish} Wish */
/** @typedef {import("../sdk/index.js").SessionEvents} SessionEvents */
/** @typedef {Extract<import("../sdk/index.js").Status, {state: "waiting"}>} Waiting */

/**
 * @typedef {object} Page what a page does itself
 * @property {string} kind of its rooms
 * @property {import("./join_card.js").Words} words
 * @property {() => Partial<import("./net.js").ConnectOptions>} [options] of its sessions
 * @property {(session: Session) => void} entering a session has begun; it has no room yet
 * @property {(session: Session) => void} joined it has one, or has it again
 * @property {{[E in keyof SessionEvents]?: (value: SessionEvents[E], session: Session) => void}} on
 *   what else it does at events of the current session
 * @property {(why: string, status: Waiting) => void} waiting the link is lost, and the SDK reconnects
 * @property {(code: number) => void} [closed] the session has ended, and the banner says so
 * @property {() => void} left it is over, and the first screen is shown
 * @property {(line: string) => void} say shows a line for a moment
 */

export class Visit {
  /** The current session. @type {Session | null} */
  session = null;
  /** How the current session, or the last one, came in. @type {Wish} */
  wish = { name: "" };
  banner = new Banner(document.querySelector("main") ?? document.body);
  #page;
  #card;
  #nameKey;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#nameKey = `${page.kind}.name`;
    this.#card = new JoinCard(page.words);
    this.#card.onEnter = (wish) => this.enter(wish);
    this.banner.onAgain = () => this.enter(this.wish);
    this.banner.onLeave = () => this.leave();
    button("leave").addEventListener("click", () => this.leave());
    button("invite").addEventListener("click", () => this.#invite());
  }

  /** Shows the first screen, or goes on in the room that the page was in before it was loaded again. */
  start() {
    const seat = seatBefore(this.#page.kind);
    if (seat === null) this.#card.show(this.#nameBefore());
    else this.enter({ name: this.#nameBefore(), watch: seat === "spectator" });
  }

  /** @param {Wish} wish */
  enter(wish) {
    this.wish = wish;
    keep(storage("localStorage"), this.#nameKey, wish.name);
    this.#card.hide();
    this.banner.show("connecting", "Connecting…");
    const { kind, options, entering, on } = this.#page;
    const session = enterRoom(kind, wish, options?.() ?? {});
    this.session = session;
    showRestores(session);
    entering(session);
    /** @type {[keyof SessionEvents, (value: any) => void][]} */
    const handlers = [
      ["joined", () => this.#joined(session)],
      ["status", (status) => this.#follow(status)],
      ["closed", (closed) => this.#closed(closed)],
    ];
    for (const [name, handler] of Object.entries(on)) {
      const then = /** @type {(value: any, session: Session) => void} */ (handler);
      handlers.push([/** @type {keyof SessionEvents} */ (name), (value) => then(value, session)]);
    }
    for (const [name, handler] of handlers) {
      session.on(name, (/** @type {any} */ value) => {
        if (this.session === session) handler(value);
      });
    }
  }

  leave() {
    this.session?.leave();
    this.session = null;
    document.body.dataset.link = "idle";
    this.banner.hide();
    history.replaceState(null, "", location.pathname);
    this.#page.left();
    this.#card.show(this.#nameBefore());
  }

  /** @param {Session} session */
  #joined(session) {
    document.body.dataset.link = "online";
    this.banner.hide();
    const { code } = session;
    setText(element("code"), code ?? "");
    button("invite").hidden = code === null;
    if (code !== null) history.replaceState(null, "", `?code=${code}`);
    this.#page.joined(session);
  }

  /** @param {import("../sdk/index.js").Status} status */
  #follow(status) {
    if (status.state === "waiting") this.#page.waiting(reconnectMessage(status.code), status);
  }

  /** @param {import("../sdk/index.js").Closed} closed */
  #closed({ code, reason }) {
    const { title, hint, detail } = closeMessage(code, reason);
    this.banner.show("closed", title, hint, detail);
    this.#page.closed?.(code);
  }

  #invite() {
    navigator.clipboard?.writeText(location.href).then(
      () => this.#page.say("The link is copied."),
      () => this.#page.say(`Send your friends this address: ${location.href}`),
    );
  }

  #nameBefore() {
    return kept(storage("localStorage"), this.#nameKey);
  }
}
