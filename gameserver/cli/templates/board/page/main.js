import { connect, keptSeat } from "/sdk/index.js";

const SIZE = 24;
const COLOURS = [
  "#0d1117",
  "#ff7b72",
  "#ffa657",
  "#f2cc60",
  "#7ee787",
  "#56d4dd",
  "#79c0ff",
  "#d2a8ff",
  "#e6edf3",
];
const LOST = "The connection is lost; trying again …";
const LATE = "That was fast: the last squares are sent a moment later";
const NOTHING = { entities: new Map(), avatar: null };

const canvas = document.getElementById("field");
const field = canvas.getContext("2d");
const form = document.getElementById("join");
const status = document.getElementById("status");
const square = canvas.width / SIZE;

const controls = { x: SIZE / 2, y: SIZE / 2 };
let session = null;
let colour = 1;
/** Strokes that could not be sent yet, at most one for each square. */
const unsent = new Map();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  join(null);
});

// A page that is loaded again goes on in its seat.
const seat = keptSeat("ws", { kind: "board" });
if (seat) join(seat.room);

function join(room) {
  form.hidden = true;
  unsent.clear();
  canvas.focus();
  const name = document.getElementById("name").value;
  session = connect("ws", { kind: "board", room, params: { name } });
  session.controls = controls; // read at each tick
  session.on("event", ({ name, payload }) => {
    if (name === "cleared") status.textContent = `${payload.by} has cleared the board`;
  });
  session.on("status", ({ state }) => {
    if (state === "waiting") status.textContent = LOST;
    if (state === "joined") status.textContent = "";
  });
  session.on("closed", ({ reason }) => {
    unsent.clear();
    status.textContent = reason;
    form.hidden = false;
  });
}

// -- drawing ----------------------------------------------------------------------------------------

for (const [number, value] of COLOURS.entries()) {
  const choice = document.createElement("input");
  choice.type = "radio";
  choice.name = "colour";
  choice.checked = number === colour;
  choice.ariaLabel = number === 0 ? "none: wipe" : `colour ${number}`;
  choice.style.setProperty("--colour", value);
  choice.addEventListener("change", () => {
    colour = number;
  });
  document.getElementById("colours").append(choice);
}
document.getElementById("clear").addEventListener("click", () => {
  unsent.clear();
  session?.send("clear");
});

let last = null; // the square that the line being drawn has come to

function point(event) {
  if (!event.isPrimary) return; // a second finger draws no line to the first
  if (event.type === "pointerdown") last = null;
  const { left, top, width, height } = canvas.getBoundingClientRect();
  // Of the moves since the last picture a browser makes one event; this has each of them.
  const moves = event.getCoalescedEvents?.() ?? [];
  for (const { clientX, clientY } of moves.length > 0 ? moves : [event]) {
    controls.x = inside(((clientX - left) / width) * SIZE);
    controls.y = inside(((clientY - top) / height) * SIZE);
    if (event.buttons & 1) drawLine();
    else last = null;
  }
  if (event.type === "pointerleave") last = null;
  sendStrokes();
}
for (const type of ["pointerdown", "pointermove", "pointerleave"]) {
  canvas.addEventListener(type, point);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

canvas.addEventListener("keydown", (event) => {
  const [dx, dy] = STEPS[event.code] ?? [0, 0];
  if (dx === 0 && dy === 0 && event.code !== "Space") return;
  event.preventDefault(); // the arrow keys would scroll the page
  controls.x = inside(Math.floor(controls.x) + dx + 0.5);
  controls.y = inside(Math.floor(controls.y) + dy + 0.5);
  last = null;
  if (event.code === "Space") drawLine();
  sendStrokes();
});

/** Paints all squares from the last one to where the pointer is. */
function drawLine() {
  const [column, row] = [Math.floor(controls.x), Math.floor(controls.y)];
  const [right, down] = last ? [column - last[0], row - last[1]] : [0, 0];
  const steps = Math.max(Math.abs(right), Math.abs(down));
  for (let left = last ? steps - 1 : 0; left >= 0; left--) {
    const part = left / (steps || 1);
    paint(Math.round(column - right * part), Math.round(row - down * part));
  }
  last = [column, row];
}

function paint(column, row) {
  if (form.hidden) unsent.set(`${column} ${row}`, { column, row, colour });
}

/** Sends what the server takes now; `send` refuses what would be too much, or when there is no connection. */
function sendStrokes() {
  for (const [square, stroke] of unsent) {
    if (!session?.send("paint", stroke)) break;
    unsent.delete(square);
  }
  if (unsent.size > 0 && ![LOST, LATE].includes(status.textContent)) status.textContent = LATE;
  if (unsent.size === 0 && status.textContent === LATE) status.textContent = "";
}

function inside(value) {
  return Math.min(Math.max(value, 0), SIZE - 0.01);
}

// -- picture ----------------------------------------------------------------------------------------

function draw(now) {
  requestAnimationFrame(draw);
  if (unsent.size > 0) sendStrokes();
  const { entities, avatar } = session ? session.draw(now) : NOTHING;
  field.clearRect(0, 0, canvas.width, canvas.height);
  for (const each of entities.get("Square") ?? []) {
    field.fillStyle = COLOURS[each.colour];
    field.fillRect(each.column * square + 1, each.row * square + 1, square - 2, square - 2);
  }
  field.strokeStyle = "#e6edf3";
  field.strokeRect(
    Math.floor(controls.x) * square,
    Math.floor(controls.y) * square,
    square,
    square,
  );
  field.font = "14px system-ui, sans-serif";
  for (const hand of entities.get("Hand") ?? []) {
    if (hand === avatar) continue;
    field.fillStyle = COLOURS[hand.colour];
    field.beginPath();
    field.arc(hand.x * square, hand.y * square, 5, 0, 2 * Math.PI);
    field.fill();
    field.fillText(hand.name, hand.x * square + 9, hand.y * square + 4);
  }
}
requestAnimationFrame(draw);
