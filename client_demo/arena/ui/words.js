/** What a close code means to somebody who plays, in words that say what to do next. */
import { CLOSE, CloseCode } from "../../sdk/constants.js";

/** @typedef {{title: string, hint: string, action: "rejoin" | "reload"}} Words */

/** @type {Readonly<Record<number, Words>>} */
const WORDS = Object.freeze({
  1000: { title: "You left the arena", hint: "See you next time.", action: "rejoin" },
  1001: {
    title: "The server is restarting",
    hint: "It asked to come back in a moment.",
    action: "rejoin",
  },
  4001: {
    title: "This page is out of date",
    hint: "Reload it to get the current one.",
    action: "reload",
  },
  4007: {
    title: "Too many messages",
    hint: "The server dropped this link to protect the others.",
    action: "rejoin",
  },
  4009: {
    title: "Nothing was heard for too long",
    hint: "The connection seems to be down.",
    action: "rejoin",
  },
  4011: {
    title: "That room is gone",
    hint: "It has ended, or the link was mistyped.",
    action: "rejoin",
  },
  4012: {
    title: "The room is full",
    hint: "Every seat is taken. Try again in a moment.",
    action: "rejoin",
  },
  4013: { title: "The game said no", hint: "", action: "rejoin" },
  4014: {
    title: "The server is full",
    hint: "It takes no more players right now.",
    action: "rejoin",
  },
  4020: { title: "The room has closed", hint: "The match is over.", action: "rejoin" },
  4021: {
    title: "The room broke down",
    hint: "An error in its rules ended it. It is logged.",
    action: "rejoin",
  },
  4022: { title: "You were removed", hint: "The game took you out of the room.", action: "rejoin" },
  4023: {
    title: "You play in another window",
    hint: "Your session goes on over there.",
    action: "rejoin",
  },
  4024: { title: "Your seat is gone", hint: "You were away for too long.", action: "rejoin" },
  4025: {
    title: "The server was restarted",
    hint: "Your old room went with it.",
    action: "rejoin",
  },
  4026: {
    title: "Your connection is too slow",
    hint: "This device could not keep up.",
    action: "rejoin",
  },
});

/**
 * @param {number} code WebSocket close code
 * @param {string} reason the server's own words, shown as text
 * @returns {Words & {detail: string}} `detail` for those who want to report it
 */
export function closeWords(code, reason) {
  const known = WORDS[code];
  const info = CLOSE[code];
  const detail = [`code ${code}`, info?.name ?? "", reason].filter(Boolean).join(" · ");
  if (known !== undefined) return { ...known, hint: known.hint || reason, detail };
  const hint = info === undefined ? "The connection ended." : `Server: ${info.meaning}.`;
  return { title: "Disconnected", hint, action: "rejoin", detail };
}

/**
 * @param {number} code with which the link ended
 * @returns {string} why one waits, while the SDK comes back by itself
 */
export function comebackWords(code) {
  if (code === CloseCode.GOING_AWAY) return "The server is restarting.";
  return CLOSE[code]?.back === "join" ? `${closeWords(code, "").title}.` : "Your seat is held.";
}
