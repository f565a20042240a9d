/** A line that says whether the page is connected, for pages that show what they have also while they are not. */
import { closeMessage, reconnectMessage } from "./close_messages.js";
import { element, setText } from "./dom.js";
import { showRestores } from "./restored.js";

/**
 * @typedef {object} Words
 * @property {string} online
 * @property {(why: string) => string} reconnecting
 * @property {(why: string) => string} closed
 */

/**
 * @param {import("./net.js").Session} session
 * @param {Words} words
 * @param {() => boolean} isCurrent whether the session still is the page's
 */
export function followLink(session, words, isCurrent = () => true) {
  showRestores(session);
  session.on("joined", () => showLink("online", words.online));
  session.on("status", (status) => {
    if (status.state !== "waiting") return;
    showLink("reconnecting", words.reconnecting(reconnectMessage(status.code)));
  });
  session.on("closed", ({ code, reason }) => {
    const { title, hint } = closeMessage(code, reason);
    if (isCurrent()) showLink("closed", words.closed(`${title}. ${hint}`));
  });
}

/** @param {string} link @param {string} text */
export function showLink(link, text) {
  document.body.dataset.link = link;
  setText(element("link-text"), text);
}
