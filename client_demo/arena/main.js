/**
 * The page: puts the parts together, and moves between its states: first screen, playing, on the way back, out.
 *
 * `window.arena` is for tests and the curious: it reads, and changes nothing.
 */
import { Audio } from "./audio.js";
import { Game } from "./game.js";
import { Input } from "./input/input.js";
import { joinArena } from "./net.js";
import { rememberedPilot, rememberPilot, wishes } from "./settings.js";
import { Chat } from "./ui/chat.js";
import { byId } from "./ui/dom.js";
import { Feed } from "./ui/feed.js";
import { JoinScreen } from "./ui/join.js";
import { NetGraph } from "./ui/netgraph.js";
import { Panel } from "./ui/panel.js";
import { Scoreboard } from "./ui/scoreboard.js";
import { Status } from "./ui/status.js";
import { Toolbar } from "./ui/toolbar.js";
import { Transport } from "./ui/transport.js";

/** @typedef {import("./net.js").Session} Session */
/** @typedef {import("./settings.js").Pilot} Pilot */

/** Room that the touch controls take at the bottom of the screen, CSS pixels. */
const TOUCH_LIFT_PX = 8;

const element = (/** @type {string} */ id) => byId(id, HTMLElement);
const button = (/** @type {string} */ id) => byId(id, HTMLButtonElement);
const field = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const canvas = (/** @type {string} */ id) => byId(id, HTMLCanvasElement);
const form = (/** @type {string} */ id) => byId(id, HTMLFormElement);

const wish = wishes(window.location.search);
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
  { prediction: true, interpolation: true, lagMs: wish.lagMs, jitterMs: wish.jitterMs },
);
const chat = new Chat({
  box: element("chat"),
  lines: element("chat-lines"),
  form: form("chat-form"),
  field: field("chat-field"),
});
const joinScreen = new JoinScreen(
  {
    screen: element("join"),
    form: form("join-form"),
    name: field("name"),
    colours: element("colours"),
    preview: canvas("preview"),
    watch: button("watch"),
  },
  rememberedPilot(),
);
const toolbar = new Toolbar({
  feel: button("tool-feel"),
  graph: button("tool-graph"),
  sound: button("tool-sound"),
  chat: button("tool-chat"),
  leave: button("tool-leave"),
  panel: element("panel"),
  graphCard: element("graph"),
});
const transport = new Transport({
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

/** Who plays, for joining again; null: a spectator. @type {Pilot | null} */
let pilot = null;

/** @param {Pilot | null} who */
function enter(who) {
  pilot = who;
  if (who !== null) rememberPilot(who);
  joinScreen.hide();
  element("hud").hidden = false;
  feed.clear();
  chat.clear();
  endReplay();
  status.connecting();
  const session = joinArena({ pilot: who, room: wish.room, switches: panel.switches });
  game.use(session);
  listen(session);
  stage.focus();
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
    if (event.name === "chat") hear(event.payload);
    else if (event.name === "replay") showReplay(session, event.payload);
    else game.effects.take(event);
  });
  session.on("status", (change) => {
    if (game.session !== session) return;
    if (change.state === "online") status.online();
    else if (change.state === "reconnecting") status.reconnecting(change, performance.now());
  });
  session.on("notice", ({ name }) => {
    if (name === "draining") feed.line("The server", "is about to restart");
  });
  session.on("closed", ({ code, reason }) => {
    if (game.session === session) status.closed(code, reason);
  });
}

/** @param {{from: number, name: string, text: string}} line */
function hear({ from, name, text }) {
  chat.add(name, game.scene.ship(from)?.hue ?? 230, text);
}

/** @param {Session} session @param {import("./ui/transport.js").Told} told the room shows a recording, and where it is */
function showReplay(session, told) {
  document.body.dataset.replay = "";
  transport.take(told, session.welcome?.tick_hz ?? 60, performance.now());
}

function endReplay() {
  delete document.body.dataset.replay;
  transport.hide();
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
  transport.onWish = (wish) => game.session?.send("replay", wish);
  transport.onFollow = () => game.followNext();
  transport.onHeight = (px) => {
    game.renderer.hud.lift = px || (element("touch").hidden ? 0 : TOUCH_LIFT_PX);
  };
  chat.onSend = (text) => game.session?.send("chat", { text });
  chat.onLeave = () => stage.focus();
  game.effects.onDefeat = (by) => {
    game.renderer.hud.defeatedBy = by;
    status.say(by === "" ? "Your ship was destroyed" : `Your ship was destroyed by ${by}`);
  };
  input.onFirstTouch = () => {
    element("touch").hidden = false;
    game.renderer.hud.lift = TOUCH_LIFT_PX;
  };
  toolbar.onSound = (on) => audio.turn(on);
  toolbar.onChat = () => {
    if (!transport.open) chat.open();
  };
  toolbar.onLeave = leave;
  button("banner-leave").addEventListener("click", leave);
  toolbar.onDone = () => stage.focus();
}

/** @param {number} now */
function loop(now) {
  requestAnimationFrame(loop);
  if (joinScreen.open) joinScreen.draw(game.seconds);
  game.frame(now);
  transport.frame(now, game.renderer.hud.watched);
}

function start() {
  wire();
  if (wish.netgraph) toolbar.toggleGraph();
  if (wish.name !== null) enter({ ...rememberedPilot(), name: wish.name });
  else if (wish.watch) enter(null);
  else joinScreen.show();
  requestAnimationFrame(loop);
}

/** What a browser test may look at: the session, the newest frame's things, and how fast frames are made. */
Object.defineProperty(window, "arena", {
  value: Object.freeze({
    session: () => game.session,
    avatar: () => (game.scene.avatar === null ? null : { ...game.scene.avatar }),
    ships: () => game.scene.ships.map((ship) => ({ ...ship })),
    shots: () => game.scene.shots.length,
    camera: () => ({ x: game.camera.x, y: game.camera.y, scale: game.camera.scale }),
    frames: () => game.frames,
    frameMs: () => game.frameMs,
    figures: () => ({ ...game.figures }),
    replay: () => (transport.open ? transport.now : null),
  }),
});

start();
