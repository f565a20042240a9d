/**
 * The SDK's side of `test_session_twins.py`: spawns, events, signs of life, back-off, input frames
 * and whole sessions, called by script.
 */
import * as backoff from "../../../client_demo/sdk/backoff.js";
import { ProtocolError } from "../../../client_demo/sdk/errors.js";
import { EventQueue } from "../../../client_demo/sdk/events.js";
import { Heartbeat } from "../../../client_demo/sdk/heartbeat.js";
import { InputFrames } from "../../../client_demo/sdk/inputs.js";
import { compileSchema } from "../../../client_demo/sdk/schema.js";
import { SessionCore } from "../../../client_demo/sdk/session_core.js";
import { PredictedSpawns } from "../../../client_demo/sdk/spawns.js";
import { ViewRing } from "../../../client_demo/sdk/view_state.js";
import { numbersOf, show } from "./views.js";

/** @typedef {any[][]} Calls */

const NEVER = Number.POSITIVE_INFINITY;

/** JSON has no infinity. @param {number} value */
const finite = (value) => (value === NEVER ? null : value);

/** @param {Uint8Array} bytes */
const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** What a call gives, or "refused". @param {() => any} call */
function unlessRefused(call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof ProtocolError) return `refused with ${error.code}`;
    if (error instanceof RangeError || error instanceof TypeError) return "refused";
    throw error;
  }
}

/** @param {Calls} calls */
function backoffs([[draws], ...calls]) {
  const left = [...draws];
  const one = new backoff.Backoff(() => left.shift());
  return calls.map(([what, ...args]) => {
    if (what === "backAfter") return [backoff.backAfter(args[0]), one.attempts];
    return [/** @type {any} */ (one)[what](...args) ?? null, one.attempts];
  });
}

/** @param {Calls} calls */
function heartbeats([[deadAfterS], ...calls]) {
  const one = new Heartbeat(deadAfterS);
  return calls.map(([what, ...args]) => {
    const value = unlessRefused(() => /** @type {any} */ (one)[what](...args));
    return [value ?? null, finite(one.nextAtS)];
  });
}

/** @param {Calls} calls */
function events([[cursor], ...calls]) {
  const one = new EventQueue(cursor);
  return calls.map(([what, ...args]) => [runEvents(one, what, args), one.cursor]);
}

/** @param {EventQueue} one @param {string} what @param {any[]} args */
function runEvents(one, what, args) {
  switch (what) {
    case "add": {
      const items = args[2].map((/** @type {any[]} */ [tick, name, payload]) => ({
        ...{ tick, name, payload },
      }));
      const message = { since: args[0], upto: args[1], items };
      return unlessRefused(() => one.add({ type: "events", ...message })) ?? null;
    }
    case "expect": {
      const [name, payload, least, untilS] = args;
      return one.expect({ name, payload, match: (found) => found >= least, untilS }) ?? null;
    }
    case "takeOverdue":
      return one.takeOverdue(args[0]).map(({ name, payload }) => [name, payload]);
    case "take":
      return one.take(args[0] ?? NEVER).map(({ tick, name, payload }) => [tick, name, payload]);
    default:
      return one.resume(args[0]);
  }
}

/** @param {Calls} calls */
function spawns([[wire, tickHz], ...calls]) {
  const schema = compileSchema(wire, tickHz);
  const ring = new ViewRing(schema);
  const one = new PredictedSpawns(schema, 1 / tickHz);
  return calls.map(([what, ...args]) => {
    const drawn = runSpawns(one, ring, schema, what, args);
    return [drawn, one.size, one.withdrawn.map(({ id }) => id)];
  });
}

/**
 * @param {PredictedSpawns} one
 * @param {ViewRing} ring
 * @param {import("../../../client_demo/sdk/schema.js").Schema} schema
 * @param {string} what
 * @param {any[]} args
 */
function runSpawns(one, ring, schema, what, args) {
  switch (what) {
    case "add": {
      const [name, values, seq, atS, divisor, rewound] = args;
      const match = (/** @type {any} */ { id }) => id % divisor === 0;
      return one.add(name, values, seq, atS, match, ring.newest, rewound).id;
    }
    case "reconcile":
      show(ring, args[0]);
      one.reconcile(ring.newest, args[1], args[2]);
      return null;
    case "draw": {
      const others = ring.newest.tables.map((table) =>
        Array.from(table.ids.subarray(0, table.count), (id) => ({ id, other: true })),
      );
      const lists = /** @type {any[][]} */ (others);
      one.draw(lists, args[0], args[1]);
      return lists.map((list, i) =>
        list.map((item) => (item.other ? item.id : [item.id, ...numbersOf(item, schema.types[i])])),
      );
    }
    default:
      one.clear();
      return null;
  }
}

