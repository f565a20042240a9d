import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../client_demo/sdk/index.js";
import { FakeClock, FakeSocket, fakeSession, state, welcome } from "./support/fakes.js";
import { seeded } from "./support/random.js";
import { packRows } from "./support/wire.js";

const SHIP = { enters: [[0, [7], ...packRows([[160, 0, 100]], 3)]] };
/** Promises that are settled by now have been heard of. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const TOKEN = new Uint8Array(24).fill(9);

test("a link offers the subprotocol, and a token beside it, never in the URL", () => {
  const { socket } = fakeSession({ token: "a.b.c" });
  assert.deepEqual(socket.protocols, ["gameserver.v1", "token.a.b.c"]);
  assert.equal(socket.url, "ws://127.0.0.1:9/ws");
  assert.equal(socket.binaryType, "arraybuffer");
  assert.deepEqual(fakeSession().socket.protocols, ["gameserver.v1"]);
});

test("a page's URL stands for the WebSocket's; what is no URL is refused by connect", () => {
  for (const [given, opened] of [
    ["https://game.example/play/ws", "wss://game.example/play/ws"],
    [new URL("../ws#x", "http://127.0.0.1:8000/lab/index.html"), "ws://127.0.0.1:8000/ws"],
  ]) {
    /** @type {string[]} */
    const urls = [];
    class Socket extends FakeSocket {
      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        super(url, protocols);
        urls.push(url);
      }
    }
    connect(given, { kind: "arena", WebSocket: Socket, clock: new FakeClock() });
    assert.deepEqual(urls, [opened]);
  }
  // Outside of a page there is nothing that it could be relative to.
  assert.throws(() => connect("ws", { kind: "arena", WebSocket: FakeSocket }), TypeError);
});

test("a JOIN that servers refuse is refused by connect", () => {
  assert.throws(() => fakeSession({ params: { name: "x".repeat(5000) } }), RangeError);
  assert.throws(() => fakeSession({ kind: "" }), RangeError);
});

test("a function is asked for the token before each attempt", async () => {
  const tokens = ["first", "second"];
  const play = fakeSession({ token: async () => tokens.shift() ?? "" });
  assert.equal(play.sockets.length, 0, "a promise takes a moment");
  assert.equal(play.session.status.state, "connecting");
  play.clock.advance(60_000); // a person may be asked for it
  await settled();
  assert.deepEqual(play.socket.protocols, ["gameserver.v1", "token.first"]);
  play.join({ token: TOKEN });
  play.socket.drop(4015, "the token has expired");
  assert.equal(play.session.status.state, "waiting");
  play.clock.advance(500);
  await settled();
  assert.deepEqual(play.socket.protocols, ["gameserver.v1", "token.second"]);
  assert.equal(play.join({ resumed: true })[0][0], 2, "the session goes on");
});

test("a function that fails is asked again, less and less often, and says why", async () => {
  let calls = 0;
  const play = fakeSession({
    token: () => {
      calls += 1;
      throw new Error("not logged in");
    },
  });
  for (const attempt of [1, 2, 3]) {
    await settled();
    const { status } = play.session;
    assert.ok(status.state === "waiting");
    assert.equal(status.attempt, attempt);
    assert.equal(status.reason, "no token: not logged in");
    play.clock.advance(Math.ceil(status.retryInMs));
  }
  assert.equal(calls, 4);
  assert.equal(play.sockets.length, 0);
});

for (const [name, value] of /** @type {[string, any][]} */ ([
  ["a number", 5],
  ["an object", { token: "a" }],
  ["a function", () => "a"],
  ["text that no header can carry", "a b"],
])) {
  test(`a function that returns ${name} is asked again, and nothing is sent of it`, async () => {
    const returned = [value, "good"];
    const play = fakeSession({ token: async () => returned.shift() });
    /** @type {any[]} */
    const statuses = [];
    play.session.on("status", (status) => statuses.push(status));
    await settled();
    assert.equal(play.sockets.length, 0);
    assert.equal(statuses.at(-1).state, "waiting");
    assert.match(statuses.at(-1).reason, /^no token: token (is a string|has letters)/);
    play.session.reconnect();
    await settled();
    assert.deepEqual(play.socket.protocols, ["gameserver.v1", "token.good"]);
  });
}

for (const none of [null, undefined]) {
  test(`a function that returns ${none} has no token`, async () => {
    const play = fakeSession({ token: /** @type {any} */ (async () => none) });
    await settled();
    assert.deepEqual(play.socket.protocols, ["gameserver.v1"]);
  });
}

