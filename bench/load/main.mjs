/**
 * One measurement: starts a server on core 0, joins, sends inputs, measures, compares what sampled clients decoded with
 * the server's own state, and prints one line of JSON. Run it on another core (`taskset -c 1`).
 *
 *   node bench/load/main.mjs --peer gameserver --rooms 10 --players 50 --mode full --seconds 15
 *
 * Clients play from the moment at which they have joined. A run in which one is lost exits with 1. With --realtime the
 * server runs under real-time priority, so that what other work on the machine does to its tail is not measured.
 *
 * peers: gameserver, colyseus, transport (this server's transport alone), ws, trio_websocket. The last three are
 * floors: 400 bytes to every client and 24 bytes from every client, 20 times a second.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Figures } from "./figures.mjs";
import { round } from "./histogram.mjs";
import { coreTimes, cpuOf, residentKib, sleep } from "./proc.mjs";
import { Sender } from "./sender.mjs";
import { ServerProcess } from "./server_process.mjs";

const TICK_HZ = 20;
const SERVER_CORE = 0;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ALIGNED_LEAD_MS = 5;
const SNAPS = 3;
const CAPTURE_MS = 300;

const { values: options } = parseArgs({
  options: {
    peer: { type: "string", default: "gameserver" },
    variant: { type: "string", default: "plain" },
    mode: { type: "string", default: "full" },
    transport: { type: "string", default: "polled" },
    rooms: { type: "string", default: "10" },
    players: { type: "string", default: "50" },
    seconds: { type: "string", default: "15" },
    warm: { type: "string", default: "4" },
    samples: { type: "string", default: "8" },
    aligned: { type: "boolean", default: false },
    realtime: { type: "boolean", default: false },
    profile: { type: "string", default: "" },
    data: { type: "string", default: "" },
    durable: { type: "boolean", default: false },
    python: { type: "string", default: `${ROOT}.venv/bin/python` },
  },
});
const rooms = Number(options.rooms);
const players = Number(options.players);
const clientCount = rooms * players;

/** peer → how to start it, and the module of its clients. */
const PEERS = {
  gameserver: {
    command: () => [
      options.python,
      "-m",
      "bench.server",
      "--players",
      String(players),
      "--mode",
      options.mode,
      "--transport",
      options.transport,
      ...(options.data ? ["--data", options.data] : []),
      ...(options.durable ? ["--durable"] : []),
    ],
    clients: () => import("./gameserver.mjs"),
  },
  colyseus: {
    command: () => [
      process.execPath,
      "bench/peers/colyseus/server.mjs",
      "--players",
      String(players),
      "--mode",
      options.mode,
      "--variant",
      options.variant,
    ],
    clients: () => import("../peers/colyseus/clients.mjs"),
  },
  ws: {
    command: () => [process.execPath, "bench/peers/ws/server.mjs"],
    clients: () => import("./floor.mjs"),
  },
  trio_websocket: {
    command: () => [options.python, "-m", "bench.peers.trio_websocket.server"],
    clients: () => import("./floor.mjs"),
  },
  transport: {
    command: () => [options.python, "-m", "bench.transport.broadcast", options.transport],
    clients: () => import("./floor.mjs"),
  },
};

const peer = PEERS[options.peer];
if (!peer)
  throw new Error(`no such peer: ${options.peer}; there are ${Object.keys(PEERS).join(", ")}`);
const server = new ServerProcess(peer.command(), SERVER_CORE, ROOT, options.realtime);
const { port, versions } = await server.ready();
await sleep(500);
const idleKib = residentKib(server.pid);

const figures = new Figures();
const { joinAll, RADII } = await peer.clients();
const sender = new Sender();
const joinStart = performance.now();
const clients = await joinAll({
  port,
  rooms,
  players,
  samples: Math.min(Number(options.samples), clientCount),
  figures,
  onJoined: (client) => sender.add(client),
});
const joinSeconds = (performance.now() - joinStart) / 1000;
const joining = await server.ask({ cmd: "stats" });
const sampled = clients.filter((client) => client.sampled);
const others = clients.filter((client) => !client.sampled);
sender.spread(sampled, others);

await sleep(Number(options.warm) * 500);
if (options.aligned) align();
await sleep(Number(options.warm) * 500);

const window = await measure(Number(options.seconds) * 1000);
const verify = sampled.length > 0 ? await check() : null;
sender.stop();
const result = report();
process.stdout.write(`${JSON.stringify(result)}\n`);
await server.end();
if (result.lost > 0) {
  process.stderr.write(
    `${result.lost} of ${clientCount} clients were lost: the figures are not valid\n`,
  );
}
process.exit(result.lost > 0 ? 1 : 0);

/** Shifts each client so that it sends just before its frame is needed, as a client that follows `lead` does. */
function align() {
  for (const client of clients) {
    if (client.lead !== null)
      sender.shift(client, (client.lead / 256) * (1000 / TICK_HZ) - ALIGNED_LEAD_MS);
  }
}

