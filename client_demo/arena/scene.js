/**
 * The entities of the current frame, and the visual state of each ship that is kept between frames.
 *
 * The SDK's entities hold the game's state; `Visuals` hold what only drawing needs: an eased health bar, a flash, a
 * flame.
 */

/** @typedef {import("./types.js").Ship} Ship */
/** @typedef {import("./types.js").Shot} Shot */
/** @typedef {import("./types.js").Pickup} Pickup */
/** @typedef {import("./types.js").Wall} Wall */
/** @typedef {import("./types.js").Bounds} Bounds */
/** @typedef {{tick: number, avatar: any, entities: Map<string, any[]>}} Frame */

/**
 * The arena's inside (`WIDTH`, `HEIGHT` of gameserver/games/arena.py); the blocks in it are entities.
 *
 * @type {Bounds}
 */
const ARENA = Object.freeze({ left: 0, top: 0, right: 2400, bottom: 1600 });
/** Visuals of ships that are gone are dropped this often. */
const SWEEP_FRAMES = 120;
const HP_EASE_S = 0.25;
const FLAME_EASE_S = 0.07;
const FLASH_FADE_S = 0.12;

/** The visual state of one ship. */
export class Visuals {
  /** @param {Ship} ship */
  constructor(ship) {
    this.ship = ship;
    /** Health as the bar shows it: follows `hp` with a delay, which shows how much a hit took. */
    this.hp = ship.hp;
    /** 0–1, strength of the white flash of a hit. */
    this.flash = 0;
    /** 0–1, length of the flame. */
    this.flame = 0;
    this.wasDead = ship.dead;
    this.frame = 0;
  }

  /** @param {Ship} ship @param {number} dt seconds */
  ease(ship, dt) {
    this.ship = ship;
    const gap = ship.hp - this.hp;
    this.hp = gap > 0 || ship.dead ? ship.hp : this.hp + gap * (1 - Math.exp(-dt / HP_EASE_S));
    const burn = ship.thrusting && !ship.dead ? 1 : 0;
    this.flame += (burn - this.flame) * (1 - Math.exp(-dt / FLAME_EASE_S));
    this.flash *= Math.exp(-dt / FLASH_FADE_S);
  }
}

export class Scene {
  tick = 0;
  /** @type {Ship | null} */
  avatar = null;
  /** @type {ReadonlyArray<Ship>} */
  ships = [];
  /** @type {ReadonlyArray<Shot>} */
  shots = [];
  /** @type {ReadonlyArray<Pickup>} */
  pickups = [];
  /** @type {ReadonlyArray<Wall>} */
  walls = [];
  bounds = ARENA;
  /** Increases whenever the walls change. */
  wallsVersion = 0;
  /** By the ship's id. @type {Map<number, Visuals>} */
  visuals = new Map();

  #frame = 0;
  #wallsKey = "";

  /** Takes the SDK's next frame. @param {Frame} frame @param {number} dt seconds since the frame before */
  take(frame, dt) {
    this.#frame += 1;
    this.tick = frame.tick;
    this.avatar = frame.avatar;
    this.ships = frame.entities.get("Ship") ?? NOTHING;
    this.shots = frame.entities.get("Shot") ?? NOTHING;
    this.pickups = frame.entities.get("Pickup") ?? NOTHING;
    this.#takeWalls(frame.entities.get("Wall") ?? NOTHING);
    for (let index = 0; index < this.ships.length; index++) {
      const ship = this.ships[index];
      const visuals = this.visualsOf(ship);
      visuals.ease(ship, dt);
      visuals.frame = this.#frame;
    }
    if (this.#frame % SWEEP_FRAMES === 0) this.#sweep();
  }

  /** @param {Ship} ship @returns {Visuals} */
  visualsOf(ship) {
    let visuals = this.visuals.get(ship.id);
    if (visuals === undefined) {
      visuals = new Visuals(ship);
      this.visuals.set(ship.id, visuals);
    }
    return visuals;
  }

  /** @param {number | null} id @returns {Ship | undefined} the ship as last drawn, also shortly after it is gone */
  ship(id) {
    return id === null ? undefined : this.visuals.get(id)?.ship;
  }

  /** @param {number} x @param {number} y @returns {boolean} whether the point is in a wall or outside the arena */
  blocked(x, y) {
    const { left, top, right, bottom } = this.bounds;
    if (x < left || x > right || y < top || y > bottom) return true;
    for (let index = 0; index < this.walls.length; index++) {
      const wall = this.walls[index];
      if (x > wall.x && x < wall.x + wall.w && y > wall.y && y < wall.y + wall.h) return true;
    }
    return false;
  }

  /** @param {ReadonlyArray<Wall>} walls */
  #takeWalls(walls) {
    const key = `${walls.length}:${walls[0]?.id ?? 0}:${walls[walls.length - 1]?.id ?? 0}`;
    if (key === this.#wallsKey) return;
    this.#wallsKey = key;
    this.walls = walls.map((wall) => ({ ...wall }));
    this.wallsVersion += 1;
  }

  #sweep() {
    for (const [id, visuals] of this.visuals) {
      if (visuals.frame !== this.#frame) this.visuals.delete(id);
    }
  }
}

/** @type {never[]} */
const NOTHING = [];
