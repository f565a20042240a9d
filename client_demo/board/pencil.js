/**
 * The own strokes until the room has them: drawn at once, sent in batches, and sent again from where the room's copy
 * ends when a link was lost. Knows nothing of canvas, network or clock: the time is an argument.
 */
import {
  HEIGHT,
  MAX_MESSAGE_POINTS,
  MAX_MESSAGE_POINTS_WITH_WIDTHS,
  MAX_STROKE_POINTS,
  WIDTH,
  widthOf,
} from "./sheet.js";
import { Shape } from "./strokes.js";

/** @typedef {import("./sheet.js").Colour} Colour */
/** @typedef {(name: string, payload: unknown) => boolean} Send false: not sent */
/** @typedef {{mark: number, taken: number, drawing: boolean}} Taken what the room has, from the own entry of the roster */
/**
 * @typedef {object} OwnStroke
 * @property {number} mark the page's number for it
 * @property {number} gesture the movement of the pen that it belongs to
 * @property {Shape} shape
 * @property {boolean} done
 * @property {number} sent points that were sent
 * @property {boolean} doneSent
 */

/** Without an answer for so long the rest is sent again. */
const SEND_AGAIN_MS = 2500;
/** Points nearer to the last one are left out, in units. */
const MIN_STEP = 3;
/** Nobody draws more without a link; the room would take it only slowly. */
export const MAX_WAITING_POINTS = 20_000;

export class Pencil {
  /** The oldest first. @type {OwnStroke[]} */
  strokes = [];
  #mark = 0;
  #gesture = 0;
  /** When the room last took something, or had nothing to take. */
  #answeredMs = 0;
  #taken = "";

  /** How many points the room does not have yet. */
  get waiting() {
    return this.strokes.reduce((sum, { shape }) => sum + shape.points.length / 2, 0);
  }

  /** The one that is being drawn. @returns {OwnStroke | null} */
  get open() {
    const last = this.strokes.at(-1);
    return last === undefined || last.done ? null : last;
  }

  /** A new movement of the pen or the eraser; what it does is undone in one step. */
  newGesture() {
    this.#gesture += 1;
    return this.#gesture;
  }

  /**
   * @param {number} x @param {number} y @param {Colour} colour @param {number} pen
   * @param {number} [pressure] 0 to 1, of a pen that feels it
   */
  begin(x, y, colour, pen, pressure) {
    this.end();
    this.newGesture();
    this.#start(x, y, colour, pen, widthOf(pen, pressure));
  }

  /** @param {number} x @param {number} y @param {number} [pressure] 0 to 1, if the stroke began with one */
  extend(x, y, pressure) {
    const open = this.open;
    if (open === null) return;
    const [left, top] = onSheet(x, y);
    const { points, colour, pen, widths } = open.shape;
    const width = widths.length > 0 ? (widthOf(pen, pressure) ?? pen) : undefined;
    const [lastX, lastY] = points.slice(-2);
    if (Math.hypot(left - lastX, top - lastY) < MIN_STEP) return;
    open.shape.add(left, top, width);
    if (points.length / 2 < MAX_STROKE_POINTS) return;
    open.done = true; // the line goes on in a second stroke of the same movement
    this.#start(left, top, colour, pen, width);
  }

  end() {
    if (this.open !== null) this.open.done = true;
  }

  /** Takes back the stroke that is being drawn, if nothing of it was sent. @returns {boolean} whether it did */
  cancel() {
    const open = this.open;
    if (open === null || open.sent > 0) return false;
    this.strokes.pop();
    return true;
  }

  /** Takes back the newest stroke of which nothing was sent. @returns {boolean} whether there was one */
  undoUnsent() {
    const last = this.strokes.at(-1);
    if (last === undefined || last.sent > 0) return false;
    this.strokes = this.strokes.filter(({ gesture, sent }) => gesture !== last.gesture || sent > 0);
    return true;
  }

  /**
   * Sends what was not sent.
   *
   * @param {Send} send @param {number} nowMs
   * @returns {boolean} whether all of it was sent
   */
  flush(send, nowMs) {
    if (this.strokes.length === 0) this.#answeredMs = nowMs;
    for (const stroke of this.strokes) {
      const total = stroke.shape.points.length / 2;
      while (stroke.sent < total || (stroke.done && !stroke.doneSent)) {
        if (!this.#sendBatch(send, stroke, total)) return false;
      }
    }
    return true;
  }

  /**
   * Takes what the room says it has, and forgets strokes that it has whole.
   *
   * @param {Taken} taken @param {number} nowMs
   * @param {boolean} newLink what was sent over the link before may be lost
   * @returns {boolean} whether there were any
   */
  confirm(taken, nowMs, newLink) {
    const before = this.strokes.length;
    this.#mark = Math.max(this.#mark, taken.mark);
    this.strokes = this.strokes.filter((stroke) => !isWhole(stroke, taken));
    const now = `${taken.mark} ${taken.taken} ${taken.drawing}`;
    if (now !== this.#taken) this.#answeredMs = nowMs;
    this.#taken = now;
    if (newLink || nowMs - this.#answeredMs >= SEND_AGAIN_MS) this.#sendAgain(taken, nowMs);
    return this.strokes.length !== before;
  }

  /** @param {Taken} taken @param {number} nowMs */
  #sendAgain({ mark, taken }, nowMs) {
    this.#answeredMs = nowMs;
    for (const stroke of this.strokes) {
      stroke.sent = stroke.mark === mark ? Math.min(stroke.sent, taken) : 0;
      stroke.doneSent = false;
    }
  }

  /** Whether the page draws a stroke of the room's itself. @param {number} mark */
  draws(mark) {
    return this.strokes.some((stroke) => stroke.mark === mark);
  }

  /** @param {number} x @param {number} y @param {Colour} colour @param {number} pen @param {number} [width] */
  #start(x, y, colour, pen, width) {
    this.#mark += 1;
    const shape = new Shape(Number.POSITIVE_INFINITY, 0, colour, pen);
    shape.add(...onSheet(x, y), width);
    const [mark, gesture] = [this.#mark, this.#gesture];
    this.strokes.push({ mark, gesture, shape, done: false, sent: 0, doneSent: false });
  }

  /** @param {Send} send @param {OwnStroke} stroke @param {number} total */
  #sendBatch(send, stroke, total) {
    const { mark, gesture, shape, sent } = stroke;
    const { widths } = shape;
    const most = widths.length > 0 ? MAX_MESSAGE_POINTS_WITH_WIDTHS : MAX_MESSAGE_POINTS;
    const until = Math.min(total, sent + most);
    const done = stroke.done && until === total;
    const points = shape.points.slice(2 * sent, 2 * until);
    const { colour, pen } = shape;
    const draw = { mark, gesture, colour, pen, at: sent, points, done };
    const more = widths.length > 0 ? { widths: widths.slice(sent, until) } : {};
    if (!send("draw", { ...draw, ...more })) return false;
    stroke.sent = until;
    stroke.doneSent = done;
    return true;
  }
}

/** Whether the room takes no more of a stroke. @param {OwnStroke} stroke @param {Taken} taken */
function isWhole(stroke, { mark, drawing }) {
  return stroke.done && (stroke.mark < mark || (stroke.mark === mark && !drawing));
}

/** @param {number} x @param {number} y @returns {[number, number]} */
function onSheet(x, y) {
  return [
    Math.max(0, Math.min(WIDTH, Math.round(x))),
    Math.max(0, Math.min(HEIGHT, Math.round(y))),
  ];
}
