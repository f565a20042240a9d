/**
 * The net graph: network figures of the last ten seconds as three strips, and a few numbers; of a room that predicts the
 * bodies near an avatar, also how well, by their type.
 *
 * Samples are kept in rings. The graph is drawn ten times a second, and only while it is open.
 */
import { BAD, GOOD, INK, INK_SOFT, NUMBER_FONT, SHIELD, WARN } from "../arena/palette.js";

const SAMPLE_EVERY_S = 0.05;
const SAMPLES = 200;
const DRAW_EVERY_S = 0.1;
const STRIP_PX = 46;
const STRIP_GAP_PX = 22;
const PAD_PX = 12;
const LINE_PX = 17;
const FIGURE_LINES = 4;
/** @type {Readonly<Record<string, string>>} */
const PREDICTION_COLOURS = Object.freeze({ matched: GOOD, jitter: WARN, diverging: BAD });

/**
 * What is shown. Times in milliseconds, `lead` in ticks, sizes in bytes.
 *
 * @typedef {object} NetFigures
 * @property {number} rtt
 * @property {number} jitter
 * @property {number} lead
 * @property {number} leadTarget the lead that the client aims at
 * @property {number} snapshotBytes of the newest one
 * @property {number} snapshotHz
 * @property {number} bytesPerS
 * @property {number} corrections since joining
 * @property {number} correctionUnits size of the newest one, world units
 * @property {string} prediction `matched`, `jitter` or `diverging` (the SDK's diagnosis), or `off`
 * @property {number} interpolationMs
 * @property {number} missed ticks for which the server had no input frame of this player
 * @property {number} trimmed input frames of this player that the server dropped
 * @property {import("../sdk/index.js").Stats["bodies"]} bodies predicted near the own avatar, by type
 */

/** @typedef {import("../sdk/index.js").Session} Session */

/** @returns {NetFigures} all zero */
export function noFigures() {
  return {
    rtt: 0,
    jitter: 0,
    lead: 0,
    leadTarget: 0,
    snapshotBytes: 0,
    snapshotHz: 0,
    bytesPerS: 0,
    corrections: 0,
    correctionUnits: 0,
    prediction: "off",
    interpolationMs: 0,
    missed: 0,
    trimmed: 0,
    bodies: {},
  };
}

/** Copies the session's figures. @param {NetFigures} figures filled in place @param {Session} session */
export function readFigures(figures, { stats, switches }) {
  figures.rtt = stats.rtt;
  figures.jitter = stats.jitter;
  figures.lead = stats.lead;
  figures.leadTarget = stats.leadTarget;
  figures.snapshotBytes = stats.snapshotBytes;
  figures.snapshotHz = stats.snapshotHz;
  figures.bytesPerS = stats.bytesPerS;
  figures.corrections = stats.corrections;
  figures.correctionUnits = stats.correctionUnits;
  figures.prediction = stats.predicting && switches.prediction ? stats.diagnosis : "off";
  figures.interpolationMs = stats.interpolationDelay;
  figures.missed = stats.missed;
  figures.trimmed = stats.trimmed;
  figures.bodies = stats.bodies;
}

export class NetGraph {
  #canvas;
  #ctx;
  #sampleWait = 0;
  #drawWait = 0;
  #head = 0;
  #count = 0;
  #rtt = new Float32Array(SAMPLES);
  #bytes = new Float32Array(SAMPLES);
  #lead = new Float32Array(SAMPLES);
  #corrected = new Uint8Array(SAMPLES);
  #corrections = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /** @param {NetFigures} figures @param {number} dt seconds */
  update(figures, dt) {
    this.#sampleWait -= dt;
    if (this.#sampleWait <= 0) {
      this.#sampleWait = SAMPLE_EVERY_S;
      this.#sample(figures);
    }
    this.#drawWait -= dt;
    if (this.#drawWait > 0 || this.#canvas.clientWidth === 0) return;
    this.#drawWait = DRAW_EVERY_S;
    this.#draw(figures);
  }

  /** @param {NetFigures} figures */
  #sample({ rtt, snapshotBytes, lead, corrections }) {
    this.#head = (this.#head + 1) % SAMPLES;
    this.#count = Math.min(this.#count + 1, SAMPLES);
    this.#rtt[this.#head] = rtt;
    this.#bytes[this.#head] = snapshotBytes;
    this.#lead[this.#head] = lead;
    this.#corrected[this.#head] = corrections > this.#corrections ? 1 : 0;
    this.#corrections = corrections;
  }

