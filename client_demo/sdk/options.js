/**
 * Checks what a page passes to `connect` and to a session, so that a slip of the pen is an error
 * where it is written. What is part of JOIN is checked by its encoder (`codec.js`).
 *
 * No twin in Python: there, a wrong name of an argument is an error by itself.
 */

/** @param {unknown} value */
const isBoolean = (value) => typeof value === "boolean";
/** @param {unknown} value */
const isFunction = (value) => typeof value === "function";
/** @param {unknown} value */
const isTime = (value) => typeof value === "number" && value >= 0 && value <= MAX_LAG_MS;
const isAny = () => true;

/** A longer latency than this is no latency, and browsers keep no timer for it. */
const MAX_LAG_MS = 3_600_000;

/** What an option or switch may be, apart from left out or null, and in words. */
/** @typedef {[(value: any) => boolean, string]} Rule */

/** @type {Rule} */
const BOOLEAN = [isBoolean, "true or false"];
/** @type {Rule} */
const FUNCTION = [isFunction, "a function"];
/** @type {Rule} */
const ANY = [isAny, ""];
/** @type {Rule} */
const TIME = [isTime, "milliseconds, from 0 up"];

/** @type {Readonly<Record<string, Rule>>} */
export const OPTIONS = Object.freeze({
  ...{ kind: ANY, room: ANY, code: ANY, create: BOOLEAN, roomOptions: ANY, where: ANY },
  ...{ reservation: ANY, role: ANY, params: ANY, token: ANY },
  ...{ prediction: BOOLEAN, interpolation: BOOLEAN, keepSeat: BOOLEAN, eventsAtOnce: BOOLEAN },
  lag: [isLag, "{ ms, jitterMs }, in milliseconds, from 0 up"],
  snapDistance: [(value) => Number.isFinite(value) && value >= 0, "a number from 0 up"],
  ...{
    WebSocket: FUNCTION,
    loadStep: FUNCTION,
    random: FUNCTION,
    page: FUNCTION,
    newAttempt: FUNCTION,
  },
  ...{ clock: ANY, storage: ANY },
});

/** Options that a page has no use for. */
const FOR_TESTS = ["random", "page", "newAttempt", "clock", "storage"];

/** @type {Readonly<Record<string, Rule>>} */
const SWITCHES = { prediction: BOOLEAN, interpolation: BOOLEAN, lagMs: TIME, jitterMs: TIME };

/** @type {Readonly<Record<string, Rule>>} */
const LAG = { ms: TIME, jitterMs: TIME };

/** The events of a session, `SessionEvents`. */
export const EVENTS = Object.freeze([
  ...["joined", "moved", "updated", "roster", "room", "event", "notice", "predicted"],
  ...["contact", "withdrawn", "status", "closed"],
]);

/** What a subprotocol, which carries the token, may have in it (RFC 9110, `token`). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]*$/;

/** @param {any} options of `connect` @throws {TypeError} */
export function checkOptions(options) {
  if (!isObject(options)) throw new TypeError('connect: the second argument is { kind: "…" }');
  check("option", OPTIONS, options);
  checkToken(options.token ?? null);
}

/** @param {any} switches those to change @throws {TypeError} */
export function checkSwitches(switches) {
  if (!isObject(switches)) throw new TypeError("switches are an object: { prediction: false }");
  check("switch", SWITCHES, switches);
}

/** @param {any} token a `TokenSource` @throws {TypeError} */
export function checkToken(token) {
  if (typeof token !== "function") checkSentToken(token);
}

/** @param {any} token what a link is opened with @throws {TypeError} */
export function checkSentToken(token) {
  if (token === null) return;
  if (typeof token !== "string") throw new TypeError("token is a string or a function, or null");
  if (!TOKEN.test(token))
    throw new TypeError("token has letters, digits and signs such as - _ . only");
}

/** @param {any} controls @throws {TypeError} for what is no object */
export function checkIsControls(controls) {
  if (!isObject(controls)) throw new TypeError("controls are an object: { turn: 1, fire: true }");
}

/** @param {any} name @param {any} handler @throws {TypeError} */
export function checkHandler(name, handler) {
  if (!EVENTS.includes(name)) {
    throw new TypeError(`no event is called ${name}; there are: ${EVENTS.join(", ")}`);
  }
  if (!isFunction(handler)) throw new TypeError(`on("${name}", …) takes a function`);
}

/** @param {any} name @param {any} match @param {any} withinMs @throws {TypeError} */
export function checkExpected(name, match, withinMs) {
  if (typeof name !== "string") throw new TypeError("expectEvent: name is a string");
  if (!isFunction(match)) throw new TypeError("expectEvent: match is a function of the payload");
  if (!isTime(withinMs)) throw new TypeError(`expectEvent: withinMs is ${TIME[1]}`);
}

/**
 * @param {string} what the names are
 * @param {Readonly<Record<string, Rule>>} rules
 * @param {Record<string, unknown>} given
 */
function check(what, rules, given) {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).filter((one) => !FOR_TESTS.includes(one));
      throw new TypeError(`no ${what} is called ${name}; there are: ${known.join(", ")}`);
    }
    const [fits, wanted] = rules[name];
    if (value != null && !fits(value)) throw new TypeError(`${name} is ${wanted}`);
  }
}

/** @param {unknown} value */
function isLag(value) {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([name, ms]) => Object.hasOwn(LAG, name) && (ms == null || isTime(ms)),
    )
  );
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