/** @param {Calls} calls */
function inputFrames([[wire, tickHz], ...calls]) {
  const one = new InputFrames(compileSchema(wire, tickHz), tickHz);
  return calls.map(([what, ...args]) => {
    /** @type {string[]} */
    const sent = [];
    /** @type {number[]} */
    const shed = [];
    if (what === "start") one.start(args[0], args[1]);
    if (what === "run") one.run(args[0], args[1], args[2]);
    if (what === "consumed") one.consumed(args[0], args[1], 1 / tickHz, args[2]);
    if (what === "stop") one.stop();
    if (what === "flush") {
      const send = (/** @type {Uint8Array} */ bytes) => sent.push(hex(bytes));
      one.flush(args[0], args[1], args[2], send, (seq) => shed.push(seq));
    }
    return [sent, shed, one.recent.map(({ seq }) => seq), one.consumedSeq, one.shed];
  });
}

/** @param {Calls} calls */
function sessions([[options], ...calls]) {
  const resumeToken = options.resumeToken ? Uint8Array.from(options.resumeToken) : null;
  const core = new SessionCore({ ...options, resumeToken });
  return calls.map(([what, ...args]) => {
    const { back = null, drawn = null, actions } = runSession(core, what, args);
    const sent = actions.flatMap((action) => (action.do === "send" ? [hex(action.bytes)] : []));
    const reported = actions.flatMap((action) => (action.do === "emit" ? [eventOf(action)] : []));
    const close = actions.find((action) => action.do === "close")?.code ?? null;
    return [sent, reported, close, back, drawn, finite(core.nextAtMs)];
  });
}

/**
 * @param {SessionCore} core
 * @param {string} what
 * @param {any[]} args
 * @returns {{back?: any, drawn?: number | null, actions: any[]}}
 */
function runSession(core, what, args) {
  /** @type {import("../../../client_demo/sdk/actions.js").Action[]} */
  const actions = [];
  switch (what) {
    case "opened":
      return { actions: core.opened(args[0]) };
    case "receive": {
      const [bytes, text, nowMs] = args;
      const data = bytes === null ? text : Uint8Array.from(Buffer.from(bytes, "hex"));
      return { actions: core.receive(data, nowMs) };
    }
    case "tick":
      return { actions: core.tick(args[0], args[1]) };
    case "setControls":
      core.controls = args[0];
      return { actions };
    case "send": {
      const sent = unlessRefused(() => core.send(args[0], args[1]));
      return sent === "refused" ? { back: sent, actions } : { actions: sent };
    }
    case "expect": {
      const [name, payload, least, untilMs] = args;
      return { actions: core.expect(name, payload, (found) => found >= least, untilMs) };
    }
    case "draw": {
      const drawn = core.draw(args[0], { prediction: true, interpolation: true }, actions);
      const tick = drawn === null || core.seat?.replica.tick === 0 ? null : drawn.tick;
      return { drawn: tick, actions };
    }
    case "me": {
      const { me } = core;
      return {
        back: me && [me.number, me.role, me.name, me.avatarId, me.state?.id ?? null],
        actions,
      };
    }
    case "leave":
      return { actions: core.leave() };
    default:
      return { back: core.lost(args[0]), actions };
  }
}

/** @param {any} action */
function eventOf({ name, value }) {
  if (name === "joined") return [name, value.resumed];
  if (name === "moved") return [name, value.kind, value.room];
  if (name === "updated") return [name, value.tick];
  if (name === "roster") return [name, value.map(entryOf)];
  if (name === "room") return [name, value && [value.phase, value.order]];
  if (name === "event") return [name, value.tick, value.name, value.payload];
  if (name === "notice") return [name, value.name, value.detail];
  return [name, value.name, value.payload];
}

/** @param {any} entry */
function entryOf({ id, number, name, connected, ready, team }) {
  return [id, number, name, connected, ready, team];
}

export const SESSION_RUNNERS = { backoffs, heartbeats, events, spawns, inputFrames, sessions };
