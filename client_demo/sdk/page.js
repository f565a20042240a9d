/**
 * What the SDK takes from the browser, apart from the WebSocket: events of the page, the clock,
 * modules.
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
  const { predict, contact } = await import(url.href);
  if (typeof predict !== "function") throw new Error(`${url.pathname} exports no predict`);
  return { predict, contact };
}
