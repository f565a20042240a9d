/**
 * A room that makes random STATE messages and knows what a viewer must see after each: the other
 * side of the delta, written from protocol.md with plain objects and BigInt-free arithmetic,
 * sharing no code with the SDK.
 */
import { bitString, gaps, packRows, stateOf } from "./wire.js";

/** @typedef {import("./random.js").Random} Random */

const TURN = 6.283185307179586;

export const TEST_SCHEMA = {
  fingerprint: "fedcba9876543210",
  entities: [
    {
      name: "Ship",
      fields: [
        { name: "name", kind: "text", max_bytes: 8 },
        { name: "x", kind: "float", step: 0.1, lo: -30000, hi: 30000, rate: 2 },
        { name: "vx", kind: "float", step: 0.3, lo: -3000, hi: 3000, rate: null },
        { name: "angle", kind: "angle", steps: 360, rate: 4 },
        { name: "spin", kind: "float", step: 1 / 128, lo: -3000, hi: 3000, rate: null },
        { name: "aim", kind: "angle", steps: 100, rate: null },
        { name: "dead", kind: "flag" },
        { name: "mood", kind: "choice", names: ["calm", "angry", "lost"] },
        { name: "items", kind: "list", of: { kind: "int", lo: 0, hi: 9 }, max_items: 3 },
      ],
    },
    {
      name: "Shot",
      fields: [
        { name: "owner", kind: "ref" },
        { name: "big", kind: "int", lo: -(2 ** 30) + 1, hi: 2 ** 30 - 1 },
      ],
    },
    { name: "Marker", fields: [{ name: "label", kind: "text", max_bytes: 8 }] },
  ],
  inputs: [],
};

/** Numeric fields of each type: [field name, lowest code, highest code]. */
const COLUMNS = [
  [
    [-30000, 30000],
    [-3000, 3000],
    [0, 359],
    [-3000, 3000],
    [0, 99],
    [0, 1],
    [0, 2],
  ],
  [
    [0, 2 ** 30 - 1],
    [-(2 ** 30) + 1, 2 ** 30 - 1],
  ],
  [],
];
const OBJECT_FIELDS = [[0, 8], [], [0]];

/**
 * @typedef {{type: number, codes: number[], objects: any[]}} ModelEntity
 */

export class ModelRoom {
  static TICK_HZ = 20;

  /** @param {Random} random */
  constructor(random) {
    this.random = random;
    this.tick = 5;
    this.lastId = 0;
    /** @type {Map<number, ModelEntity>} */
    this.entities = new Map();
  }

  get count() {
    return this.entities.size;
  }

  /** @returns {Record<string, any>} the same as `plainView` of the viewer's newest state */
  view() {
    /** @type {Record<string, any>} */
    const view = { tick: this.tick };
    for (const [id, { type, codes, objects }] of this.entities) {
      const { name } = TEST_SCHEMA.entities[type];
      view[name] ??= {};
      view[name][id] = [...codes, ...objects];
    }
    return view;
  }

  /** @param {number} span ticks to the next snapshot; 0: from nothing */
  next(span) {
    this.tick += span === 0 ? 1 : span;
    if (span === 0) this.entities.clear();
    const leaves = this.leave();
    const stays = new Map(this.entities);
    const changes = this.change(stays, span);
    const enters = this.enter();
    const values = this.setValues(enters.flatMap(([, , , , ids]) => ids));
    return stateOf({
      ...{ tick: this.tick, span, leaves: gaps(leaves), changes, values },
      enters: enters.map((block) => block.slice(0, 4)),
    });
  }

  leave() {
    const ids = [...this.entities.keys()].filter(() => this.random.chance(0.08));
    for (const id of ids) this.entities.delete(id);
    return ids;
  }

  /**
   * Everybody drifts, then some change.
   *
   * @param {Map<number, ModelEntity>} stays
   * @param {number} span
   */
  change(stays, span) {
    /** @type {any[]} */
    const blocks = [];
    COLUMNS.forEach((columns, type) => {
      const ids = [...stays.keys()].filter((id) => stays.get(id)?.type === type);
      const old = ids.map((id) => [...this.codes(id)]);
      const changed = ids.map((_, i) => i).filter(() => this.random.chance(0.5));
      for (const i of changed) this.steer(this.codes(ids[i]), columns);
      const expected = ids.map((id, i) => expectation(type, old[i], this.codes(id), span));
      // What moves is where dead reckoning puts it, unless it was pushed.
      ids.forEach((id, i) => {
        for (const c of RATED[type]) {
          const pushed = changed.includes(i) && this.random.chance(0.5);
          this.codes(id)[c] = pushed ? this.code(columns[c]) : expected[i][c];
        }
      });
      const residuals = changed.map((i) =>
        this.codes(ids[i]).map((code, c) => code - expected[i][c]),
      );
      if (changed.length > 0) blocks.push(...this.split(type, changed, ids.length, residuals));
    });
    return blocks;
  }

