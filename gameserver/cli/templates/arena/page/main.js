import { connect, keptSeat } from "/sdk/index.js";

const canvas = document.getElementById("field");
const field = canvas.getContext("2d");
const form = document.getElementById("join");
const status = document.getElementById("status");
const NOTHING = { entities: new Map(), avatar: null };

const controls = { turn: 0, thrust: false, fire: false };
let session = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  join(null);
});

// A page that is loaded again goes on in its seat.
const seat = keptSeat("ws", { kind: "arena" });
if (seat) join(seat.room);

function join(room) {
  form.hidden = true;
  canvas.focus();
  const name = document.getElementById("name").value;
  session = connect("ws", { kind: "arena", room, params: { name } });
  session.controls = controls; // read at each tick
  session.on("event", ({ name, payload }) => {
    if (name === "hit") status.textContent = `${payload.by} has hit ${payload.who}`;
  });
  session.on("status", ({ state }) => {
    if (state === "waiting") status.textContent = "The connection is lost; trying again …";
    if (state === "joined") status.textContent = "";
  });
  session.on("closed", ({ reason }) => {
    status.textContent = reason;
    form.hidden = false;
  });
}

// -- controls ---------------------------------------------------------------------------------------

const KEYS = {
  ArrowLeft: "left",
  KeyA: "left",
  ArrowRight: "right",
  KeyD: "right",
  ArrowUp: "thrust",
  KeyW: "thrust",
  Space: "fire",
};
const held = new Set();
const fingers = new Map();

addEventListener("keydown", (event) => {
  if (!form.hidden || !(event.code in KEYS)) return;
  event.preventDefault(); // the arrow keys would scroll the page
  held.add(KEYS[event.code]);
  steer();
});
addEventListener("keyup", ({ code }) => {
  held.delete(KEYS[code]);
  steer();
});
addEventListener("blur", () => {
  held.clear();
  steer();
});

// The first finger flies: up is thrust, left and right turn. The second fires.
canvas.addEventListener("pointerdown", (event) => {
  fingers.set(event.pointerId, { from: event, to: event });
  canvas.setPointerCapture(event.pointerId);
  steer();
});
canvas.addEventListener("pointermove", (event) => {
  const finger = fingers.get(event.pointerId);
  if (finger) finger.to = event;
  steer();
});
for (const type of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(type, ({ pointerId }) => {
    fingers.delete(pointerId);
    steer();
  });
}

function steer() {
  const [first, second] = fingers.values();
  const right = first ? first.to.clientX - first.from.clientX : 0;
  const up = first ? first.from.clientY - first.to.clientY : 0;
  const turned = Math.abs(right) < 12 ? 0 : Math.sign(right);
  controls.turn = turned || Number(held.has("right")) - Number(held.has("left"));
  controls.thrust = held.has("thrust") || up > 12;
  controls.fire = held.has("fire") || second !== undefined;
}

// -- picture ----------------------------------------------------------------------------------------

function draw(now) {
  requestAnimationFrame(draw);
  const { entities, avatar } = session ? session.draw(now) : NOTHING;
  field.clearRect(0, 0, canvas.width, canvas.height);
  field.fillStyle = "#ffa657";
  for (const { x, y } of entities.get("Shot") ?? []) {
    field.beginPath();
    field.arc(x, y, 4, 0, 2 * Math.PI);
    field.fill();
  }
  const ships = entities.get("Ship") ?? [];
  for (const ship of ships) drawShip(ship, ship === avatar);
  drawScores(ships.toSorted((one, other) => other.score - one.score));
}

function drawShip({ x, y, angle, thrusting, name }, isOwn) {
  field.save();
  field.translate(x, y);
  field.save();
  field.rotate(angle);
  if (thrusting) {
    field.fillStyle = "#ffa657";
    field.fill(new Path2D("M-10 -5 L-22 0 L-10 5 Z"));
  }
  field.fillStyle = isOwn ? "#79c0ff" : "#ff7b72";
  field.fill(new Path2D("M16 0 L-11 -10 L-6 0 L-11 10 Z"));
  field.restore();
  field.fillStyle = "#e6edf3";
  field.font = "15px system-ui, sans-serif";
  field.textAlign = "center";
  field.fillText(name, 0, -22);
  field.restore();
}

function drawScores(ships) {
  field.font = "16px system-ui, sans-serif";
  field.textAlign = "left";
  field.fillStyle = "#8b949e";
  for (const [place, { name, score }] of ships.slice(0, 8).entries()) {
    field.fillText(`${score}  ${name}`, 20, 34 + 22 * place);
  }
}
requestAnimationFrame(draw);
