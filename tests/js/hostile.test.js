/**
 * Whatever a server sends, a session closes its link or goes on; nothing is raised, and what it
 * shows stays whole.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { SessionCore } from "../../client_demo/sdk/session_core.js";
import { state, welcome } from "./support/fakes.js";
import { seeded } from "./support/random.js";
import { packRows } from "./support/wire.js";

/** @typedef {import("./support/random.js").Random} Random */

const OPTIONS = {
  ...{ kind: "arena", room: null, role: 0, params: {} },
  ...{ snapDistance: null, eventsAtOnce: false },
};

/** A message that may come, or nearly. @param {Random} random @param {number} tick */
function message(random, tick) {
  const ids = [random.int(1, 4), random.int(1, 3)];
  const rows = () =>
    packRows([[random.int(-999, 999), random.int(-99, 99), random.int(0, 101)]], 3);
  const span = random.pick([0, 0, 1, 1, 1, random.int(0, 9)]);
  const plain = state({ tick, span, seq: tick, lead: random.pick([null, 12]) });
  if (random.chance(0.5)) return plain;
  return random.pick([
    welcome({ tick_hz: random.pick([0, 1, 20, 240]), step: random.pick([null, "/s.js", ":"]) }),
    state({ tick, span: 0, seq: random.int(0, 9) }),
    state({ tick, span, seq: tick, enters: [[0, [ids[0]], ...rows()]] }),
    state({ tick, span, seq: tick, leaves: [ids[0]], changes: [[0, null, ...rows()]] }),
    state({ tick, span, seq: tick, values: [[random.int(0, 1), random.int(0, 4), null, ["x"]]] }),
    [18, random.int(0, 2), random.int(0, 4), [[tick, "@avatar", random.pick([null, 1, "x", 2.5])]]],
    [18, 0, 0, [[tick, "hit", { deep: [[[]]] }]]],
    [19, random.int(0, 9)],
    [20, random.int(0, 9), tick, 3, 0, 0],
    [21, "skipped", { ticks: 3 }],
  ]);
}

/** @param {Uint8Array} bytes @param {Random} random */
function spoiled(bytes, random) {
  const copy = Uint8Array.from(bytes);
  if (random.chance(0.8)) return copy;
  for (let i = random.int(1, 3); i > 0; i -= 1) {
    copy[random.int(0, copy.length - 1)] = random.int(0, 255);
  }
  return random.chance(0.2) ? copy.subarray(0, random.int(0, copy.length)) : copy;
}

test("a session takes anything, closes or goes on, and always draws", () => {
  const codes = new Map();
  let applied = 0;
  for (let seed = 0; seed < 400; seed += 1) {
    const random = seeded(seed);
    const core = new SessionCore(OPTIONS);
    core.opened(1000);
    core.receive(encode(welcome()), 1000);
    for (let nowMs = 1016, tick = 1; nowMs < 3000; nowMs += 50, tick += 1) {
      const bytes = spoiled(encode(message(random, tick)), random);
      const actions = core.receive(bytes, nowMs);
      applied += actions.filter(
        (action) => action.do === "emit" && action.name === "updated",
      ).length;
      core.tick(nowMs, random.chance(1 / 3));
      const drawn = core.draw(
        nowMs,
        { prediction: true, interpolation: random.chance(0.8) },
        actions,
      );
      for (const ship of drawn?.entities.get("Ship") ?? []) assert.ok(Number.isFinite(ship.x));
      const end = actions.find((action) => action.do === "close");
      if (end === undefined) continue;
      codes.set(end.code, (codes.get(end.code) ?? 0) + 1);
      core.lost(1006);
      core.opened(nowMs);
      core.receive(encode(welcome({ resumed: true })), nowMs);
    }
  }
  assert.ok(applied > 1000, `${applied} states were applied`);
  assert.ok(
    [4000, 4003, 4004, 4005].every((code) => codes.get(code) > 10),
    [...codes].join("; "),
  );
});
