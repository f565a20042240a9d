/**
 * The bodies near the own avatar, ahead of the server like the avatar itself: what it touches
 * answers at once.
 *
 * Pure; times in seconds. docs/guide/touch.md states the algorithm;
 * `gameserver/client/predicted_world.py` is the twin, and a test compares the two.
 *
 * - Bodies within reach of the avatar are taken from the newest state and run forward to the
 *   avatar's present, one tick for each input frame that the server has not consumed, by the same
 *   functions in the same order as on the server.
 * - What other players steer goes on with the controls that they showed last, for a stated time;
 *   then it drifts.
 * - An error of a body is eased out where it is drawn; a large one snaps; a counted jump is there at
 *   once.
 * - A body that comes within reach is drawn on its way from the past to the present, and back when
 *   it leaves; there is no jump, because both are known all that time.
 * - There is a bound on bodies times ticks. What is farthest is given up first.
 */
import { marksNew, newEntity, setColumns, setObjects } from "./drawn.js";
import { decodeValue, encodeValue } from "./fields.js";
import { Pose } from "./pose.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./view_state.js").Table} Table
 * @typedef {import("./view_state.js").ViewState} ViewState
 *
 * @typedef {Record<string, any>} Controls an input's value under its name
 * @typedef {(entity: any, controls: any, dt: number) => void} Step
 *
 * @typedef {object} Touch what the room's own module exports as `world` (protocol.md §7)
 * @property {number} reach
 * @property {number} snap an error beyond it is not eased out
 * @property {readonly [string, string]} place names of the fields that hold a body's position
 * @property {readonly string[]} steered names of the types that players steer
 * @property {readonly string[]} shows names of the inputs that they show in fields of that name
 * @property {number} shows_s for how long those are believed
 * @property {readonly [string, ((body: any, dt: number) => void) | null][]} steps
 * @property {readonly [string, string, (one: any, other: any, dt: number) => void][]} contacts
 *
 * @typedef {object} BodyStats how well the bodies of one type are predicted
 * @property {number} bodies how many are predicted now
 * @property {number} corrections how often a state moved one of them from where it was predicted
 * @property {number} units how far the newest of these moved what is drawn
 * @property {number} late corrections with a state before which the server repeated or dropped an
 *   input frame of this client
 * @property {number} others corrections with a state in which something that others steer was
 *   elsewhere than predicted too
 * @property {number} rules all other corrections: rules outside of the predicted world, bodies that
 *   were out of reach, rules that differ
 *
 * @typedef {object} Candidate
 * @property {number} distance
 * @property {number} id
 */

/** Bodies that are predicted at most: every pair of them may touch. */
export const MAX_BODIES = 32;

/**
 * Bodies times ticks that a state may have run again: 32 bodies at half a second and 60 ticks a
 * second.
 */
export const MAX_BODY_TICKS = 1024;

/** A body within reach stays until it is farther than the reach by this factor. */
export const LEAVE_FACTOR = 1.1;

/**
 * How long a body is drawn on its way between the past that is interpolated and the present that is
 * predicted.
 */
export const BLEND_S = 0.25;

/** The bodies of one type. */
class Kind {
  /** @param {EntityType} type @param {Touch} touch */
  constructor(type, { steered, place }) {
    const { numeric } = type;
    this.type = type;
    this.steered = steered.includes(type.name);
    this.x = numeric.findIndex(({ name }) => name === place[0]);
    this.y = numeric.findIndex(({ name }) => name === place[1]);
    this.allColumns = numeric.map((_, column) => column);
    /** Columns that rules may change: a reference is the server's alone. */
    this.columns = this.allColumns.filter((column) => numeric[column].type !== "ref");
    this.moving = this.columns.filter((column) =>
      ["float", "angle"].includes(numeric[column].type),
    );
    this.marksNew = marksNew(type);
    /** Every entity of the type, ids ascending, the own avatar among them. @type {Entity[]} */
    this.entities = [];
    /** @type {BodyStats} */
    this.stats = { bodies: 0, corrections: 0, units: 0, late: 0, others: 0, rules: 0 };
  }

