/**
 * The messages of one channel as far as this page has them. Pure.
 *
 * They have numbers without gaps, so that none is shown twice and a gap is seen: only the newest run without a gap is
 * shown, and what is before it is asked for.
 */

/**
 * @typedef {object} Message
 * @property {number} id its number in the channel; 0: only its author sees it
 * @property {number} from
 * @property {string} name
 * @property {boolean} mod whether its author is a moderator
 * @property {string} text
 * @property {boolean} hidden a moderator has taken it out
 * @property {number} atMs when it was said, as `Date.now()` counts
 */

/** Counting what is unread looks at so many messages: more is shown as 99+ anyway. */
const MOST_LOOKED_AT = 1000;

export class ChannelLog {
  /** @type {Map<number, Message>} */
  #byId = new Map();
  /** What only its author sees, with the message that it comes after. @type {{after: number, message: Message}[]} */
  #own = [];
  /** The newest number that is here; 0: none. */
  newest = 0;
  /** The oldest number of the newest run without a gap. */
  oldest = 0;
  /** Whether the room has nothing older than `oldest`. */
  complete = false;
  /** The request for a page that has no answer yet, and when it was made. @type {number | null} */
  askedAtMs = null;

  /** @param {Message} message @returns {boolean} whether it is new here */
  add(message) {
    if (message.id === 0) {
      this.#own.push({ after: this.newest, message });
      return true;
    }
    if (this.#byId.has(message.id)) return false;
    this.#byId.set(message.id, message);
    if (message.id > this.newest) {
      if (message.id !== this.newest + 1) {
        this.oldest = message.id;
        this.complete = message.id === 1;
      }
      this.newest = message.id;
    }
    if (this.oldest === 0) this.oldest = message.id;
    while (this.#byId.has(this.oldest - 1)) this.oldest -= 1;
    if (this.oldest === 1) this.complete = true;
    return true;
  }

  /** Takes a page of the history. @param {Message[]} messages @param {number | null} before @param {boolean} more */
  addPage(messages, before, more) {
    this.askedAtMs = null;
    for (const message of messages) this.add(message);
    const reached = before === null || before === this.oldest || messages[0]?.id === this.oldest;
    if (reached && !more) this.complete = true;
  }

  /** @param {number} id */
  hide(id) {
    const message = this.#byId.get(id);
    if (message !== undefined) this.#byId.set(id, { ...message, text: "", hidden: true });
  }

  /** The newest run, oldest first, with what only this person sees. @returns {Message[]} */
  get shown() {
    /** @type {Message[]} */
    const run = [];
    for (let id = Math.max(1, this.oldest); id <= this.newest; id++) {
      run.push(/** @type {Message} */ (this.#byId.get(id)));
      for (const { after, message } of this.#own) if (after === id) run.push(message);
    }
    const before = this.#own.filter(({ after }) => after < this.oldest || after === 0);
    return [...before.map(({ message }) => message), ...run];
  }

  /** Forgets the oldest so that about `most` are left. @param {number} most */
  trim(most) {
    const first = this.newest - most + 1;
    if (this.#byId.size <= most || first <= this.oldest) return;
    for (const id of this.#byId.keys()) if (id < first) this.#byId.delete(id);
    this.#own = this.#own.filter(({ after }) => after >= first);
    this.oldest = first;
    this.complete = false;
  }

  /**
   * How many messages after `read` count as unread.
   *
   * @param {number} last the newest number of the channel, also where its message is not here
   * @param {number} read
   * @param {(message: Message) => boolean} counts whether a message that is here counts
   */
  unread(last, read, counts) {
    let count = 0;
    for (let id = Math.max(read + 1, last - MOST_LOOKED_AT); id <= last; id++) {
      const message = this.#byId.get(id);
      if (message === undefined || counts(message)) count += 1;
    }
    return count;
  }
}