test("a token that comes after the session was left opens nothing", async () => {
  const play = fakeSession({ token: async () => "late" });
  play.session.leave();
  await settled();
  assert.equal(play.sockets.length, 0);
  assert.equal(play.session.status.state, "closed");
});

test("a session whose token has expired says so and waits for a new one", () => {
  const play = fakeSession({ token: "old" });
  play.join({ token: TOKEN });
  play.socket.drop(4015, "the token has expired");
  const { status } = play.session;
  assert.ok(status.state === "waiting");
  assert.equal(status.reason, "the token has expired");
  assert.equal(status.retryInMs, Number.POSITIVE_INFINITY);
  play.listeners[0]("online");
  play.clock.advance(3_600_000);
  assert.equal(play.sockets.length, 1, "the same token would be refused again");
  play.session.token = "new";
  assert.deepEqual(play.socket.protocols, ["gameserver.v1", "token.new"]);
  assert.equal(play.join({ resumed: true })[0][0], 2, "the session goes on");
  play.session.token = "newer";
  assert.equal(play.sockets.length, 2, "a link that is up is left alone");
  play.socket.drop(4015, "the token has expired");
  play.clock.advance(500);
  assert.deepEqual(play.socket.protocols, ["gameserver.v1", "token.newer"], "set while it was up");
});

for (const [code, name] of /** @type {const} */ ([
  [4015, "UNAUTHORIZED"],
  [4016, "FORBIDDEN"],
])) {
  test(`a client without a token does not try again after ${code}`, async () => {
    const play = fakeSession();
    /** @type {any[]} */
    const closed = [];
    play.session.on("closed", (event) => closed.push(event));
    play.socket.open();
    play.socket.drop(code, "a token is needed");
    assert.equal(closed[0].name, name);
    assert.equal(closed[0].reason, "a token is needed");
    await assert.rejects(play.session.joined, { code });
    play.clock.advance(3_600_000);
    assert.equal(play.sockets.length, 1);
  });
}

test("JOIN is the first message, and WELCOME puts the session online", async () => {
  const play = fakeSession({ room: "r1", role: 1, params: { name: "Ada" } });
  assert.deepEqual(play.join(), [[1, "arena", "r1", 1, { name: "Ada" }]]);
  assert.deepEqual(play.session.status, { state: "joined" });
  assert.equal((await play.session.joined).room, "r1");
  assert.equal("token" in (await play.session.joined), false, "the token is not shown");
});

test("a broken link is resumed with the token, the newest tick and the event cursor", () => {
  const play = fakeSession();
  play.join({ token: TOKEN, event: 3 });
  play.socket.say([18, 3, 5, []]);
  play.socket.say(state({ tick: 40, ...SHIP }));
  play.socket.drop(1006);
  assert.equal(play.session.status.state, "waiting");
  play.clock.advance(250);
  assert.equal(play.sockets.length, 2);
  assert.deepEqual(play.join({ resumed: true }), [[2, TOKEN, 40, 5]]);
  assert.equal(play.session.status.state, "joined");
  assert.equal(play.session.draw().entities.get("Ship")?.length, 1, "the view is still there");
});

test("waits double from half a second to 16, with full jitter, and begin anew after a link that held", () => {
  const random = seeded(7);
  const draws = Array.from({ length: 20 }, () => random.next());
  const left = [...draws];
  const play = fakeSession({ random: () => left.shift() ?? 0 });
  play.join();
  left.splice(0, left.length, ...draws);
  const waits = draws.slice(0, 8).map(() => {
    play.socket.drop(1006);
    const { status } = play.session;
    assert.ok(status.state === "waiting");
    play.clock.advance(Math.ceil(status.retryInMs));
    return status.retryInMs;
  });
  const ceilings = [500, 1000, 2000, 4000, 8000, 16_000, 16_000, 16_000];
  assert.deepEqual(
    waits,
    ceilings.map((ceiling, i) => ceiling * draws[i]),
  );
  play.join({ resumed: true });
  play.clock.advance(1000);
  play.socket.drop(1006);
  const { status } = play.session;
  assert.ok(status.state === "waiting" && status.attempt === 1 && status.retryInMs <= 500);
});

test("a server that drops a client as soon as it has joined is tried again less and less often", () => {
  const play = fakeSession();
  play.join();
  for (const attempt of [1, 2, 3]) {
    play.socket.drop(1006);
    const { status } = play.session;
    assert.ok(status.state === "waiting");
    assert.equal(status.attempt, attempt);
    play.clock.advance(Math.ceil(status.retryInMs));
    play.join({ resumed: true });
  }
});

