/**
 * The page: connects its parts, and switches between its states: first screen, playing, reconnecting, closed.
 *
 * `window.arena` is for tests and debugging: it only reads.
 */

import { byId } from "../pages/dom.js";
import { NetGraph } from "../pages/net_graph.js";
import { showRestored } from "../pages/restored.js";
import { Audio } from "./audio.js";
import { Game } from "./game.js";
import { Input } from "./input/input.js";
import { joinArena, seatBefore } from "./net.js";
import { addressOptions, rememberedPilot, rememberPilot } from "./settings.js";
import { joinScreen } from "./start.js";
import { Chat } from "./ui/chat.js";
import { Feed } from "./ui/feed.js";
import { Panel } from "./ui/panel.js";
import { PlaybackControls } from "./ui/playback_controls.js";
import { Scoreboard } from "./ui/scoreboard.js";
import { Status } from "./ui/status.js";
import { Toolbar } from "./ui/toolbar.js";

/** @typedef {import("./net.js").Session} Session */
/** @typedef {import("./settings.js").Pilot} Pilot */

/** Height of the touch controls at the bottom of the screen, CSS pixels. */
const TOUCH_LIFT_PX = 8;

const element = (/** @type {string} */ id) => byId(id, HTMLElement);
const button = (/** @type {string} */ id) => byId(id, HTMLButtonElement);
const field = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const canvas = (/** @type {string} */ id) => byId(id, HTMLCanvasElement);
const form = (/** @type {string} */ id) => byId(id, HTMLFormElement);

const options = addressOptions(window.location.search);
const stage = canvas("stage");
const audio = new Audio();
const feed = new Feed(element("feed"));
const graph = new NetGraph(canvas("graph-canvas"));
const scores = new Scoreboard(element("scores"), element("pilots"));
const input = new Input(stage, {
  stick: element("stick"),
  knob: element("knob"),
  trigger: element("trigger"),
});
const status = new Status({
  root: document.body,
  pill: element("pill"),
  pillText: element("pill-text"),
  banner: element("banner"),
  title: element("banner-title"),
  hint: element("banner-hint"),
  detail: element("banner-detail"),
  action: button("banner-action"),
  live: element("live"),
});
const panel = new Panel(
  {
    prediction: field("feel-prediction"),
    interpolation: field("feel-interpolation"),
    lag: field("feel-lag"),
    jitter: field("feel-jitter"),
    lagValue: element("feel-lag-value"),
    jitterValue: element("feel-jitter-value"),
    verdict: element("feel-verdict"),
  },
  { prediction: true, interpolation: true, lagMs: options.lagMs, jitterMs: options.jitterMs },
);
const chat = new Chat({
  box: element("chat"),
  lines: element("chat-lines"),
  form: form("chat-form"),
  field: field("chat-field"),
});
const toolbar = new Toolbar({
  feel: button("tool-feel"),
  graph: button("tool-graph"),
  sound: button("tool-sound"),
  chat: button("tool-chat"),
  leave: button("tool-leave"),
  panel: element("panel"),
  graphCard: element("graph"),
});
const playback = new PlaybackControls({
  bar: element("replay"),
  play: button("replay-play"),
  back: button("replay-back"),
  ahead: button("replay-ahead"),
  place: field("replay-place"),
  time: element("replay-time"),
  slower: button("replay-slower"),
  faster: button("replay-faster"),
  speed: element("replay-speed"),
  follow: button("replay-follow"),
  followed: element("replay-followed"),
});
const game = new Game({
  stage,
  minimap: canvas("minimap"),
  input,
  audio,
  feed,
  graph,
  scores,
  status,
});

/** The player, for joining again; null: a spectator. @type {Pilot | null} */
let pilot = null;

/** Joins a room. @param {Pilot | null} newPilot null: as a spectator */
function enter(newPilot) {
  pilot = newPilot;
  if (newPilot !== null) rememberPilot(newPilot);
  joinScreen.hide();
  element("hud").hidden = false;
  feed.clear();
  chat.clear();
  endReplay();
  status.connecting();
  const session = joinArena({ pilot: newPilot, room: options.room, switches: panel.switches });
  game.use(session);
  listen(session);
  stage.focus();
}

