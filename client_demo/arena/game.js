/**
 * The loop of the page. In each drawn frame: read the controls, get the state to draw from the SDK, draw it, show the
 * figures.
 *
 * `frame` is the whole pipeline. It works without a session too: it then shows an empty arena behind the first screen.
 */
import { noFigures, readFigures } from "../pages/net_graph.js";
import { Camera } from "./camera.js";
import { Effects } from "./effects.js";
import { ReachedPickups } from "./reached.js";
import { Minimap } from "./render/minimap.js";
import { Renderer } from "./render/renderer.js";
import { Scene } from "./scene.js";
import { Spectator } from "./spectator.js";

/** A longer gap is a pause; motion is not advanced by more than this. */
const MAX_FRAME_S = 0.1;
/** With nobody to follow the camera drifts over the arena at this pace, radians per second. */
const DRIFT_PER_S = 0.06;

/** @typedef {import("./input/input.js").Input} Input */
/** @typedef {import("./net.js").Session} Session */
/** @typedef {import("./audio.js").Audio} Audio */
/** @typedef {import("./ui/feed.js").Feed} Feed */
/** @typedef {import("../pages/net_graph.js").NetGraph} NetGraph */
/** @typedef {import("./ui/scoreboard.js").Scoreboard} Scoreboard */
/** @typedef {import("./ui/status.js").Status} Status */
/**
 * @typedef {object} Parts
 * @property {HTMLCanvasElement} stage
 * @property {HTMLCanvasElement} minimap
 * @property {Input} input
 * @property {Audio} audio
 * @property {Feed} feed
 * @property {NetGraph} graph
 * @property {Scoreboard} scores
 * @property {Status} status
 */

/** @type {import("./scene.js").Frame} */
const EMPTY_FRAME = Object.freeze({ tick: 0, avatar: null, entities: new Map() });

export class Game {
  camera = new Camera();
  scene = new Scene();
  figures = noFigures();
  renderer;
  effects;
  /** Frames drawn, and how long the newest one took, in milliseconds. */
  frames = 0;
  frameMs = 0;
  /** @type {Session | null} */
  session = null;

  #parts;
  #minimap;
  #spectator;
  #reached = new ReachedPickups();
  #lastMs = 0;
  #seconds = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.renderer = new Renderer(parts.stage, this.camera);
    this.#minimap = new Minimap(parts.minimap);
    this.#spectator = new Spectator(parts.stage);
    const { scene, renderer, camera } = this;
    this.effects = new Effects({ scene, renderer, camera, feed: parts.feed, audio: parts.audio });
  }

  /** @returns {number} running time in seconds */
  get seconds() {
    return this.#seconds;
  }

  /** Switches to another session and drops what was kept of the one before. @param {Session | null} session */
  use(session) {
    this.session = session;
    this.scene.visuals.clear();
    this.#spectator.forget();
    this.#reached.clear();
    this.renderer.hud.defeatedBy = "";
  }

  /** Makes the camera follow the next player, for spectators. */
  followNext() {
    this.#spectator.next();
  }

  /** @param {number} now milliseconds, as requestAnimationFrame gives them */
  frame(now) {
    const started = performance.now();
    const dt = Math.min(MAX_FRAME_S, Math.max(0, (now - this.#lastMs) / 1000));
    this.#lastMs = now;
    this.#seconds += dt;
    this.#steer(now);
    this.scene.take(this.session?.draw(now) ?? EMPTY_FRAME, dt);
    if (this.session !== null) this.#reached.update(this.session, this.scene, now);
    this.effects.update(dt);
    this.#aimCamera(dt);
    this.renderer.draw(this.scene, this.#parts.input.pointer, this.#seconds, dt);
    this.#showFigures(now, dt);
    this.frames += 1;
    this.frameMs = performance.now() - started;
  }

  /** @param {number} now */
  #steer(now) {
    if (this.session === null) return;
    this.session.setControls(this.#parts.input.read(now, this.camera, this.scene.avatar));
  }

  /** @param {number} dt */
  #aimCamera(dt) {
    this.#spectator.update(this.scene);
    const { target } = this.#spectator;
    this.renderer.hud.watched = target?.name ?? "";
    const followed = this.scene.avatar ?? target;
    if (followed !== null) {
      this.camera.follow(dt, followed.x, followed.y, followed.vx, followed.vy);
      return;
    }
    const { left, top, right, bottom } = this.scene.bounds;
    const angle = this.#seconds * DRIFT_PER_S;
    const x = (left + right) / 2 + Math.cos(angle) * (right - left) * 0.22;
    const y = (top + bottom) / 2 + Math.sin(angle * 1.7) * (bottom - top) * 0.2;
    this.camera.follow(dt, x, y, 0, 0);
  }

  /** @param {number} now @param {number} dt */
  #showFigures(now, dt) {
    const { graph, scores, status } = this.#parts;
    status.tick(now);
    if (this.session === null) return;
    readFigures(this.figures, this.session);
    graph.update(this.figures, dt);
    scores.update(this.scene, dt);
    status.roundTrip(this.figures.rtt);
    this.#minimap.draw(this.scene, this.camera);
  }
}
