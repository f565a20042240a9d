/**
 * What a client knows of the room it is in: the state at the newest tick, its own avatar ahead of
 * that, the others a little behind.
 *
 * Pure; times in seconds. A STATE that does not fit raises DeltaError and changes nothing.
 * `gameserver/client/replica.py` is the twin. There a shared step that raises goes to the caller,
 * who brought it; here it came from the server, so it ends prediction, not the session.
 */
import { InterpolationClock } from "./clock.js";
import { Others } from "./contact.js";
import { DeltaDecoder } from "./decoder.js";
import { Interpolator } from "./interpolation.js";
import { layersOf } from "./layers.js";
import { PredictedWorld } from "./predicted_world.js";
import { Predictor } from "./prediction.js";
import { RosterReader } from "./roster.js";
import { PredictedSpawns } from "./spawns.js";
import { NO_TICK, ViewRing } from "./view_state.js";

/**
 * @typedef {import("./codec.js").State} State
 * @typedef {import("./contact.js").Contact} Contact
 * @typedef {import("./drawn.js").Drawn} Drawn
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./inputs.js").InputFrames} InputFrames
 * @typedef {import("./prediction.js").Step} Step
 * @typedef {import("./schema.js").Schema} Schema
 *
 * @typedef {object} SharedStep what the room's own module exports
 * @property {Step} predict
 * @property {Contact} [contact] for avatars that touch, where the room predicts that
 * @property {import("./world_rules.js").Touch} [world] of the bodies near the avatar, where the
 *   room predicts them
 *
 * @typedef {object} DrawSwitches
 * @property {boolean} prediction whether the own avatar is drawn as predicted
 * @property {boolean} interpolation whether the others are drawn between two snapshots
 */

/** A page that has drawn nothing for this long is hidden. */
export const NOT_DRAWN_AFTER_S = 0.5;

/** One room, followed. */
export class Replica {
  #schema;
  #tickHz;
  #tickS;
  #snapDistance;
  #decoder;
  #interpolator;
  /** @type {SharedStep | null} */
  #step = null;
  /** @type {Others | null} */
  #others = null;
  /** @type {Entity[][]} by index of the type: what `drawn` shows */
  #lists;

  ring;
  clock;
  spawns;
  people;
  /** @type {Predictor | null} */
  predictor = null;
  /** The bodies near the avatar, where the room predicts them. @type {PredictedWorld | null} */
  world = null;
  /** @type {number | null} */
  avatarId = null;
  /** States that moved the avatar from where it was predicted to be. */
  corrections = 0;
  /** How far the newest of them did, in the avatar's own unit. */
  correctionUnits = 0;
  /** What the shared step raised; prediction has ended then. */
  stepFault = "";
  /** @type {Drawn} */
  drawn;
  #drawnAtS = Number.NEGATIVE_INFINITY;

  /**
   * @param {Schema} schema @param {number} tickHz @param {number} snapshotEvery ticks
   * @param {number | null} snapDistance an error of the prediction beyond it is not eased
   */
  constructor(schema, tickHz, snapshotEvery, snapDistance) {
    this.#schema = schema;
    this.#tickHz = tickHz;
    this.#tickS = 1 / tickHz;
    this.#snapDistance = snapDistance;
    this.#decoder = new DeltaDecoder(schema);
    this.#interpolator = new Interpolator(schema, tickHz);
    this.#lists = schema.types.map(() => []);
    this.ring = new ViewRing(schema);
    this.spawns = new PredictedSpawns(schema, 1 / tickHz);
    this.people = new RosterReader(schema);
    this.clock = new InterpolationClock(1 / tickHz, snapshotEvery);
    const entities = new Map(schema.types.map((type, i) => [type.name, this.#lists[i]]));
    this.drawn = { entities, avatar: null, tick: 0 };
  }

  get schema() {
    return this.#schema;
  }

  /** The newest applied tick; 0 before the first. */
  get tick() {
    const { tick } = this.ring.newest;
    return tick === NO_TICK ? 0 : tick;
  }

  /** Predicts with this step from now on; null: not at all. @param {SharedStep | null} step */
  useStep(step) {
    this.#step = step;
    this.#dropPredictor();
  }

  /** The player steers this entity from now on. @param {number | null} id */
  setAvatar(id) {
    if (id === this.avatarId) return;
    this.avatarId = id;
    this.#dropPredictor();
  }

  /** Frames and spawns from before a lost link must not act on the state that comes after. */
  forgetPending() {
    this.predictor?.forgetPending();
    this.world?.clear();
    this.spawns.clear();
  }

  /**
   * Takes a STATE.
   *
   * @param {State} state
   * @param {number} nowS
   * @param {InputFrames} frames the player's
   * @returns {("roster" | "room")[]} what has changed of the people and the room
   * @throws {import("./errors.js").DeltaError} when it does not fit; nothing has changed
   */
  apply(state, nowS, frames) {
    const before = this.ring.newest;
    this.#decoder.apply(before, state, this.ring.spare);
    this.ring.commit();
    const changed = this.people.take(before, this.ring.newest, before.tick === NO_TICK);
    this.clock.arrived(state.tick, nowS);
    const sentAtS = frames.roundTrip.sentAtS(state.seq);
    const atS = sentAtS === null ? null : sentAtS + this.#tickS;
    this.spawns.reconcile(this.ring.newest, state.seq, atS, this.world);
    this.#guard(() => this.#reconcile(state, nowS, frames));
    return changed;
  }

  /**
   * Runs a tick of the client's for the own avatar.
   *
   * @param {number} seq of the tick's input frame @param {readonly number[]} codes of the inputs
   * @param {number} tickedAtS when it was due @param {number} lengthS how long it lasts
   */
  predict(seq, codes, tickedAtS, lengthS) {
    this.#guard(() => {
      this.predictor?.predict(seq, codes, tickedAtS, lengthS);
      this.world?.ticked(tickedAtS, lengthS);
    });
  }

  /** Input frame `seq` was never sent: the server will not consume it. @param {number} seq */
  drop(seq) {
    this.predictor?.drop(seq);
    this.world?.drop(seq);
  }

  /** Ends prediction when the shared step raises. @param {() => void} work */
  #guard(work) {
    try {
      work();
    } catch (error) {
      this.stepFault = error instanceof Error ? error.message : String(error);
      this.useStep(null);
    }
  }

