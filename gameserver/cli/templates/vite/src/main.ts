import { connect, keptSeat, type Session } from "trio-gameserver-sdk";
import type { Tag } from "./tag";

const canvas = byId("field", HTMLCanvasElement);
const field = canvas.getContext("2d") as CanvasRenderingContext2D;
const form = byId("join", HTMLFormElement);
const nameField = byId("name", HTMLInputElement);
const status = byId("status", HTMLElement);

let session: Session<Tag> | null = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  join(null);
});

// A page that is loaded again goes on in its seat.
const seat = keptSeat("/ws", { kind: "tag" });
if (seat) join(seat.room);

function join(room: string | null) {
  form.hidden = true;
  canvas.focus();
  const joined = connect<Tag>("/ws", { kind: "tag", room, params: { name: nameField.value } });
  session = joined;
  joined.on("event", (event) => {
    if (event.name !== "caught") return;
    status.textContent = `${event.payload.by} has caught ${event.payload.who}`;
  });
  joined.on("status", ({ state }) => {
    if (state === "waiting") status.textContent = "The connection is lost; trying again …";
    if (state === "joined") status.textContent = "";
  });
  joined.on("closed", ({ reason }) => {
    status.textContent = reason;
    form.hidden = false;
  });
}

// -- controls ---------------------------------------------------------------------------------------

const KEYS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1],
};
const held = new Set<string>();

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
  const sum = (axis: 0 | 1) => [...held].reduce((total, code) => total + KEYS[code][axis], 0);
  steer(sum(0), sum(1));
}

function steer(dx: number, dy: number) {
  if (session) session.controls = { dx: Math.sign(dx), dy: Math.sign(dy) };
}

let from: PointerEvent | null = null; // where a finger or the mouse went down

canvas.addEventListener("pointerdown", (event) => {
  from = event;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", ({ clientX, clientY }) => {
  if (from === null) return;
  const far = (way: number) => (Math.abs(way) < 12 ? 0 : way);
  steer(far(clientX - from.clientX), far(clientY - from.clientY));
});
for (const type of ["pointerup", "pointercancel"] as const) {
  canvas.addEventListener(type, () => {
    from = null;
    steer(0, 0);
  });
}

// -- picture ----------------------------------------------------------------------------------------

function draw(now: number) {
  requestAnimationFrame(draw);
  field.clearRect(0, 0, canvas.width, canvas.height);
  if (session === null) return;
  const { entities, avatar } = session.draw(now);
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

function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}