  /**
   * Writes residuals as one block, or as two that add up.
   *
   * @param {number} type
   * @param {number[]} who
   * @param {number} count
   * @param {number[][]} rows
   */
  split(type, who, count, rows) {
    const columns = COLUMNS[type].length;
    const part = rows.map((row) => row.map((residual) => (this.random.chance(0.3) ? residual : 0)));
    const rest = rows.map((row, i) => row.map((residual, c) => residual - part[i][c]));
    const blocks = this.random.chance(0.3) ? [part, rest] : [rows];
    return blocks.map((matrix) => [type, this.who(who, count), ...packRows(matrix, columns)]);
  }

  enter() {
    /** @type {any[]} */
    const blocks = [];
    COLUMNS.forEach((columns, type) => {
      const ids = Array.from({ length: this.random.int(0, 3) }, () => this.newId());
      if (ids.length === 0) return;
      for (const id of ids) {
        const objects = OBJECT_FIELDS[type].map((field) => (field === 8 ? [] : ""));
        this.entities.set(id, {
          ...{ type, objects },
          codes: columns.map((range) => this.code(range)),
        });
      }
      const rows = ids.map((id) => this.codes(id));
      blocks.push([type, gaps(ids), ...packRows(rows, columns.length), ids]);
    });
    return blocks;
  }

  /** New ones get their texts, others now and then another. @param {number[]} entered */
  setValues(entered) {
    return OBJECT_FIELDS.flatMap((fields, type) => {
      const ids = [...this.entities.keys()].filter((id) => this.entities.get(id)?.type === type);
      return fields.map((field, column) => {
        const who = ids
          .map((_, i) => i)
          .filter((i) => entered.includes(ids[i]) || this.random.chance(0.1));
        const values = who.map((i) => {
          const value = field === 8 ? [this.random.int(0, 9)] : this.random.pick(["", "a", "Zoë"]);
          /** @type {ModelEntity} */ (this.entities.get(ids[i])).objects[column] = value;
          return value;
        });
        return [type, field, this.who(who, ids.length), values];
      });
    });
  }

  newId() {
    this.lastId += this.random.int(1, 300);
    return this.lastId;
  }

  /**
   * Writes a choice in one of the ways that it can be written.
   *
   * @param {number[]} indexes
   * @param {number} count
   */
  who(indexes, count) {
    if (indexes.length === count && this.random.chance(0.5)) return null;
    return this.random.chance(0.5) ? bitString(indexes, count) : gaps(indexes);
  }

  /** @param {number} id */
  codes(id) {
    return /** @type {ModelEntity} */ (this.entities.get(id)).codes;
  }

  /** @param {number[]} range */
  code([lo, hi]) {
    return this.random.chance(0.1) ? this.random.pick([lo, hi]) : this.random.int(lo, hi);
  }

  /** @param {number[]} codes @param {number[][]} columns */
  steer(codes, columns) {
    codes.forEach((_, c) => {
      if (this.random.chance(0.4)) codes[c] = this.code(columns[c]);
    });
  }
}

/** Columns with a rate, by type. */
const RATED = [[0, 2], [], []];

/** @param {number} type @param {number[]} old @param {number[]} now @param {number} span */
function expectation(type, old, now, span) {
  const expected = [...old];
  if (type !== 0) return expected;
  const rate = (/** @type {number} */ k, /** @type {number} */ c) =>
    Math.floor(k * now[c] + 0.5) + (span - 1) * Math.floor(k * ((old[c] + now[c]) / 2) + 0.5);
  const x = old[0] + rate(0.3 / 0.1 / ModelRoom.TICK_HZ, 1);
  expected[0] = Math.min(30000, Math.max(-30000, x));
  const angle = old[2] + rate(1 / 128 / (TURN / 360) / ModelRoom.TICK_HZ, 3);
  expected[2] = ((angle % 360) + 360) % 360;
  return expected;
}

/**
 * @param {import("../../../client_demo/sdk/view_state.js").ViewState} state
 * @returns {Record<string, any>} tick, and for each type that occurs: id → codes, then object codes
 */
export function plainView(state) {
  /** @type {Record<string, any>} */
  const view = { tick: state.tick };
  for (const table of state.tables) {
    for (let row = 0; row < table.count; row += 1) {
      view[table.type.name] ??= {};
      const codes = table.codes.slice(row * table.width, (row + 1) * table.width);
      const objects = table.objects.map((column) => column[row]);
      view[table.type.name][table.ids[row]] = [...codes, ...objects];
    }
  }
  return view;
}
