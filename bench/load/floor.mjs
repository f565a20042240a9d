/** Clients of a floor: a server that sends the same bytes to every client at each tick, and does nothing else. */
import { RawWebSocket } from "./rawws.mjs";

const INPUT = Buffer.alloc(24, 3);
const JOINS_AT_ONCE = 32;

class Client {
  sampled = false;
  last = Number.NaN;

  constructor(port, figures) {
    this.socket = new RawWebSocket({
      port,
      path: "/",
      onFrame: (_, start, end) => {
        const now = performance.now();
        figures.state(end - start, now - this.last);
        this.last = now;
      },
    });
  }

  tick() {
    this.socket.send(INPUT);
  }
}

/** @returns {Promise<any[]>} all clients, connected */
export async function joinAll({ port, rooms, players, figures, onJoined }) {
  const clients = [];
  while (clients.length < rooms * players) {
    const count = Math.min(JOINS_AT_ONCE, rooms * players - clients.length);
    const made = Array.from({ length: count }, () => new Client(port, figures));
    await Promise.all(made.map((client) => client.socket.opened.then(() => onJoined(client))));
    clients.push(...made);
  }
  return clients;
}
