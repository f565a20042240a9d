/** The board on the canvas: what a person does to it, and the picture of one moment. Drawn only when something changes. */
import { Cursors } from "./cursors.js";
import { Eraser } from "./eraser.js";
import { Keyboard } from "./keyboard.js";
import { MAX_WAITING_POINTS, Pencil } from "./pencil.js";
import { drawShape, enter, Picture } from "./picture.js";
import { Pointers } from "./pointer.js";
import { around, COLOURS, HEIGHT, PAPER, PENS, UNITS_PER_PIXEL, WIDTH } from "./sheet.js";
import { Strokes } from "./strokes.js";
import { View } from "./view.js";

/** @typedef {import("../pages/net.js").Session} Session */
/** @typedef {import("./strokes.js").Shape} Shape */
/** @typedef {import("./tools.js").Tools} Tools */

const FLUSH_MS = 50;
/** A finger's stroke is not sent for so long: a second finger may follow, and then it was none. */
const TOUCH_HOLD_MS = 120;

export class Easel {
  /** Something is to be said to the person. @type {(text: string) => void} */
  onSay = () => {};

  view = new View();
  strokes = new Strokes();
  pencil = new Pencil();
  cursors = new Cursors();
  controls = { x: 0, y: 0, shown: false };
  /** How long the script of the last drawn frame took. */
  frameMs = 0;
  /** How many frames were drawn. */
  frames = 0;

  #canvas;
  #ctx;
  #tools;
  #keyboard;
  #picture = new Picture();
  #eraser = new Eraser();
  /** @type {Session | null} */
  #session = null;
  #isOnline = false;
  #isNewLink = false;
  #isFitted = false;
  #isStale = true;
  /** Whether what is being done is erasing. */
  #erases = false;
  #isBusy = false;
  #flushAtMs = 0;
  #lastMs = 0;
  /** The pointer, in pixels of the page. @type {{x: number, y: number} | null} */
  #pointer = null;
  #warned = false;

