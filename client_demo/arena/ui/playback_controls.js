/**
 * The controls of a recording: play and pause, position, speed, and whom the camera follows. They appear when the room
 * says that it is a replay, with the event `replay`.
 *
 * A request is shown at once, until the room's next report after it arrives. Each key does what its button does.
 */

import { setText } from "../../pages/dom.js";
import { isControl, shortcut } from "../input/keyboard.js";

const SPEEDS = Object.freeze([0.25, 0.5, 1, 2, 4, 8]);
const SPEED_LABELS = Object.freeze(["¼×", "½×", "1×", "2×", "4×", "8×"]);
/** How far the back and ahead buttons skip. */
const SKIP_S = 5;
/** How far the arrow keys on the slider skip. */
const NUDGE_S = 1;
/**
 * The room's reports may be from before it received a request. So the requested state is shown for this long, then the
 * newest report.
 */
const HOLD_MS = 400;

/**
 * @typedef {object} Playback what the room reports, in recorded ticks
 * @property {number} tick
 * @property {number} ticks
 * @property {boolean} paused
 * @property {number} speed
 */
/** @typedef {{pause: boolean} | {seek: number} | {speed: number}} PlaybackRequest */
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

export class PlaybackControls {
  /** Called with each request to send to the room. @type {(request: PlaybackRequest) => void} */
  onRequest = () => {};
  /** Called when the camera should follow the next player. */
  onFollow = () => {};
  /**
   * Called with the height that the controls take at the bottom of the screen, in CSS pixels.
   *
   * @type {(px: number) => void}
   */
  onHeight = () => {};
  #parts;
  /** What is shown. @type {Playback} */
  #playback = { tick: 0, ticks: 0, paused: false, speed: 1 };
  /** When `#playback.tick` was current, in the page's milliseconds. */
  #playbackAtMs = 0;
  /** The room's newest report, while a request is shown. @type {{playback: Playback, atMs: number} | null} */
  #report = null;
  #heldUntilMs = 0;
  #tickHz = 60;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    parts.play.addEventListener("click", () => this.#pause());
    parts.back.addEventListener("click", () => this.#skip(-SKIP_S));
    parts.ahead.addEventListener("click", () => this.#skip(SKIP_S));
    parts.slower.addEventListener("click", () => this.#changeSpeed(-1));
    parts.faster.addEventListener("click", () => this.#changeSpeed(1));
    parts.follow.addEventListener("click", () => this.onFollow());
    parts.place.addEventListener("input", () => this.#seek(Number(parts.place.value)));
    parts.place.addEventListener("keydown", (event) => this.#nudge(event));
    window.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.onHeight(parts.bar.offsetHeight)).observe(parts.bar);
  }

  /** @returns {boolean} whether the controls are shown */
  get open() {
    return !this.#parts.bar.hidden;
  }

  /** @returns {Readonly<Playback>} the playback now, extrapolated from what is shown */
  get now() {
    return { ...this.#playback, tick: this.#tickAt(performance.now()) };
  }

  /**
   * Takes a report of the room.
   *
   * @param {Playback} playback
   * @param {number} tickHz of the recording
   * @param {number} nowMs
   */
  update(playback, tickHz, nowMs) {
    this.#parts.bar.hidden = false;
    this.#tickHz = tickHz;
    this.#report = { playback, atMs: nowMs };
    this.#applyReport(nowMs);
  }

  hide() {
    this.#parts.bar.hidden = true;
    this.#heldUntilMs = 0;
    this.#report = null;
  }

  /** Draws the position. @param {number} nowMs @param {string} followed the followed player's name; empty: nobody */
  frame(nowMs, followed) {
    if (!this.open) return;
    this.#applyReport(nowMs);
    const { place, time } = this.#parts;
    const tick = this.#tickAt(nowMs);
    const text = `${clock(tick / this.#tickHz)} / ${clock(this.#playback.ticks / this.#tickHz)}`;
    if (place.value !== String(tick)) place.value = String(tick);
    place.style.setProperty("--part", `${(100 * tick) / Math.max(1, this.#playback.ticks)}%`);
    if (time.textContent !== text) place.setAttribute("aria-valuetext", text);
    setText(time, text);
    setText(this.#parts.followed, followed || "nobody");
  }

  /** Shows the newest report, unless a request is shown still. @param {number} nowMs */
  #applyReport(nowMs) {
    if (this.#report === null || nowMs < this.#heldUntilMs) return;
    this.#playback = { ...this.#report.playback };
    this.#playbackAtMs = this.#report.atMs;
    this.#report = null;
    this.#show();
  }

  /** @param {number} nowMs */
  #tickAt(nowMs) {
    const { tick, ticks, paused, speed } = this.#playback;
    const since = paused ? 0 : ((nowMs - this.#playbackAtMs) / 1000) * this.#tickHz * speed;
    return Math.min(ticks, Math.round(tick + since));
  }

  #show() {
    const { bar, play, place, speed, slower, faster } = this.#parts;
    const index = SPEEDS.indexOf(this.#playback.speed);
    bar.dataset.paused = String(this.#playback.paused);
    play.setAttribute("aria-label", this.#playback.paused ? "Play" : "Pause");
    place.max = String(this.#playback.ticks);
    setText(speed, SPEED_LABELS[index] ?? `${this.#playback.speed}×`);
    slower.disabled = index === 0;
    faster.disabled = index === SPEEDS.length - 1;
  }

  #pause() {
    const { paused } = this.#playback;
    this.#request({ pause: !paused }, { paused: !paused });
  }

  /** @param {number} seconds */
  #skip(seconds) {
    this.#seek(this.#tickAt(performance.now()) + seconds * this.#tickHz);
  }

  /** @param {number} tick */
  #seek(tick) {
    const within = Math.max(0, Math.min(this.#playback.ticks, Math.round(tick)));
    this.#request({ seek: within }, { tick: within });
  }

  /** @param {number} by steps in the list of speeds */
  #changeSpeed(by) {
    const speed = SPEEDS[SPEEDS.indexOf(this.#playback.speed) + by];
    if (speed !== undefined) this.#request({ speed }, { speed });
  }

  /**
   * Sends a request and shows its effect.
   *
   * @param {PlaybackRequest} request
   * @param {Partial<Playback>} change its effect
   */
  #request(request, change) {
    const now = performance.now();
    this.#playback = { ...this.now, ...change };
    this.#playbackAtMs = now;
    this.#heldUntilMs = now + HOLD_MS;
    this.#show();
    this.onRequest(request);
  }

  /** @param {KeyboardEvent} event */
  #nudge(event) {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    this.#skip(direction * NUDGE_S);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && isControl(event.target)) return;
    if (event.repeat && event.key === " ") return;
    const act = this.#actions[shortcut(event)];
    if (act !== undefined) act();
  }

  /** @type {Readonly<Record<string, () => void>>} */
  #actions = {
    " ": () => this.#pause(),
    k: () => this.#pause(),
    j: () => this.#skip(-SKIP_S),
    l: () => this.#skip(SKIP_S),
    ",": () => this.#changeSpeed(-1),
    ".": () => this.#changeSpeed(1),
    home: () => this.#seek(0),
    end: () => this.#seek(this.#playback.ticks),
  };
}

/** @param {number} seconds @returns {string} like 1:05 */
function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
