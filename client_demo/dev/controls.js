/**
 * A row for each input of the room: keys where a name says what they would do, and a slider, a box to
 * tick or a list for all. What is held on the keyboard counts before what the form says.
 */
import { make, setText } from "./dom.js";
import { assignKeys } from "./keys.js";

/** @typedef {import("../sdk/fields.js").NumericField} NumericField */
/** @typedef {import("./keys.js").Binding} Binding */

/** Turns what is typed and set into the controls of a session. */
export class Controls {
  #parent;
  /** @type {readonly NumericField[]} */
  #fields = [];
  /** @type {readonly Binding[]} */
  #bindings = [];
  /** What the form says. @type {Map<string, number | boolean | string>} */
  #set = new Map();
  /** Key codes. @type {Set<string>} */
  #held = new Set();
  /** @type {readonly string[]} */
  #touched = [];
  /** @type {Map<string, HTMLElement>} */
  #outputs = new Map();
  /** @type {Map<string, HTMLInputElement>} */
  #sliders = new Map();
  /** The session reads this object at each tick. @type {Record<string, unknown>} */
  values = {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#parent = parent;
    addEventListener("keydown", (event) => this.#press(event));
    addEventListener("keyup", ({ code }) => {
      this.#held.delete(code);
      this.#update();
    });
    addEventListener("blur", () => {
      this.#held.clear();
      this.#update();
    });
  }

  /**
   * Counts keys as held that no keyboard holds, until called again: for a finger that steers.
   *
   * @param {readonly string[]} codes
   */
  hold(codes) {
    this.#touched = codes;
    this.#update();
  }

  /** Makes the form for the inputs of a room, unless it is there. @param {readonly NumericField[]} fields */
  use(fields) {
    this.values = {};
    if (JSON.stringify(fields) !== JSON.stringify(this.#fields)) {
      this.#fields = fields;
      this.#bindings = assignKeys(fields);
      this.#set.clear();
      this.#outputs.clear();
      this.#sliders.clear();
      this.#parent.replaceChildren(...fields.map((field) => this.#row(field)));
      if (fields.length === 0) {
        this.#parent.replaceChildren(
          make("p", "hint", "This room has no inputs; it takes messages."),
        );
      }
    }
    this.#update();
  }

  /** @param {NumericField} field */
  #row(field) {
    const row = make("label", "input");
    row.append(make("span", "input-name", field.name));
    const keys = this.#bindings.filter(({ name }) => name === field.name).map(({ shown }) => shown);
    const hint = make("span", "keys");
    hint.append(...keys.map((key) => make("kbd", "", key)));
    const output = make("output", "value");
    this.#outputs.set(field.name, output);
    row.append(this.#widget(field), output, hint);
    return row;
  }

  /** @param {NumericField} field @returns {HTMLElement} */
  #widget(field) {
    if (field.type === "choice") {
      const list = document.createElement("select");
      list.append(...field.names.map((name) => new Option(name)));
      list.addEventListener("change", () => this.#change(field.name, list.value));
      return list;
    }
    const input = document.createElement("input");
    if (field.type === "flag") {
      input.type = "checkbox";
      input.addEventListener("change", () => this.#change(field.name, input.checked));
      return input;
    }
    this.#sliders.set(field.name, input);
    input.type = "range";
    input.min = String(field.lo * field.step);
    input.max = String(field.hi * field.step);
    input.step = String(field.step);
    input.value = String(neutralOf(field));
    input.addEventListener("input", () => this.#change(field.name, Number(input.value)));
    if (field.lo < 0 && field.hi > 0 && field.type !== "angle") {
      // As a stick does: let go, it is in the middle.
      input.addEventListener("pointerup", () => this.#change(field.name, neutralOf(field)));
    }
    return input;
  }

  /** @param {string} name @param {number | boolean | string} value */
  #change(name, value) {
    this.#set.set(name, value);
    this.#update();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { code, target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    if (target instanceof HTMLButtonElement && ["Space", "Enter"].includes(code)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.#bindings.some(({ codes }) => codes.includes(code))) return;
    event.preventDefault(); // the arrow keys would scroll the page
    this.#held.add(code);
    this.#update();
  }

  #update() {
    for (const field of this.#fields) {
      const value = this.#valueOf(field);
      if (value === undefined) delete this.values[field.name];
      else this.values[field.name] = value;
      const output = this.#outputs.get(field.name);
      if (output !== undefined) setText(output, described(field, value));
      const slider = this.#sliders.get(field.name);
      if (slider !== undefined) slider.value = String(value ?? neutralOf(field));
    }
  }

  /** @param {NumericField} field */
  #valueOf(field) {
    const held = this.#bindings.filter(
      ({ name, codes }) =>
        name === field.name &&
        codes.some((code) => this.#held.has(code) || this.#touched.includes(code)),
    );
    if (held.length === 0) return this.#set.get(field.name);
    if (field.type === "flag") return true;
    const sum = held.reduce((total, { value }) => total + value, 0);
    return Math.min(Math.max(sum, field.lo * field.step), field.hi * field.step);
  }
}

/** @param {NumericField} field @param {unknown} value */
function described(field, value) {
  if (field.type === "flag") return value ? "on" : "off";
  if (field.type === "choice") return "";
  return String(Math.round(Number(value ?? neutralOf(field)) * 100) / 100);
}

/** @param {NumericField} field */
function neutralOf(field) {
  return Math.min(Math.max(0, field.lo), field.hi) * field.step;
}
