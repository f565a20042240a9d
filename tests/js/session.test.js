import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_LIMITS } from "../../client_demo/sdk/codec.js";
import { fakeSession, state, welcome } from "./support/fakes.js";
import { packRows, SHIP_SCHEMA } from "./support/wire.js";

const SEAT = new Uint8Array(16).fill(7);

/** @param {number} id @param {number} x code */
function ship(id, x) {
  return { enters: [[0, [id], ...packRows([[x, 0, 100]], 3)]] };
}

test("a STATE that does not fit asks for a full one once, and is counted", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1 });
  play.socket.say(state({ tick: 10, ...ship(7, 160) }));
  play.socket.take();
  play.socket.say(state({ tick: 12, span: 1 }));
  assert.deepEqual(play.socket.take(), [[7, 10]]);
  play.socket.say(state({ tick: 13, span: 1 }));
  assert.deepEqual(play.socket.take(), [], "deltas are dropped until a full one comes");
  assert.equal(play.session.stats.tick, 10);
  play.socket.say(state({ tick: 14, ...ship(8, 320) }));
  assert.deepEqual(play.socket.take(), [[8, 14]]);
  assert.equal(play.session.stats.tick, 14);
  assert.equal(play.session.stats.desyncs, 1);
});

test("a session joins any room, one by id or code, or a new one, and shows the code", () => {
  const forms = [
    [{}, null],
    [{ room: "r1" }, "r1"],
    [{ code: "K7P 2QX" }, { code: "K7P 2QX" }],
    [{ create: true }, { create: {} }],
    [{ create: true, roomOptions: { laps: 5 } }, { create: { laps: 5 } }],
    [{ roomOptions: { laps: 5 } }, { options: { laps: 5 } }],
    [{ where: { track: ["ice"] } }, { where: { track: ["ice"] } }],
    [
      { where: {}, roomOptions: { laps: 5 } },
      { where: {}, options: { laps: 5 } },
    ],
    [
      { room: "r1", reservation: SEAT },
      { room: "r1", reservation: SEAT },
    ],
    [{ room: null, code: undefined, create: false }, null],
  ];
  for (const [options, room] of forms) {
    const play = fakeSession(/** @type {any} */ (options));
    assert.equal(play.session.code, null);
    play.socket.open();
    assert.deepEqual(play.socket.take(), [[1, "arena", room, 0, {}]]);
  }
  for (const [room, code] of [
    ["k7p2qx", "K7P2QX"],
    ["cup-1", null],
    ["Final", null],
  ]) {
    const play = fakeSession();
    play.join({ room });
    assert.equal(play.session.code, code);
  }
});

test("ways into a room that contradict each other are refused at once", () => {
  for (const options of [
    { room: "a", code: "b" },
    { code: "b", create: true },
    { room: "a", create: true },
    { room: "a", roomOptions: {} },
    { code: "a", roomOptions: {} },
    { create: true, roomOptions: [] },
    { create: true, where: {} },
    { room: "a", where: {} },
    { where: [] },
    { reservation: SEAT },
    { room: "a", reservation: "r".repeat(16) },
    { room: "a", reservation: new Uint8Array(15) },
  ]) {
    assert.throws(() => fakeSession(/** @type {any} */ (options)), TypeError);
  }
});

test("a spectator acks each STATE and sends no input", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1 });
  for (const tick of [1, 2, 3]) play.socket.say(state({ tick, span: tick === 1 ? 0 : 1 }));
  play.clock.advance(1000);
  assert.deepEqual(play.socket.take(), [
    [8, 1],
    [8, 2],
    [8, 3],
  ]);
});

test("a player in a room without inputs acks too", () => {
  const play = fakeSession();
  play.join({ schema: { ...SHIP_SCHEMA, inputs: [] } });
  play.socket.say(state({ tick: 1 }));
  play.clock.advance(500);
  assert.deepEqual(play.socket.take(), [[8, 1]]);
});

