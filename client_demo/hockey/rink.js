/** The picture of one moment: the ice, the puck and its trail, skaters and their names, sparks, what is called out. */
import { drawLayers } from "./layers.js";
import { COLOURS, fillGoal, PUCK_RADIUS, SKATER_RADIUS, Sprites } from "./sprites.js";
import { RINK_HEIGHT, RINK_WIDTH, View } from "./view.js";

/** As in gameserver/games/hockey_rink.py. Only for drawing. */
const DASH_TICKS = 75;

const TRAIL = 18;
const MAX_SPARKS = 240;
const GOAL_GLOW_S = 1.6;
const UI_FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** @typedef {import("../pages/net.js").Entity} Entity */
/** @typedef {import("./view.js").Team} Team */
/** @typedef {{text: string, colour: string, sub: string}} Call */
/** @typedef {{x: number, y: number, vx: number, vy: number, left: number, colour: string}} Spark */

/** @type {Readonly<Call>} */
export const NO_CALL = Object.freeze({ text: "", colour: "#e9edff", sub: "" });

export class Rink {
  view = new View();
  /** Names by the id of the skater. @type {Map<number, string>} */
  names = new Map();
  /** Text across the rink. @type {Readonly<Call>} */
  call = NO_CALL;
  /** What the picture is made from, to be drawn over it. @type {import("../sdk/layers.js").Layers | null} */
  layers = null;
  /** How long the newest frame took, in milliseconds. */
  frameMs = 0;

  #canvas;
  #ctx;
  #sprites = new Sprites();
  /** @type {{x: number, y: number}[]} */
  #trail = [];
  /** @type {Spark[]} */
  #sparks = [];
  /** How bright each goal still glows from a goal, 0–1. @type {Record<Team, number>} */
  #glow = { red: 0, blue: 0 };
  #calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /** The puck has hit somebody. @param {number} x @param {number} y @param {number} speed */
  hit(x, y, speed) {
    this.#burst(x, y, Math.min(14, speed / 60), "#ffffff", 260);
  }

  /** A goal of a team. @param {Team} team */
  goal(team) {
    const into = team === "red" ? "blue" : "red";
    this.#glow[into] = 1;
    this.#burst(into === "red" ? 0 : RINK_WIDTH, RINK_HEIGHT / 2, 90, COLOURS[team], 720);
  }

  /** Forgets what belongs to the room before. */
  clear() {
    this.#trail.length = 0;
    this.#sparks.length = 0;
    this.names.clear();
    this.call = NO_CALL;
  }

  /** @param {number} x @param {number} y @param {number} count @param {string} colour @param {number} speed */
  #burst(x, y, count, colour, speed) {
    if (this.#calm) return;
    for (let i = 0; i < count && this.#sparks.length < MAX_SPARKS; i += 1) {
      const angle = Math.random() * 2 * Math.PI;
      const fast = speed * (0.2 + 0.8 * Math.random());
      const [vx, vy] = [Math.cos(angle) * fast, Math.sin(angle) * fast];
      this.#sparks.push({ x, y, vx, vy, left: 0.35 + 0.5 * Math.random(), colour });
    }
  }

  /**
   * @param {readonly Entity[]} skaters @param {readonly Entity[]} pucks
   * @param {Entity | null} own @param {number} dt seconds since the last frame
   */
  draw(skaters, pucks, own, dt) {
    const started = performance.now();
    const ctx = this.#ctx;
    this.view.fit(this.#canvas);
    this.#sprites.fit(this.view);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.#sprites.ice, 0, 0);
    this.view.enter(ctx);
    this.#drawGlow(dt);
    this.#drawTrail(pucks[0]);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (pucks[0] !== undefined) this.#stamp(this.#sprites.puck, pucks[0]);
    for (const skater of skaters) {
      this.#stamp(this.#sprites.skaters[/** @type {Team} */ (skater.team)], skater);
      if (own !== null && skater.id === own.id) this.#drawRing(skater);
    }
    this.view.enter(ctx);
    this.#drawSparks(dt);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (this.layers !== null) drawLayers(ctx, this.view, this.layers);
    for (const skater of skaters) this.#drawName(skater);
    this.#drawCall();
    this.frameMs = performance.now() - started;
  }

  /** @param {HTMLCanvasElement} sprite @param {Entity} entity */
  #stamp(sprite, entity) {
    const [x, y] = this.view.onScreen(entity.x, entity.y);
    this.#ctx.drawImage(sprite, x - sprite.width / 2, y - sprite.height / 2);
  }

