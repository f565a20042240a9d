/**
 * What the player's own actions spawn, shown before the server knows of them: a shot leaves the gun
 * when the key is pressed.
 *
 * Pure; times in seconds. A spawn belongs to an input frame. The first STATE that has consumed the
 * frame decides: either the server's entity is in it and is adopted (the same object goes on, under
 * the server's id, its error eased out), or there is none and the spawn is withdrawn. An adopted one
 * goes on being drawn in the player's own time, ahead of the others, until the server's is gone. One
 * that the rules take through the past that its player saw (`Room.rewind`) is drawn in the time of
 * the others, whom it then meets where they are drawn. One of a type that takes part in the predicted
 * world (`predicted_world.js`) is drawn where that has it, as long as it takes part: it meets the
 * bodies there in the player's own present.
 *
 * `gameserver/client/spawns.py` is the twin, and a test compares the two. Fields that are not given
 * are 0, false or empty here, since a page knows no defaults; there they have those of the client's
 * own classes.
 */

import { Curves, shortestWay, wrap } from "./curves.js";
import { marksNew, newEntity, setColumns, setObjects } from "./drawn.js";
import { clamp } from "./fields.js";
import { EASE_S } from "./pose.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./predicted_world.js").PredictedWorld} PredictedWorld
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./view_state.js").Table} Table
 * @typedef {import("./view_state.js").ViewState} ViewState
 *
 * @typedef {object} Course a field that moves by its rate
 * @property {string} name
 * @property {string} rate name of the field that says how fast
 * @property {boolean} turns whether it is an angle
 * @property {number} lo
 * @property {number} hi
 *
 * @typedef {object} Spawn
 * @property {Entity} entity what is drawn
 * @property {EntityType} type
 * @property {number} seq the input frame that spawned it
 * @property {(entity: Entity) => boolean} match whether an entity of the server's may be it
 * @property {number} afterId the server's own has a higher id, since it did not exist yet
 * @property {boolean} rewound
 * @property {boolean} inWorld whether it is drawn where the predicted world has it
 * @property {boolean} adopted
 * @property {number} endsAt the tick at which the server's own was gone
 * @property {Entity} base its values at `atS`
 * @property {number} atS in the player's own time; in that of the others once it is adopted and
 *   `rewound`
 * @property {Map<string, number>} offsets what is drawn beside the base's motion
 * @property {number} drawnAtS in the same time
 * @property {boolean} shown whether it was drawn
 */

/**
 * A spawn is withdrawn when no STATE has decided on it for this long: the link is as good as dead.
 */
export const MAX_WAIT_S = 2;

const NEVER = Number.POSITIVE_INFINITY;

/** The spawns of one session. */
export class PredictedSpawns {
  #types;
  #tickS;
  /** The moment at which the others were drawn last. */
  #othersS = 0;
  /** By index of the type. @type {Course[][]} */
  #courses;
  /** @type {Spawn[]} */
  #spawns = [];
  /**
   * Adopted and gone from the newest view, at this tick; the past that is drawn may still hold
   * them.
   *
   * @type {Map<number, number>}
   */
  #gone = new Map();
  #lastId = 0;

  /** Those that did not happen, until they are taken. @type {Entity[]} */
  withdrawn = [];

  /** @param {Schema} schema @param {number} tickS */
  constructor(schema, tickS) {
    this.#types = schema.types;
    this.#tickS = tickS;
    this.#courses = schema.types.map(coursesOf);
  }

  get size() {
    return this.#spawns.length;
  }

