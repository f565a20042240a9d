/**
 * Runs in every page that `gameserver dev` serves: loads the page again when its files have changed,
 * and shows over it what is wrong with the room's code, until it is right.
 *
 * One page of a browser asks the server, and passes the answer on: a browser keeps six connections to a
 * server, and whoever writes a game has more windows than that.
 */

/**
 * @typedef {object} State what the server says
 * @property {string} tag changes with the rest
 * @property {string[]} kinds
 * @property {number} reloads
 * @property {{text: string, detail: string} | null} problem
 * @property {boolean} plays whether the code from before still runs
 */

const ASK_AGAIN_MS = 300;
const CHANGES = new URL("/api/dev/changes", import.meta.url);
const CHANNEL = "gameserver dev";

const STYLE = `
  :host { position: fixed; inset: 0; z-index: 2147483647; display: grid; place-items: end center;
    padding: 16px; pointer-events: none; }
  section { box-sizing: border-box; width: min(860px, 100%); max-height: 100%; overflow: auto; pointer-events: auto;
    padding: 18px 22px 20px; border: 1px solid rgb(255 93 115 / 45%); border-radius: 14px;
    background: rgb(14 9 20 / 96%); box-shadow: 0 24px 80px rgb(0 0 0 / 65%); color: #e9edff;
    font: 14px / 1.5 ui-sans-serif, system-ui, sans-serif; text-align: left; }
  header { display: flex; align-items: center; gap: 10px; margin-bottom: 8px; color: #ff8fa0; font-size: 12px;
    letter-spacing: 0.06em; text-transform: uppercase; }
  header span { flex: 1; }
  button { padding: 2px 9px; border: 1px solid rgb(255 255 255 / 18%); border-radius: 8px; background: none;
    color: #9aa6d6; font: inherit; cursor: pointer; }
  button:focus-visible { outline: 2px solid #7fe3ff; }
  h1 { margin: 0; font-size: 16px; line-height: 1.4; font-weight: 650; overflow-wrap: anywhere; }
  pre { margin: 12px 0 0; padding: 12px 14px; border-radius: 10px; background: rgb(255 255 255 / 5%); overflow-x: auto;
    font: 12.5px / 1.6 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; }
  p { margin: 12px 0 0; color: #9aa6d6; }
`;

/** @type {HTMLElement | null} */
let overlay = null;
/** The problem that was closed, and is not shown again. */
let closed = "";
/** @type {number | null} */
let reloads = null;

/** @param {State} state */
function follow(state) {
  reloads ??= state.reloads;
  if (reloads !== state.reloads) {
    location.reload();
    return;
  }
  dispatchEvent(new CustomEvent("gameserver-dev", { detail: state }));
  if (state.problem === null) closed = "";
  show(state);
}

/** @param {State} state */
function show({ kinds, problem, plays }) {
  overlay?.remove();
  overlay = null;
  if (problem === null || closed === problem.text + problem.detail) return;
  overlay = document.createElement("div");
  overlay.id = "gameserver-dev";
  // The page's own styles do not reach in here, and the sheet is no inline style to its policy.
  const root = overlay.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const box = element(root, "section", "");
  box.setAttribute("role", "alert");
  const header = element(box, "header", "");
  element(header, "span", plays ? "The newest code cannot be used" : "The rules have failed");
  const button = element(header, "button", "Close");
  button.addEventListener("click", () => {
    closed = problem.text + problem.detail;
    overlay?.remove();
  });
  element(box, "h1", problem.text);
  if (problem.detail) element(box, "pre", problem.detail);
  element(box, "p", after(plays, kinds.length > 0));
  document.documentElement.append(overlay);
}

/** @param {boolean} plays @param {boolean} isThere */
function after(plays, isThere) {
  if (!plays) return "The room has ended; this goes away with the next change.";
  return isThere
    ? "What ran before goes on until this is mended."
    : "Rooms open as soon as this is mended.";
}

/** @param {Node} parent @param {string} name @param {string} text */
function element(parent, name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  parent.appendChild(made);
  return made;
}

/** Asks again and again; each answer comes when there is something new. @param {BroadcastChannel} others */
async function ask(others) {
  for (let seen = ""; ; ) {
    try {
      const answer = await fetch(`${CHANGES}?seen=${seen}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      /** @type {State} */
      const state = await answer.json();
      if (state.tag === seen) continue;
      seen = state.tag;
      others.postMessage(state);
      follow(state);
    } catch {
      // The server is between two processes.
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }
}

const others = new BroadcastChannel(CHANNEL);
others.addEventListener("message", ({ data }) => follow(data));
// Only pages of this machine, or over https, have locks; elsewhere each page asks by itself.
if (navigator.locks === undefined) ask(others);
else {
  navigator.locks.request(CHANNEL, () => ask(others));
  // What the page that asks has heard before this one was there.
  fetch(CHANGES, { cache: "no-store" }).then(
    async (answer) => follow(await answer.json()),
    () => undefined, // the page that asks will say it
  );
}
