/**
 * One entity type's part of applying a STATE: which entities stay and which enter, what changed, and
 * where rated fields moved meanwhile (protocol.md §5, "Applying"). Works on scratch arrays that grow
 * and are kept; reads the base table, writes the target table. In Python:
 * `gameserver/sync/decode/table_builder.py`.
 *
 * Called in this order for each message: keep, enter…, merge, change…, advance, setValues….
 */
import { checkRows, pickWho, readBits, undoGaps, unzigzag } from "./bits.js";
import { MAX_CODE } from "./constants.js";
import { DeltaError } from "./errors.js";
import { clamp, isObjectCode, modulo } from "./fields.js";

/** @typedef {import("./bits.js").Rows} Rows */
/** @typedef {import("./schema.js").EntityType} EntityType */
/** @typedef {import("./view_state.js").Table} Table */

export class TypeDelta {
  /** @param {EntityType} type */
  constructor(type) {
    this.type = type;
    this.width = type.numeric.length;
    /** Columns by how they advance: step 1 and step 2 of protocol.md §5. */
    this.plain = type.numeric.flatMap((field, column) => (field.rate < 0 ? [column] : []));
    this.rated = type.numeric.flatMap((field, column) => (field.rate < 0 ? [] : [column]));
    this.lo = Int32Array.from(type.numeric, (field) => field.lo);
    this.hi = Int32Array.from(type.numeric, (field) => field.hi);
    this.steps = Int32Array.from(type.numeric, (field) => field.steps);
    /** Index in the list of those that stay → row in the base, row in the target. */
    this.stayFrom = new Int32Array(0);
    this.stayTo = new Int32Array(0);
    this.stayCount = 0;
    /** What entered, in the order in which it came. */
    this.enterIds = new Int32Array(0);
    this.enterCodes = new Int32Array(0);
    this.enterCount = 0;
    /** Whether the message has a block of those. */
    this.entered = false;
    /** Summed residuals of those that stay; float64 adds them exactly. */
    this.residuals = new Float64Array(0);
    this.changed = false;
    /** The indexes that blocks of changes have named, perhaps twice. */
    this.named = new Int32Array(0);
    this.namedCount = 0;
    /** Whether the rows of the target are those of the base: nothing leaves and nothing enters. */
    this.sameRows = false;
    this.picked = new Int32Array(0);
  }

  /**
   * Begins a message: all of `base` stays but what leaves.
   *
   * @param {Table} base
   * @param {Int32Array} leaves ascending ids
   * @param {number} leaveCount
   * @returns {number} how many of the leaves are of this type
   */
  keep(base, leaves, leaveCount) {
    this.stayFrom = grown(this.stayFrom, base.count, Int32Array);
    this.stayTo = grown(this.stayTo, base.count, Int32Array);
    this.enterCount = 0;
    this.entered = false;
    this.changed = false;
    this.namedCount = 0;
    let stays = 0;
    let next = 0;
    for (let row = 0; row < base.count; row += 1) {
      const id = base.ids[row];
      while (next < leaveCount && leaves[next] < id) next += 1;
      if (next < leaveCount && leaves[next] === id) continue;
      this.stayFrom[stays] = row;
      stays += 1;
    }
    this.stayCount = stays;
    return base.count - stays;
  }

  /**
   * Takes one block of `enters`.
   *
   * @param {unknown} gaps
   * @param {unknown} widths
   * @param {unknown} rows
   */
  enter(gaps, widths, rows) {
    if (!Array.isArray(gaps)) throw new DeltaError("ids of enters are not an array");
    if (this.entered) throw new DeltaError(`enters has ${this.type.name} twice`);
    this.entered = true;
    const first = this.enterCount;
    const count = first + gaps.length;
    this.enterIds = grown(this.enterIds, count, Int32Array);
    this.enterCodes = grown(this.enterCodes, count * this.width, Int32Array);
    undoGaps(gaps, this.enterIds.subarray(first), 1, MAX_CODE);
    const bits = checkRows(widths, rows, this.width, gaps.length);
    for (let i = 0; i < gaps.length; i += 1) this.readEnter(bits, i, (first + i) * this.width);
    this.enterCount = count;
  }

