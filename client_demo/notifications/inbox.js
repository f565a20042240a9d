/** What the page knows of its user's inbox. No I/O: events of the room go in, and what is to be shown comes out. */

/**
 * @typedef {object} Item
 * @property {number} id
 * @property {string} title
 * @property {string} text
 * @property {string | null} topic
 * @property {number} tick at which it was published
 * @property {boolean} read
 */

/** One user's notifications and topics. */
export class Inbox {
  user = "";
  /** @type {string[]} */
  topics = [];
  /** @type {Map<number, Item>} */
  #items = new Map();

  /**
   * Takes an event of the room.
   *
   * @param {string} name
   * @param {any} payload
   * @returns {Item | null} a notification that is new, once
   */
  take(name, payload) {
    switch (name) {
      case "inbox": // the room knows this session for the first time: what was here before is in what follows
        this.#items.clear();
        this.user = payload.user;
        this.topics = payload.topics;
        return null;
      case "items":
        for (const item of payload) this.#items.set(item.id, item);
        return null;
      case "topics":
        this.topics = payload;
        return null;
      case "read":
        for (const id of payload) {
          const item = this.#items.get(id);
          if (item !== undefined) item.read = true;
        }
        return null;
      case "notification": {
        if (this.#items.has(payload.id)) return null;
        this.#items.set(payload.id, payload);
        while (this.#items.size > MAX_ITEMS) this.#items.delete(Math.min(...this.#items.keys()));
        return payload;
      }
      default:
        return null;
    }
  }

  /** All of them, the newest first. @returns {Item[]} */
  get items() {
    return [...this.#items.values()].sort((one, other) => other.id - one.id);
  }

  /** The ids of those that are not read. @returns {number[]} */
  get unread() {
    return this.items.filter((item) => !item.read).map((item) => item.id);
  }
}

/** As many as the room keeps for a user. */
const MAX_ITEMS = 60;

/** How long ago something was, in words. @param {number} seconds */
export function ago(seconds) {
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}
