import { connect, keptSeat } from "/sdk/index.js";

const canvas = document.getElementById("field");
const field = canvas.getContext("2d");
const form = document.getElementById("join");
const status = document.getElementById("status");
const NOBODY = { entities: new Map(), avatar: null };

let session = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  join(null);
});

// A page that is loaded again goes on in its seat.
const seat = keptSeat("ws", { kind: "tag" });
if (seat) join(seat.room);

function join(room) {
  form.hidden = true;
  canvas.focus();
  // Relative, so that the game also works below a path of another server.
  session = connect("ws", {
    kind: "tag",
    room,
    params: { name: document.getElementById("name").value },
  });
  session.on("event", ({ name, payload }) => {
    if (name === "caught") status.textContent = `${payload.by} has caught ${payload.who}`;
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
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1],
};
const held = new Set();

addEventListener("keydown", (event) => {
  if (!form.hidden || !(event.code in KEYS)) return;
  event.preventDefault(); // the arrow keys would scroll the page
  held.add(event.code);
  steerByKeys();
});
addEventListener("keyup", ({ code }) => {
  held.delete(code);
  steerByKeys();
});
addEventListener("blur", () => {
  held.clear();
  steerByKeys();
});

function steerByKeys() {
  const sum = (axis) => [...held].reduce((total, code) => total + KEYS[code][axis], 0);
  steer(sum(0), sum(1));
}

function steer(dx, dy) {
  if (session) session.controls = { dx: Math.sign(dx), dy: Math.sign(dy) };
}

let from = null; // where a finger or the mouse went down

canvas.addEventListener("pointerdown", (event) => {
  from = event;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (from === null) return;
  const far = (way) => (Math.abs(way) < 12 ? 0 : way);
  steer(far(event.clientX - from.clientX), far(event.clientY - from.clientY));
});
for (const type of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(type, () => {
    from = null;
    steer(0, 0);
  });
}

// -- picture ----------------------------------------------------------------------------------------

function draw(now) {
  requestAnimationFrame(draw);
  const { entities, avatar } = session ? session.draw(now) : NOBODY;
  field.clearRect(0, 0, canvas.width, canvas.height);
  field.textAlign = "center";
  field.font = "16px system-ui, sans-serif";
  for (const dot of entities.get("Dot") ?? []) {
    field.fillStyle = dot.it ? "#ff7b72" : "#79c0ff";
    field.beginPath();
    field.arc(dot.x, dot.y, 12, 0, 2 * Math.PI);
    field.fill();
    if (dot === avatar) {
      field.lineWidth = 3;
      field.strokeStyle = "#fff";
      field.stroke();
    }
    field.fillStyle = "#e6edf3";
    field.fillText(dot.it ? `${dot.name} is it` : dot.name, dot.x, dot.y - 20);
  }
}
requestAnimationFrame(draw);
