import assert from "node:assert/strict";
import { test } from "node:test";
import { ChannelLog } from "../../client_demo/chat/log.js";
import { Marks } from "../../client_demo/chat/marks.js";
import { Outbox } from "../../client_demo/chat/outbox.js";
import { RoomModel } from "../../client_demo/chat/room.js";
import { partsOf } from "../../client_demo/chat/text.js";

/** @param {number} id @param {string} [text] */
function message(id, text = `${id}`) {
  return { id, from: 1, name: "Ada", mod: false, text, hidden: false, atMs: 0 };
}

/** @param {number} first @param {number} last */
function page(first, last) {
  return Array.from({ length: last - first + 1 }, (_, at) => message(first + at));
}

function storage() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => {
      items.set(key, value);
    },
  };
}

const ids = (/** @type {ChannelLog} */ log) => log.shown.map(({ id }) => id);

test("a message is shown once, in order, whether it comes as an event or in the history", () => {
  const log = new ChannelLog();
  assert.ok(log.add(message(5)));
  assert.ok(!log.add(message(5)));
  log.addPage(page(3, 6), null, true);
  log.add(message(7));
  assert.deepEqual(ids(log), [3, 4, 5, 6, 7]);
  assert.ok(!log.complete);
  log.addPage(page(1, 2), 3, false);
  assert.deepEqual(ids(log), [1, 2, 3, 4, 5, 6, 7]);
  assert.ok(log.complete);
});

test("what is before a gap is shown when the gap is filled, and not before", () => {
  const log = new ChannelLog();
  log.addPage(page(1, 10), null, false);
  log.add(message(21)); // the link was lost for long
  assert.deepEqual(ids(log), [21]);
  assert.ok(!log.complete);
  log.addPage(page(15, 20), 21, true);
  assert.deepEqual(
    ids(log),
    page(15, 21).map(({ id }) => id),
  );
  log.addPage(page(9, 14), 15, true);
  assert.deepEqual(
    ids(log),
    page(1, 21).map(({ id }) => id),
  );
  assert.ok(log.complete);
});

test("a room that has dropped its oldest messages says so, and is not asked again", () => {
  const log = new ChannelLog();
  log.addPage(page(40, 50), null, true);
  log.addPage(page(30, 39), 40, false);
  assert.ok(log.complete);
  assert.equal(log.oldest, 30);
});

test("what only its author sees stays where it was said", () => {
  const log = new ChannelLog();
  log.addPage(page(1, 2), null, false);
  log.add(message(0, "hidden"));
  log.add(message(3));
  assert.deepEqual(
    log.shown.map(({ text }) => text),
    ["1", "2", "hidden", "3"],
  );
});

test("old messages are forgotten, and can be asked for again", () => {
  const log = new ChannelLog();
  log.addPage(page(1, 100), null, false);
  log.trim(10);
  assert.deepEqual(
    ids(log),
    page(91, 100).map(({ id }) => id),
  );
  assert.ok(!log.complete);
  log.addPage(page(81, 90), 91, true);
  assert.equal(log.oldest, 81);
});

test("unread are those after the mark, also those that are not here, but for one's own and hidden ones", () => {
  const log = new ChannelLog();
  log.addPage(page(3, 5), null, true);
  assert.equal(
    log.unread(8, 2, () => true),
    6,
  );
  assert.equal(
    log.unread(8, 2, ({ id }) => id !== 4),
    5,
  );
  assert.equal(
    log.unread(8, 8, () => true),
    0,
  );
});

test("what waits is sent in order, again after a lost link and after a reload, until it is confirmed", () => {
  const tab = storage();
  /** @type {any[]} */
  const sent = [];
  const send = (/** @type {string} */ _, /** @type {any} */ payload) =>
    sent.push(payload.nonce) > 0;
  const outbox = new Outbox(tab);
  outbox.seated("room", 4);
  for (const text of ["a", "b", "c"]) outbox.add(1, text);
  outbox.flush(() => false, false); // the link is down
  outbox.flush(send, false);
  outbox.flush(send, false);
  assert.deepEqual(sent.splice(0), [1, 2, 3]);
  outbox.drop(1);
  outbox.flush(send, true);
  assert.deepEqual(sent.splice(0), [2, 3]);
  const loadedAgain = new Outbox(tab);
  loadedAgain.seated("room", 4);
  loadedAgain.flush(send, true);
  assert.deepEqual(sent.splice(0), [2, 3]);
  loadedAgain.add(1, "d");
  loadedAgain.flush(send, false);
  assert.deepEqual(sent.splice(0), [4]);
});

