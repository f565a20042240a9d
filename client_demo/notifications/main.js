/**
 * The page: an inbox. `window.inbox` is for tests and debugging: it only reads.
 *
 * The room sends events only; all tabs and devices of a user get the same ones.
 */
import { byId, element, field, make, setText } from "../pages/dom.js";
import { followLink, showLink } from "../pages/link_line.js";
import { SOCKET_URL } from "../pages/net.js";
import { forget, keep, kept, storage } from "../pages/storage.js";
import { connect } from "../sdk/index.js";
import { askPermission, permission, showOnDesktop } from "./desktop.js";
import { ago, Inbox } from "./inbox.js";

/** @typedef {import("../sdk/index.js").Session} Session */
/** @typedef {import("./inbox.js").Item} Item */

const KIND = "notifications";
const NAME_KEY = "notifications.name";
const AGES_EVERY_MS = 20_000;
const TOPIC = /^[a-z0-9][a-z0-9._-]{0,39}$/;

const inbox = new Inbox();
/** @type {Session | null} */
let session = null;

/** @param {string} name */
function open(name) {
  keep(storage("localStorage"), NAME_KEY, name);
  element("join").hidden = true;
  element("inbox").hidden = false;
  showLink("connecting", "connecting");
  const entered = connect(SOCKET_URL, {
    kind: KIND,
    params: { name },
    eventsAtOnce: true,
    keepSeat: false,
  });
  session = entered;
  const words = {
    online: "",
    reconnecting: (/** @type {string} */ why) => ` · ${why}`,
    closed: (/** @type {string} */ why) => ` · ${why}`,
  };
  followLink(entered, words, () => session === entered);
  entered.on("joined", show);
  entered.on("event", ({ name: event, payload }) => {
    if (event === "refused") setText(element("remind-hint"), payload);
    const fresh = inbox.take(event, payload);
    if (fresh !== null) arrive(fresh);
    show();
  });
}

/** Something new has come. @param {Item} item */
function arrive(item) {
  setText(element("live"), `${item.title} ${item.text}`.trim());
  showOnDesktop(item, ageOf(item), () => markRead([item.id]));
}

/** @param {Item} item @returns {number} seconds */
function ageOf(item) {
  if (session === null) return 0;
  const tick = Math.max(session.draw(performance.now()).tick, item.tick);
  return (tick - item.tick) / (session.welcome?.tick_hz ?? 10);
}

/** @param {number[]} ids */
function markRead(ids) {
  if (ids.length > 0) session?.send("read", ids);
}

function show() {
  const { items, unread, topics } = inbox;
  setText(element("who"), inbox.user);
  document.title = unread.length > 0 ? `(${unread.length}) Notifications` : "Notifications";
  setText(element("list-title"), unread.length > 0 ? `${unread.length} new` : "Nothing new");
  byId("read-all", HTMLButtonElement).disabled = unread.length === 0;
  element("empty").hidden = items.length > 0;
  showList(items);
  showTopics(topics);
}

/** @type {Map<number, HTMLLIElement>} */
const shown = new Map();

/** Keeps the elements that are there: what has the focus keeps it. @param {Item[]} items */
function showList(items) {
  const list = element("items");
  const ids = new Set(items.map(({ id }) => id));
  for (const [id, row] of shown) {
    if (ids.has(id)) continue;
    row.remove();
    shown.delete(id);
  }
  items.forEach((item, place) => {
    let row = shown.get(item.id);
    if (row === undefined) {
      row = rowOf(item);
      shown.set(item.id, row);
    }
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    row.dataset.read = String(item.read);
    const button = /** @type {HTMLButtonElement} */ (row.querySelector("button"));
    button.hidden = item.read;
    setText(/** @type {Element} */ (row.querySelector(".when")), ago(ageOf(item)));
    setText(/** @type {Element} */ (row.querySelector(".mark")), item.read ? "" : "●");
  });
}

/** @param {Item} item */
function rowOf(item) {
  const row = make("li", "item card");
  row.dataset.id = String(item.id);
  const mark = make("span", "mark");
  mark.setAttribute("aria-label", "new");
  const head = make("p", "head");
  head.append(make("bdi", "title", item.title || (item.topic === null ? "For you" : "News")));
  if (item.topic !== null) head.append(make("bdi", "topic", item.topic));
  head.append(make("span", "when"));
  const button = make("button", "quiet small done", "Mark as read");
  button.type = "button";
  button.addEventListener("click", () => {
    const next = row.nextElementSibling?.querySelector("button");
    markRead([item.id]);
    if (next instanceof HTMLElement && !next.hidden) next.focus();
  });
  const text = make("p", "text");
  text.append(make("bdi", "", item.text));
  row.append(mark, head, text, button);
  return row;
}

/** @param {string[]} topics */
function showTopics(topics) {
  const list = element("topics");
  const now = topics.join(" ");
  if (list.dataset.now === now) return;
  list.dataset.now = now;
  list.replaceChildren(
    ...topics.map((topic) => {
      const row = make("li", "followed");
      const button = make("button", "drop", "✕");
      button.type = "button";
      button.title = `Stop following ${topic}`;
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => session?.send("unfollow", topic));
      row.append(make("bdi", "", topic), button);
      return row;
    }),
  );
}

function showPermission() {
  const now = permission();
  const button = byId("permission", HTMLButtonElement);
  button.hidden = now !== "default";
  setText(
    element("permission-text"),
    {
      default: "New ones can also be shown by your browser, while this page is in the background.",
      granted: "New ones are shown by your browser while this page is in the background.",
      denied: "Your browser does not let this page show any: its settings can allow it again.",
      none: "",
    }[now],
  );
}

function leave() {
  const left = session;
  session = null;
  left?.leave();
  forget(storage("localStorage"), NAME_KEY);
  location.reload();
}

function wire() {
  byId("join-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const name = field("name").value.trim();
    if (name !== "") open(name);
  });
  byId("follow-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const topic = field("topic").value.trim().toLowerCase();
    const fits = TOPIC.test(topic);
    setText(element("topic-hint"), fits ? "" : "A topic has letters, digits and . _ - only.");
    if (!fits || !session?.send("follow", topic)) return;
    field("topic").value = "";
  });
  byId("remind-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field("reminder").value.trim() || "It is time";
    const seconds = Number(byId("delay", HTMLSelectElement).value);
    if (!session?.send("remind", { text, seconds })) return;
    field("reminder").value = "";
    setText(element("remind-hint"), "It will come here.");
  });
  element("read-all").addEventListener("click", () => markRead(inbox.unread));
  element("leave").addEventListener("click", leave);
  element("permission").addEventListener("click", () => askPermission().then(showPermission));
  setInterval(show, AGES_EVERY_MS);
}

wire();
showPermission();
const name =
  new URLSearchParams(location.search).get("name") ?? kept(storage("localStorage"), NAME_KEY);
if (name.trim() !== "") open(name.trim());
else {
  element("join").hidden = false;
  field("name").focus();
}

Object.defineProperty(window, "inbox", {
  value: Object.freeze({
    session: () => session,
    user: () => inbox.user,
    items: () => inbox.items.map(({ text, topic, read }) => ({ text, topic, read })),
    topics: () => inbox.topics,
  }),
});
