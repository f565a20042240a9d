/** The cards of all sensors, by group: value, level, and a small curve of the last minutes for those in view. */
import { make, setText } from "../pages/dom.js";
import { KEPT_S, LEVELS } from "./sensors.js";

/** @typedef {import("./sensors.js").Sensor} Sensor */
/** @typedef {import("./sensors.js").Sensors} Sensors */

const COLOURS = Object.freeze({
  ok: "#5ff2b4",
  warn: "#ffc857",
  alarm: "#ff5d73",
  stale: "#7f8bbf",
});
const CURVE = Object.freeze({ width: 132, height: 30 });

/** One card. */
class Card {
  /** @param {Sensor} sensor */
  constructor(sensor) {
    this.sensor = sensor;
    this.isInView = false;
    this.element = make("button", "sensor card");
    this.element.type = "button";
    this.element.dataset.slot = String(sensor.slot);
    this.name = make("bdi", "name", sensor.name);
    this.shape = make("span", "shape");
    this.shape.setAttribute("aria-hidden", "true");
    this.value = make("b", "value");
    this.unit = make("span", "unit", sensor.unit);
    this.level = make("span", "visually-hidden");
    this.curve = make("canvas", "curve");
    this.curve.setAttribute("aria-hidden", "true");
    const line = make("span", "line");
    line.append(this.shape, this.value, this.unit, this.level);
    this.element.append(this.name, line, this.curve);
  }

  /** Shows the newest value. */
  update() {
    const { level } = this.sensor;
    setText(this.value, this.sensor.text());
    if (this.element.dataset.level !== level) {
      this.element.dataset.level = level;
      setText(this.shape, LEVELS[level].shape);
      setText(this.level, `, ${LEVELS[level].name}`);
    }
  }

  /** Draws the small curve. */
  draw() {
    const { curve, sensor } = this;
    const density = Math.min(2, devicePixelRatio);
    if (curve.width !== CURVE.width * density) {
      curve.width = CURVE.width * density;
      curve.height = CURVE.height * density;
    }
    const context = curve.getContext("2d");
    if (context === null) return;
    const points = sensor.points();
    const { low, high } = sensor.figures();
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, CURVE.width, CURVE.height);
    context.strokeStyle = COLOURS[sensor.level];
    context.lineWidth = 1.4;
    context.beginPath();
    const span = Math.max(high - low, 1e-9);
    let isDown = false;
    points.forEach((value, at) => {
      if (!Number.isFinite(value)) {
        isDown = false;
        return;
      }
      const x = (at / (KEPT_S - 1)) * CURVE.width;
      const y = CURVE.height - 3 - ((value - low) / span) * (CURVE.height - 6);
      if (isDown) context.lineTo(x, y);
      else context.moveTo(x, y);
      isDown = true;
    });
    context.stroke();
  }
}