  /** @param {State} state @param {number} nowS @param {InputFrames} frames */
  #reconcile({ tick, seq }, nowS, frames) {
    const table = this.avatarId === null ? undefined : this.ring.newest.tableOf(this.avatarId);
    if (table === undefined || this.#step === null) {
      this.#dropPredictor();
      return;
    }
    const avatarId = /** @type {number} */ (this.avatarId);
    const row = table.rowOf(avatarId);
    if (this.predictor === null) this.#others = this.#meet(table.type, this.#step);
    this.#others?.see(seq, table, avatarId);
    if (this.predictor !== null) {
      this.world?.take(seq, this.ring.newest, this.predictor.avatar, nowS);
      this.#correct(this.predictor.received(tick, seq, table, row, nowS), this.predictor);
      this.world?.settle(nowS);
      return;
    }
    this.predictor = this.#begin(table.type, this.#step);
    this.predictor.begin(tick, seq, table, row);
    this.world?.take(seq, this.ring.newest, this.predictor.avatar, nowS);
    const { tickedAtS } = frames.pacer;
    for (const frame of frames.recent) {
      if (frame.seq <= seq) continue;
      this.predictor.predict(frame.seq, frame.codes, tickedAtS, this.#tickS);
      this.world?.ticked(tickedAtS, this.#tickS);
    }
  }

  /** @param {import("./schema.js").EntityType} type @param {SharedStep} step */
  #begin(type, { predict, world }) {
    const hz = this.#tickHz;
    if (world !== undefined) this.world = new PredictedWorld(this.#schema, world, predict, hz);
    const snap = this.#snapDistance ?? world?.snap ?? null;
    const others = this.world ?? this.#others;
    return new Predictor(
      type,
      this.#schema.inputs,
      predict,
      hz,
      snap,
      others,
      world?.floats[type.name],
    );
  }

  #dropPredictor() {
    this.#others = null;
    this.world = null;
    this.predictor = null;
  }

  /** @param {import("./schema.js").EntityType} type @param {SharedStep} step */
  #meet(type, { contact }) {
    return contact === undefined ? null : new Others(type, contact, this.#tickHz);
  }

  /** @param {import("./prediction.js").Outcome} outcome @param {Predictor} predictor */
  #correct(outcome, predictor) {
    if (outcome === "matched") return;
    this.corrections += 1;
    this.correctionUnits = predictor.correctionUnits;
  }

  /** The tick of the others that is on the screen; null: nothing is drawn. @param {number} nowS */
  seen(nowS) {
    return nowS - this.#drawnAtS > NOT_DRAWN_AFTER_S ? null : this.drawn.tick;
  }

  /**
   * What to draw now.
   *
   * @param {number} nowS
   * @param {DrawSwitches} switches
   * @returns {Drawn}
   */
  draw(nowS, { prediction, interpolation }) {
    const drawnS = this.clock.draw(nowS);
    const lists = interpolation
      ? this.#interpolator.draw(this.ring, drawnS)
      : this.#interpolator.drawNewest(this.ring);
    const predictor = prediction ? this.predictor : null;
    const own = predictor === null ? null : predictor.pose(nowS);
    this.drawn.avatar = own;
    lists.forEach((list, i) => {
      this.#show(list, this.#lists[i], predictor?.type.index === i ? own : null);
    });
    this.drawn.tick = interpolation ? Math.max(0, drawnS / this.#tickS) : this.tick;
    if (prediction) this.world?.draw(this.#lists, this.drawn.tick, nowS);
    if (this.ring.count > 0) this.#drawnAtS = nowS;
    if (!prediction) this.spawns.clear();
    this.spawns.draw(this.#lists, this.drawn.tick, nowS, this.world);
    return this.drawn;
  }

  /** What `draw` made the picture from. */
  layers() {
    const { lists } = this.#interpolator;
    return layersOf(this.#schema, this.ring.newest, lists, this.predictor, this.world);
  }

  /**
   * Copies a list to where the caller sees it; the predicted avatar takes the place of the server's.
   *
   * @param {Entity[]} from @param {Entity[]} to @param {Entity | null} own
   */
  #show(from, to, own) {
    to.length = from.length;
    let missing = own;
    for (let i = 0; i < from.length; i += 1) {
      const { id } = from[i];
      if (own !== null && id === own.id) {
        to[i] = own;
        missing = null;
      } else to[i] = from[i];
      if (id === this.avatarId && this.drawn.avatar === null) this.drawn.avatar = to[i];
    }
    if (missing !== null) to.push(missing);
  }
}
