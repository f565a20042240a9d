/** The large chart: the last minutes of one sensor with its limits, drawn by uPlot. */
import uPlot from "../vendor/uplot/uplot.js";
import { KEPT_S } from "./sensors.js";

/** @typedef {import("./sensors.js").Sensor} Sensor */

const CHART_HEIGHT = 240;
const LOW_CHART_HEIGHT = 170;
const NARROW = 560;
const INK = "#9aa6d6";
const GRID = "rgba(128, 150, 255, 0.12)";
const WARN = "#ffc857";
const ALARM = "#ff5d73";
/** Dashes make the limits differ without colour. */
const LINES = Object.freeze(
  /** @type {const} */ ([
    { limit: "warn_below", colour: WARN, dash: [6, 5] },
    { limit: "warn_above", colour: WARN, dash: [6, 5] },
    { limit: "alarm_below", colour: ALARM, dash: [] },
    { limit: "alarm_above", colour: ALARM, dash: [] },
  ]),
);

/** One chart in an element of the page. */
export class Chart {
  /** @type {Sensor | null} */
  #sensor = null;
  #plot;

  /** @param {HTMLElement} place */
  constructor(place) {
    const axis = {
      stroke: INK,
      grid: { stroke: GRID, width: 1 },
      ticks: { stroke: GRID, width: 1 },
    };
    this.#plot = new uPlot(
      {
        ...sizeIn(place),
        legend: { show: false },
        padding: [10, 14, 0, 0],
        cursor: { y: false },
        scales: { x: { time: true }, y: { range: (_, low, high) => this.#range(low, high) } },
        axes: [
          { ...axis, values: "{HH}:{mm}:{ss}", space: 62, size: 34 },
          {
            ...axis,
            size: 54,
            values: (_, splits) => splits.map((value) => this.#label(value, splits)),
          },
        ],
        series: [
          {},
          {
            stroke: "#7fe3ff",
            width: 2,
            fill: "rgba(127, 227, 255, 0.10)",
            points: { show: false },
          },
        ],
        hooks: { drawAxes: [(plot) => this.#drawLimits(plot)] },
      },
      [[], []],
      place,
    );
    new ResizeObserver(() => this.#plot.setSize(sizeIn(place))).observe(place);
  }

  /** @param {Sensor | null} sensor @param {number} nowS seconds since the epoch */
  show(sensor, nowS) {
    this.#sensor = sensor;
    const points = sensor?.points() ?? [];
    const times = points.map((_, at) => nowS - (points.length - 1 - at));
    // The newest value stands at the end, also before its second is over.
    const values = points.map((value) => (Number.isFinite(value) ? value : null));
    this.#plot.setData([times, values], false);
    this.#plot.setScale("x", { min: nowS - KEPT_S, max: nowS });
  }

  /**
   * Limits are in the picture if they are near.
   *
   * @param {number} low
   * @param {number} high
   * @returns {[number, number]}
   */
  #range(low, high) {
    if (low === null || high === null) return [0, 1];
    let [bottom, top] = [low, high];
    const near = Math.max(high - low, Math.abs(high) * 0.002, 1e-9) * 1.5;
    for (const { limit } of LINES) {
      const at = this.#sensor?.limit(limit);
      if (at !== undefined && at >= low - near && at <= high + near) {
        bottom = Math.min(bottom, at);
        top = Math.max(top, at);
      }
    }
    const margin = Math.max((top - bottom) * 0.12, Math.abs(top) * 1e-4, 1e-6);
    return [bottom - margin, top + margin];
  }

  /** As many decimals as the labels apart. @param {number} value @param {number[]} splits */
  #label(value, splits) {
    const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
    const needed = Math.max(0, Math.ceil(-Math.log10(step || 1) - 1e-9));
    return value.toFixed(Math.min(needed, 6));
  }

  /** @param {uPlot} plot */
  #drawLimits(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    for (const { limit, colour, dash } of LINES) {
      const at = this.#sensor?.limit(limit);
      if (at === undefined) continue;
      const y = Math.round(plot.valToPos(at, "y", true));
      ctx.strokeStyle = colour;
      ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }
}

/** @param {HTMLElement} place */
function sizeIn(place) {
  const width = Math.max(200, place.clientWidth);
  return { width, height: width < NARROW ? LOW_CHART_HEIGHT : CHART_HEIGHT };
}