  /**
   * How far a row of a table is from a place.
   *
   * @param {Table} table @param {number} row @param {number} x @param {number} y
   */
  distance({ codes, width }, row, x, y) {
    const start = row * width;
    const awayX = codes[start + this.x] * this.type.numeric[this.x].step - x;
    const awayY = codes[start + this.y] * this.type.numeric[this.y].step - y;
    return Math.sqrt(awayX * awayX + awayY * awayY);
  }
}

/** One predicted body. */
class Body {
  /** How much of the way from the past to the present it has come. */
  share = 0;
  leaving = false;
  /** Whether it was predicted before the state that is being taken. */
  known = false;
  isNew = true;

  /** @param {Kind} kind @param {number} id @param {number} tickS @param {number} snapDistance */
  constructor(kind, id, tickS, snapDistance) {
    const width = kind.type.numeric.length;
    this.kind = kind;
    this.entity = newEntity(kind.type, id);
    this.drawn = newEntity(kind.type, id);
    this.pose = new Pose(kind.type, tickS, snapDistance);
    /** Its codes after the newest predicted tick. */
    this.codes = new Int32Array(width);
    /** The same before the state that is being taken. */
    this.before = new Int32Array(width);
    /** Where it was drawn then. */
    this.was = new Float64Array(this.pose.size);
    /** The controls that its fields hold, if it is steered. @type {Controls} */
    this.held = {};
  }

  /** Sets it to what a state has of it. @param {Table} table @param {number} row */
  load(table, row) {
    const start = row * table.width;
    for (let c = 0; c < table.width; c += 1) this.codes[c] = table.codes[start + c];
    setColumns(this.entity, this.kind.allColumns, table, row);
    setObjects(this.entity, table, row);
    this.pose.place(this.entity);
  }

  /** Puts every field on its grid, as the server does after each tick. */
  snap() {
    const { columns, type } = this.kind;
    for (let i = 0; i < columns.length; i += 1) {
      const column = columns[i];
      const field = type.numeric[column];
      const code = encodeValue(field, this.entity[field.name]);
      this.codes[column] = code;
      this.entity[field.name] = decodeValue(field, code);
    }
  }
}

/** The bodies near one avatar. */
export class PredictedWorld {
  #touch;
  #predict;
  /** @type {readonly Kind[]} in the order of the declaration */
  #kinds;
  /** @type {{kind: Kind, step: (body: any, dt: number) => void}[]} */
  #steps;
  /** @type {{ones: Kind, others: Kind, contact: (one: any, other: any, dt: number) => void}[]} */
  #contacts;
  /** @type {Readonly<Record<string, BodyStats>>} */
  #stats;
  /** @type {Controls} */
  #neutral;
  #dt;
  #showsTicks;
  /** In the order of the types, ids ascending in each. @type {Body[]} */
  #bodies = [];
  /** By id. @type {Map<number, Body>} */
  #known = new Map();
  /** Names that the own avatar shows. @type {readonly string[]} */
  #ownShows = [];
  #tick = 0;
  #seq = 0;
  #newestSeq = 0;
  #onTime = true;
  #tickedAtS = Number.NEGATIVE_INFINITY;
  #tickLengthS;
  #drawnAtS = Number.NEGATIVE_INFINITY;
  /**
   * Bodies that are not in the newest state any more, with its tick: the past that is drawn may
   * still hold them.
   *
   * @type {Map<number, number>}
   */
  #gone = new Map();

