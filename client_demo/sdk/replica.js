/**
 * Follows one room: applies its deltas, predicts the own avatar, and makes what is to be drawn.
 * Knows no messages but STATE.
 *
 * Pure; times in seconds. A STATE that does not fit changes nothing here and raises DeltaError.
 */
import { InterpolationClock } from "./clock.js";
import { Others } from "./contact.js";
import { DeltaDecoder } from "./decoder.js";
import { Interpolator } from "./interpolation.js";
import { Predictor } from "./prediction.js";
import { PredictedSpawns } from "./spawns.js";
import { NO_TICK, ViewRing } from "./view_state.js";

/**
 * @typedef {import("./codec.js").State} State
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./contact.js").Contact} Contact
 * @typedef {import("./prediction.js").Step} Step
 * @typedef {import("./schema.js").Schema} Schema
 *
 * @typedef {object} OwnFrames the player's input frames, as far as following needs to know of them
 * @property {readonly import("./inputs.js").Frame[]} recent those that may not be consumed yet
 * @property {(seq: number) => number | null} sentAtS when one left
 *
 * @typedef {object} Drawn what a frame shows; all objects are reused in the next frame
 * @property {Map<string, Entity[]>} entities by the name of their type, each list in ascending
 *   order of id except for the own avatar
 * @property {Entity | null} avatar what the player steers, predicted if prediction is on; also in
 *   its list
 * @property {number} tick the moment at which the others are drawn, in ticks of the room
 *
 * @typedef {object} SharedStep what the room's own module exports
 * @property {Step} predict
 * @property {Contact} [contact] for avatars that touch, where the room predicts that
 *
 * @typedef {object} View what a frame should show
 * @property {boolean} prediction
 * @property {boolean} interpolation
 */

/** Nobody has drawn for so long: the page is hidden. */
const NOT_DRAWN_AFTER_S = 0.5;

export class Replica {
  #schema;
  #tickHz;
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
  /** @type {Predictor | null} */
  predictor = null;
  /** @type {number | null} */
  avatarId = null;
  /** States that moved the avatar from where it was predicted to be, and how far the newest did. */
  corrections = 0;
  correctionUnits = 0;
  /** What the game's step raised; prediction has ended then. */
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
    this.#snapDistance = snapDistance;
    this.#decoder = new DeltaDecoder(schema);
    this.#interpolator = new Interpolator(schema, tickHz);
    this.#lists = schema.types.map(() => []);
    this.ring = new ViewRing(schema);
    this.spawns = new PredictedSpawns(schema, 1 / tickHz);
    this.clock = new InterpolationClock(1 / tickHz, snapshotEvery);
    const entities = new Map(schema.types.map((type, i) => [type.name, this.#lists[i]]));
    this.drawn = { entities, avatar: null, tick: 0 };
  }

  get schema() {
    return this.#schema;
  }

  /** Newest applied tick, 0 before the first. */
  get tick() {
    const { tick } = this.ring.newest;
    return tick === NO_TICK ? 0 : tick;
  }

  /** The room's shared step is here: prediction may begin. @param {SharedStep | null} step */
  useStep(step) {
    this.#step = step;
    this.predictor = null;
  }

  /** The player steers this entity from now on. @param {number | null} id */
  steer(id) {
    if (id === this.avatarId) return;
    this.avatarId = id;
    this.predictor = null;
  }

  /**
   * @param {State} state
   * @param {number} nowS
   * @param {OwnFrames} frames
   * @throws {import("./errors.js").DeltaError}
   */
  apply(state, nowS, frames) {
    this.#decoder.apply(this.ring.newest, state, this.ring.spare);
    this.ring.commit();
    this.clock.arrived(state.tick, nowS);
    this.#guard(() => this.#reconcile(state, nowS, frames.recent));
    const sentS = frames.sentAtS(state.seq);
    const shownS = sentS === null ? null : sentS + 1 / this.#tickHz;
    this.spawns.reconcile(this.ring.newest, state.seq, shownS);
  }

  /**
   * Runs a tick of the client's for the own avatar.
   *
   * @param {number} seq @param {readonly number[]} codes of the inputs
   * @param {number} tickedAtS when it was due @param {number} lengthS how long it lasts
   */
  predict(seq, codes, tickedAtS, lengthS) {
    this.#guard(() => this.predictor?.predict(seq, codes, tickedAtS, lengthS));
  }

  /**
   * The step is the game's: what it raises ends prediction, not the session.
   *
   * @param {() => void} work
   */
  #guard(work) {
    try {
      work();
    } catch (error) {
      this.stepFault = error instanceof Error ? error.message : String(error);
      this.useStep(null);
    }
  }

  /** @param {State} state @param {number} nowS @param {OwnFrames["recent"]} recent */
  #reconcile({ tick, seq }, nowS, recent) {
    const table = this.avatarId === null ? undefined : this.ring.newest.tableOf(this.avatarId);
    if (table === undefined || this.#step === null) {
      this.predictor = null;
      return;
    }
    const avatarId = /** @type {number} */ (this.avatarId);
    const row = table.rowOf(avatarId);
    if (this.predictor === null) this.#others = this.#meet(table.type, this.#step);
    this.#others?.see(seq, table, avatarId);
    if (this.predictor !== null) {
      this.#correct(this.predictor.received(tick, seq, table, row, nowS), this.predictor);
      return;
    }
    const { inputs } = this.#schema;
    const hz = this.#tickHz;
    const { predict } = this.#step;
    const others = this.#others;
    this.predictor = new Predictor(table.type, inputs, predict, hz, this.#snapDistance, others);
    this.predictor.begin(tick, seq, table, row);
    for (const frame of recent) {
      if (frame.seq > seq) this.predictor.predict(frame.seq, frame.codes, nowS, 1 / hz);
    }
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

  /** The tick of the others that is on the screen; null when nobody draws. @param {number} nowS */
  seen(nowS) {
    return nowS - this.#drawnAtS > NOT_DRAWN_AFTER_S ? null : this.drawn.tick;
  }

  /**
   * What to draw now.
   *
   * @param {number} nowS
   * @param {View} view
   * @returns {Drawn}
   */
  frame(nowS, view) {
    const drawnS = this.clock.draw(nowS);
    const lists = view.interpolation
      ? this.#interpolator.draw(this.ring, drawnS)
      : this.#interpolator.drawNewest(this.ring);
    const predictor = view.prediction ? this.predictor : null;
    const own = predictor === null ? null : predictor.pose(nowS);
    this.drawn.avatar = own;
    lists.forEach((list, i) => {
      this.#show(list, this.#lists[i], predictor?.type.index === i ? own : null);
    });
    this.drawn.tick = view.interpolation ? Math.max(0, drawnS * this.#tickHz) : this.tick;
    this.#drawnAtS = nowS;
    if (!view.prediction) this.spawns.clear();
    this.spawns.show(this.#lists, this.drawn.tick, nowS);
    return this.drawn;
  }

  /**
   * Copies a list to where the caller sees it; the own avatar as predicted takes the place of what
   * the server last said of it.
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
