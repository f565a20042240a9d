/** What the session's core asks its shell to do. */

/**
 * @typedef {"welcome" | "state" | "event" | "notice" | "predicted" | "withdrawn"} CoreEvent
 *
 * @typedef {{do: "send", bytes: Uint8Array}
 *   | {do: "emit", name: CoreEvent, value: any}
 *   | {do: "loadStep", path: string}
 *   | {do: "close", code: number, reason: string}} Action
 */

/** @param {Uint8Array} bytes @returns {Action} */
export function send(bytes) {
  return { do: "send", bytes };
}

/** @param {CoreEvent} name @param {any} value @returns {Action} */
export function emit(name, value) {
  return { do: "emit", name, value };
}

/**
 * Something that a developer should know of.
 *
 * @param {string} name
 * @param {string} message
 * @returns {Action}
 */
export function warn(name, message) {
  return emit("notice", { name, detail: { message } });
}

/** @param {number} code @param {string} reason @returns {Action} */
export function close(code, reason) {
  return { do: "close", code, reason };
}

/** @param {string} path @returns {Action} */
export function loadStep(path) {
  return { do: "loadStep", path };
}
