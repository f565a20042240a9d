/**
 * What the SDK takes from the browser, apart from the WebSocket and the tab's storage: events of the
 * page, its address, the clock, modules.
 *
 * No twin in Python: a program has no page, and brings its own shared step.
 */

/**
 * @typedef {"online" | "visible" | "gone"} PageEvent the network is back; the tab came back to the
 *   front; the page is being left
 * @typedef {(listener: (event: PageEvent) => void) => () => void} Page subscribes; returns how to
 *   unsubscribe
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds, never running backwards
 * @property {(work: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** @type {Page} the page that this runs in; outside of a browser it has no events */
export function browserPage(listener) {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const online = () => listener("online");
  const visible = () => {
    if (document.visibilityState === "visible") listener("visible");
  };
  const gone = (/** @type {PageTransitionEvent} */ event) => {
    // A persisted page may come back as it is; its session waits for it.
    if (!event.persisted) listener("gone");
  };
  window.addEventListener("online", online);
  window.addEventListener("pagehide", gone);
  document.addEventListener("visibilitychange", visible);
  return () => {
    window.removeEventListener("online", online);
    window.removeEventListener("pagehide", gone);
    document.removeEventListener("visibilitychange", visible);
  };
}

/** The clock and the timers of this machine. @returns {Clock} */
export function systemClock() {
  return {
    now: () => performance.now(),
    setTimeout: (work, ms) => setTimeout(work, ms),
    clearTimeout: (timer) => clearTimeout(timer),
  };
}

/**
 * Imports a room's shared step.
 *
 * @param {URL} url
 * @returns {Promise<import("./replica.js").SharedStep>}
 */
export async function importStep(url) {
  const { predict, contact, world } = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ url.href
  );
  if (typeof predict !== "function") throw new Error(`${url.pathname} exports no predict`);
  return { predict, contact, world };
}

/**
 * The URL of a WebSocket. A page's own URL may be the base, so `http` stands for `ws`.
 *
 * @param {string | URL} url
 * @throws {TypeError} for a URL that is none
 */
export function socketUrl(url) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href; // a worker has no document
  const full = parsed(url, base);
  if (full === null || !SOCKET_PROTOCOLS.includes(full.protocol)) {
    const relative = base === undefined ? "" : ', or "ws" for the page\'s own server';
    throw new TypeError(`${url} is no URL of a WebSocket: write wss://host/ws${relative}`);
  }
  full.protocol = full.protocol.replace("http", "ws");
  full.hash = "";
  return full.href;
}

/** @param {string | URL} url @param {string | undefined} base */
function parsed(url, base) {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}

const SOCKET_PROTOCOLS = ["ws:", "wss:", "http:", "https:"];

/**
 * The class of WebSockets: the given one, or the browser's.
 *
 * @param {(new (url: string, protocols: string[]) => any) | null} [given]
 * @throws {TypeError} where there is none
 */
export function socketClass(given) {
  const found = given ?? globalThis.WebSocket;
  if (found !== undefined) return found;
  throw new TypeError("there is no WebSocket here: pass a class as the option WebSocket, as of ws");
}

/** How far from now a display's time can be: a page that was held up draws one frame that late. */
const MAX_DRAWING_OFFSET_MS = 1000;

/**
 * The time to draw at: the display's, or the clock's where that is of another clock.
 *
 * @param {number | undefined} givenMs
 * @param {number} clockMs
 * @throws {TypeError} for a time that is no finite number
 */
export function drawingTime(givenMs, clockMs) {
  if (givenMs === undefined) return clockMs;
  if (!Number.isFinite(givenMs))
    throw new TypeError(
      `draw: ${givenMs} is no time; pass what requestAnimationFrame passes, or nothing`,
    );
  return Math.abs(givenMs - clockMs) > MAX_DRAWING_OFFSET_MS ? clockMs : givenMs;
}