  /**
   * Lays out the target: those that stay and those that enter, by id. Enters come whole, with empty
   * object fields.
   *
   * @param {Table} base
   * @param {Table} target
   */
  merge(base, target) {
    const { width, stayFrom, stayCount, enterCount } = this;
    target.count = stayCount + enterCount;
    target.reserve(target.count);
    this.sameRows = enterCount === 0 && stayCount === base.count;
    if (this.sameRows) {
      this.mergeNothing(base, target);
      return;
    }
    const order = this.enterOrder();
    let stay = 0;
    let entered = 0;
    for (let row = 0; row < target.count; row += 1) {
      const stayId = stay < stayCount ? base.ids[stayFrom[stay]] : Number.POSITIVE_INFINITY;
      const source = order === null ? entered : order[entered];
      if (entered === enterCount || stayId < this.enterIds[source]) {
        target.ids[row] = stayId;
        this.stayTo[stay] = row;
        this.copyObjects(base, stayFrom[stay], target, row);
        stay += 1;
      } else {
        target.ids[row] = this.enterIds[source];
        for (let c = 0; c < width; c += 1) {
          target.codes[row * width + c] = this.enterCodes[source * width + c];
        }
        this.clearObjects(target, row);
        entered += 1;
      }
    }
    for (const column of target.objects) column.length = target.count;
  }

  /**
   * Takes one block of `changes`.
   *
   * @param {unknown} who
   * @param {unknown} widths
   * @param {unknown} rows
   */
  change(who, widths, rows) {
    const { width } = this;
    const count = this.pick(who, this.stayCount);
    const bits = checkRows(widths, rows, width, count);
    if (!this.changed) {
      this.residuals = grown(this.residuals, this.stayCount * width, Float64Array);
      this.residuals.fill(0, 0, this.stayCount * width);
      this.changed = true;
    }
    this.named = grown(this.named, this.namedCount + count, Int32Array);
    for (let i = 0; i < count; i += 1) {
      this.addRow(bits, i, this.picked[i] * width);
      this.named[this.namedCount + i] = this.picked[i];
    }
    this.namedCount += count;
  }

  /**
   * Moves those that stay from the base to the target.
   *
   * @param {Table} base
   * @param {Table} target
   * @param {number} span ticks between the two, ≥ 1
   */
  advance(base, target, span) {
    const { width, stayFrom, stayTo } = this;
    if (this.sameRows && this.rated.length === 0) {
      this.advanceNamed(base, target);
      return;
    }
    for (let i = 0; i < this.stayCount; i += 1) {
      const from = stayFrom[i] * width;
      const to = stayTo[i] * width;
      this.advancePlain(base.codes, from, target.codes, to, i * width);
      this.advanceRated(base.codes, from, target.codes, to, i * width, span);
    }
  }

  /** Lays out a target with the rows of the base. @param {Table} base @param {Table} target */
  mergeNothing(base, target) {
    const { count } = base;
    target.ids.set(base.ids.subarray(0, count));
    for (let row = 0; row < count; row += 1) this.stayTo[row] = row;
    for (let i = 0; i < target.objects.length; i += 1) {
      const from = base.objects[i];
      const to = target.objects[i];
      for (let row = 0; row < count; row += 1) to[row] = from[row];
      to.length = count;
    }
  }

  /** Moves rows that no rate moves: all are copied, and those that changed get their codes. @param {Table} base @param {Table} target */
  advanceNamed(base, target) {
    const { width } = this;
    target.codes.set(base.codes.subarray(0, base.count * width));
    for (let i = 0; i < this.namedCount; i += 1) {
      const row = this.named[i] * width;
      this.advancePlain(base.codes, row, target.codes, row, row);
    }
  }

  /**
   * Takes one block of `values`.
   *
   * @param {Table} target
   * @param {unknown} index of the field in the type
   * @param {unknown} who
   * @param {unknown} values
   * @param {unknown} [kept] how many of its items so far each list keeps before those of its value
   */
  setValues(target, index, who, values, kept) {
    const column = typeof index === "number" ? (this.type.objectColumn[index] ?? -1) : -1;
    if (column < 0) throw new DeltaError(`${this.type.name} has no object field ${String(index)}`);
    const field = this.type.objects[column];
    const count = this.pick(who, target.count);
    if (!Array.isArray(values) || values.length !== count) {
      throw new DeltaError(`not one value of ${field.name} for each of ${count} entities`);
    }
    if (kept !== undefined && (!Array.isArray(kept) || kept.length !== count)) {
      throw new DeltaError(`not one number of kept items for each ${field.name}`);
    }
    for (let i = 0; i < count; i += 1) {
      const row = this.picked[i];
      const value = kept
        ? lengthened(field, target.objects[column][row], kept[i], values[i])
        : values[i];
      if (!isObjectCode(field, value)) throw new DeltaError(`bad value for ${field.name}`);
      target.objects[column][row] = value;
    }
  }

  /** Resolves `who` into `picked`. @param {unknown} who @param {number} count */
  pick(who, count) {
    this.picked = grown(this.picked, count, Int32Array);
    return pickWho(who, count, this.picked);
  }