  /** @param {HTMLCanvasElement} canvas @param {Tools} tools */
  constructor(canvas, tools) {
    this.#canvas = canvas;
    this.#ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.#tools = tools;
    const place = (/** @type {number} */ x, /** @type {number} */ y) => this.view.place(x, y);
    new Pointers(canvas, this.view, {
      begin: (x, y, { erases, touches, pressure }) => {
        if (touches) this.#flushAtMs = performance.now() + TOUCH_HOLD_MS;
        this.press(...place(x, y), erases, pressure);
      },
      go: (x, y, pressure) => this.go(...place(x, y), pressure),
      end: () => this.lift(),
      takeBack: () => this.#takeBack(),
      hover: (x, y) => this.#point(x, y),
      leave: () => {
        this.#pointer = null;
        this.controls.shown = false;
        this.#isStale = true;
      },
      viewMoved: () => this.redraw(),
      moves: () => tools.tool === "hand" || !this.#mayDraw,
    });
    this.#keyboard = new Keyboard(canvas, this.view, tools, {
      undo: () => this.undo(),
      redo: () => this.redo(),
      fit: () => this.fit(),
      zoom: (factor) => this.zoom(factor),
      press: (x, y) => this.press(x, y, false),
      go: (x, y) => this.go(x, y),
      lift: () => this.lift(),
      viewMoved: () => this.redraw(),
      say: (text) => this.onSay(text),
    });
    this.view.centre(WIDTH / 2, HEIGHT / 2);
  }

  /** Whether all finished strokes are on the canvas, as sharp as they can be. */
  get isDrawn() {
    return this.#picture.shows(this.view);
  }

  // --- the room

  /** Follows another room, or none. @param {Session | null} session */
  follow(session) {
    this.#session = session;
    this.pencil = new Pencil();
    this.#clear();
    this.#isOnline = false;
    this.#isFitted = false;
    if (session === null) return;
    session.controls = this.controls;
    session.on("notice", ({ name }) => {
      // What the pencil has is kept: the room does not have it yet.
      if (name === "rolled_back" && this.#session === session) this.#clear();
    });
  }

  /** Forgets what the room has said. */
  #clear() {
    this.strokes.clear();
    this.#eraser.clear();
    this.#picture.clear();
    this.cursors = new Cursors();
    this.#isStale = true;
  }

  /** @param {boolean} isOnline */
  setOnline(isOnline) {
    this.#isOnline = isOnline;
    if (isOnline) this.#isNewLink = true;
  }

  /** Takes the newest state. @param {number} nowMs */
  update(nowMs) {
    const session = this.#session;
    const me = session?.me;
    if (!session || !me) return;
    const { entities } = session.draw(nowMs);
    if (me.state !== null && this.#isOnline) {
      const { mark, taken, drawing } = me.state;
      const have = { mark, taken, drawing };
      if (this.pencil.confirm(have, nowMs, this.#isNewLink)) this.#isStale = true;
      this.#isNewLink = false;
    }
    const isShown = (/** @type {import("../pages/net.js").Entity} */ { by, mark }) =>
      by !== me.number || !this.pencil.draws(mark);
    if (this.strokes.update(entities.get("Stroke") ?? [], isShown)) this.#isStale = true;
    this.#picture.change(this.strokes.finished, this.strokes.changes);
    this.#eraser.gone(this.strokes.changes.removed);
    const cursors = entities.get("Cursor") ?? [];
    if (this.cursors.update(cursors, session.roster, me.number)) this.#isStale = true;
    if (!this.#isFitted) {
      this.#isFitted = true;
      this.fit();
    }
  }

  // --- what the person does

  get #mayDraw() {
    const state = this.#session?.me?.state;
    return state !== null && state !== undefined && !state.spectator;
  }

  /**
   * Begins to draw or to erase.
   *
   * @param {number} x @param {number} y in units @param {boolean} erases with any tool
   * @param {number} [pressure] 0 to 1, of a pen that feels it
   */
  press(x, y, erases, pressure) {
    if (!this.#mayDraw) return;
    this.#isBusy = true;
    this.#erases = erases || this.#tools.tool === "eraser";
    this.#warned = false;
    if (this.#erases) {
      this.#eraser.begin(this.pencil.newGesture());
      this.go(x, y);
    } else if (this.pencil.waiting < MAX_WAITING_POINTS) {
      this.pencil.begin(x, y, this.#tools.colour, PENS[this.#tools.pen], pressure);
    } else this.onSay("Wait until the link is back: no more can be kept.");
    this.#isStale = true;
  }

  /** @param {number} x @param {number} y in units @param {number} [pressure] */
  go(x, y, pressure) {
    Object.assign(this.controls, { x: clampTo(x, WIDTH), y: clampTo(y, HEIGHT), shown: true });
    if (!this.#isBusy) return;
    this.#isStale = true;
    if (!this.#erases) {
      this.pencil.extend(x, y, pressure);
      return;
    }
    const radius = (this.#tools.eraserRadiusPx * UNITS_PER_PIXEL) / this.view.zoom;
    const mayErase = (/** @type {Shape} */ shape) => this.#mayErase(shape);
    const { finished } = this.strokes;
    const refused = this.#eraser.rub(finished, x, y, radius, mayErase, performance.now());
    if (!refused || this.#warned) return;
    this.#warned = true;
    this.onSay("Only the host erases what others drew.");
  }

  lift() {
    this.#isBusy = false;
    this.pencil.end();
    this.#isStale = true;
  }

  /** A second finger has come: what the first has begun was no stroke. */
  #takeBack() {
    this.#isBusy = false;
    if (!this.#erases && !this.pencil.cancel()) {
      this.pencil.end();
      this.undo();
    }
    this.#flushAtMs = 0;
    this.#isStale = true;
  }

  undo() {
    this.lift();
    if (this.pencil.undoUnsent()) return;
    this.#ask("undo");
  }

  redo() {
    this.lift();
    this.#ask("redo");
  }

  clearBoard() {
    this.lift();
    this.#ask("clear");
  }

  /** Sends a wish after all that was drawn before it. @param {string} name */
  #ask(name) {
    const session = this.#session;
    if (session === null || !this.#mayDraw) return;
    const send = sendingTo(session);
    if (this.pencil.flush(send, performance.now()) && send(name, null)) return;
    this.onSay("No link now: try again in a moment.");
  }

  /** @param {Shape} shape */
  #mayErase({ by }) {
    const { me, room } = this.#session ?? {};
    return by === me?.number || Boolean(me?.state?.host) || Boolean(room?.everyone_erases);
  }

  /** Shows all that is drawn; of an empty board the middle. */
  fit() {
    const shapes = [...this.strokes.finished, ...this.strokes.growing];
    const box = around(shapes.map((shape) => shape.box));
    if (box === null) {
      this.view.zoom = 1;
      this.view.centre(WIDTH / 2, HEIGHT / 2);
    } else this.view.show(box);
    this.redraw();
  }

  /** @param {number} factor */
  zoom(factor) {
    const { width, height, density } = this.view;
    this.view.zoomBy(factor, width / density / 2, height / density / 2);
    this.redraw();
  }

  redraw() {
    this.#isStale = true;
  }

  /** @param {number} x @param {number} y in pixels of the page */
  #point(x, y) {
    this.#pointer = { x, y };
    const [left, top] = this.view.place(x, y);
    Object.assign(this.controls, { x: clampTo(left, WIDTH), y: clampTo(top, HEIGHT), shown: true });
    if (this.#tools.tool === "eraser") this.#isStale = true;
  }

  // --- the picture

  /** Draws, if something has changed, and sends what is due. @param {number} nowMs of requestAnimationFrame */
  frame(nowMs) {
    const startedMs = performance.now();
    const dt = Math.min(0.1, Math.max(0, (nowMs - this.#lastMs) / 1000));
    this.#lastMs = nowMs;
    this.#flush(startedMs);
    if (this.view.fitCanvas(this.#canvas)) this.#isStale = true;
    if (this.cursors.glide(dt)) this.#isStale = true;
    if (this.#eraser.giveUp(startedMs)) this.#isStale = true;
    if (this.#picture.step(this.view)) this.#isStale = true;
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#draw();
    this.frames += 1;
    this.frameMs = performance.now() - startedMs;
  }

  /** @param {number} nowMs */
  #flush(nowMs) {
    const session = this.#session;
    if (nowMs < this.#flushAtMs || session === null || !this.#isOnline || this.#isNewLink) return;
    this.#flushAtMs = nowMs + FLUSH_MS;
    const send = sendingTo(session);
    if (this.pencil.flush(send, nowMs)) this.#eraser.flush(send);
  }

  #draw() {
    const ctx = this.#ctx;
    const { view } = this;
    this.#picture.blit(ctx, view);
    enter(ctx, view);
    for (const shape of this.strokes.growing) drawShape(ctx, shape);
    for (const { shape } of this.pencil.strokes) drawShape(ctx, shape);
    this.#drawTouched();
    this.cursors.draw(ctx, view);
    this.#drawEraser();
    this.#drawCross();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
  }

  #drawTouched() {
    const ctx = this.#ctx;
    ctx.strokeStyle = PAPER;
    ctx.globalAlpha = 0.8;
    for (const shape of this.#eraser.touched) {
      ctx.lineWidth = shape.thickest + 2;
      ctx.stroke(shape.path);
    }
    ctx.globalAlpha = 1;
  }

  #drawEraser() {
    if (this.#tools.tool !== "eraser" || this.#pointer === null) return;
    const { x, y } = this.#pointer;
    this.#ring(x, y, this.#tools.eraserRadiusPx, "#1c2030");
  }

  #drawCross() {
    const { cross } = this.#keyboard;
    if (cross === null || document.activeElement !== this.#canvas) return;
    const [x, y] = this.view.pixel(...cross);
    const colour = this.#tools.tool === "pen" ? COLOURS[this.#tools.colour] : "#1c2030";
    this.#ring(x, y, this.#tools.tool === "pen" ? 6 : this.#tools.eraserRadiusPx, colour);
    const ctx = this.#ctx;
    ctx.beginPath();
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      ctx.moveTo(x + 10 * dx, y + 10 * dy);
      ctx.lineTo(x + 20 * dx, y + 20 * dy);
    }
    ctx.stroke();
  }

  /** @param {number} x @param {number} y @param {number} radius @param {string} colour */
  #ring(x, y, radius, colour) {
    const ctx = this.#ctx;
    const { density } = this.view;
    ctx.setTransform(density, 0, 0, density, 0, 0);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

/** @param {Session} session @returns {(name: string, payload: unknown) => boolean} */
function sendingTo(session) {
  return (name, payload) => session.send(name, payload);
}

/** @param {number} value @param {number} most */
function clampTo(value, most) {
  return Math.max(0, Math.min(most, Math.round(value)));
}
