/** Makes every client send 20 times a second, with their phases spread over the 50 ms in slots of 2 ms. */

const PERIOD_MS = 50;
const SLOTS = 25;
export const SLOT_MS = PERIOD_MS / SLOTS;

export class Sender {
  lateSlots = 0;
  sent = 0;
  /** @type {Set<any>[]} */
  #wheel = Array.from({ length: SLOTS }, () => new Set());
  #slotOf = new Map();
  #slot = 0;
  #nextAt = performance.now();
  #timer;

  constructor() {
    this.#timer = setInterval(() => this.#run(), 1);
  }

  /** Lets a client play that has just joined: one that is silent until all have joined is closed as dead. */
  add(client) {
    this.#put(client, this.#slotOf.size);
  }

  /**
   * Spreads the phases: of those that decode everything for themselves, so that their latencies cover all phases.
   *
   * @param {any[]} sampled
   * @param {any[]} others
   */
  spread(sampled, others) {
    for (const slot of this.#wheel) slot.clear();
    sampled.forEach((client, i) => {
      this.#put(client, Math.floor(((i + 0.5) * SLOTS) / sampled.length));
    });
    others.forEach((client, i) => {
      this.#put(client, i);
    });
  }

  /** Moves a client's phase. @param {any} client @param {number} ms by how much later */
  shift(client, ms) {
    const slot = this.#slotOf.get(client);
    this.#wheel[slot].delete(client);
    this.#put(client, slot + Math.round(ms / SLOT_MS));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #put(client, slot) {
    const wrapped = ((slot % SLOTS) + SLOTS) % SLOTS;
    this.#wheel[wrapped].add(client);
    this.#slotOf.set(client, wrapped);
  }

  #run() {
    const now = performance.now();
    for (let guard = 0; this.#nextAt <= now; guard += 1) {
      if (guard > SLOTS * 4) {
        this.lateSlots += Math.floor((now - this.#nextAt) / SLOT_MS);
        this.#nextAt = now + SLOT_MS;
        return;
      }
      for (const client of this.#wheel[this.#slot]) client.tick();
      this.sent += this.#wheel[this.#slot].size;
      this.#slot = (this.#slot + 1) % SLOTS;
      this.#nextAt += SLOT_MS;
    }
  }
}
