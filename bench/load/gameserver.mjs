/**
 * Clients of this server. Sampled ones decode everything with the SDK's decoder; the others read only the head of each
 * STATE. All of them follow protocol.md: they ack what they received and pace their frames by `lead`.
 */
import { decodeServer, encodeInput, encodeJoin } from "../../client_demo/sdk/codec.js";
import {
  BEHIND_UNITS_PER_TICK,
  LEAD_UNITS_PER_TICK,
  ServerMessage,
  SUBPROTOCOL,
  WEBSOCKET_PATH,
} from "../../client_demo/sdk/constants.js";
import { DeltaDecoder } from "../../client_demo/sdk/decoder.js";
import { compileSchema, encodeControls } from "../../client_demo/sdk/schema.js";
import { ViewState } from "../../client_demo/sdk/view_state.js";
import { Player } from "./player.mjs";
import { RawWebSocket } from "./rawws.mjs";

const KIND = "arena";
const ARRAY_OF_9 = 0x99;
/** Others are drawn two ticks in the past. */
const BEHIND = 2 * BEHIND_UNITS_PER_TICK;
/** An input frame that waits longer than this has another one before it: the client is a tick too early. */
const EARLY_LEAD = 1.1 * LEAD_UNITS_PER_TICK;

class Client {
  newestTick = 0;
  lead = null;
  roomId = "";
  last = Number.NaN;
  misfits = 0;
  #skipOne = false;

  constructor(index, port, figures) {
    this.index = index;
    this.player = new Player(index);
    this.figures = figures;
    this.socket = new RawWebSocket({
      port,
      path: WEBSOCKET_PATH,
      protocol: SUBPROTOCOL,
      onFrame: (buffer, start, end) => this.frame(buffer, start, end),
    });
    this.joined = new Promise((resolve) => {
      this.resolveJoined = resolve;
    });
  }

  async join() {
    await this.socket.opened;
    const closed = new Promise((_, reject) => {
      this.socket.onClose = () => reject(new Error(`closed, code ${this.socket.closeCode}`));
    });
    this.socket.send(encodeJoin(KIND, null, 0, { name: `player${this.index}` }));
    await Promise.race([this.joined, closed]);
  }

  /** Sends one input, or skips it when the client is too early. */
  tick() {
    if (this.#skipOne) {
      this.#skipOne = false;
      return;
    }
    const input = this.player.next();
    const codes = encodeControls(this.schema, { dx: input.dx, dy: input.dy, aim: input.aim });
    if (this.socket.send(encodeInput(input.seq, this.newestTick, BEHIND, codes)))
      this.player.sent();
    else this.player.unsent();
  }

  /** Notes `lead` of a STATE: how long the consumed input frame had waited. */
  paced(lead) {
    if (lead === null) return;
    this.lead = lead;
    if (lead > EARLY_LEAD) this.#skipOne = true;
  }

  welcomed(welcome) {
    this.roomId = welcome.room;
    this.schema = compileSchema(welcome.schema, welcome.tick_hz);
    this.resolveJoined();
  }
}

/** Reads only the four numbers at the head of each STATE. */
export class HeadClient extends Client {
  sampled = false;

  frame(buffer, start, end) {
    if (buffer[start] !== ARRAY_OF_9 || buffer[start + 1] !== ServerMessage.STATE) {
      this.other(buffer.subarray(start, end));
      return;
    }
    const now = performance.now();
    const head = { at: start + 2 };
    this.newestTick = readCounter(buffer, head);
    readCounter(buffer, head);
    const seq = readCounter(buffer, head);
    this.paced(buffer[head.at] === 0xc0 ? null : readCounter(buffer, head));
    this.figures.state(end - start, now - this.last);
    this.last = now;
    this.player.acked(seq, now, this.figures.open ? this.figures.ackHead : null);
  }

  other(bytes) {
    if (this.figures.open) this.figures.otherMessages += 1;
    const message = decodeServer(bytes);
    if (message.type === "welcome") this.welcomed(message);
  }
}