test("a player sends one frame a tick, numbered, with the newest applied tick and the controls of that moment", () => {
  const play = fakeSession();
  play.join({ seq: 4 });
  play.socket.say(state({ tick: 9, seq: 4 }));
  play.session.controls = { turn: -1, thrust: true };
  play.clock.advance(110);
  play.session.setControls({ fire: true });
  play.clock.advance(50);
  const frames = play.socket.take();
  assert.deepEqual(
    frames.map(([id, seq, ack]) => [id, seq, ack]),
    [
      [3, 5, 0],
      [3, 6, 9],
      [3, 7, 9],
      [3, 8, 9],
    ],
  );
  assert.deepEqual(
    frames.map((frame) => frame.slice(4)),
    [
      [0, 0, 0],
      [-1, 1, 0],
      [-1, 1, 0],
      [0, 0, 1],
    ],
  );
});

test("a frame says how far behind its ack the others are drawn, and 0 when nothing is drawn", () => {
  const play = fakeSession();
  play.join();
  for (let tick = 1; tick <= 30; tick += 1) {
    play.socket.say(state({ tick, span: tick === 1 ? 0 : 1 }));
    play.clock.advance(50);
  }
  const behind = () => play.socket.take().map(([, , , behind]) => behind);
  assert.ok(behind().every((sixteenths) => sixteenths === 0));
  const { tick } = play.session.draw();
  play.clock.advance(50);
  assert.ok(tick > 20 && tick < 30);
  assert.deepEqual(behind(), [Math.round((30 - tick) * 16)]);
  play.session.switches.interpolation = false;
  play.session.draw();
  play.clock.advance(50);
  assert.deepEqual(behind(), [0]);
  play.session.switches.interpolation = true;
  play.session.draw();
  play.clock.advance(600);
  assert.equal(behind().at(-1), 0);
});

test("controls are read at each tick, so they may be written into", () => {
  const play = fakeSession();
  play.join();
  const controls = { turn: 0 };
  play.session.controls = controls;
  play.clock.advance(60);
  controls.turn = 1;
  play.clock.advance(50);
  assert.deepEqual(
    play.socket.take().map(([, , , , turn]) => turn),
    [0, 0, 1],
  );
});

test("controls that the room does not have are refused where they are set", () => {
  const play = fakeSession();
  play.join();
  assert.throws(() => play.session.setControls({ jump: true }), /no input is called jump/);
  assert.throws(() => play.session.setControls({ turn: Number.NaN }), /turn is int/);
  play.session.setControls({ turn: 1 });
});

test("controls that turn bad later are reported once, and those from before count", () => {
  const play = fakeSession();
  play.join();
  /** @type {any} */
  const controls = { turn: 1 };
  play.session.controls = controls;
  play.clock.advance(60);
  controls.turn = "left";
  play.clock.advance(200);
  assert.deepEqual(
    play.heard("notice").map(({ name }) => name),
    ["bad_controls"],
  );
  assert.deepEqual(play.socket.take().at(-1)?.slice(4), [1, 0, 0]);
});

test("numbering goes on after a resume, and frames of before are not sent again", () => {
  const play = fakeSession();
  play.join();
  play.clock.advance(500);
  const last = Number(play.socket.take().at(-1)?.[1]);
  play.socket.drop(1006);
  play.clock.advance(250);
  play.join({ resumed: true, seq: last - 4 });
  play.clock.advance(50);
  const seqs = play.socket.take().map(([, seq]) => seq);
  assert.deepEqual(seqs, [last + 1, last + 2]);
});

test("no frame is made while the link is down", () => {
  const play = fakeSession();
  play.join();
  play.clock.advance(100);
  play.socket.drop(1006);
  play.clock.advance(240);
  const skipped = play.session.stats.skipped;
  play.clock.advance(10);
  play.join({ resumed: true });
  assert.equal(play.session.stats.skipped, skipped);
});