async function measure(ms) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const before = await reading();
  for (const client of clients) client.last = Number.NaN;
  sender.sent = 0;
  figures.open = true;
  await sleep(ms);
  figures.open = false;
  const after = await reading();
  delay.disable();
  return { before, after, sent: sender.sent, delayMs: delay.percentile(99) / 1e6 };
}

async function reading() {
  const stats = await server.ask({ cmd: "stats" });
  return {
    stats,
    wall: performance.now() / 1000,
    cpu: cpuOf(server.pid),
    core: coreTimes(SERVER_CORE),
    load: process.cpuUsage(),
    wire: others.reduce((sum, client) => sum + client.socket.wireBytes, 0),
    residentKib: residentKib(server.pid),
  };
}

/** Compares the states of some ticks, in every room that has a sampled client. */
async function check() {
  for (const client of sampled) client.captured = new Map();
  const snaps = [];
  for (let round = 0; round < SNAPS; round += 1) {
    await sleep(CAPTURE_MS);
    for (const room of new Set(sampled.map((client) => client.roomId))) {
      snaps.push(await server.ask({ cmd: "snap", room }));
    }
  }
  await sleep(CAPTURE_MS);
  const sums = {
    snaps: 0,
    missed: 0,
    compared: 0,
    mismatched: 0,
    missing: 0,
    outside: 0,
    visible: 0,
    misfits: 0,
  };
  for (const snap of snaps) {
    for (const client of sampled.filter(({ roomId }) => roomId === snap.room)) {
      const verdict = client.compare(snap, RADII[options.mode] ?? null);
      for (const key of Object.keys(verdict)) sums[key] += verdict[key];
    }
  }
  sums.misfits = sampled.reduce((sum, client) => sum + client.misfits, 0);
  sums.visible = round1(sums.visible / sums.snaps);
  return sums;
}

function round1(value) {
  return round(value, 1);
}

function report() {
  const { before, after } = window;
  const wall = after.wall - before.wall;
  const user = after.cpu.user - before.cpu.user;
  const system = after.cpu.system - before.cpu.system;
  const ticks = after.stats.ticks - before.stats.ticks;
  const floor = sampled.length === 0;
  const ticksPerRoom = floor ? ticks : ticks / rooms;
  const statsWall = after.stats.t - before.stats.t;
  const load = after.load.user + after.load.system - before.load.user - before.load.system;
  const count = (name) => (after.stats[name] ?? 0) - (before.stats[name] ?? 0);
  return {
    peer: options.peer,
    variant: options.variant,
    mode: options.mode,
    transport: options.transport,
    aligned: options.aligned,
    realtime: options.realtime,
    rooms,
    players,
    clients: clientCount,
    at: new Date().toISOString(),
    versions,
    seconds: round(wall, 2),
    joinSeconds: round1(joinSeconds),
    /** Ticks that were skipped, or began more than a tick late, from the server's start until all had joined. */
    joinMissedTicks:
      options.peer === "gameserver" ? joining.skipped_ticks + joining.late_ticks : null,
    cpu: round((user + system) / wall, 4),
    cpuUser: round(user / wall, 4),
    cpuSystem: round(system / wall, 4),
    usPerClientTick: round(
      (((user + system) / wall) * statsWall * 1e6) / (clientCount * ticksPerRoom),
      2,
    ),
    ticksHeld: round(ticksPerRoom / (TICK_HZ * statsWall), 4),
    stateBytes: figures.states ? round1(figures.stateBytes / figures.states) : null,
    wireBytesPerClientTick: round1((after.wire - before.wire) / others.length / wall / TICK_HZ),
    statesPerClientS: round(figures.states / wall / others.length, 2),
    inputsPerClientS: round(count("inputs") / clientCount / statsWall, 2),
    sentPerClientS: round(window.sent / clientCount / wall, 2),
    missedInputs: count("missed_inputs"),
    trimmedInputs: count("trimmed_inputs"),
    skippedStates: count("skipped_states"),
    skippedTicks: count("skipped_ticks"),
    ackMs: floor ? null : figures.ack.summary(),
    ackHeadMs: figures.ackHead.count ? figures.ackHead.summary() : null,
    intervalMs: figures.interval.summary(),
    tickMs: after.stats.tick_ms ?? null,
    idleMib: round1(idleKib / 1024),
    residentMib: round1(after.residentKib / 1024),
    kibPerClient: round1((after.residentKib - idleKib) / clientCount),
    verify,
    lost: clients.filter((client) => client.socket.closed).length,
    skippedInputs: others.reduce((sum, client) => sum + client.socket.skipped, 0),
    lateSlots: sender.lateSlots,
    load: { cpu: round(load / 1e6 / wall, 3), delayP99Ms: round1(window.delayMs) },
    core: {
      others: round((after.core.busy - before.core.busy - user - system) / wall, 3),
      stolen: round((after.core.stolen - before.core.stolen) / wall, 3),
    },
  };
}
