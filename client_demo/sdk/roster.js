/**
 * What a client knows of the people in its room, and of the room itself, at the newest tick
 * (protocol.md §4, `use`).
 *
 * Pure. `gameserver/client/roster.py` is the twin. There a value is made when it is read; here it is
 * made when it has changed, and never changes then, so that a page may compare it with the one before.
 */
import { Role } from "./constants.js";
import { newEntity, setColumns, setObjects } from "./drawn.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./view_state.js").Table} Table
 * @typedef {import("./view_state.js").ViewState} ViewState
 *
 * @typedef {object} Me who a session is in its room
 * @property {number} number the participant's number in the room
 * @property {number} role `Role.PLAYER` or `Role.SPECTATOR`
 * @property {string} name as the room's roster has it; in a room without one, as it was sent
 * @property {number | null} avatarId the id of the entity that it steers
 * @property {Readonly<Entity> | null} state its entry in the roster
 */

/** The roster of one room, and what the room says of itself. */
export class RosterReader {
  #players;
  #room;

  /** In order of joining. @type {readonly Readonly<Entity>[]} */
  roster = [];
  /** @type {Readonly<Entity> | null} */
  room = null;

  /** @param {Schema} schema */
  constructor({ types }) {
    this.#players = types.find(({ use }) => use === "players");
    this.#room = types.find(({ use }) => use === "room");
  }

  /**
   * Takes the newest state.
   *
   * @param {ViewState} before
   * @param {ViewState} now
   * @param {boolean} first whether there was none before
   * @returns {("roster" | "room")[]} what is to be reported: all after the first state, then what differs
   */
  take(before, now, first) {
    /** @type {("roster" | "room")[]} */
    const changed = [];
    if (this.#players !== undefined) {
      const table = now.tables[this.#players.index];
      if (first || !same(before.tables[this.#players.index], table)) {
        this.roster = read(table);
        changed.push("roster");
      }
    }
    if (this.#room !== undefined) {
      const table = now.tables[this.#room.index];
      if (first || !same(before.tables[this.#room.index], table)) {
        this.room = read(table)[0] ?? null;
        changed.push("room");
      }
    }
    return changed;
  }

  /** The entry of a participant. @param {number} number @param {number} role @returns {Readonly<Entity> | null} */
  entryOf(number, role) {
    // A room that shows a recording has the people of then, whose numbers may be the viewer's own.
    const spectates = role === Role.SPECTATOR;
    const found = this.roster.find(
      (entry) => entry.number === number && Boolean(entry.spectator) === spectates,
    );
    return found ?? null;
  }
}

/** @param {Table} table @returns {Entity[]} */
function read(table) {
  const columns = table.type.numeric.map((_, column) => column);
  return Array.from({ length: table.count }, (_, row) => {
    const entity = newEntity(table.type, table.ids[row]);
    setColumns(entity, columns, table, row);
    setObjects(entity, table, row);
    return Object.freeze(entity);
  });
}

/** @param {Table} a @param {Table} b @returns {boolean} whether both hold the same entities with the same values */
function same(a, b) {
  if (a.count !== b.count) return false;
  for (let row = 0; row < a.count; row += 1) if (a.ids[row] !== b.ids[row]) return false;
  for (let i = 0; i < a.count * a.width; i += 1) if (a.codes[i] !== b.codes[i]) return false;
  return a.objects.every((column, i) => sameObjects(column, b.objects[i], a.count));
}

/** @param {any[]} a @param {any[]} b @param {number} count */
function sameObjects(a, b, count) {
  for (let row = 0; row < count; row += 1) {
    if (a[row] !== b[row] && JSON.stringify(a[row]) !== JSON.stringify(b[row])) return false;
  }
  return true;
}
