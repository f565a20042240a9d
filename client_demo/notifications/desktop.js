/**
 * The browser's own notifications: asked for by a click only, and used while nobody looks at the page.
 *
 * Two tabs of one user give the same tag, so the browser shows one.
 */

/** @typedef {import("./inbox.js").Item} Item */

const SHOWN_S = 60;

/** @returns {NotificationPermission | "none"} "none": this browser has no such thing here */
export function permission() {
  return "Notification" in window && window.isSecureContext ? Notification.permission : "none";
}

/** Asks the user; to be called from a click. */
export async function askPermission() {
  if (permission() === "default") await Notification.requestPermission();
  return permission();
}

/**
 * Shows one, if nobody looks at the page and the user has allowed it.
 *
 * @param {Item} item
 * @param {number} ageS one that is older came late, and is only in the list
 * @param {() => void} onOpen called when it is clicked
 */
export function showOnDesktop(item, ageS, onOpen) {
  if (permission() !== "granted" || !document.hidden || ageS > SHOWN_S) return;
  try {
    const shown = new Notification(item.title || item.topic || "For you", {
      body: item.text,
      tag: `gameserver-${item.id}`,
      icon: new URL("../assets/icon.svg", import.meta.url).href,
    });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
      onOpen();
    });
  } catch {
    // Some browsers on phones show them from service workers only: the list has it anyway.
  }
}
