/** The board as a file: SVG with a path for each stroke, or for each part of equal thickness, or PNG. */
import { parts, SvgPath, svgPath } from "./curve.js";
import { drawShape, enter } from "./picture.js";
import { around, COLOURS, PAPER } from "./sheet.js";

/** @typedef {import("./sheet.js").Box} Box */
/** @typedef {import("./strokes.js").Shape} Shape */

const MARGIN = 80;
const MAX_SIDE_PX = 8192;
/** Pixels for each unit: two for each pixel of the page at 100 %. */
const PNG_SCALE = 0.5;
/** An empty board as a file. @type {Box} */
const NOTHING = [0, 0, 800, 600];

/** @param {readonly Shape[]} shapes @returns {Box} */
function frame(shapes) {
  const [left, top, right, bottom] = around(shapes.map(({ box }) => box)) ?? NOTHING;
  return [left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN];
}

/** @param {readonly Shape[]} shapes lowest first @returns {string} a document */
export function toSvg(shapes) {
  const [left, top, right, bottom] = frame(shapes);
  const [width, height] = [right - left, bottom - top];
  const paths = shapes.flatMap(({ points, widths, colour, pen }) => {
    const drawn =
      widths.length === 0
        ? [{ width: pen, d: svgPath(points) }]
        : parts(points, widths, () => new SvgPath()).map(({ width, path: { d } }) => ({
            width,
            d,
          }));
    return drawn.map(
      ({ width, d }) => `<path stroke="${COLOURS[colour]}" stroke-width="${width}" d="${d}"/>`,
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width / 4}" height="${height / 4}">`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${PAPER}"/>`,
    `<g fill="none" stroke-linecap="round" stroke-linejoin="round">`,
    ...paths,
    "</g>",
    "</svg>",
  ].join("\n");
}

/** @param {readonly Shape[]} shapes lowest first @returns {Promise<Blob | null>} null: the browser cannot make it */
export function toPng(shapes) {
  const [left, top, right, bottom] = frame(shapes);
  const longest = Math.max(right - left, bottom - top);
  const scale = Math.min(PNG_SCALE, MAX_SIDE_PX / longest);
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil((right - left) * scale);
  canvas.height = Math.ceil((bottom - top) * scale);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  ctx.fillStyle = PAPER;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  enter(ctx, { x: left, y: top, scale });
  for (const shape of shapes) drawShape(ctx, shape);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Has the browser store a file. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
