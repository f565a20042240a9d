/**
 * The page: connects its parts. `window.dashboard` is for tests and debugging: it only reads.
 *
 * It watches, so it is a spectator, and draws when a state has come: ten times a second at most.
 */
import { byId, element, make, setText } from "../pages/dom.js";
import { followLink } from "../pages/link_line.js";
import { SOCKET_URL } from "../pages/net.js";
import { Role } from "../sdk/constants.js";
import { connect } from "../sdk/index.js";
import { Cards } from "./cards.js";
import { Chart } from "./chart.js";
import { LEVELS, Sensors } from "./sensors.js";
import { Ticker } from "./ticker.js";

/** @typedef {import("./sensors.js").Level} Level */
/** @typedef {import("./sensors.js").Sensor} Sensor */

const KIND = "dashboard";
const CURVES_EVERY_MS = 1000;
const ANNOUNCE_EVERY_MS = 5000;

const search = byId("search", HTMLInputElement);
const attention = byId("attention", HTMLButtonElement);
const counts = element("counts");

const sensors = new Sensors();
const cards = new Cards(element("groups"));
const ticker = new Ticker(element("ticker"));
const chart = new Chart(element("chart"));

/** @type {number | null} */
let chosen = null;
/** @type {Set<string>} */
let alarms = new Set();
let lastCurvesMs = 0;
let lastSaidMs = 0;

const session = connect(SOCKET_URL, { kind: KIND, role: Role.SPECTATOR, keepSeat: false });

session.on("joined", ({ resumed, room }) => {
  if (!resumed) sensors.clear();
  for (const sensor of sensors.bySlot.values()) sensor.isAsked = false; // there is a gap
  document.body.dataset.room = room;
});
session.on("updated", update);
session.on("event", ({ name, payload }) => {
  if (name !== "history") return;
  const second = Math.floor(payload.tick / tickHz());
  for (const one of payload.sensors) sensors.bySlot.get(one.slot)?.fill(one, second);
  lastCurvesMs = 0;
});
followLink(session, {
  online: "live",
  reconnecting: (why) => `reconnecting: ${why}`,
  closed: (why) => why,
});

function tickHz() {
  return session.welcome?.tick_hz ?? 10;
}

function update() {
  const { entities, tick } = session.draw(performance.now());
  const second = Math.floor(tick / tickHz());
  sensors.update(entities.get("Sensor") ?? [], entities.get("Reading") ?? [], second);
  if (chosen === null || !sensors.bySlot.has(chosen)) choose(firstSlot());
  if (document.hidden) return; // values are kept, and drawn when somebody looks
  cards.update(sensors, chosen);
  const all = [...sensors.bySlot.values()];
  ticker.update(
    all.filter((sensor) => sensor.ticker),
    sensors.version,
  );
  ask(all.filter((sensor) => sensor.ticker));
  showRoom();
  showCounts(all);
  showDetail();
  const nowMs = performance.now();
  if (nowMs - lastCurvesMs >= CURVES_EVERY_MS) {
    lastCurvesMs = nowMs;
    cards.draw();
  }
}

function firstSlot() {
  for (const sensor of sensors.bySlot.values()) if (!sensor.ticker) return sensor.slot;
  return null;
}

/** @param {number | null} slot */
function choose(slot) {
  chosen = slot;
  const sensor = slot === null ? undefined : sensors.bySlot.get(slot);
  if (sensor !== undefined) ask([sensor]);
}

/** Asks for the last minutes of sensors, each once. @param {Sensor[]} wanted */
function ask(wanted) {
  const slots = wanted.filter((sensor) => !sensor.isAsked).map((sensor) => sensor.slot);
  if (slots.length === 0 || !session.send("history", slots)) return;
  for (const sensor of wanted) sensor.isAsked = true;
}

function showRoom() {
  const room = session.room;
  element("demo").hidden = !room?.demo;
  const leftOut = room?.left_out ?? 0;
  element("left-out").hidden = leftOut === 0;
  setText(element("left-out"), `${leftOut} readings had no place`);
  const empty = element("empty");
  empty.hidden = cards.shown > 0;
  const isFiltered = sensors.bySlot.size > 0;
  setText(
    empty,
    isFiltered
      ? "No sensor is like that now."
      : "No readings yet. Send some, and they appear here.",
  );
}