test("events come in order and once, across links", () => {
  const play = fakeSession({ eventsAtOnce: true });
  play.join({ event: 10 });
  play.socket.say([18, 10, 12, [[1, "a", null]]]);
  play.socket.say([18, 12, 12, []]);
  play.socket.drop(1006);
  play.clock.advance(250);
  assert.equal(play.join({ resumed: true, event: 12 })[0][3], 12);
  play.socket.say([
    ...[18, 12, 14],
    [
      [2, "b", { x: 1 }],
      [3, "c", 7],
    ],
  ]);
  assert.deepEqual(play.heard("event"), [
    { tick: 1, name: "a", payload: null },
    { tick: 2, name: "b", payload: { x: 1 } },
    { tick: 3, name: "c", payload: 7 },
  ]);
});

test("events that the room no longer holds are reported, and the session goes on", () => {
  const play = fakeSession({ eventsAtOnce: true });
  play.join({ event: 10 });
  play.socket.drop(1006);
  play.clock.advance(250);
  play.join({ resumed: true, event: 5000 });
  assert.deepEqual(play.heard("notice"), [{ name: "missed", detail: { events: 4990 } }]);
  play.socket.say([18, 5000, 5001, [[1, "a", null]]]);
  assert.deepEqual(
    play.heard("event").map(({ name }) => name),
    ["a"],
  );
});

test("a room that goes on from an earlier tick is seen anew in the same session", () => {
  const play = fakeSession({ eventsAtOnce: true });
  play.join({ event: 10, tick: 60 });
  play.socket.drop(1006);
  play.clock.advance(250);
  play.join({ resumed: true, event: 6, rolled_back_to: 40 });
  assert.deepEqual(play.heard("notice"), [{ name: "rolled_back", detail: { to: 40, ticks: 0 } }]);
  play.socket.say([18, 6, 7, [[44, "a", null]]]);
  assert.deepEqual(
    play.heard("event").map(({ name }) => name),
    ["a"],
  );
});

test("a WELCOME of another schema is no answer to RESUME", () => {
  const play = fakeSession();
  play.join();
  play.socket.drop(1006);
  play.clock.advance(250);
  play.join({ resumed: true, schema: { ...SHIP_SCHEMA, fingerprint: "00000000000000ff" } });
  assert.equal(play.socket.closedBy?.[0], 4000);
});

test("a gap in the events closes with 4000", () => {
  const play = fakeSession();
  play.join({ event: 10 });
  play.socket.say([18, 11, 12, []]);
  assert.equal(play.socket.closedBy?.[0], 4000);
});

test("an event is reported when what is drawn has reached its tick", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1, tick: 100 });
  let tick = 100;
  const second = (/** @type {() => void} */ look) => {
    for (let i = 0; i < 20; i += 1) {
      play.clock.advance(50);
      tick += 1;
      if (tick === 130) play.socket.say([18, 0, 1, [[130, "hit", 5]]]);
      play.socket.say(state({ tick, span: tick === 101 ? 0 : 1 }));
      look();
    }
  };
  second(() => play.session.draw());
  const lags = /** @type {number[]} */ ([]);
  play.session.on("event", () => lags.push(play.session.draw().tick - 130));
  second(() => play.session.draw());
  assert.equal(lags.length, 1);
  assert.ok(lags[0] >= 0 && lags[0] < 1.1, `reported ${lags[0]} ticks after it is drawn`);
});

test("events are reported on arrival when nothing is drawn", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1 });
  play.clock.advance(1000);
  play.socket.say([18, 0, 1, [[1000, "chat", "hi"]]]);
  assert.equal(play.heard("event").length, 1);
});

