/**
 * The head-up display over the picture: health, the gun's cooldown, the shield, the aim, and the message after a
 * defeat.
 */
import { BAD, INK, INK_SOFT, NUMBER_FONT, neon, SHIELD, UI_FONT } from "../palette.js";
import { hpColour } from "./ships.js";

const BAR_WIDTH_PX = 260;
const BAR_HEIGHT_PX = 9;
const BOTTOM_PX = 30;
const SEGMENTS = 10;
/** Full scale of the cooldown bar, in ticks; no gun of the arena takes longer between two shots. */
const COOLDOWN_TICKS = 16;
const SHIELD_TICKS = 120;
const HURT_FADE_S = 0.5;
/** Below this the edge of the picture pulses red. */
const LOW_HP = 30;

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../types.js").Ship} Ship */
/** @typedef {{active: boolean, x: number, y: number}} Pointer */

export class Hud {
  /** Draws nothing, as in the lab. */
  hidden = false;
  /** Name of who destroyed the own ship last. */
  defeatedBy = "";
  /** Name of the followed player, for spectators; empty: nobody. */
  watched = "";
  /** CSS pixels that a touch screen's controls take from the bottom. */
  lift = 0;
  #hurt = 0;
  #edge = document.createElement("canvas");

  /** The own ship was hit: the edge of the picture flashes. */
  hurt() {
    this.#hurt = 1;
  }

