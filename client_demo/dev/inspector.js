/** The state of the room as tables: a row for each entity, a column for each field. */
import { make, setText } from "./dom.js";
import { asText } from "./event_log.js";
import { COLOURS } from "./picture.js";

/** @typedef {import("../sdk/index.js").Drawn} Drawn */
/** @typedef {import("../sdk/index.js").Entity} Entity */
/** @typedef {import("../sdk/index.js").Session} Session */
/** @typedef {import("../sdk/schema.js").Schema} Schema */
/** @typedef {import("../sdk/schema.js").EntityType} EntityType */

const MOST_ROWS = 40;
const MAX_TEXT = 60;

/** One type's table. */
class Table {
  #type;
  #body = document.createElement("tbody");
  #count = make("span", "count");
  element = document.createElement("details");

  /** @param {EntityType} type */
  constructor(type) {
    this.#type = type;
    this.element.open = true;
    const summary = document.createElement("summary");
    summary.style.setProperty("--colour", COLOURS[type.index % COLOURS.length]);
    summary.append(make("b", "", type.name), this.#count);
    const head = document.createElement("thead");
    const row = head.insertRow();
    for (const name of ["id", ...type.fields.map((field) => field.name)]) {
      row.append(make("th", "", name));
    }
    const table = document.createElement("table");
    table.append(head, this.#body);
    const scrolled = make("div", "scrolled");
    scrolled.append(table);
    this.element.append(summary, scrolled);
  }

  /** @param {readonly Readonly<Entity>[]} entities @param {number | null} own */
  show(entities, own) {
    const more = entities.length > MOST_ROWS ? `, the first ${MOST_ROWS} are shown` : "";
    setText(this.#count, `${entities.length}${more}`);
    if (!this.element.open) return;
    const shown = entities.slice(0, MOST_ROWS);
    while (this.#body.rows.length > shown.length) this.#body.deleteRow(-1);
    shown.forEach((entity, i) => {
      const row = this.#body.rows[i] ?? this.#newRow();
      row.className = entity.id === own ? "own" : "";
      setText(row.cells[0], String(entity.id));
      this.#type.fields.forEach(({ name }, column) => {
        setText(row.cells[column + 1], shortened(entity[name]));
      });
    });
  }

  #newRow() {
    const row = this.#body.insertRow();
    for (let i = 0; i <= this.#type.fields.length; i += 1) row.insertCell();
    return row;
  }
}

/** All tables. */
export class Inspector {
  #parent;
  #fingerprint = "";
  /** @type {Map<EntityType, Table>} */
  #tables = new Map();

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#parent = parent;
  }

  /** Follows another room. @param {Schema} schema */
  use(schema) {
    if (schema.fingerprint === this.#fingerprint) return;
    this.#fingerprint = schema.fingerprint;
    this.#tables = new Map(schema.types.map((type) => [type, new Table(type)]));
    this.#parent.replaceChildren(...[...this.#tables.values()].map(({ element }) => element));
  }

  /** @param {Session} session @param {Drawn} drawn */
  show(session, { entities }) {
    for (const [type, table] of this.#tables) {
      table.show(this.#entitiesOf(type, session, entities), session.avatarId);
    }
  }

  /**
   * @param {EntityType} type @param {Session} session @param {Drawn["entities"]} entities
   * @returns {readonly Readonly<Entity>[]}
   */
  #entitiesOf(type, { roster, room }, entities) {
    if (type.use === "players") return roster;
    if (type.use === "room") return room === null ? [] : [room];
    return entities.get(type.name) ?? [];
  }
}

/** @param {unknown} value */
function shortened(value) {
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  if (typeof value === "boolean") return value ? "true" : "–";
  if (value === null || value === undefined) return "–";
  const text = typeof value === "string" ? value : asText(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text;
}