test("send says whether it was said, and refuses what servers do not take", () => {
  const play = fakeSession();
  assert.equal(play.session.send("chat", { text: "hi" }), false, "not joined yet");
  play.join();
  play.socket.take();
  assert.equal(play.session.send("chat", { text: "hi" }), true);
  assert.deepEqual(play.socket.take().at(-1), [4, "chat", { text: "hi" }]);
  assert.throws(() => play.session.send("chat", "x".repeat(5000)), RangeError);
  assert.throws(() => play.session.send("chat", () => 0), TypeError);
  assert.throws(() => play.session.send("chat", Number.NaN), RangeError);
  assert.throws(() => play.session.send("x".repeat(65)), RangeError);
  assert.equal(play.session.send("chat", [[[[[[[[]]]]]]]]), true, "as deep as servers take");
  assert.throws(() => play.session.send("chat", new Array(510).fill(0)), RangeError);
  assert.throws(() => play.session.send("chat", [[[[[[[[[]]]]]]]]]), RangeError);
  assert.equal(play.session.status.state, "joined", "and nothing of it has ended the session");
});

test("the limits of WELCOME hold, not the defaults", () => {
  const play = fakeSession();
  const larger = { message_bytes: 9000, depth: 12, values: 700, name_bytes: 100 };
  play.join({ limits: { ...DEFAULT_LIMITS, ...larger } });
  const payload = ["x".repeat(5000), [[[[[[[[[[[]]]]]]]]]]], ...new Array(600).fill(0)];
  assert.equal(play.session.send("n".repeat(100), payload), true);
  const strict = fakeSession();
  const smaller = { message_bytes: 100, depth: 2, values: 9, name_bytes: 3 };
  strict.join({ limits: { ...DEFAULT_LIMITS, ...smaller } });
  strict.socket.take();
  assert.throws(() => strict.session.send("name", 1), RangeError);
  assert.throws(() => strict.session.send("n", "x".repeat(100)), RangeError);
  assert.throws(() => strict.session.send("n", [[[]]]), RangeError);
  assert.throws(() => strict.session.send("n", new Array(7).fill(1)), RangeError);
  assert.deepEqual(strict.socket.take(), []);
});

test("more messages than the server takes are not sent, which is reported once", () => {
  const play = fakeSession();
  play.join({ limits: { ...DEFAULT_LIMITS, messages_per_s: 10, messages_burst: 20 } });
  play.socket.say([19, 1]);
  const sends = () => Array.from({ length: 30 }, () => play.session.send("m"));
  assert.equal(sends().filter(Boolean).length, 17, "nine tenths, and one was the PONG");
  const [notice, ...others] = play.heard("notice");
  assert.deepEqual(others, []);
  assert.equal(notice.name, "rate_limited");
  assert.match(notice.detail.message, /"m" was not sent: this server takes 10 messages/);
  play.clock.advance(1000);
  const again = sends().filter(Boolean).length;
  assert.ok(again >= 7 && again <= 9, `${again}: nine, less a PING and what is not whole yet`);
  assert.equal(play.heard("notice").length, 2);
});

test("the dead time is the server's", () => {
  const play = fakeSession();
  play.join({ limits: { ...DEFAULT_LIMITS, dead_after_s: 3 }, role: 1 });
  play.clock.advance(2900);
  assert.equal(play.session.status.state, "joined");
  assert.ok(
    play.socket.sent.some(([id]) => id === 5),
    "a PING went out in time",
  );
  play.clock.advance(200);
  assert.equal(play.session.status.state, "waiting");
});

test("an event whose keys mean something in JavaScript is reported as any other", () => {
  const play = fakeSession();
  play.join();
  const payload = JSON.parse('{ "__proto__": { "polluted": true }, "constructor": 1 }');
  play.socket.say([18, 0, 1, [[0, "m", payload]]]);
  play.clock.advance(1000);
  assert.deepEqual(
    play.heard("event").map((event) => Object.entries(event.payload)),
    [Object.entries(payload)],
  );
  assert.equal(/** @type {any} */ ({}).polluted, undefined);
  assert.equal(play.session.status.state, "joined");
});

test("what comes before WELCOME is out of place", () => {
  for (const message of [state({}), [18, 0, 0, []]]) {
    const play = fakeSession();
    play.socket.open();
    play.socket.say(message);
    assert.equal(play.socket.closedBy?.[0], 4005);
  }
});