  /** @param {Camera} camera */
  resize(camera) {
    // The edge is soft: painted at an eighth of the size and enlarged it looks the same, for a 64th of the pixels.
    const width = Math.max(1, Math.round(camera.width / 8));
    const height = Math.max(1, Math.round(camera.height / 8));
    this.#edge.width = width;
    this.#edge.height = height;
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.#edge.getContext("2d"));
    ctx.setTransform(width / 2, 0, 0, height / 2, width / 2, height / 2);
    const edge = ctx.createRadialGradient(0, 0, 0.75, 0, 0, 1.35);
    edge.addColorStop(0, "rgba(255, 40, 80, 0)");
    edge.addColorStop(1, "rgba(255, 40, 80, 0.6)");
    ctx.fillStyle = edge;
    ctx.fillRect(-1, -1, 2, 2);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Scene} scene
   * @param {Pointer} pointer where the mouse aims, CSS pixels
   * @param {number} seconds running time
   * @param {number} dt seconds since the last frame
   */
  draw(ctx, camera, scene, pointer, seconds, dt) {
    if (this.hidden) return;
    const own = scene.avatar;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    this.#drawEdge(ctx, camera, own, seconds, dt);
    const { density } = camera;
    ctx.setTransform(density, 0, 0, density, 0, 0);
    const width = camera.width / density;
    const height = camera.height / density;
    if (own === null) drawWatched(ctx, width, height - this.lift, this.watched);
    else if (own.dead) drawDefeat(ctx, width, height, this.defeatedBy, seconds);
    else {
      drawVitals(ctx, width, height - this.lift, own, scene.visualsOf(own).hp);
      if (pointer.active) drawAim(ctx, pointer, own, seconds);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Camera} camera
   * @param {Ship | null} own
   * @param {number} seconds
   * @param {number} dt
   */
  #drawEdge(ctx, camera, own, seconds, dt) {
    this.#hurt *= Math.exp(-dt / HURT_FADE_S);
    const low = own !== null && !own.dead && own.hp <= LOW_HP;
    const strength = Math.max(this.#hurt, low ? 0.35 + 0.15 * Math.sin(seconds * 5) : 0);
    if (strength < 0.02) return;
    ctx.globalAlpha = strength;
    ctx.drawImage(this.#edge, 0, 0, camera.width, camera.height);
    ctx.globalAlpha = 1;
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} width CSS pixels
 * @param {number} height
 * @param {Ship} own
 * @param {number} shown health as eased for drawing
 */
function drawVitals(ctx, width, height, own, shown) {
  const bar = Math.min(BAR_WIDTH_PX, width * 0.5);
  const left = (width - bar) / 2;
  const top = height - BOTTOM_PX - BAR_HEIGHT_PX;
  ctx.fillStyle = "rgba(5, 7, 15, 0.66)";
  ctx.beginPath();
  ctx.roundRect(left - 54, top - 10, bar + 70, BAR_HEIGHT_PX + 22, 12);
  ctx.fill();
  const part = bar / SEGMENTS;
  for (let index = 0; index < SEGMENTS; index++) {
    const from = index * (100 / SEGMENTS);
    segment(ctx, left + index * part, top, part - 2, 1, "rgba(150, 170, 255, 0.14)");
    segment(ctx, left + index * part, top, part - 2, (shown - from) / 10, INK);
    segment(ctx, left + index * part, top, part - 2, (own.hp - from) / 10, hpColour(own.hp));
  }
  ctx.font = `700 17px ${NUMBER_FONT}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.fillStyle = hpColour(own.hp);
  ctx.fillText(String(own.hp), left - 11, top + BAR_HEIGHT_PX / 2 + 1.5);
  const cooldown = Math.min(1, own.cooldown / COOLDOWN_TICKS);
  thin(ctx, left, top + BAR_HEIGHT_PX + 4, bar - 2, 1 - cooldown, neon(own.hue, 0.85));
  if (own.shield > 0) thin(ctx, left, top - 6, bar - 2, own.shield / SHIELD_TICKS, SHIELD);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} part 0–1 of it, clamped
 * @param {string} colour
 */
function segment(ctx, x, y, width, part, colour) {
  if (part <= 0) return;
  ctx.fillStyle = colour;
  ctx.fillRect(x, y, width * Math.min(1, part), BAR_HEIGHT_PX);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} part 0–1, clamped
 * @param {string} colour
 */
function thin(ctx, x, y, width, part, colour) {
  ctx.fillStyle = colour;
  ctx.fillRect(x, y, width * Math.max(0, Math.min(1, part)), 2.5);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Pointer} pointer
 * @param {Ship} own
 * @param {number} seconds
 */
function drawAim(ctx, pointer, own, seconds) {
  ctx.save();
  ctx.translate(pointer.x, pointer.y);
  ctx.rotate(seconds * 0.6);
  ctx.strokeStyle = neon(own.hue, 0.95);
  ctx.lineWidth = 1.8;
  const gap = 9 + Math.min(1, own.cooldown / COOLDOWN_TICKS) * 5;
  for (let arc = 0; arc < 4; arc++) {
    ctx.beginPath();
    ctx.arc(0, 0, gap, (arc * Math.PI) / 2 + 0.35, ((arc + 1) * Math.PI) / 2 - 0.35);
    ctx.stroke();
  }
  ctx.fillStyle = INK;
  ctx.fillRect(-1, -1, 2, 2);
  ctx.restore();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} width CSS pixels
 * @param {number} height
 * @param {string} by name of who destroyed the ship
 * @param {number} seconds
 */
function drawDefeat(ctx, width, height, by, seconds) {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const middle = width / 2;
  const top = height * 0.36;
  ctx.fillStyle = "rgba(5, 7, 15, 0.55)";
  ctx.fillRect(0, top - 46, width, 92);
  ctx.fillStyle = BAD;
  ctx.font = `800 30px ${UI_FONT}`;
  ctx.letterSpacing = "6px";
  ctx.fillText("DESTROYED", middle, top - 12);
  ctx.letterSpacing = "0px";
  ctx.fillStyle = INK_SOFT;
  ctx.font = `500 15px ${UI_FONT}`;
  const dots = ".".repeat(1 + (Math.floor(seconds * 2) % 3));
  const text = by === "" ? "back in a moment" : `by ${by} · back in a moment`;
  ctx.fillText(text, middle, top + 20, width - 40);
  ctx.fillText(dots, middle, top + 34);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} width CSS pixels
 * @param {number} height
 * @param {string} name
 */
function drawWatched(ctx, width, height, name) {
  if (name === "") return;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = INK_SOFT;
  ctx.font = `500 13px ${UI_FONT}`;
  ctx.fillText("watching · arrow keys or tap for the next", width / 2, height - 62, width - 40);
  ctx.fillStyle = INK;
  ctx.font = `700 20px ${UI_FONT}`;
  ctx.fillText(name, width / 2, height - 38, width - 40);
}
