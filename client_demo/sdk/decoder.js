/**
 * Turns a view and a STATE into the next view (protocol.md §5). Parse, then commit: everything is
 * checked on the way into a spare state, the base is only read, and a message that does not fit
 * raises DeltaError without changing a view that is in use. In Python:
 * `gameserver/sync/decode/decoder.py`.
 */
import { undoGaps } from "./bits.js";
import { MAX_CODE } from "./constants.js";
import { DeltaError } from "./errors.js";
import { TypeDelta } from "./type_delta.js";
import { NO_TICK, ViewState } from "./view_state.js";

/**
 * @typedef {import("./codec.js").State} State
 * @typedef {import("./schema.js").Schema} Schema
 */

/** Reads STATE messages of one schema. Holds scratch memory only: nothing lasts from one to the next. */
export class DeltaDecoder {
  /** @param {Schema} schema */
  constructor(schema) {
    this.parts = schema.types.map((type) => new TypeDelta(type));
    /** The view from which a STATE with span 0 starts. */
    this.empty = new ViewState(schema);
    this.ids = new Int32Array(64);
  }

  /**
   * Applies a STATE.
   *
   * @param {ViewState} base the newest applied view
   * @param {State} state
   * @param {ViewState} target is overwritten; holds the new view unless this throws
   * @throws {DeltaError} when the message does not fit
   */
  apply(base, state, target) {
    const { parts } = this;
    const from = this.baseOf(base, state);
    target.tick = NO_TICK;
    this.keep(from, state.leaves);
    for (const block of blocks(state.enters, 4))
      this.part(block[0]).enter(block[1], block[2], block[3]);
    this.checkNew(from);
    parts.forEach((part, i) => {
      part.merge(from.tables[i], target.tables[i]);
    });
    for (const block of blocks(state.changes, 4))
      this.part(block[0]).change(block[1], block[2], block[3]);
    parts.forEach((part, i) => {
      part.advance(from.tables[i], target.tables[i], state.span);
    });
    for (const [type, field, who, values, kept] of blocks(state.values, 4, 5)) {
      const part = this.part(type);
      part.setValues(target.tables[part.type.index], field, who, values, kept);
    }
    target.tick = state.tick;
  }

  /** @param {ViewState} base @param {State} state */
  baseOf(base, { tick, span }) {
    if (span === 0) return this.empty;
    if (base.tick === NO_TICK || base.tick !== tick - span) {
      throw new DeltaError(`STATE ${tick} starts from ${tick - span}, the view is ${base.tick}`);
    }
    return base;
  }

  /** @param {ViewState} from @param {unknown[]} leaves */
  keep(from, leaves) {
    this.reserve(leaves.length);
    const count = undoGaps(leaves, this.ids, 1, MAX_CODE);
    let found = 0;
    this.parts.forEach((part, i) => {
      found += part.keep(from.tables[i], this.ids, count);
    });
    if (found !== count) throw new DeltaError("an entity leaves that is not in the view");
  }

  /** What enters is new: not in the view before, and named once. @param {ViewState} from */
  checkNew(from) {
    let count = 0;
    for (const part of this.parts) count += part.enterCount;
    if (count === 0) return;
    this.reserve(count);
    let filled = 0;
    for (const part of this.parts) {
      this.ids.set(part.enterIds.subarray(0, part.enterCount), filled);
      filled += part.enterCount;
    }
    const ids = this.ids.subarray(0, count).sort();
    for (let i = 1; i < count; i += 1) {
      if (ids[i] === ids[i - 1]) throw new DeltaError(`entity ${ids[i]} enters twice`);
    }
    for (const id of ids) {
      if (from.tableOf(id)) throw new DeltaError(`entity ${id} enters and is in the view`);
    }
  }

  /** @param {unknown} index @returns {TypeDelta} */
  part(index) {
    const part = typeof index === "number" ? this.parts[index] : undefined;
    if (part === undefined) throw new DeltaError(`there is no entity type ${String(index)}`);
    return part;
  }

  /** @param {number} count */
  reserve(count) {
    if (count > this.ids.length) this.ids = new Int32Array(2 * count);
  }
}

/**
 * @param {unknown[]} list
 * @param {number} items that each block must have
 * @param {number} [most] that it may have
 * @returns {any[][]}
 */
function blocks(list, items, most = items) {
  for (const block of list) {
    if (!Array.isArray(block) || block.length < items || block.length > most) {
      throw new DeltaError(`a block of a STATE has not ${items} items`);
    }
  }
  return /** @type {any[][]} */ (list);
}