  /** @param {NetFigures} figures */
  #draw(figures) {
    const density = Math.min(2, window.devicePixelRatio || 1);
    const bodies = Object.entries(figures.bodies);
    const lines = FIGURE_LINES + 2 * bodies.length;
    this.#canvas.style.height = `${stripTop(3) + lines * LINE_PX}px`;
    const width = this.#canvas.clientWidth;
    const height = this.#canvas.clientHeight;
    if (
      this.#canvas.width !== Math.round(width * density) ||
      this.#canvas.height !== Math.round(height * density)
    ) {
      this.#canvas.width = Math.round(width * density);
      this.#canvas.height = Math.round(height * density);
    }
    const ctx = this.#ctx;
    ctx.setTransform(density, 0, 0, density, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const { rtt, jitter, snapshotBytes, snapshotHz, bytesPerS, lead, leadTarget } = figures;
    const kilobytes = (bytesPerS / 1000).toFixed(1);
    this.#strip(0, "round trip", `${ms(rtt)} ± ${ms(jitter)} ms`, this.#rtt, 60, SHIELD, false);
    const traffic = `${Math.round(snapshotBytes)} B × ${snapshotHz.toFixed(0)}/s · ${kilobytes} kB/s`;
    this.#strip(1, "snapshots", traffic, this.#bytes, 300, GOOD, true);
    this.#strip(
      2,
      "tick lead",
      `${lead.toFixed(1)} → ${leadTarget.toFixed(1)} ticks`,
      this.#lead,
      4,
      WARN,
      false,
    );
    this.#marks(2);
    this.#figures(figures);
    bodies.forEach(([type, stats], i) => {
      this.#bodies(type, stats, FIGURE_LINES + 2 * i);
    });
  }

  /**
   * @param {number} place 0 is the top one
   * @param {string} title
   * @param {string} value
   * @param {Float32Array} ring
   * @param {number} least minimum of the top of the scale
   * @param {string} colour
   * @param {boolean} bars
   */
  #strip(place, title, value, ring, least, colour, bars) {
    const ctx = this.#ctx;
    const width = this.#canvas.clientWidth - 2 * PAD_PX;
    const top = stripTop(place);
    caption(ctx, title, value, width, top - 8, colour);
    ctx.fillStyle = "rgba(130, 150, 255, 0.07)";
    ctx.fillRect(PAD_PX, top, width, STRIP_PX);
    let scale = least;
    for (const sample of ring) scale = Math.max(scale, sample * 1.15);
    const step = width / SAMPLES;
    ctx.fillStyle = colour;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    for (let age = this.#count - 1; age >= 0; age--) {
      const sample = ring[(this.#head - age + SAMPLES) % SAMPLES];
      const x = PAD_PX + width - (age + 1) * step;
      const tall = (Math.max(0, sample) / scale) * (STRIP_PX - 2);
      if (bars) ctx.rect(x, top + STRIP_PX - tall, step * 0.75, tall);
      else ctx.lineTo(x, top + STRIP_PX - tall - 1);
    }
    if (bars) ctx.fill();
    else ctx.stroke();
  }

  /** Corrections as red marks. @param {number} place */
  #marks(place) {
    const ctx = this.#ctx;
    const width = this.#canvas.clientWidth - 2 * PAD_PX;
    ctx.fillStyle = BAD;
    for (let age = 0; age < SAMPLES; age++) {
      if (this.#corrected[(this.#head - age + SAMPLES) % SAMPLES] === 0) continue;
      ctx.fillRect(PAD_PX + width - ((age + 1) * width) / SAMPLES, stripTop(place), 2, STRIP_PX);
    }
  }

  /** @param {NetFigures} figures */
  #figures({ corrections, correctionUnits, prediction, interpolationMs, missed, trimmed }) {
    const ctx = this.#ctx;
    const width = this.#canvas.clientWidth - 2 * PAD_PX;
    const top = stripTop(3) - 8;
    const correction = `${corrections} (${correctionUnits.toFixed(2)} u)`;
    caption(ctx, "corrections", correction, width, top, corrections > 0 ? BAD : INK);
    const colour = PREDICTION_COLOURS[prediction] ?? INK;
    caption(ctx, "prediction", prediction, width, top + LINE_PX, colour);
    const delay = `${ms(interpolationMs)} ms`;
    caption(ctx, "interpolation delay", delay, width, top + 2 * LINE_PX, INK);
    caption(
      ctx,
      "frames missed · trimmed",
      `${missed} · ${trimmed}`,
      width,
      top + 3 * LINE_PX,
      INK,
    );
  }

  /**
   * How well the bodies of one type are predicted, and what corrections came of.
   *
   * @param {string} type
   * @param {NetFigures["bodies"][string]} stats
   * @param {number} line
   */
  #bodies(type, { bodies, corrections, units, late, others, rules }, line) {
    const width = this.#canvas.clientWidth - 2 * PAD_PX;
    const y = stripTop(3) - 8 + line * LINE_PX;
    const corrected = `${corrections} corrected (${units.toFixed(2)} u)`;
    caption(this.#ctx, `${type} × ${bodies}`, corrected, width, y, corrections > 0 ? WARN : INK);
    const causes = `${late} · ${others} · ${rules}`;
    caption(this.#ctx, "  late · others · rules", causes, width, y + LINE_PX, INK_SOFT);
  }
}

/** @param {number} place */
function stripTop(place) {
  return 24 + place * (STRIP_PX + STRIP_GAP_PX);
}

/** @param {number} value milliseconds */
function ms(value) {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} title
 * @param {string} value
 * @param {number} width
 * @param {number} y
 * @param {string} colour
 */
function caption(ctx, title, value, width, y, colour) {
  ctx.font = `500 11px ${NUMBER_FONT}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = INK_SOFT;
  ctx.fillText(title, PAD_PX, y);
  ctx.textAlign = "right";
  ctx.fillStyle = colour;
  ctx.fillText(value, PAD_PX + width, y);
}
