/**
 * The client's tick: when the next input frame is due.
 *
 * The server reports how long consumed frames waited (`lead`); the pacer keeps an estimate of what
 * a frame sent *now* will wait and bends the length of its ticks, by at most 10 %, so that this
 * stays at half a tick plus twice the jitter. Corrections made after the reported frame was sent
 * are in flight: they are added to the report, so none is made twice. A client that slept, or is
 * more than 10 ticks early, jumps instead.
 *
 * Pure: times are arguments, in seconds on the client's monotonic clock. docs/guide/time.md §3
 * states the algorithm; `gameserver/client/pacer.py` is the twin, and a test compares the two.
 */
import { LEAD_UNITS_PER_TICK, LIMITS } from "./constants.js";
import { Estimator } from "./estimator.js";

/**
 * Frames remembered by number: more than a second of them at 240 Hz. A slot carries its number, and
 * a lookup checks it.
 */
export const SENT_SLOTS = 256;

/** Target lead: half a tick, plus twice the jitter. protocol.md §7 asks every client for this. */
export const BASE_LEAD_TICKS = 0.5;
export const JITTERS_OF_LEAD = 2.0;

/**
 * A tick is at most this much longer or shorter than the room's: not noticeable, and a tick of
 * error is gone in ten.
 */
export const MAX_STRETCH = 0.1;

/**
 * Share of the error, in ticks, that each tick corrects: settles in twenty ticks and does not chase
 * the noise of single reports.
 */
export const STRETCH_PER_TICK = 0.05;

export const LEAD_GAIN = 1 / 8;
export const LEAD_RISE_GAIN = 1 / 4;

/**
 * Reports that stay off by more than a tick for this many of the client's ticks are taken as the new
 * mean: the route changed, or a stall ended.
 */
export const LEAD_OUTLIER_TICKS = 1.0;
export const LEAD_SHIFT_TICKS = 6.0;

/**
 * Further off than this is not stretched away but jumped: at 10 % it would take a hundred ticks.
 */
export const JUMP_TICKS = 10.0;

/** Decides when the client's next tick is due, from the leads that the server reports. */
export class TickPacer {
  #tickS;
  #maxTarget;
  #leads = new Estimator({
    gain: LEAD_GAIN,
    rise: LEAD_RISE_GAIN,
    floor: LEAD_OUTLIER_TICKS,
    shiftAfter: LEAD_SHIFT_TICKS,
  });
  /**
   * The frames of the last ticks: number, and the sum of corrections, in ticks, that had been made
   * when each left.
   */
  #ringSeq = new Float64Array(SENT_SLOTS);
  #ringShift = new Float64Array(SENT_SLOTS);
  #epoch = 1;
  #shift = 0;

  /** Number of the newest tick; each is one input frame. */
  seq = 0;
  /** When the newest tick was due, and when the next one is. */
  tickedAtS = Number.NEGATIVE_INFINITY;
  nextAtS = Number.POSITIVE_INFINITY;
  jumps = 0;
  /** Ticks that the client did not run because it came too late for them. */
  skipped = 0;

  /**
   * @param {number} tickS the room's tick in seconds
   * @param {number} [holdS] how much the server's queue holds; the target stays below half of it
   */
  constructor(tickS, holdS = LIMITS.INPUT_HOLD_S) {
    this.#tickS = tickS;
    this.#maxTarget = Math.max(2, (0.5 * holdS) / tickS);
  }

  /**
   * What a frame sent now is expected to wait at the server, in ticks; the target, while nothing is
   * known.
   */
  get lead() {
    return this.#leads.value === null ? this.target : this.#leads.value;
  }

  /** Mean deviation of the reported leads, in ticks. */
  get jitter() {
    return this.#leads.deviation;
  }

  /** The lead to aim at, in ticks. */
  get target() {
    return Math.min(this.#maxTarget, BASE_LEAD_TICKS + JITTERS_OF_LEAD * this.#leads.deviation);
  }

  /** Frames sent at once that still help; the ticks of any more are over in the room. */
  get useful() {
    return 1 + Math.ceil(Math.max(this.lead, this.target));
  }

  /** Share by which the next tick is shortened (positive: the client gets earlier). */
  get stretch() {
    const wanted = STRETCH_PER_TICK * (this.target - this.lead);
    return Math.min(MAX_STRETCH, Math.max(-MAX_STRETCH, wanted));
  }

  /**
   * Begins, or begins again after a WELCOME: the next tick is due now and numbered `seq` + 1.
   *
   * @param {number} nowS @param {number} seq
   */
  start(nowS, seq) {
    this.seq = seq;
    this.nextAtS = nowS;
    this.#forget();
  }

  /** No tick is due until the next start. */
  stop() {
    this.nextAtS = Number.POSITIVE_INFINITY;
  }

  /**
   * How many ticks to run now; they count as run. A client that comes too late runs only those that
   * still help.
   *
   * @param {number} nowS
   */
  due(nowS) {
    const late = (nowS - this.nextAtS) / this.#tickS;
    if (late < 0) return 0;
    const { useful } = this;
    if (late >= useful) {
      this.#hitched(late);
      this.#skip(Math.floor(late) + 1 - useful);
    }
    let run = 0;
    while (this.nextAtS <= nowS && run < useful) {
      this.#advance();
      run += 1;
    }
    return run;
  }

  /**
   * A STATE came: frame `seq` waited `lead` / 256 ticks. Frames from before a jump say nothing
   * about now.
   *
   * @param {number} seq @param {number} lead
   */
  reported(seq, lead) {
    const slot = seq % SENT_SLOTS;
    if (this.#ringSeq[slot] !== seq || seq < this.#epoch) return;
    const inFlight = this.#shift - this.#ringShift[slot];
    this.#leads.add(lead / LEAD_UNITS_PER_TICK + inFlight, seq);
    if (this.lead - this.target > JUMP_TICKS) this.#pause(this.lead - this.target);
  }

  #advance() {
    this.seq += 1;
    const slot = this.seq % SENT_SLOTS;
    this.#ringSeq[slot] = this.seq;
    this.#ringShift[slot] = this.#shift;
    const { stretch } = this;
    this.#shift += stretch;
    this.#leads.move(stretch);
    this.tickedAtS = this.nextAtS;
    this.nextAtS += this.#tickS * (1 - stretch);
  }

  /**
   * This client itself was late: counts that as jitter, unless it was a sleep. Reports do not show
   * it where hitches follow each other within a round trip, because each makes the client forget
   * the ones before.
   *
   * @param {number} late ticks
   */
  #hitched(late) {
    if (late <= JUMP_TICKS) this.#leads.widen(late);
  }

  /**
   * Too early by far: wait so long that the server's queue comes down to the target.
   *
   * @param {number} ticks
   */
  #pause(ticks) {
    this.nextAtS += ticks * this.#tickS;
    this.jumps += 1;
    this.#forget();
  }

  /**
   * Too late by far: the room has run these ticks without our frames; go on with now.
   *
   * @param {number} ticks
   */
  #skip(ticks) {
    this.nextAtS += ticks * this.#tickS;
    this.skipped += ticks;
    this.jumps += 1;
    this.#forget();
  }

  /**
   * What older frames report is no longer true of now; until the next report, assume to be on
   * target.
   */
  #forget() {
    this.#epoch = this.seq + 1;
    this.#leads.forgetValue();
  }
}
