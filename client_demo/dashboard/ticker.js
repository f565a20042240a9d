/** The line of prices: each with its change over the last minutes. */
import { make, setText } from "../pages/dom.js";

/** @typedef {import("./sensors.js").Sensor} Sensor */

/** The line in the page. */
export class Ticker {
  #place;
  #version = "";
  /** @type {Map<Sensor, {item: HTMLElement, value: HTMLElement, change: HTMLElement}>} */
  #items = new Map();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** @param {Sensor[]} sensors @param {string} version */
  update(sensors, version) {
    if (version !== this.#version) this.#build(sensors, version);
    for (const [sensor, { item, value, change }] of this.#items) {
      const first = sensor.points().find(Number.isFinite) ?? sensor.value;
      const moved = sensor.value - first;
      const percent = first === 0 ? 0 : (100 * moved) / Math.abs(first);
      const way = Math.abs(percent) < 0.005 ? "level" : moved > 0 ? "up" : "down";
      setText(value, sensor.text());
      item.dataset.way = sensor.stale ? "level" : way;
      setText(
        change,
        `${{ up: "▲", down: "▼", level: "–" }[way]} ${Math.abs(percent).toFixed(2)} %`,
      );
    }
  }

  /** @param {Sensor[]} sensors @param {string} version */
  #build(sensors, version) {
    this.#version = version;
    this.#items.clear();
    for (const sensor of sensors) {
      const item = make("li", "price");
      const value = make("b", "value");
      const change = make("span", "change");
      item.append(make("bdi", "name", sensor.name), value, change);
      this.#items.set(sensor, { item, value, change });
    }
    this.#place.replaceChildren(...[...this.#items.values()].map(({ item }) => item));
    this.#place.hidden = sensors.length === 0;
  }
}