  /** @param {number} dt */
  #drawGlow(dt) {
    for (const team of /** @type {const} */ (["red", "blue"])) {
      if (this.#glow[team] === 0) continue;
      this.#ctx.globalAlpha = 0.7 * this.#glow[team];
      fillGoal(this.#ctx, team);
      this.#ctx.globalAlpha = 1;
      this.#glow[team] = Math.max(0, this.#glow[team] - dt / GOAL_GLOW_S);
    }
  }

  /** @param {Entity | undefined} puck */
  #drawTrail(puck) {
    const trail = this.#trail;
    if (puck === undefined) {
      trail.length = 0;
      return;
    }
    const last = trail.at(-1);
    if (last !== undefined && Math.hypot(last.x - puck.x, last.y - puck.y) > 200) trail.length = 0;
    trail.push({ x: puck.x, y: puck.y });
    if (trail.length > TRAIL) trail.shift();
    const ctx = this.#ctx;
    ctx.lineCap = "round";
    for (let i = 1; i < trail.length; i += 1) {
      ctx.strokeStyle = `rgba(255, 240, 190, ${(0.3 * i) / trail.length})`;
      ctx.lineWidth = (PUCK_RADIUS * 1.7 * i) / trail.length;
      ctx.beginPath();
      ctx.moveTo(trail[i - 1].x, trail[i - 1].y);
      ctx.lineTo(trail[i].x, trail[i].y);
      ctx.stroke();
    }
  }

  /** Around the own skater: how soon it can dash again. @param {Entity} skater */
  #drawRing(skater) {
    const ctx = this.#ctx;
    const [x, y] = this.view.onScreen(skater.x, skater.y);
    const radius = (SKATER_RADIUS + 9) * this.view.scale;
    const ready = 1 - skater.dash / DASH_TICKS;
    ctx.lineWidth = 5 * this.view.scale;
    ctx.strokeStyle = "rgba(255, 255, 255, 0.25)";
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.stroke();
    ctx.strokeStyle = "#ffffff";
    ctx.beginPath();
    ctx.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + ready * 2 * Math.PI);
    ctx.stroke();
  }

  /** @param {number} dt */
  #drawSparks(dt) {
    const ctx = this.#ctx;
    for (const spark of this.#sparks) {
      spark.left -= dt;
      spark.x += spark.vx * dt;
      spark.y += spark.vy * dt;
      spark.vx *= 1 - 2.2 * dt;
      spark.vy *= 1 - 2.2 * dt;
      ctx.globalAlpha = Math.max(0, Math.min(1, spark.left * 2));
      ctx.fillStyle = spark.colour;
      ctx.fillRect(spark.x - 4, spark.y - 4, 8, 8);
    }
    ctx.globalAlpha = 1;
    this.#sparks = this.#sparks.filter(({ left }) => left > 0);
  }

  /** @param {Entity} skater */
  #drawName(skater) {
    const name = this.names.get(skater.id) ?? (skater.bot ? "Bot" : "");
    if (name === "") return;
    const ctx = this.#ctx;
    const { density, scale } = this.view;
    const [x, y] = this.view.onScreen(skater.x, skater.y);
    ctx.font = `600 ${12 * density}px ${UI_FONT}`;
    ctx.textAlign = "center";
    ctx.fillStyle = skater.bot ? "rgba(154, 166, 214, 0.75)" : "#e9edff";
    ctx.fillText(name, x, y + (SKATER_RADIUS + 6) * scale + 17 * density);
  }

  #drawCall() {
    if (this.call.text === "") return;
    const ctx = this.#ctx;
    const [x, y] = this.view.onScreen(RINK_WIDTH / 2, RINK_HEIGHT / 2);
    const size = Math.min(this.#canvas.width, this.#canvas.height) * 0.17;
    ctx.textAlign = "center";
    ctx.font = `850 ${size}px ${UI_FONT}`;
    ctx.fillStyle = this.call.colour;
    ctx.fillText(this.call.text, x, y + size * 0.3);
    ctx.font = `650 ${size * 0.22}px ${UI_FONT}`;
    ctx.fillStyle = "#e9edff";
    ctx.fillText(this.call.sub, x, y + size * 0.72);
  }
}
