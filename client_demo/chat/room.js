/**
 * The room as this page has it: its channels, their messages, what is unread, what waits to be sent. It keeps no
 * message twice, and asks for those that it is missing. `onChange` says what has changed.
 */
import { ChannelLog } from "./log.js";

/** @typedef {import("./log.js").Message} Message */
/** @typedef {import("../pages/net.js").Session} Session */

/** A message may be missing so long before it is asked for: its event may be on the way. */
const MISSING_MS = 700;
/** An answer that has not come by then is asked for again: the link was lost. */
const ASK_AGAIN_MS = 4000;
const MOST_KEPT = 400;
const MOST_READ = 4000;

export class RoomModel {
  /** @type {(change: "channels" | "waiting" | "history" | Message) => void} */
  onChange = () => {};
  /** Called with what the room refuses, beside messages. @type {(why: string) => void} */
  onRefused = () => {};
  /** The channel that is on the screen. */
  current = 0;
  #session;
  #marks;
  #outbox;
  /** @type {Map<number, ChannelLog>} */
  #logs = new Map();
  /** Since when the current channel's newest message is missing. */
  #missingSinceMs = 0;
  /** @type {Map<number, {name: string, last: number}>} */
  #channels = new Map();

  /**
   * @param {Session} session
   * @param {import("./marks.js").Marks} marks
   * @param {import("./outbox.js").Outbox} outbox
   */
  constructor(session, marks, outbox) {
    this.#session = session;
    this.#marks = marks;
    this.#outbox = outbox;
  }

  /** A link has the seat: the first one, or another after a lost one. @param {number} nowMs */
  joined(nowMs) {
    const { welcome, me } = this.#session;
    if (welcome === null || me === null) return;
    this.#marks.enter(welcome.room);
    this.#outbox.seated(welcome.room, me.number);
    for (const log of this.#logs.values()) log.askedAtMs = null;
    // Not at the notice `rolled_back`, which comes after this: what was lost is to be sent before what was said later.
    const rolledBackTo = welcome.rolled_back_to;
    if (rolledBackTo !== undefined) this.#rollBack(rolledBackTo);
    this.#outbox.flush((name, payload) => this.#session.send(name, payload), true);
    if (rolledBackTo !== undefined) this.#ask(null, nowMs);
    this.onChange("waiting");
  }

  /** The room has gone back: the numbers of what it has lost come again, for other messages. @param {number} tick */
  #rollBack(tick) {
    this.#logs.clear();
    this.#channels.clear();
    this.#missingSinceMs = 0;
    this.#outbox.rollBack(tick);
    this.onChange("history");
  }

  /** A state has arrived. */
  updated() {
    let hasChanged = false;
    const seen = new Set();
    for (const { number, name, last } of this.#session.draw().entities.get("Channel") ?? []) {
      seen.add(number);
      const known = this.#channels.get(number);
      if (known !== undefined && last <= known.last) continue; // its event came before the state
      if (known === undefined) this.#marks.limit(number, last);
      this.#channels.set(number, { name, last });
      hasChanged = true;
    }
    for (const number of this.#channels.keys()) {
      if (seen.has(number)) continue;
      this.#channels.delete(number);
      this.#logs.delete(number);
      hasChanged = true;
    }
    if (hasChanged) {
      if (!this.#channels.has(this.current)) this.open([...this.#channels.keys()][0] ?? 0);
      this.onChange("channels");
    }
  }

  /** @param {import("../sdk/index.js").RoomEvent} event @param {number} nowMs */
  take({ name, payload, tick }, nowMs) {
    if (name === "said") this.#said(payload, tick, nowMs);
    else if (name === "sent") this.#confirmed(payload.nonce, tick);
    else if (name === "history") this.#history(payload, tick, nowMs);
    else if (name === "hidden") {
      this.#log(payload.channel).hide(payload.id);
      if (payload.channel === this.current) this.onChange("history");
    } else if (name === "opened") this.open(payload.channel);
    else if (name === "refused") {
      if (payload.what === "say" && payload.nonce !== null) {
        this.#outbox.fail(payload.nonce, payload.why);
        this.onChange("waiting");
      } else if (payload.what !== "history" && payload.what !== "typing")
        this.onRefused(payload.why);
    }
  }

  /** @param {any} payload @param {number} tick @param {number} nowMs */
  #said(payload, tick, nowMs) {
    if (payload.from === this.#session.me?.number) this.#confirmed(payload.nonce, tick);
    const message = { ...payload, atMs: nowMs };
    const channel = this.#channels.get(payload.channel);
    if (channel !== undefined) channel.last = Math.max(channel.last, payload.id);
    const log = this.#log(payload.channel);
    const follows = log.newest === 0 || payload.id <= log.newest + 1;
    if (!log.add(message)) return;
    if (payload.channel !== this.current) {
      if (log.newest - log.oldest >= 2 * MOST_KEPT) log.trim(MOST_KEPT);
      this.onChange("channels");
    } else this.onChange(follows ? message : "history");
  }

  /** @param {number} nonce @param {number} tick */
  #confirmed(nonce, tick) {
    this.#outbox.confirm(nonce, tick);
    this.onChange("waiting");
  }

