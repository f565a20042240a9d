/** What the unit tests use of Node besides its assertions, for a page. */

/** @type {[string, () => any][]} */
export const tests = [];

/** @param {string} name @param {any[]} rest */
export function test(name, ...rest) {
  tests.push([name, rest.at(-1)]);
}

/** @param {URL} url */
export function readFileSync(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.send();
  if (request.status !== 200) throw new Error(`${url}: ${request.status}`);
  return request.responseText;
}

/** @param {() => void} work */
export const setImmediate = (work) => setTimeout(work, 0);

export const process = { memoryUsage: () => ({ rss: 0 }) };

class HexBytes extends Uint8Array {
  toString() {
    return Array.from(this, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

export const Buffer = {
  /** @param {any} data bytes, text, or hex @param {string} [encoding] */
  from(data, encoding) {
    if (typeof data !== "string") return HexBytes.from(data);
    if (encoding !== "hex") return HexBytes.from(new TextEncoder().encode(data));
    return HexBytes.from(data.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  },
};
