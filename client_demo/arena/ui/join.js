/** The first screen: a name, a colour, and a preview of the ship. */

import { make } from "../../pages/dom.js";
import { dusk, hueStep, neon, SHIP_COLOURS } from "../palette.js";
import { Sprites } from "../render/sprites.js";
import { makeMark } from "./mark.js";

const PREVIEW_ZOOM = 2.6;

/** @typedef {{name: string, hue: number}} Pilot */
/**
 * @typedef {object} Parts
 * @property {HTMLElement} screen
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} name
 * @property {HTMLElement} colours
 * @property {HTMLCanvasElement} preview
 * @property {HTMLButtonElement} watch
 */

export class JoinScreen {
  /** Called when the player joins. @type {(pilot: Pilot) => void} */
  onPlay = () => {};
  /** Called when the player only wants to watch. */
  onWatch = () => {};

  #parts;
  #hue;
  #sprites = new Sprites();

  /** @param {Parts} parts @param {Pilot} pilot initial values of the fields */
  constructor(parts, pilot) {
    this.#parts = parts;
    this.#hue = pilot.hue;
    parts.name.value ||= pilot.name; // what was typed before this module had loaded stays
    parts.colours.append(...SHIP_COLOURS.map((colour) => this.#swatch(colour)));
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.onPlay({ name: parts.name.value.trim(), hue: this.#hue });
    });
    parts.watch.addEventListener("click", () => this.onWatch());
    this.#choose(pilot.hue);
  }

  /** @returns {boolean} */
  get open() {
    return !this.#parts.screen.hidden;
  }

  show() {
    this.#parts.screen.hidden = false;
    this.#parts.name.focus();
  }

  hide() {
    this.#parts.screen.hidden = true;
  }

  /** Draws the turning ship. @param {number} seconds running time */
  draw(seconds) {
    const { preview } = this.#parts;
    const density = Math.min(2, window.devicePixelRatio || 1);
    const size = Math.round(preview.clientWidth * density);
    if (size === 0) return;
    if (preview.width !== size) {
      preview.width = size;
      preview.height = size;
    }
    const scale = PREVIEW_ZOOM * density;
    this.#sprites.sharpen(scale);
    const ctx = /** @type {CanvasRenderingContext2D} */ (preview.getContext("2d"));
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, size, size);
    const angle = -Math.PI / 2 + Math.sin(seconds * 0.7) * 0.5;
    const view = {
      scale,
      screenX: (/** @type {number} */ x) => size / 2 + x * scale,
      screenY: (/** @type {number} */ y) => size / 2 + y * scale,
    };
    this.#paint(ctx, view, angle, seconds);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {import("../render/sprites.js").View} view
   * @param {number} angle
   * @param {number} seconds
   */
  #paint(ctx, view, angle, seconds) {
    const column = hueStep(this.#hue);
    const burn = 0.8 + 0.2 * Math.sin(seconds * 31);
    const back = 10 + 16 * burn;
    const x = -Math.cos(angle) * back;
    const y = -Math.sin(angle) * back;
    ctx.globalCompositeOperation = "lighter";
    this.#sprites.stamp(ctx, view, "flame", column, x, y, angle, burn, 1);
    ctx.globalCompositeOperation = "source-over";
    this.#sprites.stamp(ctx, view, "hull", column, 0, 0, angle, 1, 1);
  }

  /** @param {{name: string, hue: number}} colour */
  #swatch({ name, hue }) {
    const label = make("label", "swatch");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "hue";
    radio.value = String(hue);
    radio.checked = hue === this.#hue;
    radio.addEventListener("change", () => this.#choose(hue));
    label.style.setProperty("--hue", neon(hue));
    label.style.setProperty("--hue-dark", dusk(hue));
    const chip = make("span", "chip");
    chip.append(makeMark(hue));
    label.append(radio, chip, make("span", "visually-hidden", name));
    return label;
  }

  /** @param {number} hue */
  #choose(hue) {
    this.#hue = hue;
    this.#parts.screen.style.setProperty("--own", neon(hue));
    this.#parts.screen.style.setProperty("--own-soft", neon(hue, 0.28));
  }
}
