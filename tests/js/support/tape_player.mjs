/**
 * The browser's side of the room fuzzer (tests/fuzz/rooms.py): reads tapes from stdin, a JSON line
 * each, plays them to session cores, and answers each with a JSON line: null, or what is wrong.
 *
 * A tape is what happened to the links of some viewers, in order, with what each viewer holds after
 * a message: the tables, or the events that the message carried.
 */
import { createInterface } from "node:readline";
import { SessionCore } from "../../../client_demo/sdk/session_core.js";

/** @typedef {import("../../../client_demo/sdk/view_state.js").Table} Table */
/** @typedef {import("../../../client_demo/sdk/actions.js").Action} Action */

/** @param {number} role */
function newCore(role) {
  return new SessionCore({
    ...{ kind: "any", room: null, role, params: {} },
    ...{ snapDistance: null, eventsAtOnce: true },
  });
}

/** @param {Table} table */
function plain({ count, width, ids, codes, objects }) {
  const rows = Array.from({ length: count }, (_, row) =>
    Array.from(codes.subarray(row * width, (row + 1) * width)),
  );
  return [
    Array.from(ids.subarray(0, count)),
    rows,
    objects.map((column) => column.slice(0, count)),
  ];
}

/** @param {SessionCore} core @param {any[]} entry @returns {string | null} */
function received(core, [, , nowMs, data, tables, events]) {
  const actions = core.receive(Uint8Array.from(Buffer.from(data, "base64")), nowMs);
  const closed = actions.find((action) => action.do === "close");
  if (closed !== undefined) return `closes with ${closed.code}: ${closed.reason}`;
  if (core.desyncs > 0) return "asks for a full state";
  if (tables !== null) {
    const held = JSON.stringify(core.seat?.replica.ring.newest.tables.map(plain));
    if (held !== JSON.stringify(tables)) return `holds ${held}, not ${JSON.stringify(tables)}`;
  }
  if (events !== null) {
    const reported = JSON.stringify(eventsOf(actions));
    if (reported !== JSON.stringify(events))
      return `reports ${reported}, not ${JSON.stringify(events)}`;
  }
  const drawn = core.draw(nowMs, { prediction: true, interpolation: true }, []);
  const whole = [...(drawn?.entities.values() ?? [])].flat().every(allFinite);
  return whole ? null : "draws what is no number";
}

/** @param {Action[]} actions */
function eventsOf(actions) {
  return actions.flatMap((action) => {
    if (action.do !== "emit" || action.name !== "event") return [];
    const { tick, name, payload } = action.value;
    return name.startsWith("@") ? [] : [[tick, name, payload]];
  });
}

/** @param {object} entity */
function allFinite(entity) {
  return Object.values(entity).every((v) => typeof v !== "number" || Number.isFinite(v));
}

/** @param {any[][]} tape */
function play(tape) {
  /** @type {Map<number, SessionCore>} */
  const cores = new Map();
  for (const [index, entry] of tape.entries()) {
    const [what, viewer, value] = entry;
    if (what === "new") cores.set(viewer, newCore(value));
    const core = cores.get(viewer);
    if (core === undefined) return `entry ${index}: nobody is viewer ${viewer}`;
    try {
      if (what === "opened") core.opened(value);
      if (what === "lost") core.lost(1006);
      const fault = what === "received" ? received(core, entry) : null;
      if (fault !== null) return `entry ${index}, viewer ${viewer}: ${fault}`;
    } catch (error) {
      return `entry ${index}, viewer ${viewer}: ${/** @type {Error} */ (error).stack}`;
    }
  }
  return null;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(play(JSON.parse(line)))}\n`);
}
