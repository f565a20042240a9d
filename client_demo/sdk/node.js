/**
 * The SDK in Node (20 or newer): the same as `index.js`, with a WebSocket from the package `ws`, and
 * with a room's step loaded over HTTP, since Node imports no modules from servers.
 *
 * No twin in Python: there, a program brings its own shared step.
 */
import { WebSocket } from "ws";
import { connect as connectWith } from "./session.js";

export * from "./index.js";

/**
 * Joins a room, as `connect` of `index.js` does.
 *
 * @template {import("./room_types.js").Game} [G=import("./room_types.js").AnyGame]
 * @param {string | URL} url of the WebSocket, a whole one: `wss://game.example/ws`
 * @param {import("./connect_options.js").ConnectOptions<G>} options
 * @returns {import("./session.js").Session<G>}
 * @throws {TypeError} as there
 * @throws {RangeError} as there
 */
export function connect(url, options) {
  return connectWith(url, { WebSocket, loadStep, ...options });
}

/**
 * Loads a room's shared step: it runs code that the server sends, as a page does.
 *
 * @param {URL} url
 * @returns {Promise<import("./replica.js").SharedStep>}
 */
export async function loadStep(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: the server answered ${answer.status}`);
  const { predict, contact, world } = await import(
    `data:text/javascript,${encodeURIComponent(await answer.text())}`
  );
  if (typeof predict !== "function") throw new Error(`${url.pathname} exports no predict`);
  return { predict, contact, world };
}
