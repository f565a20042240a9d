/**
 * Clients of Colyseus. Sampled ones are the real SDK and decode everything; the others walk along frame headers, and send the very
 * bytes that the SDK sends (which is checked).
 */
import { Client as SdkConnection } from "@colyseus/sdk";
import { Packr, RESERVE_START_SPACE } from "msgpackr";
import { Player } from "../../load/player.mjs";
import { RawWebSocket } from "../../load/rawws.mjs";

const JOIN_ROOM = 10;
const ROOM_DATA = 13;
const STATE = 14;
const PATCH = 15;
const INPUT_HEAD = [ROOM_DATA, 0xa5, ...Buffer.from("input")];

const packr = new Packr();

async function reserve(port, method, target, options) {
  const response = await fetch(`http://127.0.0.1:${port}/matchmake/${method}/${target}`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify(options),
  });
  const seat = await response.json();
  if (!response.ok || seat.error) throw new Error(`matchmake: ${JSON.stringify(seat)}`);
  return seat;
}

/** What `room.send("input", message)` sends. */
function encodeInput(message) {
  const bytes = packr.pack(message, RESERVE_START_SPACE | INPUT_HEAD.length);
  bytes.set(INPUT_HEAD);
  return bytes;
}

class HeadClient {
  sampled = false;
  last = Number.NaN;

  constructor(index, figures) {
    this.player = new Player(index);
    this.figures = figures;
  }

  join(port, seat) {
    this.roomId = seat.roomId;
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.socket = new RawWebSocket({
        port,
        path: `/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`,
        onFrame: (buffer, start, end) => this.frame(buffer[start] & 31, end - start),
      });
      this.socket.opened.catch(reject);
    });
  }

  frame(code, bytes) {
    if (code === PATCH) {
      const now = performance.now();
      this.figures.state(bytes, now - this.last);
      this.last = now;
      return;
    }
    if (this.figures.open) this.figures.otherMessages += 1;
    if (code === JOIN_ROOM) this.socket.send(Buffer.from([JOIN_ROOM]));
    else if (code === STATE) this.resolve();
  }

  tick() {
    if (this.socket.send(encodeInput(this.player.next()))) this.player.sent();
    else this.player.unsent();
  }
}

class SampledClient {
  sampled = true;
  misfits = 0;
  socket = { wireBytes: 0, skipped: 0, closed: false };
  captured = null;

  constructor(index, figures) {
    this.player = new Player(index);
    this.figures = figures;
  }

  async join(port, seat) {
    this.roomId = seat.roomId;
    this.room = await new SdkConnection(`ws://127.0.0.1:${port}`).consumeSeatReservation(seat);
    this.sid = this.room.sessionId;
    this.room.onLeave(() => {
      this.socket.closed = true;
    });
    await new Promise((resolve) => {
      this.room.onStateChange((state) => {
        this.changed(state);
        resolve();
      });
    });
  }

  changed(state) {
    const now = performance.now();
    const own = state.players.get(this.sid);
    if (own) this.player.acked(own.lastSeq, now, this.figures.open ? this.figures.ack : null);
    if (!this.captured) return;
    const seen = new Map();
    state.players.forEach((p, sid) => {
      seen.set(sid, [p.x, p.y, p.vx, p.vy, p.angle, p.hp, p.score, p.id, p.lastSeq, p.name]);
    });
    this.captured.set(state.tick, seen);
  }

  tick() {
    this.room.send("input", this.player.next());
    this.player.sent();
  }

  /** Compares what was captured with the server's own state of that tick. */
  compare(snap, radii) {
    const seen = this.captured?.get(snap.tick);
    if (!seen) return { missed: 1 };
    const verdict = {
      snaps: 1,
      compared: 0,
      mismatched: 0,
      missing: 0,
      outside: 0,
      visible: seen.size,
    };
    const own = snap.entities.find(([sid]) => sid === this.sid);
    for (const [sid, ...values] of snap.entities) {
      const have = seen.get(sid);
      const far = radii ? Math.hypot(values[0] - own[1], values[1] - own[2]) : 0;
      if (radii && have && far > radii.leave) verdict.outside += 1;
      if (!have && far <= (radii?.enter ?? 0)) verdict.missing += 1;
      if (!have) continue;
      verdict.compared += 1;
      if (values.some((value, i) => !same(value, have[i]))) verdict.mismatched += 1;
    }
    return verdict;
  }
}

/** What is visible: no hysteresis. */
export const RADII = { view: { enter: 400, leave: 400 } };

function same(a, b) {
  return typeof a === "number" ? Math.fround(a) === Math.fround(b) : a === b;
}

/** @returns {Promise<any[]>} all clients, joined */
export async function joinAll({ port, rooms, players, samples, figures, onJoined }) {
  const perRoom = Math.max(1, Math.ceil(samples / rooms));
  const clients = [];
  let left = samples;
  for (let room = 0; room < rooms; room += 1) {
    let roomId = null;
    const joinOne = async (k) => {
      const index = room * players + k;
      const sampled = k < perRoom && left > 0;
      if (sampled) left -= 1;
      const options = { name: `player${index}` };
      const seat = roomId
        ? await reserve(port, "joinById", roomId, options)
        : await reserve(port, "create", "arena", options);
      roomId = seat.roomId;
      const client = sampled ? new SampledClient(index, figures) : new HeadClient(index, figures);
      await client.join(port, seat);
      clients.push(client);
      onJoined(client);
    };
    await joinOne(0);
    for (let first = 1; first < players; first += 16) {
      const count = Math.min(16, players - first);
      await Promise.all(Array.from({ length: count }, (_, i) => joinOne(first + i)));
    }
  }
  checkBytes(clients.find((client) => client.sampled));
  return clients;
}

/** The hand-made frame must be the SDK's. */
function checkBytes(client) {
  const { connection } = client.room;
  const { send } = connection;
  let bytes = null;
  connection.send = (data) => {
    bytes = Buffer.from(data);
  };
  const message = { seq: 1, dx: 0.25, dy: -0.5, aim: 1.5 };
  client.room.send("input", message);
  connection.send = send;
  if (!bytes?.equals(Buffer.from(encodeInput(message)))) {
    throw new Error("the hand-made input frame is not the SDK's");
  }
}