  /**
   * Shows an entity that an input frame spawned.
   *
   * @param {string} typeName
   * @param {Readonly<Record<string, unknown>>} values of fields, as after the tick that spawned it
   * @param {number} seq of the input frame
   * @param {number} atS when the state after that frame is drawn
   * @param {(entity: Entity) => boolean} match
   * @param {ViewState} newest
   * @param {boolean} [rewound] whether the rules take it through the past that this player saw
   * @param {PredictedWorld | null} [world] of the bodies near the avatar
   * @returns {Entity} with a negative id until it is adopted
   * @throws {TypeError} for a type or field that the room does not have, or a value that a field of a
   *   body in the world cannot hold; nothing is shown then
   */
  add(typeName, values, seq, atS, match, newest, rewound = false, world = null) {
    const type = this.#types.find(({ name }) => name === typeName);
    if (type === undefined) throw new TypeError(`no entity type is called ${typeName}`);
    this.#lastId -= 1;
    const base = newEntity(type, this.#lastId);
    for (const name of Object.keys(values)) {
      if (!type.fields.some((field) => field.name === name)) {
        throw new TypeError(`${typeName} has no field ${name}`);
      }
      base[name] = values[name];
    }
    const afterId = Math.max(0, ...newest.tables.map(({ ids, count }) => ids[count - 1] ?? 0));
    const entity = { ...base };
    const state = { entity, base, atS, drawnAtS: atS, offsets: new Map(), endsAt: NEVER };
    const inWorld = !rewound && world?.holds(type) === true;
    if (inWorld) world?.spawn(type, entity, seq);
    const origin = { type, seq, match, afterId, rewound, inWorld };
    this.#spawns.push({ ...state, ...origin, adopted: false, shown: false });
    return entity;
  }

  /**
   * Takes a STATE: adopts, withdraws, and follows those that were adopted.
   *
   * @param {ViewState} newest
   * @param {number} seq newest frame consumed in it
   * @param {number | null} atS when the state after that frame is drawn in the player's own time;
   *   null: not known
   * @param {PredictedWorld | null} [world] of the bodies near the avatar, before it takes the STATE
   */
  reconcile(newest, seq, atS, world = null) {
    const kept = this.#spawns.filter((spawn) => {
      if (spawn.adopted) return this.#follow(spawn, newest, atS);
      return spawn.seq > seq || this.#adopt(spawn, newest, atS, world);
    });
    this.#spawns = kept;
  }

  /** Withdraws what was not adopted; the others are the server's alone again. */
  clear() {
    for (const { entity, adopted } of this.#spawns) if (!adopted) this.withdrawn.push(entity);
    this.#spawns = [];
    this.#gone.clear();
  }

  /**
   * Puts the spawns into what is drawn, in the place of the server's own.
   *
   * @param {Entity[][]} lists by index of the type
   * @param {number} tick at which the others are drawn
   * @param {number} nowS
   * @param {PredictedWorld | null} [world] of the bodies near the avatar, already in the lists
   */
  draw(lists, tick, nowS, world = null) {
    this.#othersS = tick * this.#tickS;
    for (const [id, goneAt] of this.#gone) if (goneAt <= tick) this.#gone.delete(id);
    if (this.#spawns.length === 0 && this.#gone.size === 0) return;
    this.#spawns = this.#spawns.filter((spawn) => {
      const waits = spawn.adopted || nowS - spawn.atS < MAX_WAIT_S;
      if (!waits) this.withdrawn.push(spawn.entity);
      return waits && spawn.endsAt > tick;
    });
    const hidden = new Set([...this.#gone.keys(), ...this.#spawns.map(({ entity }) => entity.id)]);
    for (const list of lists) removeAll(list, hidden);
    for (const spawn of this.#spawns) {
      this.#put(spawn, nowS, world);
      lists[spawn.type.index].push(spawn.entity);
    }
  }

  /**
   * Sets a spawn to where it is drawn now.
   *
   * @param {Spawn} spawn @param {number} nowS @param {PredictedWorld | null} world
   */
  #put(spawn, nowS, world) {
    const { entity, type } = spawn;
    if (spawn.inWorld && !world?.drawSpawn(entity, nowS)) this.#leaveWorld(spawn);
    if (spawn.inWorld) spawn.drawnAtS = nowS;
    else this.#move(spawn, isAmongOthers(spawn) ? this.#othersS : nowS);
    if (marksNew(type)) entity.isNew = !spawn.shown;
    spawn.shown = true;
  }

  /** The world has it no more: draws it on by its rates, from where it was drawn. @param {Spawn} spawn */
  #leaveWorld(spawn) {
    spawn.inWorld = false;
    this.#rebase(spawn, spawn.base, spawn.atS);
  }

  /**
   * Gives the spawn to the server's entity, or withdraws it.
   *
   * @param {Spawn} spawn
   * @param {ViewState} newest
   * @param {number | null} atS
   * @param {PredictedWorld | null} world
   * @returns {boolean} whether it goes on
   */
  #adopt(spawn, newest, atS, world) {
    const table = newest.tables[spawn.type.index];
    for (let row = 0; row < table.count; row += 1) {
      const id = table.ids[row];
      if (id <= spawn.afterId || this.#spawns.some(({ entity }) => entity.id === id)) continue;
      const found = newEntity(spawn.type, id);
      load(found, table, row);
      if (!spawn.match(found)) continue;
      spawn.adopted = true;
      if (spawn.inWorld) world?.adopt(spawn.entity.id, id);
      spawn.entity.id = id;
      this.#rebase(spawn, found, this.#knownAtS(spawn, newest, atS) ?? spawn.atS);
      return true;
    }
    this.withdrawn.push(spawn.entity);
    return false;
  }

  /**
   * Takes what the view has of an adopted spawn.
   *
   * @param {Spawn} spawn
   * @param {ViewState} newest
   * @param {number | null} atS
   * @returns {boolean} whether it goes on
   */
  #follow(spawn, newest, atS) {
    const table = newest.tables[spawn.type.index];
    const row = table.rowOf(spawn.entity.id);
    if (row < 0 && spawn.rewound) {
      spawn.endsAt = Math.min(spawn.endsAt, newest.tick);
      return true;
    }
    if (row < 0) {
      this.#gone.set(spawn.entity.id, newest.tick);
      return false;
    }
    const knownAtS = this.#knownAtS(spawn, newest, atS);
    if (knownAtS === null) return true;
    const now = newEntity(spawn.type, spawn.entity.id);
    load(now, table, row);
    this.#rebase(spawn, now, knownAtS);
    return true;
  }

  /**
   * The moment, in the time in which the spawn is drawn, at which it is where the newest view has
   * it.
   *
   * @param {Spawn} spawn
   * @param {ViewState} newest
   * @param {number | null} atS
   */
  #knownAtS({ rewound }, newest, atS) {
    return rewound ? newest.tick * this.#tickS : atS;
  }

  /**
   * Puts the spawn where the server has it at that moment, and draws it on from where it is drawn.
   *
   * @param {Spawn} spawn
   * @param {Entity} base
   * @param {number} atS
   */
  #rebase(spawn, base, atS) {
    const { entity, type, offsets } = spawn;
    spawn.base = base;
    spawn.atS = atS;
    if (spawn.rewound) spawn.drawnAtS = this.#othersS;
    const courses = this.#courses[type.index];
    for (const course of courses) {
      const place = placeOf(course, spawn, spawn.drawnAtS);
      const drawn = entity[course.name];
      offsets.set(course.name, course.turns ? shortestWay(place, drawn) : drawn - place);
    }
    for (const { name } of type.fields) if (!offsets.has(name)) entity[name] = base[name];
  }

  /** @param {Spawn} spawn @param {number} nowS */
  #move(spawn, nowS) {
    const { entity, type, offsets } = spawn;
    const share = Math.exp(-Math.max(0, nowS - spawn.drawnAtS) / EASE_S);
    spawn.drawnAtS = nowS;
    for (const course of this.#courses[type.index]) {
      const offset = (offsets.get(course.name) ?? 0) * share;
      offsets.set(course.name, offset);
      const place = placeOf(course, spawn, nowS) + offset;
      entity[course.name] = course.turns ? wrap(place) : place;
    }
  }
}

