/** The mark of a ship's colour as an icon. */
import { markOf, markPath } from "../render/marks.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {number} hue degrees @returns {SVGElement} the icon, in the colour of its `fill` */
export function makeMark(hue) {
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("class", "mark");
  icon.setAttribute("viewBox", "-1 -1 2 2");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("fill-rule", "evenodd");
  icon.append(path);
  setMark(icon, hue);
  return icon;
}

/** @param {SVGElement} icon as `makeMark` returns it @param {number} hue degrees */
export function setMark(icon, hue) {
  icon.firstElementChild?.setAttribute("d", markPath(markOf(hue)));
}
