/**
 * The scoreboard: the best few and the own ship. Rows are made once and updated a few times a second, only where they
 * differ.
 */

import { make, setText } from "../../pages/dom.js";
import { neon } from "../palette.js";
import { makeMark, setMark } from "./mark.js";

const ROWS = 8;
const EVERY_S = 0.25;

/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../types.js").Ship} Ship */
/**
 * @typedef {object} Row
 * @property {HTMLTableRowElement} row
 * @property {HTMLElement} rank
 * @property {SVGElement} mark
 * @property {HTMLElement} name
 * @property {HTMLElement} bot
 * @property {HTMLElement} score
 * @property {HTMLElement} deaths
 */

export class Scoreboard {
  #rows;
  #total;
  #wait = 0;
  /** @type {Ship[]} */
  #ranked = [];

  /** @param {HTMLElement} body of the table @param {HTMLElement} total shows the number of ships */
  constructor(body, total) {
    this.#total = total;
    this.#rows = Array.from({ length: ROWS }, makeRow);
    body.replaceChildren(...this.#rows.map(({ row }) => row));
  }

  /** @param {Scene} scene @param {number} dt seconds */
  update(scene, dt) {
    this.#wait -= dt;
    if (this.#wait > 0) return;
    this.#wait = EVERY_S;
    const ranked = this.#ranked;
    ranked.length = 0;
    for (let index = 0; index < scene.ships.length; index++) ranked.push(scene.ships[index]);
    ranked.sort(byRank);
    setText(this.#total, ranked.length === 1 ? "1 ship" : `${ranked.length} ships`);
    this.#rows.forEach((row, index) => {
      this.#show(row, index, scene.avatar);
    });
    ranked.length = 0;
  }

  /** @param {Row} row @param {number} index @param {Ship | null} own */
  #show(row, index, own) {
    let place = index;
    const ownPlace = own === null ? -1 : this.#ranked.indexOf(own);
    // An own ship that ranks below the shown rows replaces the last one.
    if (index === ROWS - 1 && ownPlace >= ROWS) place = ownPlace;
    const ship = this.#ranked[place];
    row.row.hidden = ship === undefined;
    if (ship === undefined) return;
    row.row.classList.toggle("own", ship === own);
    row.row.classList.toggle("down", ship.dead);
    setText(row.rank, String(place + 1));
    setText(row.name, ship.name);
    setText(row.score, String(ship.score));
    setText(row.deaths, String(ship.deaths));
    row.bot.hidden = !ship.bot;
    const colour = neon(ship.hue);
    if (row.row.dataset.colour !== colour) {
      row.row.dataset.colour = colour;
      row.rank.style.color = colour;
      row.mark.style.fill = colour;
      setMark(row.mark, ship.hue);
    }
  }
}

/** @param {Ship} a @param {Ship} b */
function byRank(a, b) {
  return b.score - a.score || a.deaths - b.deaths || a.id - b.id;
}

/** @returns {Row} */
function makeRow() {
  const row = document.createElement("tr");
  const rank = make("td", "rank");
  const who = make("td", "name");
  const line = make("div", "");
  const name = make("bdi", "");
  const bot = make("span", "tag", "bot");
  const score = make("td", "score");
  const deaths = make("td", "deaths");
  const mark = makeMark(0);
  line.append(mark, name, bot);
  who.append(line);
  row.append(rank, who, score, deaths);
  row.hidden = true;
  return { row, rank, mark, name, bot, score, deaths };
}
