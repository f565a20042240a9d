/**
 * The page: connects its parts. `window.chat` is for tests and debugging: it only reads.
 */
import { button, byId, element, make, setText } from "../pages/dom.js";
import { storage, tokenOf } from "../pages/storage.js";
import { Visit } from "../pages/visit.js";
import { Marks } from "./marks.js";
import { Messages } from "./messages.js";
import { Outbox } from "./outbox.js";
import { RoomModel } from "./room.js";
import { countOf, Side } from "./side.js";

/** @typedef {import("../pages/net.js").Session} Session */

const TOKEN_KEY = "chat.token";
const MAX_SAID_BYTES = 2000;
const TYPING_EVERY_MS = 2500;
const TURN_MS = 300;
const MAX_TYPISTS = 3;

const text = byId("text", HTMLTextAreaElement);

const marks = new Marks(storage("localStorage"));
const messages = new Messages(element("scroller"), element("log"));
const side = new Side(element("channels"), element("people"));

/** @type {RoomModel | null} */
let room = null;
/** @type {Outbox} */
let outbox = new Outbox(storage("sessionStorage"));
let typedAtMs = Number.NEGATIVE_INFINITY;
/** Up to here the current channel had been read when it was opened: the line "New" is after it. */
let readBefore = 0;
let shownChannel = 0;

const visit = new Visit({
  kind: "chat",
  words: {
    someone: "Visitor",
    play: "Come in",
    join: "Join your friends",
    create: "A room for friends",
  },
  options() {
    const token = tokenOf(TOKEN_KEY);
    return {
      ...(token === null ? {} : { token }),
      // Nothing moves: the newest state is what is shown, and events when they arrive, also in a tab that is hidden.
      interpolation: false,
      prediction: false,
      eventsAtOnce: true,
    };
  },
  entering(session) {
    outbox = new Outbox(storage("sessionStorage"));
    const model = new RoomModel(session, marks, outbox);
    room = model;
    model.onChange = (change) => {
      if (room === model) changed(model, change);
    };
    model.onRefused = say;
  },
  joined() {
    const isFirst = element("chat").hidden;
    element("chat").hidden = false;
    showLink("online", "");
    room?.joined(Date.now());
    if (isFirst) text.focus();
  },
  on: {
    updated: () => room?.updated(),
    roster: (_, session) => showPeople(session),
    event: (event) => room?.take(event, Date.now()),
  },
  waiting(why) {
    if (!element("chat").hidden) showLink("reconnecting", `Reconnecting… ${why}`);
  },
  left() {
    room = null;
    element("chat").hidden = true;
    document.title = "Chat";
  },
  say,
});

/** @param {string} link @param {string} line */
function showLink(link, line) {
  document.body.dataset.link = link;
  setText(element("link"), line);
}

/** @param {RoomModel} model @param {"channels" | "waiting" | "history" | import("./log.js").Message} change */
function changed(model, change) {
  if (change === "waiting") messages.showWaiting(model.waiting);
  else if (change === "channels") showChannels(model);
  else if (change === "history") showHistory(model);
  else {
    if (!marks.isMuted(change.from)) messages.add(change);
    showChannels(model);
    showTyping();
  }
}

/** @param {RoomModel} model */
function showHistory(model) {
  const isOther = shownChannel !== model.current;
  if (isOther) {
    shownChannel = model.current;
    readBefore = model.read;
    setText(element("channel-name"), model.channelName);
    text.placeholder = `Message #${model.channelName}`;
    showTyping();
  }
  readBefore = Math.min(readBefore, model.read); // less than before in a room that has gone back
  const { log } = model;
  messages.moderates = visit.session?.me?.state?.moderator === true;
  const shown = log.shown.filter(({ from }) => !marks.isMuted(from));
  messages.show(shown, model.waiting, readBefore, isOther || messages.atEnd ? "end" : "keep");
  element("beginning").hidden = !log.complete;
  model.catchUp(Date.now());
}

/** @param {RoomModel} model */
function showChannels(model) {
  if (messages.atEnd && !document.hidden && document.hasFocus()) model.markRead();
  const { channels } = model;
  side.showChannels(channels, model.current);
  const all = channels.reduce((sum, { unread }) => sum + unread, 0);
  const here = channels.find(({ number }) => number === model.current)?.unread ?? 0;
  document.title = all === 0 ? "Chat" : `(${countOf(all)}) Chat`;
  setText(element("elsewhere"), countOf(all - here));
  element("elsewhere").hidden = all === here;
  const newer = button("newer");
  newer.hidden = here === 0 || messages.atEnd;
  setText(newer, `${countOf(here)} new ↓`);
}

/** @param {Session} entered */
function showPeople(entered) {
  const moderates = entered.me?.state?.moderator === true;
  const others = entered.roster;
  side.showPeople(others, entered.me?.state ?? null, (number) => marks.isMuted(number));
  showTyping();
  if (moderates !== messages.moderates && room !== null) showHistory(room);
}

