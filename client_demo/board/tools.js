/** What the person holds: the tool, the colour, the pen; and the buttons that show it. */
import { make } from "../pages/dom.js";
import { COLOUR_NAMES, COLOURS, PEN_NAMES, PENS } from "./sheet.js";

/** @typedef {"pen" | "eraser" | "hand"} Tool */
/** @typedef {import("./sheet.js").Colour} Colour */

const ERASER_RADIUS_PX = 11;

export class Tools {
  /** Called when something else is held. */
  onChange = () => {};
  /** @type {Tool} */
  tool = "pen";
  /** @type {Colour} */
  colour = "black";
  /** Index in `PENS`. */
  pen = 1;
  eraserRadiusPx = ERASER_RADIUS_PX;

  #buttons;
  #swatches;
  #pens;

  /**
   * @param {Readonly<Record<Tool, HTMLButtonElement>>} buttons
   * @param {HTMLElement} swatches where the colours' buttons go @param {HTMLElement} pens where the pens' go
   */
  constructor(buttons, swatches, pens) {
    this.#buttons = buttons;
    for (const [tool, button] of Object.entries(buttons)) {
      button.addEventListener("click", () => this.take(/** @type {Tool} */ (tool)));
    }
    this.#swatches = COLOUR_NAMES.map((colour, index) => {
      const button = choice(swatches, `swatch ${colour}`, `${colour} (${index + 1})`);
      button.addEventListener("click", () => this.dip(index));
      return button;
    });
    this.#pens = PENS.map((_, index) => {
      const button = choice(pens, `width width-${index}`, `${PEN_NAMES[index]} line ([ and ])`);
      button.addEventListener("click", () => this.choosePen(index));
      return button;
    });
    this.#show();
  }

  /** @param {Tool} tool */
  take(tool) {
    this.tool = tool;
    this.#show();
  }

  /** Takes the pen with a colour. @param {number} index */
  dip(index) {
    const colour = COLOUR_NAMES[index];
    if (colour === undefined) return;
    this.colour = colour;
    this.take("pen");
  }

  /** Takes a pen of another thickness. @param {number} index */
  choosePen(index) {
    this.pen = Math.max(0, Math.min(PENS.length - 1, index));
    this.take("pen");
  }

  /** What is held, for a screen reader. */
  get says() {
    return this.tool === "pen" ? `${PEN_NAMES[this.pen]} ${this.colour} pen` : this.tool;
  }

  #show() {
    for (const [tool, button] of Object.entries(this.#buttons)) {
      button.setAttribute("aria-pressed", String(tool === this.tool));
    }
    this.#swatches.forEach((button, index) => {
      button.setAttribute("aria-pressed", String(COLOUR_NAMES[index] === this.colour));
    });
    this.#pens.forEach((button, index) => {
      button.setAttribute("aria-pressed", String(index === this.pen));
    });
    document.body.dataset.tool = this.tool;
    document.body.style.setProperty("--pen", COLOURS[this.colour]);
    this.onChange();
  }
}

/** @param {HTMLElement} group @param {string} className @param {string} label */
function choice(group, className, label) {
  const button = make("button", className);
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label.replace(/ \(.*/, ""));
  group.append(button);
  return button;
}
