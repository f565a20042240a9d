/**
 * The handlers of a page, by the name of the event that they are called with.
 *
 * No twin in Python: there a session has one callback for all events.
 */

/** Calls handlers. */
export class Emitter {
  /** @type {Map<string, Set<(value: any) => void>>} */
  #handlers = new Map();

  /** Adds a handler. @param {string} name @param {(value: any) => void} handler */
  on(name, handler) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
  }

  /** Removes a handler. @param {string} name @param {(value: any) => void} handler */
  off(name, handler) {
    this.#handlers.get(name)?.delete(handler);
  }

  /**
   * Calls the handlers of a name. One that raises stops neither the others nor the link; its error
   * is reported as uncaught.
   *
   * @param {string} name @param {any} value
   */
  emit(name, value) {
    for (const handler of this.#handlers.get(name) ?? []) {
      try {
        handler(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
