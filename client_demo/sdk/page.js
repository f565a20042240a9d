/**
 * The surroundings: what a browser tells about the page, in the three words that a link needs; its
 * clock; its modules.
 */

/**
 * @typedef {"online" | "visible" | "gone"} PageNews the network is back; the tab came back to the
 *   front; the page is being left
 * @typedef {(listener: (news: PageNews) => void) => () => void} Page subscribes, and gives back how
 *   to end that
 */

/** @type {Page} the page that this runs in; nothing ever happens outside of a browser */
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

/** The time and the timers of this machine. @returns {import("./link.js").Clock} */
export function systemClock() {
  return {
    now: () => performance.now(),
    setTimeout: (work, ms) => setTimeout(work, ms),
    clearTimeout: (timer) => clearTimeout(timer),
  };
}

/**
 * A room's shared step, from the server that it is played on.
 *
 * @param {URL} url
 * @returns {Promise<import("./replica.js").SharedStep>}
 */
export async function importStep(url) {
  const { predict, contact } = await import(url.href);
  if (typeof predict !== "function") throw new Error(`${url.pathname} exports no predict`);
  return { predict, contact };
}