test("a link that never opens is tried again with JOIN, less and less often", () => {
  const play = fakeSession({ random: () => 0.5 });
  for (const waitMs of [250, 500, 1000, 2000, 4000, 8000, 8000]) {
    play.socket.drop(1006);
    assert.deepEqual(play.session.status, {
      ...{ state: "waiting", code: 1006, reason: "", retryInMs: waitMs },
      attempt: play.sockets.length,
    });
    play.clock.advance(waitMs);
  }
  assert.equal(play.sockets.length, 8);
  assert.equal(play.join()[0][0], 1);
});

test("a link that opens and breaks before WELCOME does not reset the back-off", () => {
  const play = fakeSession();
  play.join();
  play.socket.drop(1006);
  for (const attempt of [1, 2, 3]) {
    const { status } = play.session;
    assert.ok(status.state === "waiting");
    assert.equal(status.attempt, attempt);
    play.clock.advance(Math.ceil(status.retryInMs));
    play.socket.open();
    play.socket.drop(1006);
  }
});

for (const news of /** @type {const} */ (["online", "visible"])) {
  test(`it comes back at once when the page is ${news}`, () => {
    const play = fakeSession({ random: () => 0.99 });
    play.join();
    play.socket.drop(1006);
    assert.equal(play.sockets.length, 1);
    play.listeners[0](news);
    assert.equal(play.sockets.length, 2);
    play.clock.advance(0);
    assert.equal(play.sockets.length, 2, "and only once");
  });
}

test("reconnect() tries at once, and does nothing while the link is up", () => {
  const play = fakeSession();
  play.join();
  play.session.reconnect();
  assert.equal(play.sockets.length, 1);
  play.socket.drop(1006);
  play.session.reconnect();
  assert.equal(play.sockets.length, 2);
});

test("codes that say so end the session: nothing is tried again", async () => {
  const play = fakeSession();
  play.join();
  play.socket.drop(4022, "be nice");
  play.clock.advance(60_000);
  assert.equal(play.sockets.length, 1);
  assert.deepEqual(play.heard("closed"), [
    {
      ...{ code: 4022, name: "KICKED", reason: "be nice" },
      meaning: "the game removed the player",
    },
  ]);
  assert.equal(play.listeners.length, 0, "the page is not listened to any more");
  assert.equal(play.clock.waiting, 0, "no timer is left");
});

test("joined rejects when the room says no", async () => {
  const play = fakeSession();
  play.socket.open();
  play.socket.drop(4012, "no free seat");
  await assert.rejects(play.session.joined, /4012 ROOM_FULL: no free seat/);
});

test("after 4014 it keeps its seat and resumes", () => {
  const play = fakeSession();
  play.join({ token: TOKEN });
  play.socket.drop(1006);
  play.clock.advance(250);
  play.socket.open();
  assert.equal(play.socket.take()[0][0], 2);
  play.socket.drop(4014, "too many joins from one address: retry in 1 s");
  play.clock.advance(16_000);
  play.socket.open();
  assert.equal(play.socket.take()[0][0], 2, "with the same token");
});

for (const code of [4024, 4025, 4021]) {
  test(`after ${code} it joins anew`, () => {
    const play = fakeSession();
    play.join({ token: TOKEN });
    play.socket.say(state({ tick: 40, ...SHIP }));
    play.socket.drop(1006);
    play.clock.advance(250);
    play.socket.open();
    assert.equal(play.socket.take()[0][0], 2);
    play.socket.drop(code);
    assert.equal(play.session.draw().entities.get("Ship")?.length, 1, "what was seen stays");
    play.clock.advance(16_000);
    assert.deepEqual(play.join({ tick: 2, room: "r2" }), [[1, "arena", null, 0, {}]]);
    assert.equal(play.session.draw().entities.get("Ship")?.length, 0, "another room");
    assert.equal(play.session.welcome?.room, "r2");
  });
}

test("a JOIN that was not answered is repeated as the same attempt, and the next one is another", () => {
  let number = 0;
  const play = fakeSession({ newAttempt: () => new Uint8Array(16).fill(number++) });
  /** @type {number[]} */
  const attempts = [];
  const join = () => {
    play.socket.open();
    attempts.push(play.socket.take()[0][5][0]);
  };
  join();
  play.socket.drop(1006);
  play.clock.advance(16_000);
  join();
  play.socket.say(welcome());
  play.socket.drop(4021);
  play.clock.advance(16_000);
  join();
  assert.deepEqual(attempts, [0, 0, 1]);
});