function showTyping() {
  const me = visit.session?.me?.number;
  const typists = (visit.session?.roster ?? []).filter(
    ({ typing, number }) =>
      typing !== 0 && typing === room?.current && number !== me && !marks.isMuted(number),
  );
  const line = element("typing");
  const names = typists.slice(0, MAX_TYPISTS).map(({ name }) => name);
  const ending =
    typists.length > MAX_TYPISTS
      ? " and others are typing…"
      : names.length === 1
        ? " is typing…"
        : " are typing…";
  const key = names.length === 0 ? "" : names.join("\n") + ending;
  if (line.dataset.key === key) return;
  line.dataset.key = key;
  line.replaceChildren();
  for (const [at, name] of names.entries()) {
    if (at > 0) line.append(at === typists.length - 1 ? " and " : ", ");
    line.append(make("bdi", "", name));
  }
  if (names.length > 0) line.append(ending);
}

/** Says something to this person, for the eyes and for a screen reader. @param {string} line */
function say(line) {
  setText(element("live"), line);
  setText(element("link"), line);
  setTimeout(() => {
    if (element("link").textContent === line) setText(element("link"), "");
  }, 4000);
}

function submit() {
  const line = text.value.trim();
  if (line === "" || room === null) return;
  if (new TextEncoder().encode(line).length > MAX_SAID_BYTES) {
    say("That is too long: say it in two messages.");
    return;
  }
  if (!room.say(line)) {
    say("Too many messages are waiting to be sent.");
    return;
  }
  text.value = "";
  typedAtMs = Number.NEGATIVE_INFINITY;
  fitText();
  messages.toEnd();
}

/** The field grows with its text. */
function fitText() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 160)}px`;
}

function typed() {
  fitText();
  const nowMs = performance.now();
  if (room === null) return;
  if (text.value.trim() === "") {
    if (typedAtMs > 0) visit.session?.send("typing", 0);
    typedAtMs = Number.NEGATIVE_INFINITY;
  } else if (nowMs - typedAtMs > TYPING_EVERY_MS) {
    if (visit.session?.send("typing", room.current)) typedAtMs = nowMs;
  }
}

/** @param {boolean} open */
function showSide(open) {
  element("side").classList.toggle("open", open);
  button("side-open").ariaExpanded = String(open);
  if (open) element("side").querySelector("button")?.focus();
  else if (element("side").contains(document.activeElement)) text.focus();
}

/** Goes up or down the list of channels. @param {number} step */
function stepChannel(step) {
  if (room === null) return;
  const numbers = room.channels.map(({ number }) => number);
  const at = numbers.indexOf(room.current) + step;
  room.open(numbers[(at + numbers.length) % numbers.length]);
}

function wire() {
  button("side-open").addEventListener("click", () => showSide(true));
  button("side-close").addEventListener("click", () => showSide(false));
  button("newer").addEventListener("click", () => messages.toEnd());
  byId("composer", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  byId("open-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("open-name", HTMLInputElement);
    if (name.value.trim() !== "" && visit.session?.send("open", name.value.trim())) name.value = "";
  });
  text.addEventListener("input", typed);
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") showSide(false);
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    stepChannel(event.key === "ArrowUp" ? -1 : 1);
  });
  for (const name of ["focus", "visibilitychange"])
    (name === "focus" ? window : document).addEventListener(name, () => {
      if (room !== null) showChannels(room);
    });
  side.onChannel = (number) => {
    room?.open(number);
    showSide(false);
    text.focus();
  };
  side.onMuteForMe = (number) => {
    marks.toggleMuted(number);
    if (visit.session !== null) showPeople(visit.session);
    if (room !== null) showHistory(room);
  };
  side.onMuteForAll = (number, muted) => visit.session?.send("mute", { number, muted });
  messages.onHide = (id) => visit.session?.send("hide", { channel: room?.current, id });
  messages.onRetry = (nonce) => {
    outbox.retry(nonce);
    room?.flush();
    if (room !== null) messages.showWaiting(room.waiting);
  };
  messages.onDrop = (nonce) => {
    outbox.drop(nonce);
    if (room !== null) messages.showWaiting(room.waiting);
  };
  messages.onBeginning = () => room?.older(Date.now());
  messages.onEnd = () => {
    if (room !== null) showChannels(room);
  };
}

/** What is due from time to time: missing messages, and those that the link did not take. */
function turn() {
  if (room === null || document.body.dataset.link !== "online") return;
  room.flush();
  room.catchUp(Date.now());
  if (messages.nearBeginning) room.older(Date.now());
  if (room.trim(messages.atEnd)) showHistory(room);
}

function start() {
  wire();
  visit.start();
  setInterval(turn, TURN_MS);
}

Object.defineProperty(window, "chat", {
  value: Object.freeze({
    session: () => visit.session,
    me: () => visit.session?.me ?? null,
    roster: () => visit.session?.roster ?? [],
    messages: () => room?.log.shown.map(({ id, name, text }) => ({ id, name, text })) ?? [],
    channels: () => room?.channels ?? [],
    waiting: () => room?.waiting ?? [],
  }),
});

start();