test("a schema that is none closes the link", () => {
  const play = fakeSession();
  play.join({ schema: { fingerprint: "?" } });
  assert.equal(play.socket.closedBy?.[0], 4000);
});

test("before anything has come there is nothing to draw", () => {
  const { session } = fakeSession();
  const drawn = session.draw();
  assert.equal(drawn.avatar, null);
  assert.equal(drawn.entities.size, 0);
  assert.equal(session.stats.rtt, 0);
});

test("PONG says what the server missed, and gives a spectator its round trip", () => {
  const play = fakeSession({ role: 1 });
  play.join({ role: 1 });
  play.clock.advance(500);
  const ping = play.socket.sent.find(([id]) => id === 5);
  play.clock.advance(80);
  play.socket.say([20, ping?.[1], 5, 154, 3, 2]);
  const { rtt, missed, trimmed } = play.session.stats;
  assert.ok(Math.abs(rtt - 50) < 1, `80 ms less 0.6 ticks of 50 ms held: ${rtt}`);
  assert.deepEqual([missed, trimmed], [3, 2]);
});

test("the step is loaded from the server's own origin only", async () => {
  /** @type {string[]} */
  const loaded = [];
  const loadStep = async (/** @type {URL} */ url) => {
    loaded.push(url.href);
    return { predict: () => {} };
  };
  const good = fakeSession({ loadStep });
  good.join({ step: "step/arena-1.js" });
  assert.deepEqual(loaded, ["http://127.0.0.1:9/step/arena-1.js"]);
  const bad = fakeSession({ loadStep });
  bad.join({ step: "https://elsewhere.example/step.js" });
  assert.equal(loaded.length, 1);
  assert.equal(bad.heard("notice")[0].name, "prediction_failed");
});

test("a step that raises ends prediction and is reported; the game goes on", async () => {
  const step = () => {
    throw new Error("ship.x is undefined");
  };
  const play = fakeSession({ loadStep: async () => ({ predict: step }) });
  play.join({ step: "step/arena-1.js" });
  await null;
  await null;
  play.socket.say([18, 0, 1, [[1, "@avatar", 7]]]);
  play.socket.say(state({ tick: 1, ...ship(7, 160) }));
  play.clock.advance(200);
  assert.equal(play.heard("notice")[0].detail.message, "ship.x is undefined");
  play.socket.say(state({ tick: 2, span: 1 }));
  play.clock.advance(200);
  assert.equal(play.heard("notice").length, 1);
  assert.equal(play.session.stats.predicting, false);
  assert.equal(play.session.stats.diagnosis, "off");
  assert.equal(play.session.draw().avatar?.x, 10);
});

test("the protocol's own events are not reported as the game's", () => {
  const play = fakeSession({ eventsAtOnce: true });
  play.join({});
  const items = [
    [1, "@avatar", 7],
    [1, "hello", 1],
    [1, "@later", null],
  ];
  play.socket.say([18, 0, 3, items]);
  assert.deepEqual(play.heard("event"), [{ tick: 1, name: "hello", payload: 1 }]);
  assert.equal(play.session.avatarId, 7);
});

test("a time of another clock draws this moment and moves no clock; what is no time is refused", () => {
  const play = fakeSession();
  play.join();
  for (let tick = 1; tick <= 30; tick += 1) {
    play.socket.say(state({ tick, span: tick === 1 ? 0 : 1 }));
    play.clock.advance(50);
  }
  const { tick } = play.session.draw();
  play.socket.take();
  for (const other of [1.8e12, 0.001, -5]) assert.equal(play.session.draw(other).tick, tick);
  assert.deepEqual(play.socket.take(), [], "no input frame is made ahead of time");
  play.clock.advance(50);
  assert.ok(Math.abs(play.session.draw().tick - tick - 1) < 0.2);
  for (const none of [Number.NaN, Number.POSITIVE_INFINITY, "now", null])
    assert.throws(() => play.session.draw(/** @type {any} */ (none)), TypeError);
});

