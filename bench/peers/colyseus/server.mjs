/**
 * The reference scene on Colyseus.
 *
 *   node server.mjs --players 50 --mode full|view --variant plain|quantised|coupled
 *
 * `plain` is how a user of the framework would write it: float32 fields, room messages for inputs, the newest seq an ordinary
 * field, patches and simulation on timers of their own. `quantised` puts the fields on our grids. `coupled` sends each patch at
 * the end of its tick.
 */
import { Room, Server } from "@colyseus/core";
import { StateView, schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { obey, option, say } from "../control.mjs";

const PLAYERS = Number(option("players", "50"));
const WITH_VIEWS = option("mode", "full") === "view";
const VARIANT = option("variant", "plain");
const TICK_HZ = 20;
const WORLD = 2000;
const ACCELERATION = 1200;
const MAX_SPEED = 300;
const RADIUS = 400;

const quantised = VARIANT === "quantised";
const place = () => (quantised ? t.quantized({ min: 0, max: 65535 / 16, bits: 16 }) : t.float32());
const speed = () => (quantised ? t.quantized({ min: -512, max: 512, bits: 16 }) : t.float32());
const angle = () => (quantised ? t.angle({ bits: 16 }) : t.float32());

const Body = schema(
  {
    id: t.uint16(),
    name: t.string(),
    x: place(),
    y: place(),
    vx: speed(),
    vy: speed(),
    angle: angle(),
    hp: t.uint8(),
    score: t.uint32(),
    lastSeq: t.uint32(),
  },
  "Body",
);
const State = schema(
  { tick: t.uint32(), players: WITH_VIEWS ? t.map(Body).view() : t.map(Body) },
  "State",
);

let ticks = 0;
let patches = 0;
let inputs = 0;
const rooms = new Map();
const wanted = new Set();

class ArenaRoom extends Room {
  onCreate() {
    this.maxClients = PLAYERS;
    this.patchRate = 1000 / TICK_HZ;
    this.state = new State();
    this.state.tick = 0;
    this.seats = [];
    this.seatOf = new Map();
    this.nextId = 1;
    rooms.set(this.roomId, this);
    this.onMessage("input", (client, message) => {
      const seat = this.seatOf.get(client.sessionId);
      seat.dx = message.dx;
      seat.dy = message.dy;
      seat.aim = message.aim;
      seat.seq = message.seq;
      inputs += 1;
    });
    const coupled = VARIANT === "coupled";
    this.setTimestep((ms) => {
      this.step(ms / 1000);
      if (coupled) this.broadcastPatch();
    }, 1000 / TICK_HZ);
    if (coupled) this.patchRate = null; // after the simulation's timer exists, so that no clock-only one starts
  }

  onBeforePatch() {
    patches += 1;
    if (!wanted.delete(this.roomId)) return;
    const entities = this.seats.map(({ sid, body }) => [sid, ...valuesOf(body)]);
    say({ re: "snap", room: this.roomId, tick: this.state.tick, entities });
  }

  step(dt) {
    ticks += 1;
    this.state.tick += 1;
    for (const seat of this.seats) {
      push(seat, dt);
      if (Math.random() < 0.01) {
        seat.body.hp = (seat.body.hp + 93) % 101;
        seat.body.score += 10;
      }
    }
    if (WITH_VIEWS) this.updateViews();
  }

  updateViews() {
    const { seats } = this;
    for (let i = 0; i < seats.length; i += 1) {
      const a = seats[i];
      const { x, y } = a.body;
      for (let j = i + 1; j < seats.length; j += 1) {
        const b = seats[j];
        const dx = b.body.x - x;
        const dy = b.body.y - y;
        const near = dx * dx + dy * dy <= RADIUS * RADIUS;
        if (near !== a.sees.has(b)) meet(a, b, near);
      }
    }
  }

  onJoin(client, options) {
    const body = new Body();
    body.id = this.nextId;
    this.nextId += 1;
    body.name = String(options?.name ?? "player").slice(0, 16);
    body.x = Math.random() * WORLD;
    body.y = Math.random() * WORLD;
    for (const field of ["vx", "vy", "angle", "score", "lastSeq"]) body[field] = 0;
    body.hp = 100;
    const sid = client.sessionId;
    const seat = { sid, client, body, dx: 0, dy: 0, aim: 0, seq: 0, sees: new Set() };
    this.state.players.set(sid, body);
    this.seats.push(seat);
    this.seatOf.set(sid, seat);
    if (WITH_VIEWS) {
      client.view = new StateView();
      client.view.add(body);
    }
  }

  onLeave(client) {
    const seat = this.seatOf.get(client.sessionId);
    if (!seat) return;
    this.seatOf.delete(client.sessionId);
    this.seats.splice(this.seats.indexOf(seat), 1);
    for (const other of this.seats) other.sees.delete(seat);
    this.state.players.delete(client.sessionId);
    client.view?.dispose();
  }

  onDispose() {
    rooms.delete(this.roomId);
  }
}

function push(seat, dt) {
  const { body } = seat;
  let vx = body.vx + clamp(seat.dx) * ACCELERATION * dt;
  let vy = body.vy + clamp(seat.dy) * ACCELERATION * dt;
  const fast = Math.sqrt(vx * vx + vy * vy);
  if (fast > MAX_SPEED) {
    vx *= MAX_SPEED / fast;
    vy *= MAX_SPEED / fast;
  }
  [body.x, body.vx] = bounce(body.x + vx * dt, vx);
  [body.y, body.vy] = bounce(body.y + vy * dt, vy);
  body.angle = seat.aim;
  body.lastSeq = seat.seq;
}

function bounce(at, v) {
  if (at < 0) return [0, -v];
  if (at > WORLD) return [WORLD, -v];
  return [at, v];
}

function clamp(v) {
  return v > -1 ? (v < 1 ? v : 1) : -1;
}

function meet(a, b, near) {
  const change = near ? "add" : "delete";
  a.sees[change](b);
  const show = near ? "add" : "remove";
  a.client.view[show](b.body);
  b.client.view[show](a.body);
}

function valuesOf(p) {
  return [p.x, p.y, p.vx, p.vy, p.angle, p.hp, p.score, p.id, p.lastSeq, p.name];
}

// "greet" would print to stdout, which is ours
const server = new Server({
  transport: new WebSocketTransport(),
  greet: false,
  gracefullyShutdown: false,
});
server.define("arena", ArenaRoom);
const port = Number(option("port", "26570"));
await server.listen(port, "127.0.0.1");
obey({
  stats: () => ({ t: performance.now() / 1000, ticks, states: patches, inputs }),
  snap: ({ room }) => {
    wanted.add(room);
    return null;
  },
});
say({ re: "ready", port, name: "colyseus", versions: { node: process.version } });