/** @param {Sensor[]} all */
function showCounts(all) {
  /** @type {Record<Level, number>} */
  const found = { alarm: 0, warn: 0, ok: 0, stale: 0 };
  const now = new Set();
  for (const sensor of all) {
    if (sensor.ticker) continue;
    found[sensor.level] += 1;
    if (sensor.level === "alarm") now.add(sensor.name);
  }
  if (counts.children.length === 0) {
    for (const level of /** @type {Level[]} */ (Object.keys(found))) {
      const item = make("li", "count");
      item.dataset.level = level;
      const shape = make("span", "shape", LEVELS[level].shape);
      shape.setAttribute("aria-hidden", "true");
      item.append(shape, make("b", "value"), make("span", "word", LEVELS[level].name));
      counts.append(item);
    }
  }
  for (const item of counts.children) {
    const level = /** @type {Level} */ (/** @type {HTMLElement} */ (item).dataset.level);
    setText(/** @type {Element} */ (item.querySelector(".value")), String(found[level]));
  }
  document.title = found.alarm > 0 ? `■ ${found.alarm} · Dashboard` : "Dashboard";
  announce(now);
}

/** Says which alarms are new, to those who listen. @param {Set<string>} now */
function announce(now) {
  const nowMs = performance.now();
  if (nowMs - lastSaidMs < ANNOUNCE_EVERY_MS) return;
  const fresh = [...now].filter((name) => !alarms.has(name));
  alarms = now;
  if (fresh.length === 0) return;
  lastSaidMs = nowMs;
  const more = fresh.length > 3 ? `, and ${fresh.length - 3} more` : "";
  setText(element("live"), `Alarm: ${fresh.slice(0, 3).join(", ")}${more}`);
}

function showDetail() {
  const sensor = chosen === null ? undefined : sensors.bySlot.get(chosen);
  const { low, mean, high } = sensor?.figures() ?? {
    low: Number.NaN,
    mean: Number.NaN,
    high: Number.NaN,
  };
  const text = (/** @type {number} */ value) => sensor?.text(value) ?? "–";
  setText(element("detail-name"), sensor?.name ?? "No sensor yet");
  setText(element("detail-value"), sensor?.text() ?? "");
  setText(element("detail-unit"), sensor?.unit ?? "");
  setText(element("detail-low"), text(low));
  setText(element("detail-mean"), text(mean));
  setText(element("detail-high"), text(high));
  setText(element("detail-limits"), sensor === undefined ? "" : limitsText(sensor));
  const level = sensor?.level ?? "ok";
  setText(element("detail-shape"), LEVELS[level].shape);
  element("detail-shape").dataset.level = level;
  chart.show(sensor ?? null, Date.now() / 1000);
}

/** @param {Sensor} sensor */
function limitsText(sensor) {
  const said = [];
  for (const [what, below, above] of /** @type {const} */ ([
    ["warning", "warn_below", "warn_above"],
    ["alarm", "alarm_below", "alarm_above"],
  ])) {
    const ends = [];
    const [low, high] = [sensor.limit(below), sensor.limit(above)];
    if (low !== undefined) ends.push(`up to ${sensor.text(low)}`);
    if (high !== undefined) ends.push(`from ${sensor.text(high)}`);
    if (ends.length > 0)
      said.push(
        `${LEVELS[what === "alarm" ? "alarm" : "warn"].shape} ${what} ${ends.join(" or ")}`,
      );
  }
  return said.join("  ·  ") || "no limits";
}

cards.onInView = ask;
cards.onChosen = (slot) => {
  choose(slot);
  update();
};
search.addEventListener("input", () => {
  cards.filter.text = search.value;
  update();
});
attention.addEventListener("click", () => {
  cards.filter.attention = !cards.filter.attention;
  attention.setAttribute("aria-pressed", String(cards.filter.attention));
  update();
});
byId("filter", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) update();
});

Object.defineProperty(window, "dashboard", {
  value: Object.freeze({
    session: () => session,
    tick: () => session.draw(performance.now()).tick,
    chosen: () => (chosen === null ? null : (sensors.bySlot.get(chosen)?.name ?? null)),
    values: () =>
      Object.fromEntries([...sensors.bySlot.values()].map((one) => [one.name, one.value])),
    points: (/** @type {string} */ name) =>
      [...sensors.bySlot.values()]
        .find((one) => one.name === name)
        ?.points()
        .filter(Number.isFinite) ?? [],
  }),
});
