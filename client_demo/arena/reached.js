/**
 * Pickups that the own ship has reached, ahead of the server: they are gone and heard at once, not a round trip later.
 *
 * Only for drawing: what a pickup does to the ship comes with the server's state. If another ship was there first, the
 * pickup is drawn again until the server's state has it no more.
 */

/** @typedef {import("./net.js").Session} Session */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./types.js").Pickup} Pickup */

/** From the ship's middle to the pickup's, along each axis (`SHIP_RADIUS + PICKUP_RADIUS` of gameserver/games/arena.py). */
const REACH_UNITS = 30;
/** For so long the server's word is waited for. */
const WITHIN_MS = 1000;

export class ReachedPickups {
  /** Their ids, and until when they are not drawn. @type {Map<number, number>} */
  #reached = new Map();

  clear() {
    this.#reached.clear();
  }

  /**
   * Reports what the own ship has reached in this frame, and takes it out of the scene.
   *
   * @param {Session} session
   * @param {Scene} scene
   * @param {number} now milliseconds
   */
  update(session, scene, now) {
    const { avatar, pickups } = scene;
    if (avatar !== null && !avatar.dead && session.switches.prediction) {
      for (const pickup of pickups) {
        if (!this.#reached.has(pickup.id) && isReached(avatar, pickup)) {
          this.#reached.set(pickup.id, now + WITHIN_MS);
          expectPickup(session, avatar.id, pickup);
        }
      }
    }
    if (this.#reached.size === 0) return;
    scene.pickups = pickups.filter(({ id }) => !(now < (this.#reached.get(id) ?? 0)));
    const there = new Set(pickups.map(({ id }) => id));
    for (const id of this.#reached.keys()) if (!there.has(id)) this.#reached.delete(id);
  }
}

/** @param {import("./types.js").Ship} ship @param {Pickup} pickup */
function isReached(ship, pickup) {
  return Math.abs(ship.x - pickup.x) < REACH_UNITS && Math.abs(ship.y - pickup.y) < REACH_UNITS;
}

/** @param {Session} session @param {number} ship @param {Pickup} pickup */
function expectPickup(session, ship, { what: kind, x, y }) {
  const match = (/** @type {any} */ sent) => sent.ship === ship && sent.x === x && sent.y === y;
  session.expectEvent("pickup", { ship, kind, x, y }, { match, withinMs: WITHIN_MS });
}
