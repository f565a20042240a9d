/**
 * What the page knows of the sensors: their newest values and their last minutes. No I/O.
 *
 * A sensor's history has one point a second, at the second's number modulo its length, as the room
 * keeps it; so what a viewer has seen itself and what it is sent later fit together.
 */

export const KEPT_S = 300;
const NO_POINT = 0xffff;

/** @typedef {"ok" | "warn" | "alarm" | "stale"} Level */
/** @typedef {import("../sdk/index.js").Entity} Entity */

/** How each level looks and is called: never by colour alone. */
export const LEVELS = Object.freeze({
  ok: { shape: "●", name: "fine" },
  warn: { shape: "▲", name: "warning" },
  alarm: { shape: "■", name: "alarm" },
  stale: { shape: "◌", name: "silent" },
});

/** The room's bits for the limits that a sensor has. */
const LIMITS = Object.freeze({ warn_below: 1, warn_above: 2, alarm_below: 4, alarm_above: 8 });

/** One sensor. */
export class Sensor {
  /** @param {number} slot */
  constructor(slot) {
    this.slot = slot;
    this.name = "";
    this.group = "";
    this.unit = "";
    this.decimals = 0;
    this.ticker = false;
    this.stale = false;
    this.code = 0;
    /** @type {Partial<Record<keyof typeof LIMITS, number>>} in codes */
    this.limits = {};
    this.history = new Float64Array(KEPT_S).fill(Number.NaN);
    this.lastSecond = Number.NEGATIVE_INFINITY;
    /** The rest of its history has come, or is on its way. */
    this.isAsked = false;
  }

  get value() {
    return this.code / 10 ** this.decimals;
  }

  /** @returns {Level} */
  get level() {
    if (this.stale) return "stale";
    const { warn_below, warn_above, alarm_below, alarm_above } = this.limits;
    if (isBeyond(this.code, alarm_below, alarm_above)) return "alarm";
    return isBeyond(this.code, warn_below, warn_above) ? "warn" : "ok";
  }

  /** A value as people read it. @param {number} [value] */
  text(value = this.value) {
    return Number.isFinite(value) ? value.toFixed(this.decimals) : "–";
  }

  /** A limit as a value, undefined if it has none. @param {keyof typeof LIMITS} limit */
  limit(limit) {
    const code = this.limits[limit];
    return code === undefined ? undefined : code / 10 ** this.decimals;
  }

  /** @param {Entity} entity */
  describe(entity) {
    if (this.name !== entity.name || this.decimals !== entity.decimals) this.#forget();
    this.name = entity.name;
    this.group = entity.group;
    this.unit = entity.unit;
    this.decimals = entity.decimals;
    this.ticker = entity.ticker;
    this.stale = entity.stale;
    this.limits = {};
    for (const [limit, bit] of Object.entries(LIMITS)) {
      const name = /** @type {keyof typeof LIMITS} */ (limit);
      if (entity.limits & bit) this.limits[name] = entity[name];
    }
  }

  #forget() {
    this.history.fill(Number.NaN);
    this.lastSecond = Number.NEGATIVE_INFINITY;
    this.isAsked = false;
  }

  /** @param {number} code @param {number} second */
  read(code, second) {
    this.code = code;
    this.#moveTo(second);
    if (!this.stale) this.history[placeOf(second)] = this.value;
  }

  /** Takes out the points of the seconds that have passed unseen. @param {number} second */
  #moveTo(second) {
    const from = Math.max(this.lastSecond + 1, second - KEPT_S + 1);
    for (let at = from; at <= second; at++) this.history[placeOf(at)] = Number.NaN;
    this.lastSecond = Math.max(this.lastSecond, second);
  }

  /**
   * Takes the last minutes from the room.
   *
   * @param {{low: number, high: number, points: Uint8Array}} history
   * @param {number} second of the last point
   */
  fill({ low, high, points }, second) {
    const view = new DataView(points.buffer, points.byteOffset, points.byteLength);
    const count = points.byteLength / 2;
    const step = Math.max(1, high - low) / (NO_POINT - 1);
    const scale = 10 ** -this.decimals;
    this.#moveTo(second);
    for (let at = 0; at < count; at++) {
      const point = view.getUint16(2 * at, true);
      const when = second - count + 1 + at;
      if (point === NO_POINT || when <= this.lastSecond - KEPT_S) continue;
      this.history[placeOf(when)] = (low + point * step) * scale;
    }
  }

  /** The last minutes, the oldest first; NaN where there is no point. @returns {number[]} */
  points() {
    const end = this.lastSecond;
    if (!Number.isFinite(end)) return [];
    return Array.from({ length: KEPT_S }, (_, at) => this.history[placeOf(end - KEPT_S + 1 + at)]);
  }

  /** Lowest, mean and highest of the last minutes. */
  figures() {
    const there = this.points().filter(Number.isFinite);
    if (there.length === 0) return { low: Number.NaN, mean: Number.NaN, high: Number.NaN };
    return {
      low: Math.min(...there),
      mean: there.reduce((sum, value) => sum + value, 0) / there.length,
      high: Math.max(...there),
    };
  }
}

/** Where the point of a second is; seconds before the room began are below 0. @param {number} second */
function placeOf(second) {
  return ((second % KEPT_S) + KEPT_S) % KEPT_S;
}

/** @param {number} code @param {number | undefined} below @param {number | undefined} above */
function isBeyond(code, below, above) {
  return (below !== undefined && code <= below) || (above !== undefined && code >= above);
}

/** All sensors, by slot. */
export class Sensors {
  /** @type {Map<number, Sensor>} */
  bySlot = new Map();
  /** Changes whenever a sensor has come, gone, or is described anew. */
  version = "";

  /**
   * Takes what the room shows now.
   *
   * @param {readonly Entity[]} described
   * @param {readonly Entity[]} readings
   * @param {number} second
   */
  update(described, readings, second) {
    const slots = new Set();
    for (const entity of described) {
      slots.add(entity.slot);
      let sensor = this.bySlot.get(entity.slot);
      if (sensor === undefined) {
        sensor = new Sensor(entity.slot);
        this.bySlot.set(entity.slot, sensor);
      }
      sensor.describe(entity);
    }
    for (const slot of this.bySlot.keys()) if (!slots.has(slot)) this.bySlot.delete(slot);
    for (const { slot, code } of readings) this.bySlot.get(slot)?.read(code, second);
    this.version = described
      .map(({ id, name, group, unit }) => `${id} ${name} ${group} ${unit}`)
      .join("\n");
  }

  /** A room of before is gone: what is known of it is no history of this one. */
  clear() {
    this.bySlot.clear();
    this.version = "";
  }
}
