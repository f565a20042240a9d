/** Messages for players about closed links: what happened, and what to do next. */
import { CLOSE, CloseCode } from "../sdk/constants.js";

/** @typedef {{title: string, hint: string, action: "rejoin" | "reload"}} CloseMessage */

/** By close code. @type {Readonly<Record<number, CloseMessage>>} */
const MESSAGES = Object.freeze({
  1000: { title: "You left", hint: "See you next time.", action: "rejoin" },
  1001: {
    title: "The server is restarting",
    hint: "It will be back in a moment.",
    action: "rejoin",
  },
  4001: {
    title: "This page is out of date",
    hint: "Reload it to get the current version.",
    action: "reload",
  },
  4007: {
    title: "Too many messages",
    hint: "The server closed this connection to protect the other players.",
    action: "rejoin",
  },
  4009: {
    title: "The connection timed out",
    hint: "Nothing was received for too long.",
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
  4013: { title: "The game refused to let you join", hint: "", action: "rejoin" },
  4014: {
    title: "The server is full",
    hint: "It takes no more players right now.",
    action: "rejoin",
  },
  4018: {
    title: "The room takes nobody new",
    hint: "Its match is under way.",
    action: "rejoin",
  },
  4020: { title: "The room has closed", hint: "The match is over.", action: "rejoin" },
  4021: {
    title: "The room has failed",
    hint: "An error in its rules ended it. The server has logged it.",
    action: "rejoin",
  },
  4022: { title: "You were removed", hint: "The game took you out of the room.", action: "rejoin" },
  4023: {
    title: "You are playing in another window",
    hint: "Your session continues there.",
    action: "rejoin",
  },
  4024: { title: "Your seat has expired", hint: "You were away for too long.", action: "rejoin" },
  4025: {
    title: "The server was restarted",
    hint: "Your old room no longer exists.",
    action: "rejoin",
  },
  4026: {
    title: "Your connection is too slow",
    hint: "This device could not keep up.",
    action: "rejoin",
  },
  4030: { title: "You are banned", hint: "", action: "rejoin" },
});

/**
 * @param {number} code WebSocket close code
 * @param {string} reason as the server sent it, shown as text
 * @returns {CloseMessage & {detail: string}} `detail` is for reports: code, name and reason
 */
export function closeMessage(code, reason) {
  const known = MESSAGES[code];
  const info = CLOSE[code];
  const detail = [`code ${code}`, info?.name ?? "", reason].filter(Boolean).join(" · ");
  if (known !== undefined) return { ...known, hint: known.hint || reason, detail };
  const hint = info === undefined ? "The connection ended." : `Server: ${info.meaning}.`;
  return { title: "Disconnected", hint, action: "rejoin", detail };
}

/**
 * @param {number} code with which the link ended
 * @returns {string} what happened, while the SDK reconnects by itself
 */
export function reconnectMessage(code) {
  if (code === CloseCode.GOING_AWAY) return "The server is restarting.";
  return CLOSE[code]?.back === "join"
    ? `${closeMessage(code, "").title}.`
    : "Your seat is reserved.";
}
