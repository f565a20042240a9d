/**
 * A few synthetic sounds, off until turned on. Each is a few short-lived WebAudio nodes; the number of sounds at once
 * is limited.
 */

const MAX_VOICES = 14;
const VOLUME = 0.22;
/** Quieter sounds are not played. */
const AUDIBLE = 0.05;
const NOISE_S = 1;

export class Audio {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {GainNode | null} */
  #out = null;
  /** @type {AudioBuffer | null} */
  #noise = null;
  #voices = 0;
  #on = false;

  /** @returns {boolean} */
  get on() {
    return this.#on;
  }

  /** Must be called from a click or a key press: browsers allow sound only then. @param {boolean} on */
  turn(on) {
    this.#on = on;
    if (on && this.#context === null) this.#open();
    if (on) void this.#context?.resume();
    else void this.#context?.suspend();
  }

  /** @param {number} loud 0–1 */
  shot(loud) {
    this.#tone("sawtooth", 880, 190, 0.11, 0.32 * loud);
  }

  /** @param {number} loud 0–1 */
  hit(loud) {
    this.#burst(2400, 500, 0.12, 0.7 * loud);
  }

  /** @param {number} loud 0–1 */
  explosion(loud) {
    this.#burst(1100, 60, 0.75, 1.3 * loud);
    this.#tone("sine", 120, 34, 0.5, 0.9 * loud);
  }

  /** @param {number} loud 0–1 */
  pickup(loud) {
    this.#tone("triangle", 520, 780, 0.12, 0.5 * loud);
    this.#tone("triangle", 780, 1170, 0.22, 0.4 * loud);
  }

  #open() {
    const context = new AudioContext();
    const out = context.createGain();
    out.gain.value = VOLUME;
    out.connect(context.destination);
    const noise = context.createBuffer(1, context.sampleRate * NOISE_S, context.sampleRate);
    const samples = noise.getChannelData(0);
    for (let index = 0; index < samples.length; index++) samples[index] = Math.random() * 2 - 1;
    this.#context = context;
    this.#out = out;
    this.#noise = noise;
  }

  /**
   * @param {OscillatorType} wave
   * @param {number} from hertz
   * @param {number} to hertz
   * @param {number} seconds
   * @param {number} loud
   */
  #tone(wave, from, to, seconds, loud) {
    const context = this.#free(loud);
    if (context === null) return;
    const source = context.createOscillator();
    source.type = wave;
    source.frequency.setValueAtTime(from, context.currentTime);
    source.frequency.exponentialRampToValueAtTime(to, context.currentTime + seconds);
    this.#sound(context, source, source, seconds, loud);
  }

  /**
   * Plays noise through a low-pass filter whose frequency falls.
   *
   * @param {number} from hertz
   * @param {number} to hertz
   * @param {number} seconds
   * @param {number} loud
   */
  #burst(from, to, seconds, loud) {
    const context = this.#free(loud);
    if (context === null || this.#noise === null) return;
    const source = context.createBufferSource();
    source.buffer = this.#noise;
    const filter = context.createBiquadFilter();
    filter.type = "lowpass";
    filter.frequency.setValueAtTime(from, context.currentTime);
    filter.frequency.exponentialRampToValueAtTime(to, context.currentTime + seconds);
    source.connect(filter);
    this.#sound(context, source, filter, seconds, loud);
  }

  /** @param {number} loud @returns {AudioContext | null} the context when this sound may play */
  #free(loud) {
    const silent = !this.#on || loud < AUDIBLE || this.#voices >= MAX_VOICES;
    return silent ? null : this.#context;
  }

  /**
   * @param {AudioContext} context
   * @param {AudioScheduledSourceNode} source
   * @param {AudioNode} tail
   * @param {number} seconds
   * @param {number} loud
   */
  #sound(context, source, tail, seconds, loud) {
    if (this.#out === null) return;
    const gain = context.createGain();
    gain.gain.setValueAtTime(loud, context.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + seconds);
    tail.connect(gain).connect(this.#out);
    this.#voices += 1;
    source.onended = () => {
      this.#voices -= 1;
      gain.disconnect();
    };
    source.start();
    source.stop(context.currentTime + seconds);
  }
}
