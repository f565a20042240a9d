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
 * - What the own actions spawn ahead of the server takes part from the tick of its input frame on, as
 *   the newest of its type.
 * - There is a bound on bodies times ticks. What is farthest is given up first.
 * - Once it has grown to size it leaves almost nothing to be collected, in a drawn frame and in a
 *   tick: bodies, lists and arrays are used again. Spawns are the exception; they are few.
 */
import { Body, BodyKind, bodyOf, placeOf } from "./body.js";
import { BodyChoice } from "./body_choice.js";
import { decodeValue } from "./fields.js";
import { WorldRules } from "./world_rules.js";

/**
 * @typedef {import("./body.js").BodyStats} BodyStats
 * @typedef {import("./contact_watch.js").SeenContact} SeenContact
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").EntityType} EntityType
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./view_state.js").ViewState} ViewState
 * @typedef {import("./world_rules.js").Controls} Controls
 * @typedef {import("./world_rules.js").Step} Step
 * @typedef {import("./world_rules.js").Touch} Touch
 *
 * @typedef {object} SpawnedBody
 * @property {Body} body
 * @property {number} seq the input frame that spawned it
 * @property {Int32Array} codes as after that frame
 */

/** @type {readonly string[]} */
const NOTHING = [];

/** The bodies near one avatar. */
export class PredictedWorld {
  #touch;
  #predict;
  #rules;
  #kinds;
  /** @type {Readonly<Record<string, BodyStats>>} */
  #stats;
  /** @type {Controls} */
  #neutral;
  #dt;
  #showsTicks;
  /** In the order of the types, ids ascending in each. @type {Body[]} */
  #bodies = [];
  /** The list of the state before, which the next one fills. @type {Body[]} */
  #spare = [];
  #choice;
  /** What the own actions spawned, and no state has decided on, in order. @type {SpawnedBody[]} */
  #spawned = [];
  /** Names that the own avatar shows. @type {readonly string[]} */
  #ownShows = NOTHING;
  #tick = 0;
  #seq = 0;
  #newestSeq = 0;
  #onTime = true;
  #tickedAtS = Number.NEGATIVE_INFINITY;
  #tickLengthS;
  #drawnAtS = Number.NEGATIVE_INFINITY;
  /** Contacts that the tick being run has made; null: it is not watched. @type {SeenContact[] | null} */
  #seen = null;
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
    this.#choice = new BodyChoice(touch.reach);
    this.#predict = predict;
    this.#dt = 1 / tickHz;
    this.#tickLengthS = this.#dt;
    this.#showsTicks = Math.floor(touch.shows_s * tickHz);
    this.#rules = new WorldRules(schema, touch, this.#dt);
    this.#kinds = this.#rules.kinds;
    this.#stats = Object.fromEntries(this.#kinds.map(({ type, stats }) => [type.name, stats]));
    this.#neutral = {};
    schema.inputs.forEach((field, i) => {
      this.#neutral[field.name] = decodeValue(field, schema.neutral[i]);
    });
  }

  get count() {
    return this.#bodies.length + this.#spawned.length;
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

  /** The same of one type. @param {number} index of the type */
  bodiesOf(index) {
    return this.#bodies.filter(({ kind }) => kind.type.index === index).map(({ entity }) => entity);
  }

  /** Forgets all bodies; they are drawn in the past again at once. */
  clear() {
    this.#bodies.length = 0;
    this.#spawned.length = 0;
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
    for (const body of this.#bodies) body.remember(nowS);
    for (const { body } of this.#spawned) body.remember(nowS);
    if (this.#spawned.length > 0) this.#spawned = this.#spawned.filter((one) => one.seq > seq);
    const [placeX, placeY] = this.#touch.place;
    const ticks = this.#newestSeq - seq;
    this.#choice.choose(
      this.#kinds,
      view,
      avatar.id,
      avatar[placeX],
      avatar[placeY],
      this.#bodies,
      ticks,
    );
    this.#load(view);
    this.#fillLists(view, avatar);
  }

  /** Takes the chosen bodies from a state. @param {ViewState} view */
  #load(view) {
    const before = this.#bodies;
    this.#bodies = this.#spare;
    this.#spare = before;
    let count = 0;
    for (const kind of this.#kinds) {
      const table = view.tables[kind.type.index];
      for (let row = 0; row < table.count; row += 1) {
        const id = table.ids[row];
        if (!this.#choice.has(id)) continue;
        const body = bodyOf(before, id) ?? this.#enter(kind, id);
        body.load(table, row);
        if (kind.steered) this.#hold(body);
        this.#bodies[count] = body;
        count += 1;
      }
    }
    this.#bodies.length = count;
    for (const { kind, entity } of before) {
      if (view.tables[kind.type.index].rowOf(entity.id) < 0) this.#gone.set(entity.id, view.tick);
    }
  }

  /** @param {BodyKind} kind @param {number} id */
  #enter(kind, id) {
    const body = new Body(kind, id, this.#dt, this.#touch.snap);
    body.pose.tick(this.#tickedAtS, this.#tickLengthS);
    if (kind.steered) Object.assign(body.held, this.#neutral);
    return body;
  }

  /** @param {Body} body that is steered */
  #hold({ held, entity }) {
    for (const name of this.#touch.shows) held[name] = entity[name];
  }

  /** @param {ViewState} view @param {Entity} avatar */
  #fillLists(view, avatar) {
    this.#ownShows = NOTHING;
    for (const kind of this.#kinds) {
      const isOwn = view.tables[kind.type.index].rowOf(avatar.id) >= 0;
      kind.fill(this.#bodies, isOwn ? avatar : null);
      if (isOwn && kind.steered) this.#ownShows = this.#touch.shows;
    }
  }

  /**
   * The pending frames were stepped again: counts what is elsewhere now, and eases it out.
   *
   * @param {number} nowS
   */
  settle(nowS) {
    let others = false;
    for (const body of this.#bodies) {
      body.compare();
      others ||= body.moved && body.kind.steered;
    }
    for (const { body } of this.#spawned) {
      body.compare();
      if (body.moved) body.pose.ease(body.stepped, body.was, nowS);
    }
    for (const { moved, kind, pose, stepped, was } of this.#bodies) {
      if (!moved) continue;
      pose.ease(stepped, was, nowS);
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
    this.#rules.run(this.#seen);
    for (let i = 0; i < this.#bodies.length; i += 1) this.#bodies[i].step();
    for (let i = 0; i < this.#spawned.length; i += 1) {
      const spawned = this.#spawned[i];
      if (spawned.seq < seq) spawned.body.step();
      else if (spawned.seq === seq) this.#begin(spawned);
    }
  }

  /** From now on the contacts of ticks are noted, until they are taken out. */
  watch() {
    this.#seen = [];
  }

  /** Takes out the contacts since `watch` that have changed a body. @returns {SeenContact[]} */
  takeContacts() {
    const seen = this.#seen ?? [];
    this.#seen = null;
    return seen;
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
    for (let i = 0; i < this.#spawned.length; i += 1) {
      this.#spawned[i].body.pose.tick(atS, lengthS);
    }
  }

  // --- what the own actions spawn

  /** Whether entities of a type take part. @param {EntityType} type */
  holds(type) {
    return this.#kinds.some((kind) => kind.type === type);
  }

  /**
   * An entity that the newest predicted frame spawned takes part from now on.
   *
   * @param {EntityType} type one that takes part
   * @param {Entity} entity as after the frame
   * @param {number} seq of the frame
   * @throws {TypeError} for a value that a field cannot hold; nothing has changed
   */
  spawn(type, entity, seq) {
    const kind = this.#kinds.find((one) => one.type === type);
    if (kind === undefined) return;
    const body = this.#enter(kind, entity.id);
    Object.assign(body.entity, entity);
    body.stepped.snap();
    body.stepped.snapReferences();
    body.share = 1;
    const spawned = { body, seq, codes: body.stepped.codes.slice() };
    this.#spawned.push(spawned);
    this.#begin(spawned);
  }

  /** Frame `seq` was never sent: what it spawned takes part no more. @param {number} seq */
  drop(seq) {
    for (const { body, seq: spawnedBy } of this.#spawned) {
      if (spawnedBy === seq) removeFrom(body.kind.entities, body.entity);
    }
    this.#spawned = this.#spawned.filter((one) => one.seq !== seq);
  }

  /** Its frame has run. @param {SpawnedBody} spawned */
  #begin({ body, codes }) {
    body.stepped.load(codes, 0);
    body.pose.place(body.stepped);
    body.kind.entities.push(body.entity);
  }

  /**
   * The server's own of a spawn is known: call it before the state that has it is taken.
   *
   * @param {number} spawnId @param {number} id
   */
  adopt(spawnId, id) {
    const at = this.#spawned.findIndex(({ body }) => body.entity.id === spawnId);
    if (at < 0) return;
    const [{ body }] = this.#spawned.splice(at, 1);
    body.entity.id = id;
    body.drawn.id = id;
    // A state before may have had it already, when it was nobody's yet.
    this.#bodies = this.#bodies.filter(({ entity }) => entity.id !== id);
    this.#bodies.push(body);
  }

  /**
   * Sets the fields of a spawn, adopted or not, to where it is drawn now.
   *
   * @param {Entity} entity
   * @param {number} nowS
   * @returns {boolean} whether it takes part, and is not on its way back into the past
   */
  drawSpawn(entity, nowS) {
    const found = this.#spawned.find(({ body }) => body.entity.id === entity.id);
    const body = found?.body ?? bodyOf(this.#bodies, entity.id);
    if (body === null || body.leaving) return false;
    Object.assign(entity, body.drawnAt(nowS));
    return true;
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
      body.draw(lists[body.kind.type.index], elapsedS, nowS);
      if (body.leaving && body.share === 0) back = true;
    }
    if (back) this.#dropReturned();
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
      removeFrom(kind.entities, entity);
      return false;
    });
  }
}

/** @param {Entity[]} entities @param {Entity} entity */
function removeFrom(entities, entity) {
  const at = entities.indexOf(entity);
  if (at >= 0) entities.splice(at, 1);
}
