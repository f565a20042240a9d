/** The pages' only contact with the SDK: how one comes into a room. */
import { CloseCode, Role, WEBSOCKET_PATH } from "../sdk/constants.js";
import { connect, keptSeat } from "../sdk/index.js";

export { CloseCode };

/** Relative to this file, because the server may be behind a proxy that has other things at its root. */
export const SOCKET_URL = new URL(`..${WEBSOCKET_PATH}`, import.meta.url);

/** @typedef {import("../sdk/index.js").Session} Session */
/** @typedef {import("../sdk/index.js").Entity} Entity */
/** @typedef {import("../sdk/index.js").ConnectOptions} ConnectOptions */

/**
 * @typedef {object} Wish how somebody wants to come in
 * @property {string} name
 * @property {string | null} [code] a friend's room
 * @property {boolean} [friends] a new room for friends
 * @property {boolean} [watch] as a spectator
 */

/**
 * @param {string} kind
 * @param {Wish} wish
 * @param {Partial<ConnectOptions>} options of this page; `roomOptions` are for a new room
 * @returns {Session}
 */
export function enterRoom(kind, { name, code = null, friends = false, watch = false }, options) {
  const { roomOptions, ...others } = options;
  return connect(SOCKET_URL, {
    kind,
    ...(code === null ? {} : { code }),
    ...(friends ? { create: true, roomOptions: { friends_only: true, ...roomOptions } } : {}),
    role: watch ? Role.SPECTATOR : Role.PLAYER,
    params: { name },
    ...others,
  });
}

/**
 * Whether the page was in a room before it was loaded again, and how.
 *
 * @param {string} kind
 * @returns {"player" | "spectator" | null}
 */
export function seatBefore(kind) {
  const seat = keptSeat(SOCKET_URL, { kind });
  if (seat === null) return null;
  return seat.role === Role.SPECTATOR ? "spectator" : "player";
}
