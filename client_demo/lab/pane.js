/** One half of the lab: a client's picture with ghosts over it, its switches, and its figures. */
import { Camera } from "../arena/camera.js";
import { Renderer } from "../arena/render/renderer.js";
import { Scene } from "../arena/scene.js";
import { Panel } from "../arena/ui/panel.js";
import { setText } from "../pages/dom.js";
import { noFigures, readFigures } from "../pages/net_graph.js";
import { drawErrors, drawGhosts, errorOf } from "./ghosts.js";

const FIGURES_EVERY_S = 0.15;
/** Errors are shown as their mean over about this long, because a number that flickers cannot be read. */
const ERROR_EASE_S = 0.6;
/** Zoom at which ghosts a few units apart can be distinguished. */
const MAGNIFY = 1.6;
/** The largest share of the picture that two ships may span to be shown together. */
const FIT = 0.8;
const NO_POINTER = Object.freeze({ active: false, x: 0, y: 0 });

/** @typedef {import("../arena/types.js").Ship} Ship */
/** @typedef {import("../arena/ui/panel.js").Switches} Switches */
/** @typedef {import("./client.js").Ghost} Ghost */
/** @typedef {import("./client.js").LabClient} LabClient */
/** Which ghosts to draw. @typedef {{server: boolean, received: boolean, interpolated: boolean, predicted: boolean}} Ghosts */

export class Pane {
  scene = new Scene();
  /** @type {LabClient | null} */
  client = null;
  #camera = new Camera();
  #renderer;
  #panel;
  #part;
  #figures = noFigures();
  #figuresWait = 0;
  #ownError = 0;
  #otherError = 0;

  /**
   * @param {HTMLTemplateElement} template
   * @param {HTMLElement} into
   * @param {{title: string, hint: string, switches: Switches}} options
   */
  constructor(template, into, { title, hint, switches }) {
    into.append(template.content.cloneNode(true));
    const root = /** @type {HTMLElement} */ (into.lastElementChild);
    this.#part = (/** @type {string} */ name) =>
      /** @type {HTMLElement} */ (root.querySelector(`.${name}`));
    const field = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement} */ (this.#part(name));
    setText(/** @type {HTMLElement} */ (root.querySelector("h2")), title);
    setText(this.#part("keys-hint"), hint);
    root.setAttribute("aria-label", title);
    const stage = /** @type {HTMLCanvasElement} */ (this.#part("stage"));
    stage.setAttribute("aria-label", `What ${title} sees`);
    this.#camera.magnify = MAGNIFY;
    this.#renderer = new Renderer(stage, this.#camera);
    this.#renderer.hud.hidden = true;
    this.#panel = new Panel(
      {
        prediction: field("prediction"),
        interpolation: field("interpolation"),
        lag: field("lag"),
        jitter: field("jitter"),
        lagValue: this.#part("lag-value"),
        jitterValue: this.#part("jitter-value"),
        verdict: this.#part("verdict"),
      },
      switches,
    );
    this.#panel.onChange = (changed) => {
      if (this.client !== null) this.client.session.switches = changed;
    };
  }

  /** @returns {Switches} */
  get switches() {
    return this.#panel.switches;
  }

  /**
   * @param {number} now milliseconds
   * @param {number} dt seconds
   * @param {number} partnerId id of the other pane's ship
   * @param {Map<number, Ghost>} serverPoses
   * @param {Ghosts} ghosts
   */
  frame(now, dt, partnerId, serverPoses, ghosts) {
    const { client, scene } = this;
    if (client === null) return;
    scene.take(client.frame(now), dt);
    const partner = scene.ships.find(({ id }) => id === partnerId);
    this.#aimCamera(dt, partner);
    this.#renderer.draw(scene, NO_POINTER, now / 1000, dt);
    const ctx = this.#renderer.context;
    for (const layer of /** @type {const} */ (["interpolated", "predicted"])) {
      if (ghosts[layer]) drawGhosts(ctx, this.#camera, client.layer(layer), layer);
    }
    if (ghosts.received) drawGhosts(ctx, this.#camera, client.received.values(), "received");
    if (ghosts.server) {
      drawErrors(ctx, this.#camera, scene.ships, serverPoses);
      drawGhosts(ctx, this.#camera, serverPoses.values(), "server");
    }
    this.#measure(partner, serverPoses, dt);
    this.#write(client, dt);
  }

  /**
   * Aims between the two ships while both fit into the picture, otherwise at the own ship.
   *
   * @param {number} dt
   * @param {Ship | undefined} partner
   */
  #aimCamera(dt, partner) {
    const own = this.scene.avatar;
    if (own === null) return;
    const { width, height, scale } = this.#camera;
    const x = (partner?.x ?? own.x) - own.x;
    const y = (partner?.y ?? own.y) - own.y;
    const fits = Math.abs(x) < (width / scale) * FIT && Math.abs(y) < (height / scale) * FIT;
    const share = fits ? 0.5 : 0;
    this.#camera.follow(dt, own.x + x * share, own.y + y * share, 0, 0);
  }

  /** @param {Ship | undefined} other @param {Map<number, Ghost>} serverPoses @param {number} dt */
  #measure(other, serverPoses, dt) {
    const part = 1 - Math.exp(-dt / ERROR_EASE_S);
    const own = this.scene.avatar;
    this.#ownError += ((errorOf(own, serverPoses) ?? this.#ownError) - this.#ownError) * part;
    this.#otherError +=
      ((errorOf(other, serverPoses) ?? this.#otherError) - this.#otherError) * part;
  }

  /** @param {LabClient} client @param {number} dt */
  #write(client, dt) {
    this.#figuresWait -= dt;
    if (this.#figuresWait > 0) return;
    this.#figuresWait = FIGURES_EVERY_S;
    readFigures(this.#figures, client.session);
    const { rtt, jitter, interpolationMs, lead, corrections } = this.#figures;
    setText(this.#part("own-error"), `${this.#ownError.toFixed(1)} units`);
    setText(this.#part("other-error"), `${this.#otherError.toFixed(1)} units`);
    setText(this.#part("rtt"), `${rtt.toFixed(0)} ± ${jitter.toFixed(0)} ms`);
    setText(this.#part("delay"), `${interpolationMs.toFixed(0)} ms`);
    setText(this.#part("lead"), `${lead.toFixed(1)} ticks`);
    setText(this.#part("corrections"), String(corrections));
  }
}
