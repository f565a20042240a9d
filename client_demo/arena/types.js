/**
 * Types of the demo: the arena's entities as the SDK returns them, and the controls that it takes.
 * Field names are the arena's own (gameserver/games/arena.py). Units: world units, radians, ticks; y grows downwards.
 *
 * @typedef {object} Ship
 * @property {number} id
 * @property {boolean} [isNew] first frame in the view
 * @property {number} x
 * @property {number} y
 * @property {number} vx
 * @property {number} vy
 * @property {number} angle where the nose points
 * @property {number} hp 0–100
 * @property {number} score
 * @property {number} deaths
 * @property {string} name as the player typed it; shown as text, never as markup
 * @property {number} hue 0–359
 * @property {boolean} thrusting
 * @property {boolean} dead waiting for its respawn
 * @property {number} shield ticks of protection left
 * @property {number} cooldown ticks until it may fire again
 * @property {number} rapid ticks of rapid fire left
 * @property {boolean} bot
 *
 * @typedef {object} Shot
 * @property {number} id
 * @property {boolean} [isNew]
 * @property {number} x
 * @property {number} y
 * @property {number} vx
 * @property {number} vy
 * @property {number | null} owner_ship id of the ship that fired it, null when that ship is gone
 *
 * @typedef {object} Pickup
 * @property {number} id
 * @property {number} x
 * @property {number} y
 * @property {"health" | "rapid" | "shield"} what
 *
 * @typedef {object} Wall
 * @property {number} id
 * @property {number} x left edge
 * @property {number} y top edge
 * @property {number} w
 * @property {number} h
 *
 * @typedef {object} Controls
 * @property {number} turn −1, 0, 1
 * @property {boolean} thrust
 * @property {boolean} brake
 * @property {boolean} fire
 * @property {boolean} steer whether `aim` is used instead of `turn`
 * @property {number} aim heading to turn to
 *
 * @typedef {object} Bounds
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 */
export {};