  /** @param {any} payload @param {number} tick @param {number} nowMs */
  #history({ channel, before, more, messages }, tick, nowMs) {
    const hz = this.#session.welcome?.tick_hz ?? 10;
    const dated = messages.map((/** @type {any} */ each) => ({
      ...each,
      atMs: nowMs - ((tick - each.tick) / hz) * 1000,
    }));
    this.#log(channel).addPage(dated, before, more);
    if (channel === this.current) this.onChange("history");
  }

  /** @param {number} channel */
  #log(channel) {
    let log = this.#logs.get(channel);
    if (log === undefined) {
      log = new ChannelLog();
      this.#logs.set(channel, log);
    }
    return log;
  }

  /** The messages of the current channel. */
  get log() {
    return this.#log(this.current);
  }

  get channelName() {
    return this.#channels.get(this.current)?.name ?? "";
  }

  /** Shows another channel. @param {number} channel */
  open(channel) {
    this.current = channel;
    this.#missingSinceMs = 0;
    this.onChange("channels");
    this.onChange("history");
  }

  /** @returns {{number: number, name: string, unread: number}[]} */
  get channels() {
    const me = this.#session.me?.number;
    return [...this.#channels].map(([number, { name, last }]) => {
      const read = this.#marks.read(number, last);
      const counts = (/** @type {Message} */ { from, hidden }) =>
        from !== me && !hidden && !this.#marks.isMuted(from);
      return { number, name, unread: this.#log(number).unread(last, read, counts) };
    });
  }

  /** The current channel is read to its end. @returns {boolean} whether something was unread */
  markRead() {
    const last = Math.max(this.#channels.get(this.current)?.last ?? 0, this.log.newest);
    if (this.#marks.read(this.current, last) >= last) return false;
    this.#marks.setRead(this.current, last);
    return true;
  }

  get read() {
    return this.#marks.read(this.current, this.#channels.get(this.current)?.last ?? 0);
  }

  get waiting() {
    return this.#outbox.waiting.filter(({ channel }) => channel === this.current);
  }

  /** @param {string} text @returns {boolean} false: too much is waiting already */
  say(text) {
    if (!this.#outbox.add(this.current, text)) return false;
    this.flush();
    this.onChange("waiting");
    return true;
  }

  flush() {
    this.#outbox.flush((name, payload) => this.#session.send(name, payload), false);
  }

  /** Asks for what is missing at the end of the current channel, or before what is shown. @param {number} nowMs */
  catchUp(nowMs) {
    const { log } = this;
    const last = this.#channels.get(this.current)?.last;
    if (last === undefined) return; // the state is on its way
    if (last === 0) log.complete = true;
    if (log.newest >= last) {
      this.#missingSinceMs = 0;
      return;
    }
    this.#missingSinceMs ||= nowMs;
    const isMissing = log.newest === 0 || nowMs - this.#missingSinceMs > MISSING_MS;
    if (isMissing) this.#ask(null, nowMs);
  }

  /** Asks for the page before what is shown, if there is one. @param {number} nowMs */
  older(nowMs) {
    const { log } = this;
    if (!log.complete && log.newest > 0) this.#ask(log.oldest, nowMs);
  }

  /** @param {number | null} before @param {number} nowMs */
  #ask(before, nowMs) {
    const { log } = this;
    if (log.askedAtMs !== null && nowMs - log.askedAtMs < ASK_AGAIN_MS) return;
    if (this.#session.send("history", { channel: this.current, before })) log.askedAtMs = nowMs;
  }

  /**
   * Forgets what is far above the end.
   *
   * @param {boolean} atEnd whether the end is on the screen; else more is kept
   * @returns {boolean} whether there was something
   */
  trim(atEnd) {
    const { log } = this;
    const most = atEnd ? MOST_KEPT : MOST_READ;
    if (log.newest - log.oldest < 2 * most) return false;
    log.trim(most);
    return true;
  }
}
