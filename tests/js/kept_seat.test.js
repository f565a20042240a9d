import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptSeats } from "../../client_demo/sdk/kept_seat.js";
import { fakeSession, state } from "./support/fakes.js";

const TOKEN = new Uint8Array(24).fill(1);

/** The storage of one tab. @param {Map<string, string>} [copied] of the tab that it was duplicated from */
function tab(copied = new Map()) {
  const items = new Map(copied);
  return {
    items,
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => items.set(key, value),
    removeItem: (/** @type {string} */ key) => items.delete(key),
  };
}

/** @param {ReturnType<typeof fakeSession>} play */
function leavePage(play) {
  play.listeners[0]?.("gone");
  return play.socket.take();
}

/** The first message of a page in a tab. @param {any} storage @param {any} [options] */
function firstMessage(storage, options = {}) {
  const play = fakeSession({ storage, ...options });
  play.socket.open();
  return play.socket.take()[0];
}

test("a page that is loaded again resumes with the token alone, and its input frames count on", () => {
  const storage = tab();
  const before = fakeSession({ storage });
  before.join({ event: 7 });
  before.socket.say(state({ tick: 40 }));
  before.socket.take();
  assert.equal(storage.items.size, 0, "nothing is in the storage while the page is there");
  assert.deepEqual(leavePage(before), [], "no LEAVE");
  assert.equal(before.socket.closedBy, null, "the browser closes the link, with 1001");
  const after = fakeSession({ storage });
  const first = after.join({ resumed: true, seq: 300, event: 9, step: "step/arena-1.js" });
  assert.deepEqual(first, [[2, TOKEN, 0, null]]);
  assert.equal(storage.items.size, 0);
  assert.equal(after.heard("joined")[0].resumed, true);
  assert.equal(after.heard("notice").filter(({ name }) => name === "missed").length, 0);
  after.clock.advance(60);
  assert.deepEqual(after.socket.take()[0]?.slice(0, 2), [3, 301]);
});

test("a tab that is duplicated, in which the page still runs, is another player", () => {
  const storage = tab();
  const before = fakeSession({ storage });
  before.join();
  const copy = tab(storage.items);
  assert.equal(firstMessage(copy)?.[0], 1);
  leavePage(before);
  assert.equal(firstMessage(storage)?.[0], 2);
});

test("a page that is left before the server has answered leaves the seat that it had found", () => {
  const storage = tab();
  const first = fakeSession({ storage });
  first.join();
  leavePage(first);
  const second = fakeSession({ storage });
  second.socket.open();
  leavePage(second);
  assert.deepEqual(firstMessage(storage), [2, TOKEN, 0, null]);
});

test("a seat that is gone is joined anew, and not kept", () => {
  const storage = tab();
  const first = fakeSession({ storage });
  first.join();
  leavePage(first);
  const second = fakeSession({ storage });
  second.socket.open();
  second.socket.drop(4024);
  second.clock.advance(1000);
  second.socket.open();
  assert.equal(second.socket.take()[0]?.[0], 1);
  leavePage(second);
  assert.equal(storage.items.size, 0);
});

test("leaving on purpose, also while the page is being left, leaves no seat", () => {
  for (const whileLeft of [true, false]) {
    const storage = tab();
    const play = fakeSession({ storage });
    play.join();
    play.socket.take();
    if (whileLeft) leavePage(play);
    play.session.leave();
    assert.deepEqual(play.socket.take(), [[9]]);
    if (!whileLeft) leavePage(play);
    assert.equal(storage.items.size, 0);
  }
});

test("keepSeat: false, and a tab without storage, say LEAVE and join anew", () => {
  const refused = () => {
    throw new Error("SecurityError");
  };
  const storages = [null, { getItem: refused, setItem: refused, removeItem: refused }, tab()];
  for (const storage of storages) {
    const keepSeat = !(storage !== null && "items" in storage);
    const play = fakeSession({ storage, keepSeat });
    play.join();
    play.socket.take();
    assert.deepEqual(leavePage(play), [[9]]);
    assert.equal(firstMessage(storage, { keepSeat })?.[0], 1);
  }
});

test("only who asks for the same gets the seat: kind, server, role, and the room if it is named", () => {
  const storage = tab();
  const seats = new KeptSeats("ws://a/ws", storage);
  const seat = { room: "k7p2qx", role: 0, token: "01".repeat(24), untilMs: Date.now() + 60_000 };
  assert.ok(seats.put("arena", seat));
  const asked = { kind: "arena" };
  for (const [wanted, found] of /** @type {[any, boolean][]} */ ([
    [asked, true],
    [{ ...asked, role: 0, room: null, code: null }, true],
    [{ ...asked, room: "k7p2qx" }, true],
    [{ ...asked, code: "K7P-2QX" }, true],
    [{ ...asked, role: 1 }, false],
    [{ ...asked, room: "other" }, false],
    [{ ...asked, code: "K7P 2QY" }, false],
    [{ kind: "race" }, false],
  ])) {
    assert.equal(seats.find(wanted) !== undefined, found, JSON.stringify(wanted));
  }
  assert.equal(new KeptSeats("ws://b/ws", storage).find(asked), undefined);
  seats.put("arena", { ...seat, room: "second", token: "02".repeat(24) });
  assert.deepEqual(
    [seats.take(asked)?.room, seats.take(asked)?.room, seats.take(asked)],
    ["k7p2qx", "second", null],
  );
});

test("what is too old, or is no seat, is not found", () => {
  const storage = tab();
  const seats = new KeptSeats("ws://a/ws", storage);
  const seat = { room: "r", role: 0, token: "01".repeat(24), untilMs: Date.now() + 60_000 };
  for (const wrong of [{ untilMs: Date.now() - 1 }, { token: "01" }, { token: "x".repeat(48) }]) {
    seats.put("arena", { ...seat, ...wrong });
  }
  assert.equal(seats.find({ kind: "arena" }), undefined);
  for (const nonsense of ["{}", "[1]", "not JSON", "[null]"]) {
    storage.setItem("gameserver seat arena ws://a/ws", nonsense);
    assert.equal(seats.find({ kind: "arena" }), undefined, nonsense);
    assert.ok(seats.put("arena", seat));
    assert.equal(seats.take({ kind: "arena" })?.room, "r");
  }
});