/** Goes on where the page was before it was loaded again; shows the first screen where it was nowhere. */
function enterAgain() {
  const seat = seatBefore(options.room);
  if (seat !== null) enter(seat === "player" ? rememberedPilot() : null);
  else if (!joinScreen.open) joinScreen.show();
}

function leave() {
  game.session?.leave();
  game.use(null);
  document.body.dataset.link = "idle";
  element("hud").hidden = true;
  element("banner").hidden = true;
  joinScreen.show();
}

/** @param {Session} session */
function listen(session) {
  session.on("event", (event) => {
    if (game.session !== session) return;
    if (event.name === "chat") showChat(event.payload);
    else if (event.name === "replay") showReplay(session, event.payload);
    else game.effects.take(event);
  });
  session.on("status", (change) => {
    if (game.session !== session) return;
    if (change.state === "joined") status.online();
    else if (change.state === "waiting") status.reconnecting(change, performance.now());
  });
  session.on("notice", ({ name }) => {
    if (name === "draining") feed.line("The server", "is about to restart");
    if (name === "rolled_back") showRestored();
  });
  session.on("closed", ({ code, reason }) => {
    if (game.session === session) status.closed(code, reason);
  });
}

/** @param {{from: number, name: string, text: string}} line */
function showChat({ from, name, text }) {
  chat.add(name, game.scene.ship(from)?.hue ?? 230, text);
}

/**
 * The room shows a recording.
 *
 * @param {Session} session
 * @param {import("./ui/playback_controls.js").Playback} report
 */
function showReplay(session, report) {
  document.body.dataset.replay = "";
  playback.update(report, session.welcome?.tick_hz ?? 60, performance.now());
}

function endReplay() {
  delete document.body.dataset.replay;
  playback.hide();
}

function wire() {
  joinScreen.onPlay = enter;
  joinScreen.onWatch = () => enter(null);
  status.onAction = () => {
    if (document.body.dataset.link === "reconnecting") game.session?.reconnect();
    else enter(pilot);
  };
  panel.onChange = (switches) => {
    if (game.session !== null) game.session.switches = switches;
  };
  playback.onRequest = (request) => game.session?.send("replay", request);
  playback.onFollow = () => game.followNext();
  playback.onHeight = (px) => {
    game.renderer.hud.lift = px || (element("touch").hidden ? 0 : TOUCH_LIFT_PX);
  };
  chat.onSend = (text) => game.session?.send("chat", { text });
  chat.onLeave = () => stage.focus();
  game.effects.onDefeat = (by) => {
    game.renderer.hud.defeatedBy = by;
    status.announce(by === "" ? "Your ship was destroyed" : `Your ship was destroyed by ${by}`);
  };
  input.onFirstTouch = () => {
    element("touch").hidden = false;
    game.renderer.hud.lift = TOUCH_LIFT_PX;
  };
  toolbar.onSound = (on) => audio.turn(on);
  toolbar.onChat = () => {
    if (!playback.open) chat.open();
  };
  toolbar.onLeave = leave;
  button("banner-leave").addEventListener("click", leave);
  toolbar.onDone = () => stage.focus();
}

/** @param {number} now */
function loop(now) {
  requestAnimationFrame(loop);
  game.frame(now);
  playback.frame(now, game.renderer.hud.watched);
}

function start() {
  wire();
  if (options.netgraph) toolbar.toggleGraph();
  if (options.name !== null) enter({ ...rememberedPilot(), name: options.name });
  else if (options.watch) enter(null);
  else enterAgain();
  requestAnimationFrame(loop);
}

/** For browser tests: the session, what the newest drawn frame shows, and how long it took. */
Object.defineProperty(window, "arena", {
  value: Object.freeze({
    session: () => game.session,
    avatar: () => (game.scene.avatar === null ? null : { ...game.scene.avatar }),
    ships: () => game.scene.ships.map((ship) => ({ ...ship })),
    shots: () => game.scene.shots.length,
    pickups: () => game.scene.pickups.map((pickup) => ({ ...pickup })),
    camera: () => ({ x: game.camera.x, y: game.camera.y, scale: game.camera.scale }),
    frames: () => game.frames,
    frameMs: () => game.frameMs,
    figures: () => ({ ...game.figures }),
    replay: () => (playback.open ? playback.now : null),
  }),
});

start();
