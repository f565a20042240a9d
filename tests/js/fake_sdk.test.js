import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Session } from "../../client_demo/sdk/index.js";

const ARENA = new URL("../../client_demo/arena/", import.meta.url);
const FAKE = new URL("../browser/fixtures/fake_sdk.js", import.meta.url);
/** What the arena reads only in a replay, or after a predicted tick: the stand-in has neither. */
const UNUSED = ["predictSpawn", "welcome"];

/** The names of what the arena uses of a session, by its source. */
function usedOfSession() {
  const names = readdirSync(ARENA, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => [
      ...readFileSync(new URL(name, ARENA), "utf8").matchAll(/\bsession\??\.(\w+)/g),
    ])
    .map((match) => match[1]);
  return [...new Set(names)].sort();
}

test("what the arena imports of the SDK is in the stand-in", async () => {
  const net = readFileSync(new URL("net.js", ARENA), "utf8");
  const imported =
    /import \{ ([^}]+) \} from "..\/sdk\/index.js"/.exec(net)?.[1]?.split(", ") ?? [];
  assert.ok(imported.includes("connect"), imported.join());
  const fake = await import(FAKE.href);
  for (const name of imported) assert.ok(name in fake, `the stand-in has no ${name}`);
});

test("what the arena uses of a session is there, in the SDK and in the browser tests' stand-in", async () => {
  const { Session: Fake } = await import(FAKE.href);
  const used = usedOfSession();
  assert.ok(used.includes("draw") && used.includes("setControls"), used.join());
  const source = readFileSync(FAKE, "utf8");
  for (const name of used) {
    assert.ok(name in Session.prototype, `the SDK's Session has no ${name}`);
    if (UNUSED.includes(name)) continue;
    assert.ok(
      name in Fake.prototype || source.includes(`this.${name} = `),
      `the stand-in has no ${name}`,
    );
  }
});