/** @param {EntityType} type @returns {Course[]} */
function coursesOf(type) {
  return new Curves(type).moving.flatMap(({ field, rate, turns }) => {
    if (rate < 0) return [];
    const lo = turns ? Number.NEGATIVE_INFINITY : field.lo * field.step;
    const hi = turns ? Number.POSITIVE_INFINITY : field.hi * field.step;
    return [{ name: field.name, rate: type.numeric[rate].name, turns, lo, hi }];
  });
}

/** @param {Spawn} spawn */
function isAmongOthers({ adopted, rewound }) {
  return adopted && rewound;
}

/**
 * Where a field is at a moment, its rate going on; the others' time is behind the newest view.
 *
 * @param {Course} course
 * @param {Spawn} spawn
 * @param {number} nowS
 */
function placeOf({ name, rate, lo, hi }, spawn, nowS) {
  const { base, atS } = spawn;
  const sinceS = isAmongOthers(spawn) ? nowS - atS : Math.max(0, nowS - atS);
  return clamp(base[name] + base[rate] * sinceS, lo, hi);
}

/** @param {Entity} entity @param {Table} table @param {number} row */
function load(entity, table, row) {
  setColumns(
    entity,
    table.type.numeric.map((_, column) => column),
    table,
    row,
  );
  setObjects(entity, table, row);
}

/** @param {Entity[]} list @param {ReadonlySet<number>} ids */
function removeAll(list, ids) {
  let kept = 0;
  for (const entity of list) {
    if (ids.has(entity.id)) continue;
    list[kept] = entity;
    kept += 1;
  }
  list.length = kept;
}