test("a page's attempts are random", () => {
  const attempts = [1, 2].map(() => {
    const { socket } = fakeSession({ newAttempt: undefined });
    socket.open();
    return socket.take()[0][5];
  });
  assert.deepEqual(
    attempts.map((attempt) => attempt.length),
    [16, 16],
  );
  assert.notDeepEqual(attempts[0], attempts[1]);
});

test("codes of the WebSocket layer are resumed, later versions' are not understood", () => {
  const lost = fakeSession();
  lost.join();
  lost.socket.drop(1011);
  assert.equal(lost.session.status.state, "waiting");
  const strange = fakeSession();
  strange.join();
  strange.socket.drop(4999);
  assert.equal(strange.session.status.state, "closed");
});

test("a server that stops says when to come back", () => {
  const play = fakeSession();
  play.join();
  play.socket.drop(1001, "retry in 2.5 s");
  const { status } = play.session;
  assert.ok(status.state === "waiting");
  assert.equal(status.retryInMs, 2500 + 250);
});

test("a server cannot send a client away for longer than five minutes", () => {
  const play = fakeSession();
  play.join();
  play.socket.drop(1001, "retry in 99999999 s");
  const { status } = play.session;
  assert.ok(status.state === "waiting");
  assert.equal(status.retryInMs, 300_000 + 250);
});

test("a server that does not answer is tried again after ten seconds", () => {
  const play = fakeSession();
  play.clock.advance(9_999);
  assert.equal(play.sockets.length, 1);
  play.clock.advance(1 + 250);
  assert.equal(play.sockets.length, 2);
  assert.notEqual(play.sockets[0].closedBy, null, "the first is given up");
  play.sockets[0].open();
  assert.deepEqual(play.sockets[0].sent, [], "and not listened to");
});

test("PING is answered at once", () => {
  const play = fakeSession();
  play.join();
  play.socket.take();
  play.socket.say([19, 77]);
  assert.deepEqual(play.socket.take()[0], [6, 77]);
});

test("a PONG of a PING that was never sent closes the link", () => {
  const play = fakeSession();
  play.join();
  play.socket.say([20, 77, 1, 0, 0, 0]);
  assert.equal(play.socket.closedBy?.[0], 4004);
});

test("silence is broken with PINGs, and ends the link after the dead time", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1 });
  play.clock.advance(9_900);
  assert.ok(play.socket.sent.filter(([id]) => id === 5).length >= 3, "it asked");
  assert.equal(play.session.status.state, "joined");
  play.clock.advance(3_000);
  assert.equal(play.sockets[0].closedBy?.[0], 4009);
  assert.equal(play.join({ resumed: true })[0][0], 2, "and it comes back");
});

test("anything that is heard counts as life", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1 });
  for (let second = 0; second < 60; second += 1) {
    play.clock.advance(1000);
    play.socket.say([21, "skipped", { ticks: 1 }]);
  }
  assert.equal(play.sockets.length, 1);
});

test("a tab that was frozen for a minute is not thrown out by its own clock", () => {
  const play = fakeSession();
  play.join();
  play.clock.freeze(60_000);
  play.clock.advance(1);
  assert.equal(play.session.status.state, "joined");
  play.socket.say([21, "skipped", { ticks: 1 }]);
  play.clock.advance(9_000);
  assert.equal(play.session.status.state, "joined");
  play.clock.advance(5_000);
  assert.equal(play.sockets[0].closedBy?.[0], 4009, "but silence while awake still counts");
});

test("a background tab whose timers sleep ticks and acks on the messages that arrive", () => {
  const play = fakeSession();
  play.join();
  play.socket.say(state({ tick: 1, ...SHIP }));
  play.socket.take();
  for (let tick = 2; tick < 200; tick += 1) {
    play.clock.freeze(50);
    play.socket.say(state({ tick, span: 1 }));
  }
  const inputs = play.socket.take().filter(([id]) => id === 3);
  assert.ok(inputs.length > 150, `${inputs.length} frames`);
  assert.ok(Number(inputs.at(-1)?.[2]) >= 198, "the newest ack is that of the newest state");
});