  /**
   * @param {Schema} schema
   * @param {Touch} touch the room's declaration
   * @param {Step} predict moves what is steered
   * @param {number} tickHz
   */
  constructor(schema, touch, predict, tickHz) {
    this.#touch = touch;
    this.#predict = predict;
    this.#dt = 1 / tickHz;
    this.#tickLengthS = this.#dt;
    this.#showsTicks = Math.floor(touch.shows_s * tickHz);
    /** @type {Map<string, Kind>} */
    const kinds = new Map();
    const named = (/** @type {string} */ name) => {
      const type = schema.types.find((item) => item.name === name);
      if (type === undefined) throw new TypeError(`no entity type is called ${name}`);
      const kind = kinds.get(name) ?? new Kind(type, touch);
      kinds.set(name, kind);
      return kind;
    };
    this.#steps = touch.steps.flatMap(([name, step]) => {
      const kind = named(name);
      return step === null ? [] : [{ kind, step }];
    });
    this.#contacts = touch.contacts.map(([one, other, contact]) => {
      return { ones: named(one), others: named(other), contact };
    });
    this.#kinds = [...kinds.values()];
    this.#stats = Object.fromEntries(this.#kinds.map(({ type, stats }) => [type.name, stats]));
    this.#neutral = {};
    schema.inputs.forEach((field, i) => {
      this.#neutral[field.name] = decodeValue(field, schema.neutral[i]);
    });
  }

  get count() {
    return this.#bodies.length;
  }

  /** How well each type is predicted, by its name; the same object each time. */
  get stats() {
    for (const kind of this.#kinds) kind.stats.bodies = 0;
    for (const { kind } of this.#bodies) kind.stats.bodies += 1;
    return this.#stats;
  }

  /** The bodies after the newest predicted tick, exactly as the server will have them. Read only. */
  get bodies() {
    return this.#bodies.map(({ entity }) => entity);
  }

  /** Forgets all bodies; they are drawn in the past again at once. */
  clear() {
    this.#bodies.length = 0;
    this.#known.clear();
    this.#gone.clear();
    for (const kind of this.#kinds) kind.entities.length = 0;
  }

  // --- a STATE

  /**
   * Sets every body to the newest state, before the pending frames are stepped again.
   *
   * @param {number} seq newest frame consumed in it
   * @param {ViewState} view the newest state
   * @param {Entity} avatar the own one as it is predicted now
   * @param {number} nowS
   */
  take(seq, view, avatar, nowS) {
    this.#onTime = view.tick - this.#tick === seq - this.#seq;
    this.#tick = view.tick;
    this.#seq = seq;
    for (const body of this.#bodies) {
      body.known = true;
      body.before.set(body.codes);
      body.was.set(body.pose.at(body.entity, nowS));
    }
    const chosen = this.#choose(view, avatar);
    this.#bodies.length = 0;
    for (const kind of this.#kinds) {
      const table = view.tables[kind.type.index];
      for (let row = 0; row < table.count; row += 1) {
        const id = table.ids[row];
        if (!chosen.has(id)) continue;
        const body = this.#known.get(id) ?? this.#enter(kind, id);
        body.load(table, row);
        if (kind.steered) this.#hold(body);
        this.#bodies.push(body);
      }
    }
    for (const [id, { kind }] of this.#known) {
      if (chosen.has(id)) continue;
      if (view.tables[kind.type.index].rowOf(id) < 0) this.#gone.set(id, view.tick);
      this.#known.delete(id);
    }
    this.#fillLists(avatar);
  }

  /**
   * The ids of the bodies to predict: the nearest ones, and those that are still on their way back.
   *
   * @param {ViewState} view
   * @param {Entity} avatar
   * @returns {Set<number>}
   */
  #choose(view, avatar) {
    const { place, reach } = this.#touch;
    const x = avatar[place[0]];
    const y = avatar[place[1]];
    const ticks = Math.max(1, this.#newestSeq - this.#seq);
    const limit = Math.min(MAX_BODIES, Math.floor(MAX_BODY_TICKS / ticks));
    /** @type {Candidate[]} */
    const near = [];
    /** @type {Candidate[]} */
    const leaving = [];
    for (const kind of this.#kinds) {
      const table = view.tables[kind.type.index];
      for (let row = 0; row < table.count; row += 1) {
        const id = table.ids[row];
        if (id === avatar.id) continue;
        const distance = kind.distance(table, row, x, y);
        const body = this.#known.get(id);
        const stays = body !== undefined && !body.leaving;
        if (distance < (stays ? reach * LEAVE_FACTOR : reach)) near.push({ distance, id });
        else if (body !== undefined && body.share > 0) leaving.push({ distance, id });
      }
    }
    near.sort(nearestFirst);
    for (const one of near.splice(limit)) {
      if ((this.#known.get(one.id)?.share ?? 0) > 0) leaving.push(one);
    }
    leaving.sort(nearestFirst);
    const chosen = new Set(near.map(({ id }) => id));
    for (const [id, body] of this.#known) body.leaving = !chosen.has(id);
    for (const { id } of leaving.slice(0, limit)) chosen.add(id);
    return chosen;
  }

  /** @param {Kind} kind @param {number} id */
  #enter(kind, id) {
    const body = new Body(kind, id, this.#dt, this.#touch.snap);
    body.pose.tick(this.#tickedAtS, this.#tickLengthS);
    if (kind.steered) Object.assign(body.held, this.#neutral);
    this.#known.set(id, body);
    return body;
  }

  /** @param {Body} body that is steered */
  #hold({ held, entity }) {
    for (const name of this.#touch.shows) held[name] = entity[name];
  }

  /** @param {Entity} avatar */
  #fillLists(avatar) {
    for (const kind of this.#kinds) kind.entities.length = 0;
    for (const { kind, entity } of this.#bodies) kind.entities.push(entity);
    this.#ownShows = [];
    const own = this.#kinds.find(({ type }) => type.name === avatar.type);
    if (own === undefined) return;
    own.entities.push(avatar);
    own.entities.sort(byId);
    if (own.steered) this.#ownShows = this.#touch.shows;
  }

  /**
   * The pending frames were stepped again: counts what is elsewhere now, and eases it out.
   *
   * @param {number} nowS
   */
  settle(nowS) {
    const moved = this.#bodies.filter((body) => body.known && hasMoved(body));
    const others = moved.some(({ kind }) => kind.steered);
    for (const { kind, pose, entity, was } of moved) {
      pose.ease(entity, was, nowS);
      kind.stats.corrections += 1;
      kind.stats.units = pose.errorUnits;
      kind.stats[this.#onTime ? (others ? "others" : "rules") : "late"] += 1;
    }
  }

  // --- a tick

  /**
   * Runs the tick of frame `seq` for all bodies, after the step of the own avatar.
   *
   * @param {Entity} me the own avatar; contacts may change it
   * @param {Controls} controls what its step ran with
   * @param {number} seq
   */
  touch(me, controls, seq) {
    this.#newestSeq = seq;
    for (const name of this.#ownShows) me[name] = controls[name];
    const believed = seq - this.#seq <= this.#showsTicks;
    for (let i = 0; i < this.#bodies.length; i += 1) {
      const { kind, entity, held } = this.#bodies[i];
      if (kind.steered) this.#predict(entity, believed ? held : this.#neutral, this.#dt);
    }
    this.#run();
    for (let i = 0; i < this.#bodies.length; i += 1) {
      const body = this.#bodies[i];
      body.snap();
      body.pose.step(body.entity);
    }
  }

  /** Runs steps and contacts, as `run_world` in gameserver/state/touch.py. */
  #run() {
    const dt = this.#dt;
    for (let s = 0; s < this.#steps.length; s += 1) {
      const { kind, step } = this.#steps[s];
      for (let i = 0; i < kind.entities.length; i += 1) step(kind.entities[i], dt);
    }
    for (let c = 0; c < this.#contacts.length; c += 1) {
      const { ones, others, contact } = this.#contacts[c];
      for (let i = 0; i < ones.entities.length; i += 1) {
        const first = ones === others ? i + 1 : 0;
        for (let j = first; j < others.entities.length; j += 1) {
          contact(ones.entities[i], others.entities[j], dt);
        }
      }
    }
  }

  /**
   * The newest step belongs to this tick of the client.
   *
   * @param {number} atS when it was due @param {number} lengthS how long it lasts
   */
  ticked(atS, lengthS) {
    this.#tickedAtS = atS;
    this.#tickLengthS = lengthS;
    for (let i = 0; i < this.#bodies.length; i += 1) this.#bodies[i].pose.tick(atS, lengthS);
  }

  // --- what is drawn

  /**
   * Puts the bodies into what is drawn, in the present where they are predicted.
   *
   * @param {Entity[][]} lists by index of the type, changed in place
   * @param {number} tick at which the others are drawn
   * @param {number} nowS
   */
  draw(lists, tick, nowS) {
    const elapsedS = nowS - this.#drawnAtS;
    this.#drawnAtS = nowS;
    if (this.#gone.size > 0) this.#hideGone(lists, tick);
    let back = false;
    for (let i = 0; i < this.#bodies.length; i += 1) {
      const body = this.#bodies[i];
      this.#drawBody(body, lists[body.kind.type.index], elapsedS, nowS);
      if (body.leaving && body.share === 0) back = true;
    }
    if (back) this.#dropReturned();
  }

  /** @param {Body} body @param {Entity[]} list @param {number} elapsedS @param {number} nowS */
  #drawBody(body, list, elapsedS, nowS) {
    const at = placeOf(list, body.entity.id);
    const past = at < 0 ? null : list[at];
    moveShare(body, elapsedS, past !== null);
    const { drawn, entity, pose, share, kind } = body;
    Object.assign(drawn, past === null || share >= 0.5 ? entity : past);
    if (past === null || share === 1) pose.write(drawn, entity, nowS);
    else pose.mix(drawn, past, pose.at(entity, nowS), share * share * (3 - 2 * share));
    if (kind.marksNew) drawn.isNew = past === null ? body.isNew : past.isNew && body.isNew;
    body.isNew = false;
    if (at < 0) list.push(drawn);
    else list[at] = drawn;
  }

  /** @param {Entity[][]} lists @param {number} tick */
  #hideGone(lists, tick) {
    for (const [id, goneAt] of this.#gone) {
      if (goneAt <= tick) {
        this.#gone.delete(id);
        continue;
      }
      for (const { type } of this.#kinds) {
        const at = placeOf(lists[type.index], id);
        if (at >= 0) lists[type.index].splice(at, 1);
      }
    }
  }

  #dropReturned() {
    this.#bodies = this.#bodies.filter(({ kind, entity, leaving, share }) => {
      if (!leaving || share > 0) return true;
      this.#known.delete(entity.id);
      kind.entities.splice(kind.entities.indexOf(entity), 1);
      return false;
    });
  }
}

/** @param {Candidate} a @param {Candidate} b */
function nearestFirst(a, b) {
  return a.distance - b.distance || a.id - b.id;
}

/** @param {Entity} a @param {Entity} b */
function byId(a, b) {
  return a.id - b.id;
}

/** @param {Entity[]} list @param {number} id */
function placeOf(list, id) {
  for (let i = 0; i < list.length; i += 1) if (list[i].id === id) return i;
  return -1;
}

/**
 * Whether a body is elsewhere since the state was taken; one that jumped is drawn there at once.
 *
 * @param {Body} body
 */
function hasMoved(body) {
  const { before, codes, kind } = body;
  const { jumps } = kind.type;
  if (jumps >= 0 && before[jumps] !== codes[jumps]) {
    body.pose.settle();
    body.share = body.leaving ? 0 : 1;
    return false;
  }
  return kind.moving.some((column) => before[column] !== codes[column]);
}

/**
 * Moves a body on its way between the past and the present.
 *
 * @param {Body} body @param {number} elapsedS
 * @param {boolean} drawnBefore whether the past that is drawn holds it
 */
function moveShare(body, elapsedS, drawnBefore) {
  const step = elapsedS / BLEND_S;
  if (!drawnBefore) body.share = 1;
  else if (body.leaving) body.share = Math.max(0, body.share - step);
  else body.share = Math.min(1, body.share + step);
}