test("in another seat nothing is sent again by itself, and in another room nothing waits", () => {
  const tab = storage();
  const outbox = new Outbox(tab);
  outbox.seated("room", 4);
  outbox.add(1, "a");
  const other = new Outbox(tab);
  other.seated("room", 5);
  /** @type {string[]} */
  const sent = [];
  const send = (/** @type {string} */ _, /** @type {any} */ payload) => sent.push(payload.text) > 0;
  other.flush(send, true);
  assert.deepEqual(sent, []);
  other.retry(1);
  other.flush(send, false);
  assert.deepEqual(sent, ["a"]);
  other.seated("elsewhere", 1);
  assert.deepEqual(other.waiting, []);
});

test("no more waits than the room recognises", () => {
  const outbox = new Outbox(null);
  outbox.seated("room", 1);
  assert.equal(Array.from({ length: 99 }, () => outbox.add(1, "a")).filter(Boolean).length, 30);
});

/** A room as person 1 sees it, with one channel; what is sent is kept in `sent`. */
function fakeRoom() {
  const session = {
    welcome: { room: "room", tick_hz: 10 },
    me: { number: 1 },
    entities: new Map([["Channel", [{ number: 1, name: "general", last: 0 }]]]),
    sent: /** @type {[string, any][]} */ ([]),
    draw: () => ({ entities: session.entities }),
    send: (/** @type {string} */ name, /** @type {any} */ payload) =>
      session.sent.push([name, payload]) > 0,
  };
  const marks = new Marks(null);
  const model = new RoomModel(/** @type {any} */ (session), marks, new Outbox(null));
  const state = (/** @type {number} */ last) => {
    session.entities = new Map([["Channel", [{ number: 1, name: "general", last }]]]);
    model.updated();
  };
  const event = (
    /** @type {string} */ name,
    /** @type {number} */ tick,
    /** @type {any} */ payload,
  ) => model.take({ name, tick, payload }, 0);
  const said = (/** @type {number} */ id, /** @type {number} */ tick, /** @type {any} */ more) =>
    event("said", tick, { ...message(id), from: 2, channel: 1, tick, nonce: 7, ...more });
  const back = (/** @type {number} */ tick) => {
    Object.assign(session.welcome, { rolled_back_to: tick });
    model.joined(0);
  };
  const texts = () => model.log.shown.map(({ text }) => text);
  return { session, model, marks, state, event, said, back, texts };
}

test("in a room that has gone back, what it has lost is gone, and its numbers are others' now", () => {
  const { session, model, marks, state, event, said, back, texts } = fakeRoom();
  model.joined(0);
  state(2);
  event("history", 20, { channel: 1, before: null, more: false, messages: page(1, 2) });
  for (const id of [3, 4]) said(id, 30, { text: "lost" });
  state(4);
  model.markRead();
  session.sent = [];
  back(25);
  assert.deepEqual(session.sent, [["history", { channel: 1, before: null }]]);
  assert.deepEqual(texts(), []);
  assert.ok(!model.log.complete);
  said(3, 26, { text: "new" });
  event("history", 26, { channel: 1, before: null, more: false, messages: page(1, 2) });
  assert.deepEqual(texts(), ["1", "2", "new"]);
  state(2);
  assert.equal(marks.read(1, 2), 2);
  said(3, 26, { text: "new" });
  state(3);
  assert.equal(model.channels[0].unread, 1);
});

test("a state that is no newer than what was said changes nothing", () => {
  const { model, state, said } = fakeRoom();
  model.joined(0);
  state(2);
  said(3, 30, {});
  /** @type {unknown[]} */
  const changes = [];
  model.onChange = (change) => changes.push(change);
  for (const last of [2, 2, 3]) state(last);
  assert.deepEqual(changes, []);
});