/** Decodes everything, and keeps each state while `captured` is set. */
export class SampledClient extends Client {
  sampled = true;
  avatar = 0;
  /** tick → id → values, while captured. @type {Map<number, Map<number, unknown[]>> | null} */
  captured = null;

  frame(buffer, start, end) {
    const message = decodeServer(new Uint8Array(buffer.subarray(start, end)));
    if (message.type === "state") this.state(message);
    else if (message.type === "welcome") this.welcomed(message);
    else if (message.type === "events") this.events(message);
  }

  welcomed(welcome) {
    super.welcomed(welcome);
    this.decoder = new DeltaDecoder(this.schema);
    this.view = new ViewState(this.schema);
    this.spare = new ViewState(this.schema);
  }

  events({ items }) {
    for (const { name, payload } of items) if (name === "@avatar") this.avatar = payload;
  }

  state(message) {
    try {
      this.decoder.apply(this.view, message, this.spare);
    } catch (error) {
      this.misfits += 1;
      process.stderr.write(`a STATE does not fit: ${error.message}\n`);
      return;
    }
    [this.view, this.spare] = [this.spare, this.view];
    const now = performance.now();
    this.newestTick = message.tick;
    this.paced(message.lead);
    this.player.acked(message.seq, now, this.figures.open ? this.figures.ack : null);
    this.captured?.set(message.tick, entitiesOf(this.view));
  }

  /** Compares the captured state with the server's own state of that tick. */
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
    const own = snap.entities.find(([id]) => id === this.avatar);
    for (const [id, ...values] of snap.entities) {
      const have = seen.get(id);
      const far = radii ? Math.hypot(values[0] - own[1], values[1] - own[2]) / 16 : 0;
      if (radii && have && far > radii.leave) verdict.outside += 1;
      if (!have && far <= (radii?.enter ?? 0)) verdict.missing += 1;
      if (!have) continue;
      verdict.compared += 1;
      if (values.some((value, i) => value !== have[i])) verdict.mismatched += 1;
    }
    if (seen.size > snap.entities.length) verdict.mismatched += 1;
    return verdict;
  }
}

/** Radii of visibility by mode: enter and leave (`Near` in bench/scene.py). */
export const RADII = {
  view: { enter: 399.9, leave: 440.1 },
  crowd: { enter: 99.9, leave: 110.1 },
};

function entitiesOf(view) {
  const seen = new Map();
  for (const table of view.tables) {
    for (let row = 0; row < table.count; row += 1) {
      const codes = table.codes.subarray(row * table.width, (row + 1) * table.width);
      seen.set(table.ids[row], [...codes, ...table.objects.map((column) => column[row])]);
    }
  }
  return seen;
}

/** Reads a msgpack unsigned integer; `head.at` moves behind it. */
function readCounter(buffer, head) {
  const first = buffer[head.at];
  if (first < 0x80) {
    head.at += 1;
    return first;
  }
  const size = 1 << (first - 0xcc);
  const value = buffer.readUIntBE(head.at + 1, size);
  head.at += 1 + size;
  return value;
}

/** @returns {Promise<any[]>} all clients, joined */
export async function joinAll({ port, rooms, players, samples, figures, onJoined }) {
  const perRoom = Math.max(1, Math.ceil(samples / rooms));
  const clients = [];
  let left = samples;
  for (let room = 0; room < rooms; room += 1) {
    for (let first = 0; first < players; ) {
      const batch = first === 0 ? 1 : Math.min(16, players - first);
      const made = Array.from({ length: batch }, (_, k) => {
        const sampled = first + k < perRoom && left > 0;
        if (sampled) left -= 1;
        const index = room * players + first + k;
        return sampled
          ? new SampledClient(index, port, figures)
          : new HeadClient(index, port, figures);
      });
      await Promise.all(made.map((client) => client.join().then(() => onJoined(client))));
      clients.push(...made);
      first += batch;
    }
  }
  return clients;
}