test("a handler that is set right after connect hears the first status, and one that leaves at once hears only the end", async () => {
  const play = fakeSession();
  /** @type {string[]} */
  const states = [];
  play.session.on("status", ({ state }) => states.push(state));
  await null;
  assert.deepEqual(states, ["connecting"]);
  const left = fakeSession();
  /** @type {string[]} */
  const ends = [];
  left.session.on("status", ({ state }) => ends.push(state));
  left.session.leave();
  await null;
  assert.deepEqual(ends, ["closed"]);
});

test("a move goes over the same link: what is left is reported, then the other room, then its WELCOME", () => {
  const play = fakeSession();
  play.join({ event: 4 });
  play.socket.say(state({ tick: 9, ...ship(7, 160) }));
  play.session.draw();
  play.socket.say([18, 4, 5, [[400, "late", 1]]]);
  play.session.setControls({ turn: 1 });
  play.clock.advance(50);
  play.socket.take();
  assert.deepEqual(play.heard("event"), []);
  play.socket.say([22, "match", "r2", null]);
  assert.deepEqual(play.heard("event"), [{ tick: 400, name: "late", payload: 1 }]);
  assert.deepEqual(play.heard("moved"), [{ kind: "match", room: "r2" }]);
  assert.equal(play.session.send("chat"), false);
  assert.equal(
    play.session.draw().entities.get("Ship")?.length,
    1,
    "it is drawn until the other room is there",
  );
  play.clock.advance(500);
  assert.deepEqual(play.socket.take(), []);
  const inputs = [{ name: "jump", kind: "flag" }];
  const schema = { ...SHIP_SCHEMA, fingerprint: "00112233aabbccdd", inputs };
  play.socket.say(welcome({ kind: "match", room: "r2", session: 9, seq: 4, event: 30, schema }));
  const [arrived, frame] = play.socket.take();
  assert.deepEqual(arrived, [10]);
  assert.deepEqual(frame.slice(0, 3), [3, 5, 0]);
  assert.equal(frame.length, 5);
  assert.equal(play.session.welcome?.room, "r2");
  assert.equal(play.session.me?.number, 9);
  assert.equal(play.session.draw().entities.get("Ship")?.length ?? 0, 0);
  assert.equal(play.sockets.length, 1);
  assert.deepEqual(play.session.status, { state: "joined" });
  assert.deepEqual(play.heard("notice"), [], "the controls of the room before are no fault here");
});

test("a move to another process opens a new link and resumes there with the token of MOVED", () => {
  const play = fakeSession();
  play.join();
  play.socket.say(state({ tick: 9, ...ship(7, 160) }));
  const token = new Uint8Array(24).fill(9);
  play.socket.say([22, "match", "r2", token]);
  play.socket.drop(4029);
  play.clock.advance(1);
  assert.equal(play.sockets.length, 2, "at once");
  assert.deepEqual(play.join({ room: "r2", resumed: true, token }), [[2, token, 0, null]]);
  assert.notEqual(play.socket.take()[0]?.[0], 10);
  assert.equal(play.session.welcome?.room, "r2");
  assert.equal(play.session.stats.tick, 0);
});

test("a link that breaks after MOVED resumes with what it knew, and learns of the move again", () => {
  const play = fakeSession();
  play.join({ event: 4 });
  play.socket.say([22, "match", "r2", null]);
  play.socket.drop(1006);
  play.clock.advance(1000);
  play.socket.open();
  assert.deepEqual(play.socket.take(), [[2, new Uint8Array(24).fill(1), 0, 4]]);
  play.socket.say([22, "match", "r2", null]);
  play.socket.say(welcome({ room: "r2" }));
  assert.deepEqual(play.socket.take()[0], [10]);
  assert.equal(play.heard("moved").length, 2);
});

test("MOVED before the first WELCOME is out of place", () => {
  const play = fakeSession();
  play.socket.open();
  play.socket.say([22, "match", "r2", null]);
  assert.equal(play.socket.closedBy?.[0], 4005);
});
