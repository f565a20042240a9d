/**
 * The ship that the camera follows for a spectator: the leader, or one picked with the arrow keys or a tap.
 */

import { isControl } from "./input/keyboard.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./types.js").Ship} Ship */

export class Spectator {
  /** The followed ship, or null while there is none. @type {Ship | null} */
  target = null;
  #picked = 0;
  #turn = 0;

  /** @param {HTMLElement} stage */
  constructor(stage) {
    window.addEventListener("keydown", ({ code, target }) => {
      if (isControl(target)) return;
      if (code === "ArrowRight" || code === "KeyD") this.#turn = 1;
      if (code === "ArrowLeft" || code === "KeyA") this.#turn = -1;
    });
    stage.addEventListener("pointerdown", () => this.next());
  }

  /** Picks the next ship. */
  next() {
    this.#turn = 1;
  }

  forget() {
    this.target = null;
    this.#picked = 0;
    this.#turn = 0;
  }

  /** @param {Scene} scene */
  update({ ships, avatar }) {
    const turn = this.#turn;
    const shown = this.target;
    this.#turn = 0;
    if (avatar !== null || ships.length === 0) {
      this.target = null;
      return;
    }
    if (turn !== 0) {
      const index = shown === null ? -1 : indexOf(ships, shown.id);
      this.#picked = ships[(index + turn + ships.length) % ships.length].id;
    }
    this.target = ships[indexOf(ships, this.#picked)] ?? leader(ships);
  }
}

/** @param {ReadonlyArray<Ship>} ships @param {number} id @returns {number} index in the list, or −1 */
function indexOf(ships, id) {
  for (let index = 0; index < ships.length; index++) if (ships[index].id === id) return index;
  return -1;
}

/** @param {ReadonlyArray<Ship>} ships at least one @returns {Ship} */
function leader(ships) {
  let best = ships[0];
  for (let index = 1; index < ships.length; index++) {
    if (ships[index].score > best.score) best = ships[index];
  }
  return best;
}
