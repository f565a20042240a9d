/**
 * The page for any room, which `gameserver dev` serves: what the room replicates as a picture and as
 * tables, and what it takes as keys and a form. It knows a room by its schema alone.
 */

import { WEBSOCKET_PATH } from "../sdk/constants.js";
import { connect, keptSeat } from "../sdk/index.js";
import { compileSchema } from "../sdk/schema.js";
import { Controls } from "./controls.js";
import { byId, setText } from "./dom.js";
import { EventLog } from "./event_log.js";
import { Inspector } from "./inspector.js";
import { Picture } from "./picture.js";

/** @typedef {import("../sdk/index.js").Session} Session */

const SOCKET_URL = new URL(WEBSOCKET_PATH, location.href);
const NAMES = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo", "Joy"];
const PARAMS_KEY = "gameserver dev params";
const TABLES_EVERY_MS = 250;
const DRAG_PX = 14;

const kindList = byId("kind", HTMLSelectElement);
const params = byId("params", HTMLInputElement);
const linkText = byId("link-text", HTMLElement);
const empty = byId("empty", HTMLElement);
const field = byId("field", HTMLCanvasElement);
const picture = new Picture(field, byId("legend", HTMLElement));
const controls = new Controls(byId("inputs", HTMLElement));
const events = new EventLog(byId("events", HTMLOListElement));
const inspector = new Inspector(byId("state", HTMLElement));

/** @type {Session | null} */
let session = null;
let nextTablesMs = 0;

params.value =
  sessionStorage.getItem(PARAMS_KEY) ??
  JSON.stringify({ name: NAMES[Math.floor(Math.random() * NAMES.length)] });

addEventListener("gameserver-dev", (event) => {
  const { kinds } = /** @type {CustomEvent<{kinds: string[]}>} */ (event).detail;
  offer(kinds);
});

byId("join", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  session?.leave();
  join();
});

byId("message", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("message-name", HTMLInputElement).value;
  const payload = read(byId("message-payload", HTMLInputElement));
  if (payload === undefined) return;
  const sent = session?.send(name, payload);
  events.note(sent ? `sent ${name}` : `${name} was not sent`, sent ? payload : null);
});

/** Where a finger, or the mouse, went down on the canvas. @type {PointerEvent | null} */
let from = null;
field.addEventListener("pointerdown", (event) => {
  from = event;
  field.setPointerCapture(event.pointerId);
});
field.addEventListener("pointermove", (event) => {
  if (from === null) return;
  const [right, down] = [event.clientX - from.clientX, event.clientY - from.clientY];
  const codes = [
    right < -DRAG_PX ? "ArrowLeft" : right > DRAG_PX ? "ArrowRight" : "",
    down < -DRAG_PX ? "ArrowUp" : down > DRAG_PX ? "ArrowDown" : "",
  ];
  controls.hold(codes.filter(Boolean));
});
for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
  field.addEventListener(type, () => {
    from = null;
    controls.hold([]);
  });
}

/** Shows the kinds of room that there are, and joins the first. @param {string[]} kinds */
function offer(kinds) {
  const names = kinds.join(" ");
  if (kindList.dataset.kinds === names) return;
  kindList.dataset.kinds = names;
  const chosen = kindList.value;
  kindList.replaceChildren(...kinds.map((kind) => new Option(kind)));
  if (kinds.includes(chosen)) kindList.value = chosen;
  else if (kinds.length > 0) join();
  else setText(linkText, "there is no room yet");
}

function join() {
  const kind = kindList.value;
  const given = read(params);
  if (given === undefined || kind === "") return;
  sessionStorage.setItem(PARAMS_KEY, params.value);
  document.title = `${kind} · gameserver dev`;
  setText(byId("title", HTMLElement), kind);
  const { room = null } = keptSeat(SOCKET_URL, { kind }) ?? {};
  const made = connect(SOCKET_URL, { kind, room, params: given ?? {} });
  session = made;
  made.on("joined", ({ schema, tick_hz, resumed }) => {
    const compiled = compileSchema(schema, tick_hz);
    picture.use(compiled);
    controls.use(compiled.inputs);
    inspector.use(compiled);
    made.controls = controls.values;
    events.note(resumed ? "resumed" : "joined", null);
  });
  made.on("event", ({ tick, name, payload }) => events.add(tick, name, payload));
  made.on("notice", ({ name, detail }) => events.note(name, detail));
  made.on("status", ({ state }) => {
    document.body.dataset.link = state;
  });
  made.on("closed", ({ reason, meaning }) => events.note(`closed: ${reason || meaning}`, null));
  made.joined.catch(() => undefined); // `closed` says it
}

/** Returns what a field has as JSON; undefined, and marks the field, if that is none. @param {HTMLInputElement} field */
function read(field) {
  field.setCustomValidity("");
  try {
    return field.value.trim() === "" ? null : JSON.parse(field.value);
  } catch {
    field.setCustomValidity('write JSON, such as {"name": "Ada"} or 3');
    field.reportValidity();
    return undefined;
  }
}

/** @param {number} nowMs */
function frame(nowMs) {
  requestAnimationFrame(frame);
  if (session === null) return;
  const drawn = session.draw(nowMs);
  const shown = picture.draw(drawn);
  if (nowMs < nextTablesMs) return;
  nextTablesMs = nowMs + TABLES_EVERY_MS;
  inspector.show(session, drawn);
  setText(linkText, describe(session));
  empty.hidden = shown > 0 || session.status.state !== "joined";
  setText(empty, "No entity yet whose fields say where it is: the state is in the tables.");
}

/** @param {Session} of */
function describe({ status, welcome, stats, code, me }) {
  if (status.state === "closed") return status.reason || "closed";
  if (status.state !== "joined" || welcome === null) return `${status.state} …`;
  const rtt = `${stats.rtt.toFixed(0)} ms`;
  return `room ${code} · player ${me?.number} · tick ${stats.tick} at ${welcome.tick_hz} Hz · ${rtt}`;
}

requestAnimationFrame(frame);
