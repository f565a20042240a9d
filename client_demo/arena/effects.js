/**
 * Turns events and changes of state (a ship respawned) into light, shake, sound and lines of the feed.
 *
 * The SDK emits an event when the drawn time has reached its tick, so that no flash comes before its hit.
 */
import { PICKUP_HUE } from "./palette.js";

/** Sounds and jolts from farther away than this have no effect, world units. */
const EARSHOT_UNITS = 1100;
const MUZZLE_UNITS = 19;
const EXHAUST_EVERY_S = 0.022;

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./render/renderer.js").Renderer} Renderer */
/** @typedef {import("./ui/feed.js").Feed} Feed */
/** @typedef {import("./audio.js").Audio} Audio */
/** @typedef {{tick: number, name: string, payload: any}} GameEvent */

export class Effects {
  /** Called when the own ship is destroyed, with the name of who did it. @type {(by: string) => void} */
  onDefeat = () => {};

  #scene;
  #renderer;
  #camera;
  #feed;
  #audio;
  #exhaust = 0;
  /** The own gun's cooldown in the frame before, ticks. */
  #cooldown = 0;

  /** @param {{scene: Scene, renderer: Renderer, camera: Camera, feed: Feed, audio: Audio}} parts */
  constructor({ scene, renderer, camera, feed, audio }) {
    this.#scene = scene;
    this.#renderer = renderer;
    this.#camera = camera;
    this.#feed = feed;
    this.#audio = audio;
    renderer.shots.onFired = (shot) => {
      // Own shots were heard when they were fired.
      if (shot.owner_ship === scene.avatar?.id) return;
      audio.shot(this.#nearness(shot.x, shot.y) * 0.5);
    };
  }

  /** @param {GameEvent} event */
  take(event) {
    if (event.name === "hit") this.#hit(event.payload);
    else if (event.name === "kill") this.#kill(event.payload);
    else if (event.name === "pickup") this.#pickup(event.payload);
    else if (event.name === "joined") this.#feed.line(event.payload.name, "joined");
    else if (event.name === "left") this.#feed.line(event.payload.name, "left");
  }

  /** @param {number} dt seconds since the last frame */
  update(dt) {
    this.#flashMuzzle();
    this.#trailExhaust(dt);
    this.#greetRespawned();
  }

  /** @param {{ship: number, by: number | null, x: number, y: number, hp: number}} hit */
  #hit({ ship, by, x, y }) {
    const hue = this.#scene.ship(by)?.hue ?? 30;
    this.#renderer.particles.burst(12, x, y, 260, 0.45, 14, hue);
    const visuals = this.#scene.visuals.get(ship);
    if (visuals !== undefined) visuals.flash = 1;
    this.#audio.hit(this.#nearness(x, y));
    if (ship !== this.#scene.avatar?.id) return;
    this.#camera.jolt(0.5);
    this.#renderer.hud.hurt();
  }

  /**
   * @param {{victim: number, killer: number | null, victim_name: string, killer_name: string | null, x: number, y: number}} kill
   */
  #kill({ victim, killer, victim_name, killer_name, x, y }) {
    const lost = this.#scene.ship(victim);
    const winner = this.#scene.ship(killer);
    this.#explode(x, y, lost?.hue ?? 30);
    this.#feed.kill(killer_name ?? "", winner?.hue ?? 0, victim_name, lost?.hue ?? 0);
    if (victim === this.#scene.avatar?.id) {
      this.#camera.jolt(1);
      this.onDefeat(killer_name ?? "");
    }
  }

  /** @param {number} x @param {number} y @param {number} hue */
  #explode(x, y, hue) {
    const { particles } = this.#renderer;
    particles.spark(x, y, 0, 0, 0.35, 190, hue);
    particles.burst(46, x, y, 420, 1.1, 22, hue);
    particles.burst(26, x, y, 210, 0.8, 30, 45);
    particles.ring(x, y, 110, 0.6, hue);
    particles.ring(x, y, 62, 0.42, 45);
    const near = this.#nearness(x, y);
    this.#camera.jolt(0.35 * near);
    this.#audio.explosion(near);
  }

  /** @param {{ship: number, kind: "health" | "rapid" | "shield", x: number, y: number}} pickup */
  #pickup({ ship, kind, x, y }) {
    const hue = PICKUP_HUE[kind] ?? 160;
    this.#renderer.particles.ring(x, y, 46, 0.45, hue);
    this.#renderer.particles.burst(14, x, y, 150, 0.6, 14, hue);
    const own = ship === this.#scene.avatar?.id;
    this.#audio.pickup(own ? 1 : this.#nearness(x, y) * 0.4);
  }

  /** Flashes and sounds at once when the own gun fires: its cooldown is predicted. */
  #flashMuzzle() {
    const own = this.#scene.avatar;
    const fired = own !== null && !own.dead && own.cooldown > this.#cooldown + 1;
    this.#cooldown = own?.cooldown ?? 0;
    if (own === null || !fired) return;
    const aheadX = Math.cos(own.angle);
    const aheadY = Math.sin(own.angle);
    const { particles } = this.#renderer;
    const x = own.x + aheadX * MUZZLE_UNITS;
    const y = own.y + aheadY * MUZZLE_UNITS;
    particles.spark(x, y, own.vx, own.vy, 0.1, 44, own.hue);
    for (let count = 0; count < 3; count++) {
      const pace = 180 + 220 * Math.random();
      const aside = (Math.random() - 0.5) * 90;
      const vx = own.vx + aheadX * pace - aheadY * aside;
      const vy = own.vy + aheadY * pace + aheadX * aside;
      particles.spark(x, y, vx, vy, 0.16, 9, own.hue);
    }
    this.#audio.shot(1);
  }

  /** Sparks from every engine in the picture, at a rate that does not depend on the frame rate. @param {number} dt */
  #trailExhaust(dt) {
    this.#exhaust += dt * this.#renderer.particles.thin;
    if (this.#exhaust < EXHAUST_EVERY_S) return;
    this.#exhaust = 0;
    const { ships } = this.#scene;
    for (let index = 0; index < ships.length; index++) {
      const ship = ships[index];
      if (!ship.thrusting || ship.dead || !this.#camera.sees(ship.x, ship.y, 30)) continue;
      const spread = ship.angle + Math.PI + (Math.random() - 0.5) * 0.55;
      const pace = 90 + Math.random() * 130;
      this.#renderer.particles.spark(
        ship.x - Math.cos(ship.angle) * 14,
        ship.y - Math.sin(ship.angle) * 14,
        ship.vx * 0.55 + Math.cos(spread) * pace,
        ship.vy * 0.55 + Math.sin(spread) * pace,
        0.25 + Math.random() * 0.35,
        7 + Math.random() * 7,
        ship.hue,
      );
    }
  }

  #greetRespawned() {
    const { ships } = this.#scene;
    for (let index = 0; index < ships.length; index++) {
      const ship = ships[index];
      const visuals = this.#scene.visualsOf(ship);
      if (visuals.wasDead && !ship.dead) {
        this.#renderer.particles.ring(ship.x, ship.y, 70, 0.6, ship.hue);
        this.#renderer.particles.burst(18, ship.x, ship.y, 160, 0.6, 14, ship.hue);
      }
      visuals.wasDead = ship.dead;
    }
  }

  /** @param {number} x @param {number} y @returns {number} 1 in the middle of the picture, 0 beyond `EARSHOT_UNITS` */
  #nearness(x, y) {
    const away = Math.hypot(x - this.#camera.x, y - this.#camera.y);
    return Math.max(0, 1 - away / EARSHOT_UNITS);
  }
}
