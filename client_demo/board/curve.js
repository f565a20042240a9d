/** A stroke's points as a smooth curve: quadratic Béziers through the middles between points, ending at the last one. */

/** @typedef {ArrayLike<number>} Points across, down, across, down, … */
/**
 * @typedef {object} Path what a curve is drawn with: a `Path2D`, or something that writes SVG
 * @property {(x: number, y: number) => void} moveTo
 * @property {(x: number, y: number) => void} lineTo
 * @property {(cx: number, cy: number, x: number, y: number) => void} quadraticCurveTo
 */

/** @template {Path} P @param {Points} points at least one @param {P} path @returns {P} */
export function trace(points, path) {
  const last = points.length - 2;
  path.moveTo(points[0], points[1]);
  for (let i = 2; i < last; i += 2) {
    const cx = points[i];
    const cy = points[i + 1];
    path.quadraticCurveTo(cx, cy, (cx + points[i + 2]) / 2, (cy + points[i + 3]) / 2);
  }
  // A line of no length has no round ends: a dot is a very short one.
  const x = points[last] + (isDot(points) ? 0.01 : 0);
  path.lineTo(x, points[last + 1]);
  return path;
}

/**
 * The parts of the same curve that are equally thick, where it is not so everywhere.
 *
 * @template {Path} P
 * @param {Points} points at least one @param {ArrayLike<number>} widths one for each
 * @param {() => P} newPath
 * @returns {{width: number, path: P}[]}
 */
export function parts(points, widths, newPath) {
  /** @type {{width: number, path: P}[]} */
  const found = [];
  let [x, y] = [points[0], points[1]];
  const pathOf = (/** @type {number} */ width) => {
    const last = found.at(-1);
    if (last?.width === width) return last.path;
    const path = newPath();
    path.moveTo(x, y);
    found.push({ width, path });
    return path;
  };
  const last = points.length - 2;
  for (let i = 2; i < last; i += 2) {
    const path = pathOf(widths[i / 2]);
    [x, y] = [(points[i] + points[i + 2]) / 2, (points[i + 1] + points[i + 3]) / 2];
    path.quadraticCurveTo(points[i], points[i + 1], x, y);
  }
  const dot = isDot(points) ? 0.01 : 0;
  pathOf(widths[last / 2]).lineTo(points[last] + dot, points[last + 1]);
  return found;
}

/** The same curve as the `d` of an SVG path. @param {Points} points @returns {string} */
export function svgPath(points) {
  return trace(points, new SvgPath()).d;
}

/** Writes down what a `Path2D` would draw. */
export class SvgPath {
  d = "";

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.d += `M${x} ${y}`;
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.d += `L${x} ${y}`;
  }

  /** @param {number} cx @param {number} cy @param {number} x @param {number} y */
  quadraticCurveTo(cx, cy, x, y) {
    this.d += `Q${cx} ${cy} ${x} ${y}`;
  }
}

/** @param {Points} points */
function isDot(points) {
  for (let i = 2; i < points.length; i += 2) {
    if (points[i] !== points[0] || points[i + 1] !== points[1]) return false;
  }
  return true;
}

/** How far a place is from the lines between points, squared. @param {Points} points @param {number} x @param {number} y */
export function distanceSquared(points, x, y) {
  let best = (points[0] - x) ** 2 + (points[1] - y) ** 2;
  for (let i = 2; i < points.length; i += 2) {
    const [ax, ay] = [points[i - 2], points[i - 1]];
    const [dx, dy] = [points[i] - ax, points[i + 1] - ay];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / length;
    const u = Math.max(0, Math.min(1, along));
    best = Math.min(best, (ax + u * dx - x) ** 2 + (ay + u * dy - y) ** 2);
  }
  return best;
}
