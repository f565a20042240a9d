/**
 * The latency lab: two clients in one room beside each other, and a third one without added latency that shows the
 * server's state.
 */
import { byId, setText } from "../pages/dom.js";
import { LabClient } from "./client.js";
import { Pane } from "./pane.js";
import { LabPilot } from "./pilot.js";

const MAX_FRAME_S = 0.1;
/** The middle of the arena, which has no walls. */
const MIDDLE = Object.freeze({ x: 1200, y: 800 });
const NO_LATENCY = Object.freeze({ prediction: true, interpolation: true, lagMs: 0, jitterMs: 0 });

const template = byId("pane", HTMLTemplateElement);
const holder = byId("panes", HTMLElement);
const live = byId("live", HTMLElement);
const showServer = byId("show-server", HTMLInputElement);
const showReceived = byId("show-received", HTMLInputElement);
const showInterpolated = byId("show-interpolated", HTMLInputElement);
const showPredicted = byId("show-predicted", HTMLInputElement);

const left = new Pane(template, holder, {
  title: "Ada, near the server",
  hint: "W A S D fly, F fires · flies by itself while you do not",
  switches: { ...NO_LATENCY, lagMs: 20 },
});
const right = new Pane(template, holder, {
  title: "Bob, far away",
  hint: "arrow keys fly, Enter fires · flies by itself while you do not",
  switches: { ...NO_LATENCY, lagMs: 150, jitterMs: 20 },
});
const seats = [
  {
    pane: left,
    player: { name: "Ada", hue: 210 },
    pilot: new LabPilot({
      left: "KeyA",
      right: "KeyD",
      thrust: "KeyW",
      brake: "KeyS",
      fire: "KeyF",
    }),
  },
  {
    pane: right,
    player: { name: "Bob", hue: 345 },
    pilot: new LabPilot({
      left: "ArrowLeft",
      right: "ArrowRight",
      thrust: "ArrowUp",
      brake: "ArrowDown",
      fire: "Enter",
    }),
  },
];
/** @type {LabClient | null} */
let observer = null;
let lastMs = 0;

async function join() {
  /** @type {string | null} */
  let room = null;
  for (const { pane, player } of seats) {
    pane.client = new LabClient({ pilot: player, room, switches: pane.switches });
    const { session } = pane.client;
    session.on("status", ({ state }) =>
      setText(live, state === "joined" ? "" : `${player.name}: ${state}…`),
    );
    ({ room } = await session.joined);
  }
  observer = new LabClient({ pilot: null, room, switches: NO_LATENCY });
  await observer.session.joined;
  setText(live, "");
}

/** @param {number} now */
function loop(now) {
  requestAnimationFrame(loop);
  const dt = Math.min(MAX_FRAME_S, Math.max(0, (now - lastMs) / 1000));
  lastMs = now;
  if (observer === null) return;
  const serverPoses = observer.serverPoses(now);
  const ghosts = {
    server: showServer.checked,
    received: showReceived.checked,
    interpolated: showInterpolated.checked,
    predicted: showPredicted.checked,
  };
  for (const { pane, pilot } of seats) {
    const { avatar } = pane.scene;
    pane.client?.session.setControls(pilot.read(now, avatar, MIDDLE));
    const partner = (pane === left ? right : left).scene.avatar;
    pane.frame(now, dt, partner?.id ?? 0, serverPoses, ghosts);
  }
}

join().catch((/** @type {Error} */ error) => setText(live, `Could not join: ${error.message}`));
requestAnimationFrame(loop);
