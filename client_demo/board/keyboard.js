/** All tools by keys, and a cross that arrows move and Space draws with. */
import { UNITS_PER_PIXEL } from "./sheet.js";

/** @typedef {import("./tools.js").Tools} Tools */
/** @typedef {import("./view.js").View} View */
/**
 * @typedef {object} Acts what keys do
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {() => void} fit
 * @property {(factor: number) => void} zoom
 * @property {(x: number, y: number) => void} press begins to draw or to erase, in units
 * @property {(x: number, y: number) => void} go
 * @property {() => void} lift
 * @property {() => void} viewMoved
 * @property {(text: string) => void} say
 */

/** @type {Readonly<Record<string, readonly [x: number, y: number]>>} */
const WAYS = Object.freeze({
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
});
/** Pixels of the page for each press of an arrow. */
const STEP_PX = 12;
const FINE_PX = 2;
const EDGE_PX = 60;

export class Keyboard {
  /** Where the cross is, in units; null: there is none. @type {[x: number, y: number] | null} */
  cross = null;
  #isDown = false;
  #view;
  #tools;
  #acts;
  #stage;

  /** @param {HTMLElement} stage @param {View} view @param {Tools} tools @param {Acts} acts */
  constructor(stage, view, tools, acts) {
    this.#stage = stage;
    this.#view = view;
    this.#tools = tools;
    this.#acts = acts;
    window.addEventListener("keydown", (event) => this.#key(event));
    stage.addEventListener("pointerdown", () => this.hide());
    stage.addEventListener("blur", () => this.#lift());
  }

  /** The pointer is used instead. */
  hide() {
    this.#lift();
    this.cross = null;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target instanceof HTMLInputElement || event.altKey) return;
    if (document.body.dataset.link === "idle" || document.querySelector("dialog[open]")) return;
    const done =
      event.ctrlKey || event.metaKey
        ? this.#command(event)
        : this.#plain(event) || this.#draw(event);
    if (done) event.preventDefault();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it means something */
  #command({ key, shiftKey }) {
    const letter = key.toLowerCase();
    if (letter === "z" && !shiftKey) this.#acts.undo();
    else if (letter === "y" || (letter === "z" && shiftKey)) this.#acts.redo();
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it means something */
  #plain({ key }) {
    const tools = this.#tools;
    if (/^[1-8]$/.test(key)) tools.dip(Number(key) - 1);
    else if (key === "p") tools.take("pen");
    else if (key === "e") tools.take("eraser");
    else if (key === "h") tools.take("hand");
    else if (key === "[") tools.choosePen(tools.pen - 1);
    else if (key === "]") tools.choosePen(tools.pen + 1);
    else if (key === "u") this.#acts.undo();
    else if (key === "r") this.#acts.redo();
    else if (key === "0") this.#acts.fit();
    else if (key === "+" || key === "=") this.#acts.zoom(1.25);
    else if (key === "-") this.#acts.zoom(0.8);
    else return false;
    if (!["u", "r", "0", "+", "=", "-"].includes(key)) this.#acts.say(tools.says);
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it means something */
  #draw(event) {
    if (document.activeElement !== this.#stage) return false;
    const way = WAYS[event.key];
    if (way !== undefined) this.#move(way, event.shiftKey ? FINE_PX : STEP_PX);
    else if (event.key === " ") {
      if (!event.repeat) this.#toggle();
    } else if (event.key === "Escape" && this.#isDown) this.#lift();
    else return false;
    return true;
  }

  /** @param {readonly [x: number, y: number]} way @param {number} pixels */
  #move([across, down], pixels) {
    const view = this.#view;
    const units = (pixels * UNITS_PER_PIXEL) / view.zoom;
    if (this.#tools.tool === "hand") {
      view.pan(-across * 4 * pixels, -down * 4 * pixels);
      this.#acts.viewMoved();
      return;
    }
    const [x, y] = this.cross ?? view.middle;
    this.cross = [x + across * units, y + down * units];
    this.#acts.go(...this.cross);
    this.#follow();
  }

  /** Moves the sheet so that the cross is seen. */
  #follow() {
    if (this.cross === null) return;
    const view = this.#view;
    const [left, top] = view.pixel(...this.cross);
    const [width, height] = [view.width / view.density, view.height / view.density];
    const dx = Math.max(0, EDGE_PX - left) - Math.max(0, left - width + EDGE_PX);
    const dy = Math.max(0, EDGE_PX - top) - Math.max(0, top - height + 2 * EDGE_PX);
    if (dx !== 0 || dy !== 0) view.pan(dx, dy);
    this.#acts.viewMoved();
  }

  #toggle() {
    if (this.#isDown) {
      this.#lift();
      return;
    }
    this.cross ??= this.#view.middle;
    if (this.#tools.tool === "hand") this.#tools.take("pen");
    this.#isDown = true;
    this.#acts.press(...this.cross);
    this.#acts.say(this.#tools.tool === "pen" ? "Pen down" : "Eraser down");
  }

  #lift() {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#acts.lift();
    this.#acts.say(this.#tools.tool === "pen" ? "Pen up" : "Eraser up");
  }
}
