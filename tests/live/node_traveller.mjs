/**
 * Goes back and forth between two kinds of rooms with the browser's SDK, over Node's `ws`: `node
 * node_traveller.mjs URL MOVES [RIVER LAKE]`, in these rooms or in any. Prints one JSON object that says what it saw.
 */
import { WebSocket } from "ws";
import { connect } from "../../client_demo/sdk/index.js";

const [url = "", moves = "1", river, lake] = process.argv.slice(2);
let links = 0;

class Socket extends WebSocket {
  /** @param {string} address @param {string[]} protocols */
  constructor(address, protocols) {
    super(address, protocols);
    links += 1;
  }
}

const session = connect(url, { kind: "river", room: river, WebSocket: Socket });
/** @type {any[]} */
const seen = [];
/** @type {any[]} */
const notices = [];
session.on("moved", ({ kind }) => seen.push(["moved", kind]));
session.on("joined", ({ kind }) => seen.push(["joined", kind]));
session.on("event", ({ payload }) => seen.push(["own", ...payload]));
session.on("notice", (notice) => notices.push(notice));

/** Waits until the own boat has gone somewhere in the room. @param {string} kind */
async function sail(kind) {
  for (let frame = 0; frame < 600; frame += 1) {
    await new Promise((resolve) => setTimeout(resolve, 16));
    if (session.welcome?.kind !== kind || session.avatarId === null) continue;
    session.setControls({ way: 1 });
    const { avatar } = session.draw();
    if (avatar !== null && Number(avatar.x) > 5) return true;
  }
  return false;
}

await session.joined;
const sailed = [await sail("river")];
for (let move = 0; move < Number(moves); move += 1) {
  if (river === undefined) session.send("over");
  else session.send("to", move % 2 === 0 ? lake : river);
  sailed.push(await sail(move % 2 === 0 ? "lake" : "river"));
}
const { stats, status } = session;
process.stdout.write(
  JSON.stringify({ seen, notices, sailed, links, status, desyncs: stats.desyncs }),
);
session.leave();
