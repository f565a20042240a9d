/**
 * The page: connects its parts, and runs the loop. `window.board` is for tests and debugging: it only reads.
 */
import { button, byId, element, field, setText } from "../pages/dom.js";
import { Visit } from "../pages/visit.js";
import { Easel } from "./easel.js";
import { download, toPng, toSvg } from "./export.js";
import { showPeople } from "./people.js";
import { Tools } from "./tools.js";

/** @typedef {import("../pages/net.js").Session} Session */

const TOAST_MS = 4000;
/** From here on the page says how full the board is, in per cent. */
const NEARLY_FULL = 80;

const stage = byId("stage", HTMLCanvasElement);
const tools = new Tools(
  { pen: button("pen"), eraser: button("eraser"), hand: button("hand") },
  element("colours"),
  element("widths"),
);
const easel = new Easel(stage, tools);
const menu = byId("menu", HTMLDialogElement);

const visit = new Visit({
  kind: "board",
  words: {
    someone: "Someone",
    play: "Draw with everyone",
    join: "Draw with your friends",
    create: "New board for friends",
    codes: true,
    watch: "Just watch",
  },
  options: () => ({
    roomOptions: { everyone_erases: field("everyone").checked },
    interpolation: false, // strokes are drawn as they are, and cursors glide by the page's own means
    eventsAtOnce: true,
  }),
  entering(session) {
    element("hud").hidden = false;
    easel.follow(session);
    stage.focus();
  },
  joined(session) {
    easel.setOnline(true);
    element("pill").hidden = true;
    update(session);
  },
  on: {
    updated: () => easel.update(performance.now()),
    roster: (_, session) => update(session),
    room: (_, session) => update(session),
    event: take,
  },
  waiting,
  closed() {
    easel.setOnline(false);
    element("pill").hidden = true;
  },
  left() {
    easel.follow(null);
    element("hud").hidden = true;
    element("pill").hidden = true;
  },
  say,
});
let toastTimer = 0;

/** @param {string} why */
function waiting(why) {
  easel.setOnline(false);
  if (visit.banner.isShown) {
    visit.banner.show("connecting", "Connecting…", why);
    return;
  }
  document.body.dataset.link = "reconnecting";
  setText(element("pill"), "Reconnecting… What you draw is kept.");
  element("pill").hidden = false;
}

/** @param {Session} entered */
function update({ roster, room, me }) {
  const state = me?.state;
  showPeople(element("people"), roster, me?.number ?? 0);
  button("undo").disabled = !state?.can_undo;
  button("redo").disabled = !state?.can_redo;
  document.body.classList.toggle("watching", Boolean(state?.spectator));
  button("clear").disabled = !(state?.host || room?.everyone_erases) || Boolean(state?.spectator);
  const used = room?.used ?? 0;
  element("used").hidden = used < NEARLY_FULL;
  setText(element("used"), used < 100 ? `The board is ${used} % full` : "The board is full");
}

/** @param {import("../sdk/index.js").RoomEvent} event */
function take({ name, payload }) {
  if (name === "refused" && typeof payload === "string") say(payload);
}

/** Shows a line for a moment. @param {string} text */
function say(text) {
  const toast = element("toast");
  setText(toast, text);
  toast.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => toast.classList.remove("shown"), TOAST_MS);
}

function wire() {
  button("undo").addEventListener("click", () => easel.undo());
  button("redo").addEventListener("click", () => easel.redo());
  button("fit").addEventListener("click", () => easel.fit());
  button("closer").addEventListener("click", () => easel.zoom(1.25));
  button("farther").addEventListener("click", () => easel.zoom(0.8));
  button("open-menu").addEventListener("click", () => menu.showModal());
  menu.addEventListener("click", ({ target }) => {
    if (target === menu || target instanceof HTMLButtonElement) menu.close();
  });
  button("save-svg").addEventListener("click", () => saveSvg());
  button("save-png").addEventListener("click", () => savePng());
  button("clear").addEventListener("click", () => easel.clearBoard());
  easel.onSay = say;
  tools.onChange = () => easel.redraw();
}

/** Every stroke that is seen, lowest first. */
function shown() {
  const own = easel.pencil.strokes.map(({ shape }) => shape);
  return [...easel.strokes.finished, ...easel.strokes.growing, ...own];
}

function saveSvg() {
  download(new Blob([toSvg(shown())], { type: "image/svg+xml" }), "board.svg");
}

function savePng() {
  toPng(shown()).then((blob) => {
    if (blob === null) say("This browser cannot make so large a picture.");
    else download(blob, "board.png");
  });
}

/** @param {number} nowMs */
function frame(nowMs) {
  requestAnimationFrame(frame);
  easel.frame(nowMs);
}

function start() {
  wire();
  visit.start();
  requestAnimationFrame(frame);
}

Object.defineProperty(window, "board", {
  value: Object.freeze({
    session: () => visit.session,
    strokes: () =>
      easel.strokes.finished.map(({ order, by, colour, pen, points }) => [
        order,
        by,
        colour,
        pen,
        ...points,
      ]),
    count: () => easel.strokes.finished.length,
    isDrawn: () => easel.isDrawn,
    growing: () => easel.strokes.growing.length,
    cursors: () => easel.cursors.count,
    waiting: () => easel.pencil.waiting,
    svg: () => toSvg(shown()),
    view: () => ({ zoom: easel.view.zoom, x: easel.view.x, y: easel.view.y }),
    frames: () => easel.frames,
    frameMs: () => easel.frameMs,
  }),
});

start();
