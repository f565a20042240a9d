/** Who is on the board, as the page says it: a chip for each with its cursor's colour. */
import { make } from "../pages/dom.js";
import { hueOf } from "./cursors.js";

/** @typedef {import("../pages/net.js").Entity} Entity */

const MAX_SHOWN = 8;

/** @param {HTMLElement} list @param {readonly Readonly<Entity>[]} roster @param {number} own the own number */
export function showPeople(list, roster, own) {
  const drawing = roster.filter(({ spectator }) => !spectator);
  const watching = roster.length - drawing.length;
  const chips = drawing.slice(0, MAX_SHOWN).map((entry) => chip(entry, entry.number === own));
  const hidden = drawing.length - chips.length;
  if (hidden > 0) chips.push(make("li", "more", `+${hidden}`));
  if (watching > 0) chips.push(make("li", "more", `${watching} watching`));
  list.replaceChildren(...chips);
}

/** @param {Readonly<Entity>} entry @param {boolean} isMe */
function chip({ name, number, host, connected }, isMe) {
  const item = make("li", connected ? "" : "away");
  const says = [name, isMe ? "you" : "", host ? "host" : "", connected ? "" : "away"];
  item.title = says.filter(Boolean).join(", ");
  item.style.setProperty("--hue", hueOf(number));
  const initial = make("span", "initial", [...name][0]?.toUpperCase() ?? "?");
  initial.setAttribute("aria-hidden", "true");
  const text = document.createElement("bdi");
  text.className = isMe ? "me" : "visually-hidden";
  text.textContent = item.title;
  item.append(initial, ...(isMe ? [make("span", "you", host ? "you, host" : "you")] : []));
  text.className = "visually-hidden";
  item.append(text);
  return item;
}
