/**
 * Plays on a real server with the browser's SDK, over Node's `ws`: `node node_client.mjs URL
 * SECONDS [LAG_MS] [JITTER_MS] [DROP_EVERY_S]`. Prints one JSON object that says what it saw. Time
 * runs by the wall clock; sixty frames a second are drawn.
 */
import { WebSocket } from "ws";
import { connect } from "../../client_demo/sdk/index.js";

const [url, seconds, lagMs = 0, jitterMs = 0, dropEveryS = 0] = process.argv
  .slice(2)
  .map((argument, i) => (i === 0 ? argument : Number(argument)));

/** @type {WebSocket[]} */
const sockets = [];

class Socket extends WebSocket {
  /** @param {string} address @param {string[]} protocols */
  constructor(address, protocols) {
    super(address, protocols);
    sockets.push(this);
  }
}

/** Node imports no modules over the network; the server's text is the same. @param {URL} address */
async function loadStep(address) {
  const text = await (await fetch(address)).text();
  return import(`data:text/javascript,${encodeURIComponent(text)}`);
}

const session = connect(String(url), {
  ...{ kind: "arena", params: { name: "Node" } },
  ...{ WebSocket: Socket, loadStep, lag: { ms: Number(lagMs), jitterMs: Number(jitterMs) } },
});

/** How often each line of its own chat came back. @type {Record<string, number>} */
const lines = {};
/** The ids of the ships that it steered. @type {Set<number>} */
const ships = new Set();
let welcomes = 0;
session.on("joined", () => {
  welcomes += 1;
});
session.on("event", ({ name, payload }) => {
  const chat = /** @type {any} */ (payload);
  if (name === "chat" && ships.has(chat.from)) lines[chat.text] = (lines[chat.text] ?? 0) + 1;
});
/** @type {any[]} */
const notices = [];
session.on("notice", (notice) => notices.push(notice));

const startedMs = performance.now();
const played = { frames: 0, moved: 0, workMs: 0, maxWorkMs: 0, others: 0, aheadFrames: 0 };
let last = { x: 0, y: 0 };

function frame() {
  const elapsedS = (performance.now() - startedMs) / 1000;
  if (session.avatarId !== null) {
    ships.add(session.avatarId);
    session.setControls({ turn: Math.floor(elapsedS) % 3 === 0 ? 1 : 0, thrust: true });
  }
  const beganMs = performance.now();
  const { avatar, entities } = session.draw();
  const tookMs = performance.now() - beganMs;
  played.frames += 1;
  if (session.stats.pending > 0) played.aheadFrames += 1;
  played.workMs += tookMs;
  if (played.frames > 60) played.maxWorkMs = Math.max(played.maxWorkMs, tookMs);
  if (avatar !== null) {
    if (played.moved > 0 || last.x !== 0)
      played.moved += Math.hypot(avatar.x - last.x, avatar.y - last.y);
    last = { x: avatar.x, y: avatar.y };
  }
  played.others = Math.max(played.others, (entities.get("Ship")?.length ?? 0) - 1);
}

let said = 0;
const drawing = setInterval(frame, 1000 / 60);
const chatting = setInterval(() => session.send("chat", { text: `line ${said++}` }), 1000);
const dropping =
  Number(dropEveryS) > 0
    ? setInterval(() => sockets.at(-1)?.terminate(), Number(dropEveryS) * 1000)
    : undefined;
setTimeout(finish, Number(seconds) * 1000);
session.on("closed", finish);

let finished = false;
function finish() {
  if (finished) return;
  finished = true;
  clearInterval(drawing);
  clearInterval(chatting);
  clearInterval(dropping);
  const report = { ...played, workMs: played.workMs / played.frames, welcomes, lines, notices };
  const links = sockets.length;
  console.log(
    JSON.stringify({
      ...report,
      links,
      ships: ships.size,
      status: session.status,
      stats: session.stats,
    }),
  );
  session.leave();
}
