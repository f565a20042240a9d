import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { transform } from "esbuild";
import { Session } from "../../client_demo/sdk/index.js";

const SDK = new URL("../../client_demo/sdk/", import.meta.url);
const page = readFileSync(new URL("README.md", SDK), "utf8");

test("every example of the SDK's page is JavaScript", async () => {
  const examples = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
  assert.ok(examples.length >= 3);
  for (const code of examples) await transform(code);
});

test("what the page says a session has is there", () => {
  const named = new Set([...page.matchAll(/session\.(?!js)(\w+)/g)].map(([, name]) => name));
  const rows = page.split("## Session")[1].split("An entity in a list")[0];
  for (const [, cell] of rows.matchAll(/^\| (`.*?) \|/gm)) {
    for (const [, name] of cell.matchAll(/`(\w+)/g)) named.add(name);
  }
  assert.ok(named.size >= 14, [...named].join());
  for (const name of named) {
    assert.ok(name in Session.prototype || ["joined", "status"].includes(name), name);
  }
});

test("every file that the page names exists, and every file is named", () => {
  const named = new Set([...page.matchAll(/`(\w+\.js)`/g)].map(([, name]) => name));
  named.delete("game.js");
  for (const name of named) assert.ok(existsSync(new URL(name, SDK)), name);
  for (const name of readdirSync(SDK).filter((file) => file.endsWith(".js"))) {
    assert.ok(named.has(name), `${name} is not on the page`);
  }
});