test("a message that is not the protocol's closes the link, and is not tried again", () => {
  const play = fakeSession();
  play.join();
  play.socket.raw(Uint8Array.of(0xc1));
  assert.equal(play.socket.closedBy?.[0], 4000);
  assert.match(play.socket.closedBy?.[1] ?? "", /^from the server: not msgpack/);
  assert.equal(play.session.status.state, "closed");
  const texted = fakeSession();
  texted.join();
  texted.socket.raw("hello");
  assert.equal(texted.socket.closedBy?.[0], 4002);
});

test("leaving says LEAVE and closes with 1000", () => {
  const play = fakeSession();
  play.join();
  play.socket.take();
  play.session.leave();
  assert.deepEqual(play.socket.sent, [[9]]);
  assert.equal(play.socket.closedBy?.[0], 1000);
  assert.equal(play.heard("closed")[0].code, 1000);
  play.session.leave();
  assert.equal(play.heard("closed").length, 1);
});

test("who leaves the page leaves the room, where no seat is kept", () => {
  const play = fakeSession({ keepSeat: false });
  play.join();
  play.socket.take();
  play.listeners[0]("gone");
  assert.deepEqual(play.socket.sent, [[9]]);
});

test("one can leave while waiting for the next try", () => {
  const play = fakeSession();
  play.join();
  play.socket.drop(1006);
  play.session.leave();
  play.clock.advance(60_000);
  assert.equal(play.sockets.length, 1);
  assert.equal(play.session.status.state, "closed");
});

test("added latency delays both ways and keeps the order", () => {
  const random = seeded(11);
  const play = fakeSession({ role: 1, random: random.next, lag: { ms: 100, jitterMs: 40 } });
  play.socket.open();
  play.clock.advance(59);
  assert.deepEqual(play.socket.take(), [], "JOIN is on its way");
  play.clock.advance(82);
  assert.equal(play.socket.take()[0][0], 1);
  play.socket.say(welcome({ role: 1 }));
  play.clock.advance(59);
  assert.equal(play.session.status.state, "connecting", "WELCOME is on its way");
  play.clock.advance(82);
  assert.equal(play.session.status.state, "joined");
  play.socket.take();
  for (let tick = 1; tick <= 30; tick += 1) {
    play.socket.say(state({ tick, span: tick === 1 ? 0 : 1 }));
    play.clock.advance(7);
  }
  play.clock.advance(300);
  const acks = play.socket.take().map(([, tick]) => tick);
  assert.deepEqual(
    acks,
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
});

test("latency can be taken away again without a message overtaking another", () => {
  const play = fakeSession({ role: 1, lag: { ms: 200 } });
  play.socket.open();
  play.clock.advance(200);
  play.socket.say(welcome({ role: 1 }));
  play.session.switches = { lagMs: 0 };
  play.socket.say(state({ tick: 1 }));
  play.clock.advance(200);
  assert.equal(play.session.stats.tick, 1);
  assert.equal(play.session.stats.desyncs, 0);
});

test("frames wait while the link is backed up, and only those that still help leave then", () => {
  const play = fakeSession();
  play.join({ tick_hz: 60, snapshot_every: 3 });
  play.clock.advance(500);
  const before = play.socket.take().filter(([id]) => id === 3);
  assert.ok(before.length >= 29, "a frame a tick");
  play.socket.bufferedAmount = 65_536;
  play.clock.advance(1000);
  assert.deepEqual(play.socket.take(), [], "nothing is added to the backlog");
  play.socket.bufferedAmount = 0;
  play.clock.advance(17);
  const after = play.socket.take().filter(([id]) => id === 3);
  assert.ok(after.length >= 1 && after.length <= 3, `${after.length} frames, not a second's worth`);
  const [, newest] = /** @type {any[]} */ (after.at(-1));
  const [, last] = /** @type {any[]} */ (before.at(-1));
  assert.ok(newest > last + 55, "the newest ones");
  assert.ok(play.session.stats.shed > 50);
});

test("what a handler raises stops neither the others nor the link", () => {
  const play = fakeSession();
  /** @type {any[]} */
  const later = [];
  const { queueMicrotask } = globalThis;
  globalThis.queueMicrotask = (work) => later.push(work);
  try {
    play.session.on("joined", () => {
      throw new Error("of the game");
    });
    play.session.on("joined", () => later.push("the next handler"));
    play.join();
  } finally {
    globalThis.queueMicrotask = queueMicrotask;
  }
  assert.equal(later[1], "the next handler");
  assert.throws(later[0], /of the game/, "and it is reported");
  play.clock.advance(100);
  assert.ok(play.socket.take().length > 0, "frames go on");
});