  /** @param {Rows} bits @param {number} row @param {number} to */
  readEnter({ widths, rows, strideBits }, row, to) {
    let bit = row * strideBits;
    for (let c = 0; c < this.width; c += 1) {
      const code = widths[c] === 0 ? 0 : unzigzag(readBits(rows, bit, widths[c]));
      if (code < this.lo[c] || code > this.hi[c]) this.outOfRange(c, code);
      this.enterCodes[to + c] = code;
      bit += widths[c];
    }
  }

  /** @param {Rows} bits @param {number} row @param {number} to */
  addRow({ widths, rows, strideBits }, row, to) {
    let bit = row * strideBits;
    for (let c = 0; c < this.width; c += 1) {
      if (widths[c] === 0) continue;
      this.residuals[to + c] += unzigzag(readBits(rows, bit, widths[c]));
      bit += widths[c];
    }
  }

  /**
   * @param {Int32Array} old @param {number} from
   * @param {Int32Array} now @param {number} to @param {number} residual
   */
  advancePlain(old, from, now, to, residual) {
    for (const c of this.plain) {
      let code = old[from + c];
      if (this.changed) {
        code += this.residuals[residual + c];
        if (this.steps[c] > 0) code = modulo(code, this.steps[c]);
        else if (code < this.lo[c] || code > this.hi[c]) this.outOfRange(c, code);
      }
      now[to + c] = code;
    }
  }

  /**
   * @param {Int32Array} old @param {number} from
   * @param {Int32Array} now @param {number} to @param {number} residual @param {number} span
   */
  advanceRated(old, from, now, to, residual, span) {
    for (const c of this.rated) {
      const { rate, k } = this.type.numeric[c];
      const v0 = old[from + rate];
      const v1 = now[to + rate];
      const last = Math.floor(k * v1 + 0.5);
      const others = (span - 1) * Math.floor(k * ((v0 + v1) / 2) + 0.5);
      const turn = this.steps[c];
      let code = old[from + c] + last + others;
      code = turn > 0 ? modulo(code, turn) : clamp(code, this.lo[c], this.hi[c]);
      if (this.changed) {
        code += this.residuals[residual + c];
        if (turn > 0) code = modulo(code, turn);
        else if (code < this.lo[c] || code > this.hi[c]) this.outOfRange(c, code);
      }
      now[to + c] = code;
    }
  }

  /** Order of the enters by id, or null when they came in order. */
  enterOrder() {
    const { enterIds, enterCount } = this;
    let sorted = true;
    for (let i = 1; i < enterCount; i += 1) sorted &&= enterIds[i - 1] < enterIds[i];
    if (sorted) return null;
    const order = Array.from({ length: enterCount }, (_, i) => i);
    return order.sort((a, b) => enterIds[a] - enterIds[b]);
  }

  /** @param {Table} base @param {number} from @param {Table} target @param {number} to */
  copyObjects(base, from, target, to) {
    for (let i = 0; i < target.objects.length; i += 1) {
      target.objects[i][to] = base.objects[i][from];
    }
  }

  /** @param {Table} target @param {number} row */
  clearObjects(target, row) {
    this.type.objects.forEach((field, i) => {
      target.objects[i][row] = field.type === "text" ? "" : [];
    });
  }

  /** @param {number} column @param {number} code @returns {never} */
  outOfRange(column, code) {
    const field = this.type.numeric[column];
    throw new DeltaError(`${this.type.name}.${field.name}: ${code} is not in its range`);
  }
}

/**
 * @template {Int32Array | Float64Array} T
 * @param {T} array
 * @param {number} length
 * @param {new (length: number) => T} Type
 * @returns {T} the array, or a longer one with the same start
 */
function grown(array, length, Type) {
  if (length <= array.length) return array;
  const longer = new Type(2 ** Math.ceil(Math.log2(Math.max(length, 16))));
  longer.set(array);
  return longer;
}

/**
 * @param {import("./schema.js").ObjectField} field
 * @param {any} before its value so far
 * @param {unknown} count how many items of that it keeps
 * @param {unknown} added what comes behind them
 * @returns {any[]}
 */
function lengthened(field, before, count, added) {
  if (field.type !== "list") throw new DeltaError(`${field.name} is no list, and keeps no items`);
  const fits = Number.isInteger(count) && Number(count) >= 0 && Number(count) <= before.length;
  if (!fits || !Array.isArray(added)) throw new DeltaError(`bad kept items for ${field.name}`);
  return [...before.slice(0, Number(count)), ...added];
}
