/**
 * Connects with the browser's SDK, over Node's `ws`, to servers that let nobody in:
 * `node never_opens.mjs URL …`. Waits until each was tried three times, and prints one JSON object
 * with the statuses by URL.
 */
import { WebSocket } from "ws";
import { connect } from "../../client_demo/sdk/index.js";

const ATTEMPTS = 3;
/** @type {Record<string, any[]>} */
const heard = {};
await Promise.all(
  process.argv.slice(2).map(
    (url) =>
      /** @type {Promise<void>} */ (
        new Promise((resolve) => {
          const session = connect(url, { kind: "arena", WebSocket });
          heard[url] = [];
          session.joined.catch(() => {});
          session.on("status", (status) => {
            if (status.state === "waiting") heard[url].push(status);
            if (status.state !== "closed" && heard[url].length < ATTEMPTS) return;
            session.leave();
            resolve();
          });
        })
      ),
  ),
);
console.log(JSON.stringify(heard));
process.exit();
