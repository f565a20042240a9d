/** Runs the unit tests in a page and sends what failed to the server of the page. Bundled with the tests, which it follows. */

import { tests } from "node:test";

/** These are about a program without a page, whose URL others would be relative to. */
const NOT_IN_A_PAGE = [
  "a page's URL stands for the WebSocket's; what is no URL is refused by connect",
];

/** @type {string[]} */
const failed = [];
for (const [name, work] of tests) {
  if (NOT_IN_A_PAGE.includes(name)) continue;
  try {
    await work();
  } catch (error) {
    failed.push(`${name}: ${error}`);
  }
}
await fetch("/report", { method: "POST", body: JSON.stringify({ count: tests.length, failed }) });
