/**
 * The bar under a recording: play and pause, where it is, how fast, whom the camera follows. Shown as soon as the room
 * says that it is a replay, which it does with the event `replay`.
 *
 * What one asks for is shown at once; the room's next word on it counts. Each key does what its button does.
 */
import { isControl } from "../input/keyboard.js";
import { setText } from "./dom.js";

const SPEEDS = Object.freeze([0.25, 0.5, 1, 2, 4, 8]);
const SPEED_WORDS = Object.freeze(["¼×", "½×", "1×", "2×", "4×", "8×"]);
const HOP_S = 5;
/** The arrow keys on the slider. */
const NUDGE_S = 1;
/** What the room says may have been true before it heard of a wish: for so long the wish is shown, then the room's newest word. */
const HOLD_MS = 400;

/** @typedef {{tick: number, ticks: number, paused: boolean, speed: number}} Told what the room says, in recorded ticks */
/** @typedef {{pause: boolean} | {seek: number} | {speed: number}} Wish */
/**
 * @typedef {object} Parts
 * @property {HTMLElement} bar
 * @property {HTMLButtonElement} play
 * @property {HTMLButtonElement} back
 * @property {HTMLButtonElement} ahead
 * @property {HTMLInputElement} place
 * @property {HTMLElement} time
 * @property {HTMLButtonElement} slower
 * @property {HTMLButtonElement} faster
 * @property {HTMLElement} speed
 * @property {HTMLButtonElement} follow
 * @property {HTMLElement} followed
 */

export class Transport {
  /** @type {(wish: Wish) => void} */
  onWish = () => {};
  /** Somebody else is to be followed. */
  onFollow = () => {};
  /** The bar takes so much of the screen's bottom, in CSS pixels. @type {(px: number) => void} */
  onHeight = () => {};
  #parts;
  /** @type {Told} */
  #told = { tick: 0, ticks: 0, paused: false, speed: 1 };
  #toldAtMs = 0;
  /** The room's newest word, while a wish is shown. @type {{told: Told, atMs: number} | null} */
  #waiting = null;
  #heldUntilMs = 0;
  #tickHz = 60;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    parts.play.addEventListener("click", () => this.#pause());
    parts.back.addEventListener("click", () => this.#hop(-HOP_S));
    parts.ahead.addEventListener("click", () => this.#hop(HOP_S));
    parts.slower.addEventListener("click", () => this.#pace(-1));
    parts.faster.addEventListener("click", () => this.#pace(1));
    parts.follow.addEventListener("click", () => this.onFollow());
    parts.place.addEventListener("input", () => this.#seek(Number(parts.place.value)));
    parts.place.addEventListener("keydown", (event) => this.#nudge(event));
    window.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.onHeight(parts.bar.offsetHeight)).observe(parts.bar);
  }

  get open() {
    return !this.#parts.bar.hidden;
  }

  /** @returns {Readonly<Told>} as it is now, reckoned on from what was told */
  get now() {
    return { ...this.#told, tick: this.#tickAt(performance.now()) };
  }

  /** @param {Told} told @param {number} tickHz of the recording @param {number} nowMs */
  take(told, tickHz, nowMs) {
    this.#parts.bar.hidden = false;
    this.#tickHz = tickHz;
    this.#waiting = { told, atMs: nowMs };
    this.#settle(nowMs);
  }

  hide() {
    this.#parts.bar.hidden = true;
    this.#heldUntilMs = 0;
    this.#waiting = null;
  }

  /** @param {number} nowMs @param {string} followed who is in the middle of the picture; empty: nobody */
  frame(nowMs, followed) {
    if (!this.open) return;
    this.#settle(nowMs);
    const { place, time } = this.#parts;
    const tick = this.#tickAt(nowMs);
    const words = `${clock(tick / this.#tickHz)} / ${clock(this.#told.ticks / this.#tickHz)}`;
    if (place.value !== String(tick)) place.value = String(tick);
    place.style.setProperty("--part", `${(100 * tick) / Math.max(1, this.#told.ticks)}%`);
    if (time.textContent !== words) place.setAttribute("aria-valuetext", words);
    setText(time, words);
    setText(this.#parts.followed, followed || "nobody");
  }

  /** @param {number} nowMs */
  #settle(nowMs) {
    if (this.#waiting === null || nowMs < this.#heldUntilMs) return;
    this.#told = { ...this.#waiting.told };
    this.#toldAtMs = this.#waiting.atMs;
    this.#waiting = null;
    this.#show();
  }

  /** @param {number} nowMs */
  #tickAt(nowMs) {
    const { tick, ticks, paused, speed } = this.#told;
    const since = paused ? 0 : ((nowMs - this.#toldAtMs) / 1000) * this.#tickHz * speed;
    return Math.min(ticks, Math.round(tick + since));
  }

  #show() {
    const { bar, play, place, speed, slower, faster } = this.#parts;
    const index = SPEEDS.indexOf(this.#told.speed);
    bar.dataset.paused = String(this.#told.paused);
    play.setAttribute("aria-label", this.#told.paused ? "Play" : "Pause");
    place.max = String(this.#told.ticks);
    setText(speed, SPEED_WORDS[index] ?? `${this.#told.speed}×`);
    slower.disabled = index === 0;
    faster.disabled = index === SPEEDS.length - 1;
  }

  #pause() {
    const { paused } = this.#told;
    this.#wish({ pause: !paused }, { paused: !paused });
  }

  /** @param {number} seconds */
  #hop(seconds) {
    this.#seek(this.#tickAt(performance.now()) + seconds * this.#tickHz);
  }

  /** @param {number} tick */
  #seek(tick) {
    const within = Math.max(0, Math.min(this.#told.ticks, Math.round(tick)));
    this.#wish({ seek: within }, { tick: within });
  }

  /** @param {number} by places in the list of speeds */
  #pace(by) {
    const speed = SPEEDS[SPEEDS.indexOf(this.#told.speed) + by];
    if (speed !== undefined) this.#wish({ speed }, { speed });
  }

  /** @param {Wish} wish @param {Partial<Told>} shown what it changes */
  #wish(wish, shown) {
    const now = performance.now();
    this.#told = { ...this.now, ...shown };
    this.#toldAtMs = now;
    this.#heldUntilMs = now + HOLD_MS;
    this.#show();
    this.onWish(wish);
  }

  /** @param {KeyboardEvent} event */
  #nudge(event) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    this.#hop(way * NUDGE_S);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && isControl(event.target)) return;
    if (event.repeat && event.key === " ") return;
    const act = this.#actions[event.key.toLowerCase()];
    if (act !== undefined) act();
  }

  /** @type {Readonly<Record<string, () => void>>} */
  #actions = {
    " ": () => this.#pause(),
    k: () => this.#pause(),
    j: () => this.#hop(-HOP_S),
    l: () => this.#hop(HOP_S),
    ",": () => this.#pace(-1),
    ".": () => this.#pace(1),
    home: () => this.#seek(0),
    end: () => this.#seek(this.#told.ticks),
  };
}

/** @param {number} seconds @returns {string} like 1:05 */
function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
