/** Where the others point: an arrow with a name, gliding from one known place to the next. */

/** @typedef {import("../pages/net.js").Entity} Entity */
/** @typedef {import("./view.js").View} View */

/** A person's colour, by number; dark enough for white letters. */
const HUES = Object.freeze(["#0067b1", "#b34700", "#00734f", "#9a3f80", "#5a4fcf", "#8a6100"]);
/** After so long a third of the way is left. */
const GLIDE_S = 0.045;
const SETTLED_UNITS = 1;
const FONT = '600 12px ui-sans-serif, system-ui, "Segoe UI", roboto, arial, sans-serif';

/** @param {number} number of a person @returns {string} */
export function hueOf(number) {
  return HUES[(number - 1) % HUES.length];
}

export class Cursors {
  /** @type {Map<number, {x: number, y: number, toX: number, toY: number, name: string, number: number}>} */
  #cursors = new Map();

  /**
   * @param {readonly Entity[]} entities @param {readonly Readonly<Entity>[]} roster
   * @param {number} own the own number
   * @returns {boolean} whether any came, went or has another name; `glide` says which move
   */
  update(entities, roster, own) {
    const owners = new Map(roster.map((entry) => [entry.avatar, entry]));
    const before = this.#cursors;
    this.#cursors = new Map();
    let changed = false;
    for (const { id, x, y, shown } of entities) {
      const owner = owners.get(id);
      if (!shown || owner === undefined || owner.number === own) continue;
      const { name, number } = owner;
      const known = before.get(id);
      if (known?.name !== name) changed = true;
      this.#cursors.set(id, { x: known?.x ?? x, y: known?.y ?? y, toX: x, toY: y, name, number });
    }
    return changed || this.#cursors.size !== before.size;
  }

  /** How many are shown. */
  get count() {
    return this.#cursors.size;
  }

  /** Lets time pass. @param {number} dt seconds @returns {boolean} whether any moved */
  glide(dt) {
    let moved = false;
    const left = Math.exp(-dt / GLIDE_S);
    for (const cursor of this.#cursors.values()) {
      const [dx, dy] = [cursor.toX - cursor.x, cursor.toY - cursor.y];
      if (dx === 0 && dy === 0) continue;
      moved = true;
      const settled = Math.hypot(dx, dy) < SETTLED_UNITS;
      cursor.x = settled ? cursor.toX : cursor.toX - dx * left;
      cursor.y = settled ? cursor.toY : cursor.toY - dy * left;
    }
    return moved;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {View} view */
  draw(ctx, view) {
    const { density } = view;
    ctx.font = FONT;
    ctx.textBaseline = "middle";
    for (const { x, y, name, number } of this.#cursors.values()) {
      const [left, top] = view.pixel(x, y);
      ctx.setTransform(density, 0, 0, density, left * density, top * density);
      ctx.fillStyle = hueOf(number);
      ctx.strokeStyle = "#ffffff";
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      ctx.moveTo(0, 0);
      ctx.lineTo(4.5, 15);
      ctx.lineTo(7.5, 9);
      ctx.lineTo(14, 7.5);
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
      const width = ctx.measureText(name).width;
      ctx.beginPath();
      ctx.roundRect(12, 13, width + 14, 20, 7);
      ctx.fill();
      ctx.fillStyle = "#ffffff";
      ctx.fillText(name, 19, 23.5);
    }
  }
}
