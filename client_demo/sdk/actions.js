/**
 * What the session's core asks the connector to do: send bytes, report an event, load the shared
 * step, close the link.
 *
 * No twin in Python: there the core returns events, queues messages, and raises what closes a link.
 */

/**
 * @typedef {"joined" | "moved" | "updated" | "roster" | "room" | "event" | "notice" | "predicted"
 *   | "contact" | "withdrawn"} CoreEvent
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
 * A notice for the developer of the page.
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
