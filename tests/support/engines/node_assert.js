/** What the unit tests use of `node:assert/strict`, for a page. */

/** @param {any} condition @param {string | (() => string)} [message] made for a failure only: it may be long */
function ok(condition, message = "not true") {
  if (!condition) throw new Error(typeof message === "function" ? message() : message);
}

/** @param {any} value */
function show(value) {
  return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
}

/** @param {any} found @param {any} wanted @returns {boolean} */
function same(found, wanted) {
  if (Object.is(found, wanted)) return true;
  if (typeof found !== "object" || typeof wanted !== "object" || !found || !wanted) return false;
  if (Object.getPrototypeOf(found) !== Object.getPrototypeOf(wanted)) return false;
  if (ArrayBuffer.isView(found))
    return (
      String(new Uint8Array(found.buffer, found.byteOffset, found.byteLength)) ===
      String(new Uint8Array(wanted.buffer, wanted.byteOffset, wanted.byteLength))
    );
  if (found instanceof Map || found instanceof Set) return same([...found], [...wanted]);
  if (found instanceof Error) return found.name === wanted.name && found.message === wanted.message;
  const keys = Object.keys(found);
  return (
    keys.length === Object.keys(wanted).length &&
    keys.every((key) => Object.hasOwn(wanted, key) && same(found[key], wanted[key]))
  );
}

/** @param {any} error @param {any} expected a class, a pattern, a function, or properties */
function check(error, expected) {
  if (expected === undefined || typeof expected === "string") return;
  if (expected instanceof RegExp)
    return ok(expected.test(String(error)), `${error} is not ${expected}`);
  if (typeof expected === "object") {
    for (const [key, value] of Object.entries(expected)) {
      const fits = value instanceof RegExp ? value.test(error[key]) : same(error[key], value);
      ok(fits, `${key} is ${error[key]}`);
    }
    return;
  }
  if (expected.prototype instanceof Error || expected === Error)
    return ok(error instanceof expected, `${error}`);
  ok(expected(error) === true, `not the expected error: ${error}`);
}

/** @param {() => any} work @param {any} [expected] @param {string} [message] */
function throws(work, expected, message) {
  let error;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  ok(error !== undefined, message ?? "nothing was thrown");
  check(error, expected);
}

/** @param {Promise<any> | (() => Promise<any>)} work @param {any} [expected] */
async function rejects(work, expected) {
  let error;
  try {
    await (typeof work === "function" ? work() : work);
  } catch (thrown) {
    error = thrown;
  }
  ok(error !== undefined, "nothing was thrown");
  check(error, expected);
}

export default Object.assign(ok, {
  ok,
  throws,
  rejects,
  /** @param {any} a @param {any} b @param {string} [m] */
  equal: (a, b, m) => ok(Object.is(a, b), () => `${m ?? ""}: ${show(a)} is not ${show(b)}`),
  /** @param {any} a @param {any} b @param {string} [m] */
  notEqual: (a, b, m) => ok(!Object.is(a, b), m),
  /** @param {any} a @param {any} b @param {string} [m] */
  deepEqual: (a, b, m) => ok(same(a, b), () => `${m ?? ""}: ${show(a)} is not ${show(b)}`),
  /** @param {any} a @param {any} b @param {string} [m] */
  notDeepEqual: (a, b, m) => ok(!same(a, b), m ?? (() => `${show(a)} twice`)),
  /** @param {string} text @param {RegExp} pattern */
  doesNotMatch: (text, pattern) => ok(!pattern.test(text), `${text} is ${pattern}`),
  /** @param {string} text @param {RegExp} pattern */
  match: (text, pattern) => ok(pattern.test(text), `${text} is not ${pattern}`),
});
