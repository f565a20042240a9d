/** Handlers by the name of what they wait for. */

export class Emitter {
  /** @type {Map<string, Set<(value: any) => void>>} */
  #handlers = new Map();

  /** @param {string} name @param {(value: any) => void} handler */
  on(name, handler) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
  }

  /** @param {string} name @param {(value: any) => void} handler */
  off(name, handler) {
    this.#handlers.get(name)?.delete(handler);
  }

  /**
   * A handler that raises keeps neither the others nor the link from going on; its error is
   * reported as uncaught.
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
