/**
 * The page: connects its parts, and runs the loop. `window.hockey` is for tests and debugging: it only reads.
 */
import { button, byId, element, setText } from "../pages/dom.js";
import { CloseCode } from "../pages/net.js";
import { NetGraph, noFigures, readFigures } from "../pages/net_graph.js";
import { Visit } from "../pages/visit.js";
import { expectHit } from "./hits.js";
import { Input } from "./input.js";
import { Lobby } from "./lobby.js";
import { NO_CALL, Rink } from "./rink.js";
import { COLOURS } from "./sprites.js";

/** @typedef {import("../pages/net.js").Session} Session */
/** @typedef {import("./view.js").Team} Team */

const GOAL_SHOWN_MS = 1500;
const MAX_FRAME_S = 0.1;

const stage = byId("stage", HTMLCanvasElement);
const rink = new Rink(stage);
const input = new Input(stage, { stick: element("stick"), knob: element("knob") });
const lobby = new Lobby({
  lobby: element("lobby"),
  title: element("lobby-title"),
  hint: element("lobby-hint"),
  red: element("red"),
  blue: element("blue"),
  watchers: element("watchers"),
  ready: button("ready"),
  swap: button("swap"),
  scoreRed: element("score-red"),
  scoreBlue: element("score-blue"),
  clock: element("clock"),
  phase: element("phase"),
});

const graph = new NetGraph(byId("graph-canvas", HTMLCanvasElement));
const figures = noFigures();
const controls = { dx: 0, dy: 0, dash: false };
let lastMs = 0;
let goalAtMs = Number.NEGATIVE_INFINITY;
let goal = { text: "", colour: "", sub: "" };

const visit = new Visit({
  kind: "hockey",
  words: {
    someone: "Player",
    play: "Find a match",
    join: "Join your friends",
    create: "Play with friends",
    codes: true,
    watch: "Just watch",
  },
  entering(session) {
    element("hud").hidden = false;
    rink.clear();
    session.controls = controls;
    stage.focus();
  },
  joined() {},
  on: {
    roster: (_, session) => update(session),
    room: (_, session) => update(session),
    event: take,
    contact: (contact, session) => expectHit(session, contact),
  },
  waiting: (why) => visit.banner.show("reconnecting", "Reconnecting…", why),
  closed(code) {
    if (code === CloseCode.ROOM_NOT_FOUND) visit.wish.code = null; // nobody comes in by it any more
  },
  left() {
    element("hud").hidden = true;
  },
  say: (line) => setText(element("live"), line),
});

/** @param {Session} entered */
function update(entered) {
  lobby.update(entered);
  rink.names.clear();
  for (const entry of entered.roster) {
    if (entry.avatar !== null) rink.names.set(entry.avatar, entry.name);
  }
  const team = entered.me?.state?.team;
  if (team === "red" || team === "blue") rink.view.side = team;
}

/** @param {import("../sdk/index.js").RoomEvent} event */
function take({ name, payload }) {
  if (name === "hit") rink.hit(payload.x, payload.y, payload.speed);
  if (name !== "goal") return;
  const team = /** @type {Team} */ (payload.team);
  rink.goal(team);
  goalAtMs = performance.now();
  goal = {
    text: "GOAL",
    colour: COLOURS[team],
    sub: payload.own ? `own goal by ${payload.by}` : payload.by,
  };
  setText(element("live"), `Goal for ${team}, ${goal.sub}`);
}

function toggleReady() {
  const own = visit.session?.me?.state;
  if (own) visit.session?.send("ready", !own.ready);
}

function wire() {
  button("ready").addEventListener("click", toggleReady);
  button("swap").addEventListener("click", ({ currentTarget }) => {
    const { to } = /** @type {HTMLButtonElement} */ (currentTarget).dataset;
    visit.session?.send("team", to);
  });
  input.onReady = toggleReady;
  input.onGraph = () => {
    element("graph").hidden = !element("graph").hidden;
  };
  input.onLayers = () => {
    element("layers").hidden = !element("layers").hidden;
  };
  const asked = new URLSearchParams(location.search);
  if (asked.has("netgraph")) input.onGraph();
  if (asked.has("layers")) input.onLayers();
  input.onTouch = () => {
    element("touch").hidden = false;
  };
}

/** @param {number} nowMs */
function frame(nowMs) {
  requestAnimationFrame(frame);
  const dt = Math.min(MAX_FRAME_S, Math.max(0, (nowMs - lastMs) / 1000));
  lastMs = nowMs;
  input.read(performance.now());
  [controls.dx, controls.dy] = rink.view.turnBack(input.x, input.y);
  controls.dash = input.dash;
  const { session } = visit;
  if (session === null) {
    rink.layers = null;
    rink.draw([], [], null, dt);
    return;
  }
  const { entities, avatar, tick } = session.draw(nowMs);
  const hz = session.welcome?.tick_hz ?? 60;
  readFigures(figures, session);
  graph.update(figures, dt);
  lobby.showClock(session.room, tick, hz);
  rink.call = callOf(tick, hz);
  rink.layers = element("layers").hidden ? null : session.layers;
  rink.draw(entities.get("Skater") ?? [], entities.get("Puck") ?? [], avatar, dt);
}

/** What is written across the rink. @param {number} tick @param {number} hz */
function callOf(tick, hz) {
  if (performance.now() - goalAtMs < GOAL_SHOWN_MS) return goal;
  const room = visit.session?.room;
  if (room?.phase !== "countdown") return NO_CALL;
  const seconds = Math.max(1, Math.ceil((room.ends_at_tick - tick) / hz));
  return { ...NO_CALL, text: String(seconds) };
}

function start() {
  wire();
  visit.start();
  requestAnimationFrame(frame);
}

Object.defineProperty(window, "hockey", {
  value: Object.freeze({
    session: () => visit.session,
    room: () => visit.session?.room ?? null,
    me: () => visit.session?.me ?? null,
    roster: () => visit.session?.roster ?? [],
    frameMs: () => rink.frameMs,
    /** Where a place on the rink is on the page. @param {{x: number, y: number}} place */
    onScreen: ({ x, y }) => rink.view.onScreen(x, y).map((at) => at / rink.view.density),
  }),
});

start();
