/** What a page passes to `connect` and to a session is an error where it is written, if it is a slip. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { connect } from "../../client_demo/sdk/index.js";
import { EVENTS, OPTIONS } from "../../client_demo/sdk/options.js";
import { fakeSession } from "./support/fakes.js";

/** @type {any} what a page could write that knows no types */
const untyped = connect;
const KIND = { kind: "arena", WebSocket: class {} };

for (const [what, args, says] of /** @type {const} */ ([
  ["no options", ["ws://x/ws"], /^connect: the second argument is { kind: "…" }$/],
  [
    "a slip",
    ["ws://x/ws", { ...KIND, parms: {} }],
    /^no option is called parms; there are: kind, room, /,
  ],
  ["text for true", ["ws://x/ws", { ...KIND, create: "yes" }], /^create is true or false$/],
  [
    "a number as lag",
    ["ws://x/ws", { ...KIND, lag: 100 }],
    /^lag is { ms, jitterMs }, in milliseconds/,
  ],
  ["a lag below 0", ["ws://x/ws", { ...KIND, lag: { ms: -1 } }], /^lag is { ms, jitterMs }/],
  ["a slip in lag", ["ws://x/ws", { ...KIND, lag: { jitter: 1 } }], /^lag is { ms, jitterMs }/],
  [
    "text as distance",
    ["ws://x/ws", { ...KIND, snapDistance: "9" }],
    /^snapDistance is a number from 0 up$/,
  ],
  [
    "a number as token",
    ["ws://x/ws", { ...KIND, token: 5 }],
    /^token is a string or a function, or null$/,
  ],
  [
    "two words as token",
    ["ws://x/ws", { ...KIND, token: "a b" }],
    /^token has letters, digits and signs/,
  ],
  [
    "an object as WebSocket",
    ["ws://x/ws", { kind: "arena", WebSocket: {} }],
    /^WebSocket is a function$/,
  ],
  ["no URL", [undefined, KIND], /^undefined is no URL of a WebSocket: write wss:/],
  ["a relative URL in Node", ["ws", KIND], /^ws is no URL of a WebSocket/],
  ["another protocol", ["ftp://x/ws", KIND], /^ftp:.* is no URL of a WebSocket/],
])) {
  test(`connect refuses ${what}`, () => {
    assert.throws(() => untyped(...args), { name: "TypeError", message: says });
  });
}

test("without a WebSocket of its own, an engine needs the option", () => {
  const own = globalThis.WebSocket;
  // @ts-expect-error engines before Node 22 have none
  globalThis.WebSocket = undefined;
  try {
    assert.throws(
      () => connect("ws://x/ws", { kind: "arena" }),
      /there is no WebSocket here: pass a class/,
    );
  } finally {
    globalThis.WebSocket = own;
  }
});

/** @type {[string, (session: any) => void, RegExp][]} */
const CALLS = [
  ["no event", (s) => s.on("events", () => {}), /^no event is called events; there are: joined, /],
  ["no handler", (s) => s.on("event"), /^on\("event", …\) takes a function$/],
  ["no controls", (s) => s.setControls(undefined), /^controls are an object/],
  ["a list of controls", (s) => s.setControls([1, 0]), /^controls are an object/],
  ["text for a number", (s) => s.setControls({ turn: "1" }), /^turn is int and cannot be "1"$/],
  [
    "no switch",
    (s) => (s.switches = { predict: true }),
    /^no switch is called predict; there are: prediction, /,
  ],
  [
    "text for a switch",
    (s) => (s.switches = { prediction: "on" }),
    /^prediction is true or false$/,
  ],
  ["a latency below 0", (s) => (s.switches = { lagMs: -1 }), /^lagMs is milliseconds, from 0 up$/],
  ["no token", (s) => (s.token = "a b"), /^token has letters/],
  ["no name", (s) => s.expectEvent(), /^expectEvent: name is a string$/],
  [
    "text for a time",
    (s) => s.expectEvent("x", 1, { withinMs: "9" }),
    /^expectEvent: withinMs is milli/,
  ],
  ["no match", (s) => s.expectEvent("x", 1, { match: 5 }), /^expectEvent: match is a function/],
];

for (const [what, call, says] of CALLS) {
  test(`a session refuses ${what}`, () => {
    const play = fakeSession();
    play.join();
    assert.throws(() => call(play.session), {
      name: "TypeError",
      message: says,
    });
  });
}

test("what is left out may be null", () => {
  const play = fakeSession({ room: null, code: null, snapDistance: null, storage: null });
  play.join();
  assert.equal(play.session.status.state, "joined");
});

test("the options and events that are known are those that are documented", () => {
  const read = (/** @type {string} */ name) =>
    readFileSync(new URL(`../../client_demo/sdk/${name}`, import.meta.url), "utf8");
  const properties = (/** @type {string} */ text, /** @type {string} */ type) => {
    const [, block] = text.split(`@typedef {object} ${type}\n`);
    const [own] = (block ?? "").split(/@typedef|\*\//);
    return [...(own ?? "").matchAll(/^ \* @property {.*} \[?(\w+)/gm)].map((found) => found[1]);
  };
  assert.deepEqual(
    Object.keys(OPTIONS).sort(),
    properties(read("connect_options.js"), "ConnectOptions").sort(),
  );
  assert.deepEqual(
    [...EVENTS].sort(),
    properties(read("session_events.js"), "SessionEvents").sort(),
  );
});
