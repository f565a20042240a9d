/**
 * What this viewer sees: the codes of every entity in its view at a tick, one table for each type,
 * and a ring of the newest such states to draw the past from. `decoder.js` fills a state,
 * `interpolation.js` reads two. In Python: `gameserver/sync/decode/view_state.py`.
 *
 * Tables keep their arrays when they are filled again, so that following a room makes no garbage
 * once it has grown to size.
 */

/** @typedef {import("./schema.js").EntityType} EntityType */
/** @typedef {import("./schema.js").Schema} Schema */

/** The tick of a slot that holds no state. */
export const NO_TICK = -1;

/**
 * At 20 snapshots a second three seconds of past, at 60 one: more than any sensible interpolation
 * delay.
 */
export const VIEW_RING_SIZE = 64;

/** The entities of one type in a view, ids ascending. */
export class Table {
  /** @param {EntityType} type */
  constructor(type) {
    this.type = type;
    /** Codes in a row. */
    this.width = type.numeric.length;
    this.count = 0;
    /** Row → entity id. */
    this.ids = new Int32Array(0);
    /** Row after row, `width` codes each. */
    this.codes = new Int32Array(0);
    /** For each object field: row → its code. @type {any[][]} */
    this.objects = type.objects.map(() => []);
  }

  /**
   * Makes room for `count` rows; what the table held may be lost.
   *
   * @param {number} count
   */
  reserve(count) {
    if (count <= this.ids.length) return;
    const capacity = Math.max(16, 2 ** Math.ceil(Math.log2(count)));
    this.ids = new Int32Array(capacity);
    this.codes = new Int32Array(capacity * this.width);
  }

  /**
   * @param {number} id
   * @returns {number} the entity's row, or -1
   */
  rowOf(id) {
    const { ids } = this;
    let lo = 0;
    let hi = this.count - 1;
    while (lo <= hi) {
      const middle = (lo + hi) >>> 1;
      const found = ids[middle];
      if (found === id) return middle;
      if (found < id) lo = middle + 1;
      else hi = middle - 1;
    }
    return -1;
  }
}

/** A view at a tick. */
export class ViewState {
  /** @param {Schema} schema */
  constructor(schema) {
    this.tick = NO_TICK;
    this.tables = schema.types.map((type) => new Table(type));
  }

  /**
   * @param {number} id
   * @returns {Table | undefined} the table that holds the entity
   */
  tableOf(id) {
    return this.tables.find((table) => table.rowOf(id) >= 0);
  }
}

/** The newest states. A slot is valid only for the tick that it carries. */
export class ViewRing {
  /** @param {Schema} schema @param {number} [size] */
  constructor(schema, size = VIEW_RING_SIZE) {
    /** One slot more than is kept: the one that is being filled. */
    this.slots = Array.from({ length: size + 1 }, () => new ViewState(schema));
    this.empty = new ViewState(schema);
    this.head = 0;
    this.count = 0;
  }

  /** The newest state, or an empty one with tick `NO_TICK`. */
  get newest() {
    return this.count > 0 ? this.slots[this.head] : this.empty;
  }

  /**
   * One of the states that are kept.
   *
   * @param {number} age 0 for the newest, 1 for the one before, below `count`
   */
  at(age) {
    const { slots, head } = this;
    return slots[(head - age + slots.length) % slots.length];
  }

  /** The slot to fill next; it holds no state that is kept. */
  get spare() {
    return this.slots[(this.head + 1) % this.slots.length];
  }

  /** Makes the spare slot, once it is whole, the newest state. */
  commit() {
    const { spare } = this;
    // The tick went backwards, so this is a new room: start over.
    if (this.count > 0 && spare.tick <= this.newest.tick) this.count = 0;
    this.head = (this.head + 1) % this.slots.length;
    this.count = Math.min(this.count + 1, this.slots.length - 1);
  }

  /** Forgets everything. */
  clear() {
    this.count = 0;
  }
}
