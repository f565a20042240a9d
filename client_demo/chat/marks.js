/** What this browser keeps of each room: how far its person has read, and whom they do not want to read. */

const KEY = "chat.rooms";
const MAX_ROOMS = 8;

export class Marks {
  #room = "";
  /** @type {Record<string, {read: Record<string, number>, muted: number[], usedMs: number}>} */
  #rooms = {};
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem"> | null} storage null: nothing is kept */
  constructor(storage) {
    this.#storage = storage;
    try {
      const kept = JSON.parse(storage?.getItem(KEY) ?? "{}");
      for (const [room, { read, muted, usedMs }] of Object.entries(kept)) {
        this.#rooms[room] = { read: { ...read }, muted: [...muted], usedMs: Number(usedMs) };
      }
    } catch {
      // another program's
    }
  }

  /** @param {string} room its id */
  enter(room) {
    this.#room = room;
    this.#rooms[room] ??= { read: {}, muted: [], usedMs: 0 };
    this.#rooms[room].usedMs = Date.now();
    const names = Object.keys(this.#rooms).sort(
      (a, b) => this.#rooms[b].usedMs - this.#rooms[a].usedMs,
    );
    for (const old of names.slice(MAX_ROOMS)) delete this.#rooms[old];
    this.#keep();
  }

  get #here() {
    return this.#rooms[this.#room] ?? { read: {}, muted: [], usedMs: 0 };
  }

  /**
   * How far a channel has been read. What was said before this person came counts as read.
   *
   * @param {number} channel
   * @param {number} last the newest number of the channel
   * @returns {number}
   */
  read(channel, last) {
    const known = this.#here.read[channel];
    if (known !== undefined) return known;
    this.setRead(channel, last);
    return last;
  }

  /** @param {number} channel @param {number} id */
  setRead(channel, id) {
    if ((this.#here.read[channel] ?? -1) >= id) return;
    this.#here.read[channel] = id;
    this.#keep();
  }

  /**
   * A channel has only so many messages: those of a room that has gone back lose their numbers to others.
   *
   * @param {number} channel
   * @param {number} last the newest number of the channel
   */
  limit(channel, last) {
    if ((this.#here.read[channel] ?? -1) <= last) return;
    this.#here.read[channel] = last;
    this.#keep();
  }

  /** @param {number} number @returns {boolean} */
  isMuted(number) {
    return this.#here.muted.includes(number);
  }

  /** @param {number} number */
  toggleMuted(number) {
    const { muted } = this.#here;
    if (muted.includes(number)) muted.splice(muted.indexOf(number), 1);
    else muted.push(number);
    this.#keep();
  }

  #keep() {
    try {
      this.#storage?.setItem(KEY, JSON.stringify(this.#rooms));
    } catch {
      // It is full, or the browser refuses it.
    }
  }
}
