/**
 * What this person has said and the room has not confirmed yet. It is sent in order, again after each lost link and each
 * reload; the room recognises by the nonce what it has already, so that nothing is said twice. What the room confirmed in
 * ticks that a killed server has lost is sent again as well.
 */

const KEY = "chat.outbox";
/** Below what the room recognises of one person. */
const MAX_UNSENT = 30;

/**
 * @typedef {object} Waiting
 * @property {number} nonce
 * @property {number} channel
 * @property {string} text
 * @property {string} [failed] why it is not sent again by itself
 */

export class Outbox {
  /** @type {Waiting[]} */
  waiting = [];
  /** What was confirmed last, and when. @type {{each: Waiting, tick: number}[]} */
  #confirmed = [];
  #room = "";
  #number = 0;
  #next = 1;
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem"> | null} storage of the tab; null: nothing outlasts a reload */
  constructor(storage) {
    this.#storage = storage;
    try {
      const kept = JSON.parse(storage?.getItem(KEY) ?? "null");
      if (kept !== null)
        ({
          waiting: this.waiting,
          room: this.#room,
          number: this.#number,
          next: this.#next,
        } = kept);
    } catch {
      // another program's
    }
  }

  /**
   * This person has a seat. In another one than before nobody knows what has arrived: that is for the person to say.
   *
   * @param {string} room
   * @param {number} number
   */
  seated(room, number) {
    if (room === this.#room && number === this.#number) return;
    if (room !== this.#room) this.waiting = [];
    this.#confirmed = [];
    for (const each of this.waiting) each.failed ??= "perhaps not sent: your seat had expired";
    this.#room = room;
    this.#number = number;
    this.#next = this.waiting.reduce((next, { nonce }) => Math.max(next, nonce + 1), 1);
    this.#keep();
  }

  /** @param {number} channel @param {string} text @returns {boolean} false: too much is waiting already */
  add(channel, text) {
    if (this.waiting.length >= MAX_UNSENT) return false;
    this.waiting.push({ nonce: this.#next++, channel, text });
    this.#keep();
    return true;
  }

  /**
   * Sends what waits, in order, as far as the session takes it.
   *
   * @param {(name: string, payload: object) => boolean} send
   * @param {boolean} again also what this link has been sent already; true after each lost link
   */
  flush(send, again) {
    if (again) this.#sent.clear();
    for (const { nonce, channel, text, failed } of this.waiting) {
      if (failed !== undefined || this.#sent.has(nonce)) continue;
      if (!send("say", { channel, text, nonce })) return;
      this.#sent.add(nonce);
    }
  }

  /** @type {Set<number>} */
  #sent = new Set();

  /** The room has it. @param {number} nonce @param {number} tick when it said so */
  confirm(nonce, tick) {
    const each = this.waiting.find((waiting) => waiting.nonce === nonce);
    if (each === undefined) return;
    this.#confirmed.push({ each, tick });
    // With as many that wait they are still fewer than the room recognises.
    if (this.#confirmed.length > MAX_UNSENT) this.#confirmed.shift();
    this.drop(nonce);
  }

  /**
   * The room goes on from an earlier tick: what it has confirmed since then waits again, before all else. The room
   * recognises what it has nevertheless.
   *
   * @param {number} tick
   */
  rollBack(tick) {
    const lost = this.#confirmed.filter((confirmed) => confirmed.tick >= tick);
    this.#confirmed = [];
    this.waiting.unshift(...lost.map(({ each }) => each));
    this.#keep();
  }

  /** The person does not want it any more. @param {number} nonce */
  drop(nonce) {
    this.waiting = this.waiting.filter((each) => each.nonce !== nonce);
    this.#keep();
  }

  /** @param {number} nonce @param {string} why */
  fail(nonce, why) {
    for (const each of this.waiting) if (each.nonce === nonce) each.failed = why;
    this.#keep();
  }

  /** The person wants it to be sent after all: as something new. @param {number} nonce */
  retry(nonce) {
    const found = this.waiting.find((each) => each.nonce === nonce);
    this.drop(nonce);
    if (found !== undefined) this.add(found.channel, found.text);
  }

  #keep() {
    try {
      this.#storage?.setItem(
        KEY,
        JSON.stringify({
          waiting: this.waiting,
          room: this.#room,
          number: this.#number,
          next: this.#next,
        }),
      );
    } catch {
      // It is full, or the browser refuses it: a reload forgets what waits.
    }
  }
}
