import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { shortcut } from "../../client_demo/arena/input/keyboard.js";
import { Quality } from "../../client_demo/arena/render/quality.js";

/** @typedef {[number, number, number]} Rgb */

const SHEETS = ["base", "hud"].map((name) =>
  readFileSync(new URL(`../../client_demo/styles/${name}.css`, import.meta.url), "utf8"),
);
const AA = 4.5;

/** @param {string} pattern @returns {string} what the one group of a pattern is in the style sheets */
function inSheets(pattern) {
  const found = SHEETS.join("\n").match(new RegExp(pattern))?.[1];
  assert.ok(found, pattern);
  return found;
}

/** @param {string} hex @returns {Rgb} */
function rgb(hex) {
  const at = (/** @type {number} */ start) => Number.parseInt(hex.slice(start, start + 2), 16);
  return [at(1), at(3), at(5)];
}

/** @param {string} colour as `rgb(1 2 3 / 4%)` @param {Rgb} under @returns {Rgb} the colour over another one */
function over(colour, under) {
  const [red = 0, green = 0, blue = 0, percent = 100] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return mix([red, green, blue], percent / 100, under);
}

/** @param {Rgb} top @param {number} alpha @param {Rgb} under @returns {Rgb} */
function mix(top, alpha, under) {
  const at = (/** @type {0 | 1 | 2} */ n) => alpha * top[n] + (1 - alpha) * under[n];
  return [at(0), at(1), at(2)];
}

/** @param {Rgb} one @param {Rgb} other @returns {number} WCAG 2.2's contrast ratio */
function contrast(one, other) {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {Rgb} colour @returns {number} */
function luminance(colour) {
  const [red = 0, green = 0, blue = 0] = colour.map((value) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("a machine that draws slowly gets fewer pixels; one that shows 30 frames a second does not", () => {
  const page = { devicePixelRatio: 1, matchMedia: () => ({ matches: false }) };
  Object.assign(globalThis, { window: page });
  const saver = new Quality();
  for (let frame = 0; frame < 1000; frame++) assert.equal(saver.judge(0.004), false);
  assert.equal(saver.density(), 1);
  const slow = new Quality();
  for (let frame = 0; frame < 1000; frame++) slow.judge(0.02);
  assert.ok(slow.density() < 0.7);
  assert.ok(slow.thin < 1);
});

test("shortcuts are found on every layout", () => {
  const pressed = [
    { key: "n", code: "KeyN" },
    { key: "N", code: "KeyN" },
    { key: "т", code: "KeyN" },
    { key: "ν", code: "KeyN" },
    { key: "م", code: "KeyN" },
    { key: "n", code: "KeyL" }, // Dvorak: by letter, as the button says
    { key: "Process", code: "KeyN" },
  ];
  assert.deepEqual(
    pressed.map(shortcut),
    pressed.map(() => "n"),
  );
  assert.equal(shortcut({ key: "Enter", code: "NumpadEnter" }), "enter");
  assert.equal(shortcut({ key: " ", code: "Space" }), " ");
  assert.equal(shortcut({ key: "Home", code: "Home" }), "home");
  assert.equal(shortcut({ key: "б", code: "Comma" }), ",");
  assert.equal(shortcut({ key: "ю", code: "Period" }), ".");
});

test("everything in the scoreboard has the contrast that WCAG AA asks for, in the own row too", () => {
  const card = over(inSheets("--card: ([^;]+);"), rgb(inSheets("--space: (#\\w+);")));
  const own = over(inSheets("\\.scores \\.own td {\\s+background: ([^;]+);"), card);
  const tag = inSheets("\\.tag {[^}]*background: ([^;]+);");
  const faint = rgb(inSheets("--ink-faint: (#\\w+);"));
  const ownFaint = rgb(
    inSheets("\\.scores \\.own :is\\(\\.deaths, \\.tag\\) {\\s+color: (#\\w+);"),
  );
  const ink = rgb(inSheets("--ink: (#\\w+);"));
  const down = Number(inSheets("\\.scores \\.down \\.name {\\s+opacity: ([^;]+);"));
  for (const [name, text, ground] of /** @type {const} */ ([
    ["deaths", faint, card],
    ["bot", faint, over(tag, card)],
    ["own name", ink, own],
    ["own deaths", ownFaint, own],
    ["own bot", ownFaint, over(tag, own)],
    ["a lost ship", mix(ink, down, card), card],
    ["the lost own ship", mix(ink, down, own), own],
  ])) {
    assert.ok(contrast(text, ground) >= AA, `${name}: ${contrast(text, ground)}`);
  }
});

test("all content of a page is in its main landmark", () => {
  for (const page of ["index.html", "lab/index.html", "chat/index.html", "gallery/index.html"]) {
    const html = readFileSync(new URL(`../../client_demo/${page}`, import.meta.url), "utf8");
    const body = html.slice(html.indexOf("<body"));
    assert.equal(body.match(/<main\b/g)?.length, 1, page);
    const outside = body
      .replace(/<main\b[\s\S]*<\/main>/, "")
      .replace(/<(header|noscript|template)\b[\s\S]*?<\/\1>/g, "")
      .replace(/<\/?(body|html)\b[^>]*>/g, "");
    assert.equal(outside.trim(), "", page);
    assert.doesNotMatch(
      html,
      /<(ol|ul|table)[^>]*role=/,
      `${page}: a role takes a list's own away`,
    );
  }
});

/** @param {URL} file @param {Map<string, URL>} [found] @returns {string[]} a module and all that it imports */
function modulesOf(file, found = new Map()) {
  if (!found.has(file.href)) {
    found.set(file.href, file);
    const text = readFileSync(file, "utf8");
    for (const [, path] of text.matchAll(/^(?:import|export)\b[^;]*?from\s+"([^"]+)";/gm))
      modulesOf(new URL(path ?? "", file), found);
  }
  return [...found.keys()];
}

test("the page names all its modules, those of the first screen first, so that none waits for another", () => {
  const page = new URL("../../client_demo/index.html", import.meta.url);
  const links = [...readFileSync(page, "utf8").matchAll(/modulepreload" href="([^"]+)"( fetch)?/g)];
  const named = (/** @type {boolean} */ low) =>
    links
      .filter((link) => Boolean(link[2]) === low)
      .map((link) => new URL(link[1] ?? "", page).href);
  const first = modulesOf(new URL("arena/start.js", page));
  const rest = modulesOf(new URL("arena/main.js", page)).filter((file) => !first.includes(file));
  assert.deepEqual(named(false).sort(), first.sort());
  assert.deepEqual(named(true).sort(), rest.sort());
  assert.ok(first.length < 10, `${first.length} modules for the first screen`);
});
