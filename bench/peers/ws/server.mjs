/** Node's floor: a bare `ws` server that sends one fixed message to every client 20 times a second. Nothing else. */
import { WebSocketServer } from "ws";
import { obey, option, say } from "../control.mjs";

const PERIOD_MS = 50;
const payload = Buffer.alloc(Number(option("bytes", "400")), 7);
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: false,
  maxPayload: 4096,
});
let ticks = 0;
let inputs = 0;

server.on("connection", (socket) => {
  socket.on("message", () => {
    inputs += 1;
  });
  socket.on("error", () => {});
});
setInterval(() => {
  ticks += 1;
  for (const client of server.clients) client.send(payload, { binary: true });
}, PERIOD_MS);
server.on("listening", () => {
  say({
    re: "ready",
    port: server.address().port,
    name: "ws",
    versions: { node: process.version },
  });
});
obey({ stats: () => ({ t: performance.now() / 1000, ticks, inputs }) });
