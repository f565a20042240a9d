/** A short line after a restart of the server, in a room that has gone back to what was stored of it. */
import { make } from "./dom.js";

const SHOWN_MS = 1500;

/** @param {import("./net.js").Session} session */
export function showRestores(session) {
  session.on("notice", ({ name }) => {
    if (name === "rolled_back") showRestored();
  });
}

/** Say that the room was restored, for a second or so. */
export function showRestored() {
  const line = make("p", "restored", "Restored after a restart");
  line.setAttribute("role", "status");
  document.body.append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}
