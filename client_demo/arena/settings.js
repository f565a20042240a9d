/** The pilot that the page stores between visits, and the options in its address. It also works without storage. */
import { SHIP_COLOURS } from "./palette.js";

const KEY = "arena.pilot";
const MAX_LAG_MS = 300;
const MAX_JITTER_MS = 100;

/** @typedef {{name: string, hue: number}} Pilot */

/** @returns {Pilot} */
export function rememberedPilot() {
  const random = SHIP_COLOURS[Math.floor(Math.random() * SHIP_COLOURS.length)].hue;
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const known = SHIP_COLOURS.some(({ hue }) => hue === kept.hue);
    return { name: String(kept.name ?? "").slice(0, 24), hue: known ? kept.hue : random };
  } catch {
    return { name: "", hue: random };
  }
}

/** @param {Pilot} pilot */
export function rememberPilot(pilot) {
  try {
    localStorage.setItem(KEY, JSON.stringify(pilot));
  } catch {
    // Private windows and full disks refuse to store: the player types the name again next time.
  }
}

/** Whether the page may still have the seat that it had before it was loaded again: without the SDK it cannot know. */
export function mayHaveSeat() {
  try {
    return Object.keys(sessionStorage).some((key) => key.startsWith("gameserver seat "));
  } catch {
    return false;
  }
}

/**
 * The options in the address: `?room=ID`, `?name=…` (joins at once), `?watch`, `?lag=MS&jitter=MS`, `?netgraph`.
 *
 * @param {string} search
 */
export function addressOptions(search) {
  const query = new URLSearchParams(search);
  return {
    room: query.get("room"),
    name: query.get("name"),
    watch: query.has("watch"),
    netgraph: query.has("netgraph"),
    lagMs: bounded(query.get("lag"), MAX_LAG_MS),
    jitterMs: bounded(query.get("jitter"), MAX_JITTER_MS),
  };
}

/** @param {string | null} text @param {number} most @returns {number} */
function bounded(text, most) {
  const value = Math.round(Number(text));
  return Number.isFinite(value) ? Math.max(0, Math.min(most, value)) : 0;
}