test("what was confirmed in the ticks that a room has lost is sent again, before what was said later", () => {
  const { session, model, state, event, said, back } = fakeRoom();
  model.joined(0);
  state(0);
  for (const text of ["kept", "lost", "lost and seen as sent", "waits"]) model.say(text);
  said(1, 20, { from: 1, nonce: 1 });
  said(2, 30, { from: 1, nonce: 2 });
  event("sent", 31, { nonce: 3 });
  session.sent = [];
  back(25);
  const says = session.sent.filter(([name]) => name === "say");
  assert.deepEqual(
    says.map(([, { text, nonce }]) => [text, nonce]),
    [
      ["lost", 2],
      ["lost and seen as sent", 3],
      ["waits", 4],
    ],
  );
});

test("no more waits than the room recognises, also when it has gone back", () => {
  const outbox = new Outbox(null);
  outbox.seated("room", 1);
  for (let nonce = 1; nonce <= 99; nonce += 1) {
    outbox.add(1, "a");
    outbox.confirm(nonce, 100);
  }
  while (outbox.add(1, "b"));
  outbox.rollBack(50);
  assert.ok(outbox.waiting.length <= 64);
  assert.deepEqual(outbox.waiting[0], { nonce: 70, channel: 1, text: "a" });
});

test("marks of the last rooms are kept, what was before one came counts as read", () => {
  const browser = storage();
  const marks = new Marks(browser);
  marks.enter("a");
  assert.equal(marks.read(1, 120), 120);
  marks.setRead(1, 125);
  marks.setRead(1, 3);
  marks.toggleMuted(7);
  const again = new Marks(browser);
  again.enter("a");
  assert.equal(again.read(1, 130), 125);
  assert.ok(again.isMuted(7));
  for (let room = 0; room < 20; room++) again.enter(`room ${room}`);
  assert.ok(Object.keys(JSON.parse(browser.getItem("chat.rooms") ?? "")).length <= 8);
});

test("what another program has stored does no harm", () => {
  for (const junk of ["{", "[]", "5", "null", '{"a": 1}', '{"a": null}']) {
    const tab = { getItem: () => junk, setItem: () => {} };
    const outbox = new Outbox(tab);
    outbox.seated("room", 1);
    assert.ok(outbox.add(1, "a"), junk);
    const marks = new Marks(tab);
    marks.enter("room");
    assert.equal(marks.read(1, 5), 5, junk);
  }
});

/** @type {[string, [string, string | null][]][]} */
const TEXTS = [
  ["plain", [["plain", null]]],
  ["", []],
  [
    "see https://a.example/x.",
    [
      ["see ", null],
      ["https://a.example/x", "https://a.example/x"],
      [".", null],
    ],
  ],
  [
    "(http://a.example/b_(c))",
    [
      ["(", null],
      ["http://a.example/b_(c)", "http://a.example/b_(c)"],
      [")", null],
    ],
  ],
  ["javascript:alert(1)", [["javascript:alert(1)", null]]],
  ["data:text/html,https://", [["data:text/html,https://", null]]],
  ["https://bank.example@evil.example/", [["https://bank.example@evil.example/", null]]],
  [
    '<a href="https://a.example">',
    [
      ['<a href="', null],
      ["https://a.example", "https://a.example/"],
      ['">', null],
    ],
  ],
  ["https://аpple.example", [["https://аpple.example", "https://xn--pple-43d.example/"]]],
  ["HTTPS://A.EXAMPLE", [["HTTPS://A.EXAMPLE", "https://a.example/"]]],
  ["https://", [["https://", null]]],
  ["ftp://a.example", [["ftp://a.example", null]]],
];

test("addresses become links, everything else stays text, and no character is lost", () => {
  for (const [text, wanted] of TEXTS) {
    const parts = partsOf(text);
    assert.deepEqual(
      parts.map((part) => [part.text, part.href]),
      wanted,
      text,
    );
    assert.equal(parts.map((part) => part.text).join(""), text);
  }
});

test("a hostile text takes no long to read", () => {
  const began = performance.now();
  for (const text of [
    "https://".repeat(250),
    `https://a.example/${"(".repeat(1900)}`,
    `https://a/${").".repeat(950)}`,
  ])
    partsOf(text);
  assert.ok(performance.now() - began < 200);
});