/** The cards in the page. */
export class Cards {
  /** @type {Map<number, Card>} */
  #cards = new Map();
  #version = "";
  #place;
  #observer;
  /** Called with the sensors that have come into view. @type {(sensors: Sensor[]) => void} */
  onInView = () => {};
  /** Called with the slot of a card that was chosen. @type {(slot: number) => void} */
  onChosen = () => {};
  /** What is shown. */
  filter = { text: "", attention: false };

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    this.#observer = new IntersectionObserver((entries) => this.#noteView(entries), {
      rootMargin: "120px",
    });
    place.addEventListener("click", ({ target }) => {
      const card = target instanceof Element ? target.closest(".sensor") : null;
      if (card instanceof HTMLElement) this.onChosen(Number(card.dataset.slot));
    });
    place.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Shows what the sensors are now. @param {Sensors} sensors @param {number | null} chosen */
  update(sensors, chosen) {
    if (sensors.version !== this.#version) this.#build(sensors);
    for (const card of this.#cards.values()) {
      card.update();
      const isChosen = card.sensor.slot === chosen;
      card.element.setAttribute("aria-pressed", String(isChosen));
    }
    this.#applyFilter();
  }

  /** Draws the small curves that can be seen. */
  draw() {
    for (const card of this.#cards.values()) if (card.isInView && !card.element.hidden) card.draw();
  }

  /** How many cards are shown. */
  get shown() {
    return [...this.#cards.values()].filter((card) => !card.element.hidden).length;
  }

  /** @param {Sensors} sensors */
  #build(sensors) {
    this.#version = sensors.version;
    const focused =
      document.activeElement instanceof HTMLElement
        ? document.activeElement.dataset.slot
        : undefined;
    this.#observer.disconnect();
    this.#cards.clear();
    /** @type {Map<string, HTMLElement>} */
    const groups = new Map();
    for (const sensor of sensors.bySlot.values()) {
      if (sensor.ticker) continue;
      let grid = groups.get(sensor.group);
      if (grid === undefined) {
        grid = make("div", "grid");
        groups.set(sensor.group, grid);
      }
      const card = new Card(sensor);
      this.#cards.set(sensor.slot, card);
      grid.append(card.element);
    }
    this.#place.replaceChildren(
      ...[...groups].map(([name, grid]) => {
        const group = make("section", "group");
        const title = make("h3", "", name);
        group.append(title, grid);
        return group;
      }),
    );
    for (const { element } of this.#cards.values()) this.#observer.observe(element);
    if (focused !== undefined) this.#cards.get(Number(focused))?.element.focus();
  }

  #applyFilter() {
    const text = this.filter.text.trim().toLowerCase();
    for (const { element, sensor } of this.#cards.values()) {
      const fits = text === "" || `${sensor.name} ${sensor.group}`.toLowerCase().includes(text);
      const isHidden = !fits || (this.filter.attention && sensor.level === "ok");
      if (element.hidden !== isHidden) element.hidden = isHidden;
    }
    for (const group of this.#place.children) {
      const isEmpty = group.querySelector(".sensor:not([hidden])") === null;
      if (group instanceof HTMLElement && group.hidden !== isEmpty) group.hidden = isEmpty;
    }
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #noteView(entries) {
    const came = [];
    for (const { target, isIntersecting } of entries) {
      const card = this.#cards.get(Number(/** @type {HTMLElement} */ (target).dataset.slot));
      if (card === undefined) continue;
      card.isInView = isIntersecting;
      if (isIntersecting) came.push(card.sensor);
    }
    if (came.length > 0) this.onInView(came);
  }

  /** The arrow keys go from card to card, as they lie on the screen. @param {KeyboardEvent} event */
  #move(event) {
    const here = document.activeElement;
    if (!(here instanceof HTMLElement) || !here.matches(".sensor")) return;
    const cards = [...this.#cards.values()]
      .map(({ element }) => element)
      .filter((element) => !element.hidden);
    const at = cards.indexOf(/** @type {HTMLButtonElement} */ (here));
    const next = nextOf(cards, at, event.key);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}

/** @param {HTMLElement[]} cards @param {number} at @param {string} key @returns {HTMLElement | undefined} */
function nextOf(cards, at, key) {
  if (key === "ArrowRight") return cards[at + 1];
  if (key === "ArrowLeft") return cards[at - 1];
  if (key === "Home") return cards[0];
  if (key === "End") return cards.at(-1);
  if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
  const here = cards[at].getBoundingClientRect();
  const beyond = cards
    .map((element) => ({ element, box: element.getBoundingClientRect() }))
    .filter(({ box }) => (key === "ArrowDown" ? box.top > here.top + 1 : box.top < here.top - 1));
  beyond.sort(
    (one, other) =>
      Math.abs(one.box.top - here.top) - Math.abs(other.box.top - here.top) ||
      Math.abs(one.box.left - here.left) - Math.abs(other.box.left - here.left),
  );
  return beyond[0]?.element;
}
