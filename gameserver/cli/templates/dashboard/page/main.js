import { connect, Role } from "/sdk/index.js";

const KEPT = 120;
const MOST_ALARMS = 20;
const main = document.getElementById("gauges");
const alarms = document.getElementById("alarms");
const status = document.getElementById("status");

/** The card of each gauge, by the id of its entity. */
const cards = new Map();

const session = connect("ws", { kind: "dashboard", role: Role.SPECTATOR });

session.on("status", ({ state, reason }) => {
  status.textContent = { joined: "live", closed: reason }[state] ?? "connecting …";
});
session.on("event", ({ name, payload }) => {
  if (name !== "alarm") return;
  const item = document.createElement("li");
  item.textContent = `${new Date().toLocaleTimeString()}  ${payload.name} is at ${payload.value.toFixed(1)}`;
  alarms.prepend(item);
  if (alarms.children.length > MOST_ALARMS) alarms.lastChild.remove();
});

// A dashboard need not be drawn sixty times a second: only when there is something new.
session.on("updated", () => {
  const gauges = session.draw().entities.get("Gauge") ?? [];
  for (const gauge of gauges) {
    if (!cards.has(gauge.id)) cards.set(gauge.id, newCard(gauge.name));
    show(cards.get(gauge.id), gauge);
  }
  const there = new Set(gauges.map(({ id }) => id));
  for (const [id, { element }] of cards) {
    if (there.has(id)) continue;
    element.remove();
    cards.delete(id);
  }
});

function newCard(name) {
  const element = document.createElement("article");
  const [title, value, curve, note] = ["h3", "b", "canvas", "p"].map((tag) =>
    document.createElement(tag),
  );
  title.textContent = name;
  element.append(title, value, curve, note);
  main.append(element);
  return { element, value, curve, note, values: [] };
}

function show({ element, value, curve, note, values }, gauge) {
  const state = gauge.silent ? "silent" : gauge.alarm ? "alarm" : "ok";
  element.dataset.state = state;
  value.textContent = gauge.value.toFixed(1);
  note.textContent = { silent: "no reading", alarm: `above ${gauge.limit}`, ok: "" }[state];
  values.push(gauge.value);
  if (values.length > KEPT) values.shift();
  drawCurve(curve, values, state);
}

function drawCurve(curve, values, state) {
  const [width, height] = [curve.clientWidth, curve.clientHeight].map(
    (px) => px * devicePixelRatio,
  );
  curve.width = width; // clears it
  curve.height = height;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const scale = (height - 8) / (high - low || 1);
  const context = curve.getContext("2d");
  context.strokeStyle = { silent: "#6e7681", alarm: "#ff7b72", ok: "#79c0ff" }[state];
  context.lineWidth = 2 * devicePixelRatio;
  context.beginPath();
  for (const [i, value] of values.entries()) {
    context.lineTo((i / (KEPT - 1)) * width, height - 4 - (value - low) * scale);
  }
  context.stroke();
}
