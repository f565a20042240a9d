/**
 * The part of msgpack that the protocol uses (protocol.md §1, §2), read and written strictly.
 *
 * - Reading raises ProtocolError and nothing else. Refused are extensions, text that is not UTF-8,
 *   keys of a map that are not a str or occur twice, nesting beyond a limit, and any byte after the
 *   value. A length that the bytes do not have reserves no memory.
 * - A map becomes a plain object whose keys are its own properties, `__proto__` too, as with
 *   JSON.parse.
 * - Integers beyond ±(2⁵³ − 1), which no payload may hold, are read as a BigInt, so that they are
 *   never rounded; the checks after this refuse them.
 * - Writing raises TypeError or RangeError for a value that the wire cannot carry, and says where
 *   in the value it is.
 *
 * No twin in Python: there the msgpack package does it, behind `gameserver/protocol/unpacking.py`.
 */
import { ProtocolError } from "./errors.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TO_UTF8 = new TextEncoder();
/** Shorter text is decoded here: below this length the browser's decoder costs more than it does. */
const SHORT_BYTES = 24;
const FIRST_BYTES = 256;
/** Half of a surrogate pair without the other half, which UTF-8 cannot express. */
const LONE_SURROGATE = /\p{Surrogate}/u;

// --- reading

/**
 * Reads one value.
 *
 * @param {Uint8Array} bytes exactly one value; `bin` values go on pointing into it
 * @param {number} maxDepth the most nested arrays and maps
 * @returns {unknown}
 * @throws {ProtocolError} for anything else
 */
export function unpack(bytes, maxDepth) {
  const reader = new Reader(bytes);
  const value = reader.value(maxDepth);
  if (reader.at !== bytes.length) refuse(`${bytes.length - reader.at} bytes after the value`);
  return value;
}

class Reader {
  #bytes;
  #view;
  at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @param {number} depth of arrays and maps that the value may have @returns {unknown} */
  value(depth) {
    const head = this.#bytes[this.#take(1)];
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f, depth);
    if (head < 0xa0) return this.#array(head & 0x0f, depth);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.#long(head, depth);
  }

  /** @param {number} head @param {number} depth */
  #long(head, depth) {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#bin(this.#uint8());
      case 0xc5:
        return this.#bin(this.#uint16());
      case 0xc6:
        return this.#bin(this.#uint32());
      case 0xca:
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc:
        return this.#uint8();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return exact(this.#view.getBigUint64(this.#take(8)));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return exact(this.#view.getBigInt64(this.#take(8)));
      case 0xd9:
        return this.#text(this.#uint8());
      case 0xda:
        return this.#text(this.#uint16());
      case 0xdb:
        return this.#text(this.#uint32());
      case 0xdc:
        return this.#array(this.#uint16(), depth);
      case 0xdd:
        return this.#array(this.#uint32(), depth);
      case 0xde:
        return this.#map(this.#uint16(), depth);
      case 0xdf:
        return this.#map(this.#uint32(), depth);
      default:
        return refuse(`0x${head.toString(16)} begins no value of this protocol`);
    }
  }

  /** Passes over `count` bytes. @param {number} count @returns {number} where they begin */
  #take(count) {
    const from = this.at;
    if (from + count > this.#bytes.length) refuse("the message ends inside a value");
    this.at = from + count;
    return from;
  }

  #uint8() {
    return this.#bytes[this.#take(1)];
  }

  #uint16() {
    return this.#view.getUint16(this.#take(2));
  }

  #uint32() {
    return this.#view.getUint32(this.#take(4));
  }

  /** @param {number} count */
  #bin(count) {
    const from = this.#take(count);
    return this.#bytes.subarray(from, from + count);
  }

  /** @param {number} count bytes @returns {string} */
  #text(count) {
    const from = this.#take(count);
    if (count < SHORT_BYTES) {
      let text = "";
      let at = from;
      for (; at < this.at && this.#bytes[at] < 0x80; at += 1) {
        text += String.fromCharCode(this.#bytes[at]);
      }
      if (at === this.at) return text;
    }
    try {
      return UTF8.decode(this.#bytes.subarray(from, from + count));
    } catch {
      return refuse("a str is not UTF-8");
    }
  }

  /** @param {number} count @param {number} depth */
  #array(count, depth) {
    if (depth === 0) refuse("arrays and maps are nested too deeply");
    /** @type {unknown[]} */
    const array = [];
    const bytes = this.#bytes;
    // Each value takes a byte at least, so a made-up count ends with the bytes.
    for (let i = 0; i < count; i += 1) {
      const head = bytes[this.at];
      if (head < 0x80 || head >= 0xe0) {
        array.push(head < 0x80 ? head : head - 0x100); // most items of long lists are such numbers
        this.at += 1;
      } else array.push(this.value(depth - 1));
    }
    return array;
  }

  /** @param {number} count @param {number} depth */
  #map(count, depth) {
    if (depth === 0) refuse("arrays and maps are nested too deeply");
    /** @type {Record<string, unknown>} */
    const map = {};
    for (let i = 0; i < count; i += 1) {
      const key = this.value(0);
      if (typeof key !== "string") refuse("a map's key is not a str");
      if (Object.hasOwn(map, key)) refuse("a map has the same key twice");
      const value = this.value(depth - 1);
      if (key === "__proto__") setOwn(map, key, value);
      else map[key] = value;
    }
    return map;
  }
}

/** Sets a property that an assignment would take for the prototype. @param {object} map
 * @param {string} key @param {unknown} value */
function setOwn(map, key, value) {
  Object.defineProperty(map, key, {
    ...{ value, enumerable: true, configurable: true, writable: true },
  });
}

/** @param {bigint} value */
function exact(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** @param {string} what @returns {never} */
function refuse(what) {
  throw new ProtocolError(`not msgpack of this protocol: ${what}`);
}

// --- writing

/**
 * Writes an array of values: a message. What can be written: null and undefined (both `nil`),
 * booleans, finite numbers, text, Uint8Array, and arrays and objects of these; of an object its own
 * enumerable properties.
 *
 * @param {readonly unknown[]} values
 * @param {object} limits
 * @param {number} limits.maxDepth the most nested arrays and maps, the array of `values` included
 * @param {number} [limits.maxValues] the most values: arrays, maps, keys and all others
 * @param {readonly string[]} [limits.names] of `values`, for the errors
 * @returns {Uint8Array}
 * @throws {TypeError} for a value of another type, and for a BigInt
 * @throws {RangeError} for NaN and infinities, half of a surrogate pair, what is nested too deeply,
 *   and too many values
 */
export function pack(values, { maxDepth, maxValues = Number.POSITIVE_INFINITY, names = [] }) {
  const writer = new Writer(names);
  writer.value(values, maxDepth);
  if (writer.count > maxValues) {
    throw new RangeError(
      `${writer.count} values, keys counted; a server takes ${maxValues}: send numbers as bytes`,
    );
  }
  return writer.bytes.slice(0, writer.at);
}

class Writer {
  bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.bytes.buffer);
  at = 0;
  /** Values written, keys too. */
  count = 0;
  /** Keys and indexes that lead to the value that is being written. @type {(string | number)[]} */
  #path = [];
  #names;

  /** @param {readonly string[]} names of the parts of the outermost array */
  constructor(names) {
    this.#names = names;
  }

  /** @param {unknown} value @param {number} depth of arrays and maps that it may have */
  value(value, depth) {
    this.count += 1;
    switch (typeof value) {
      case "undefined":
        return this.#byte(0xc0);
      case "boolean":
        return this.#byte(value ? 0xc3 : 0xc2);
      case "number":
        return this.#number(value);
      case "string":
        return this.#text(value);
      case "object":
        return this.#object(value, depth);
      case "bigint":
        throw this.#fault(TypeError, "a BigInt: send a Number, or text");
      default:
        throw this.#fault(TypeError, `a ${typeof value}`);
    }
  }

  /** @param {object | null} value @param {number} depth */
  #object(value, depth) {
    if (value === null) return this.#byte(0xc0);
    if (value instanceof Uint8Array) return this.#bin(value);
    if (!Array.isArray(value)) {
      const what = Object.prototype.toString.call(value).slice(8, -1);
      if (what !== "Object") throw this.#fault(TypeError, `of type ${what}`);
    }
    if (depth <= 0) throw this.#fault(RangeError, "nested too deeply");
    if (Array.isArray(value)) this.#array(value, depth - 1);
    else this.#map(/** @type {Record<string, unknown>} */ (value), depth - 1);
  }

  /** @param {unknown[]} values @param {number} depth */
  #array(values, depth) {
    this.#head(values.length, 0x90, 16, 0, 0xdc, 0xdd);
    for (let i = 0; i < values.length; i += 1) this.#part(i, values[i], depth);
  }

  /** @param {Record<string, unknown>} map @param {number} depth */
  #map(map, depth) {
    const keys = Object.keys(map);
    this.#head(keys.length, 0x80, 16, 0, 0xde, 0xdf);
    this.count += keys.length;
    for (const key of keys) {
      this.#text(key);
      this.#part(key, map[key], depth);
    }
  }

  /** @param {string | number} where @param {unknown} value @param {number} depth */
  #part(where, value, depth) {
    this.#path.push(where);
    this.value(value, depth);
    this.#path.pop();
  }

  /** @param {number} value */
  #number(value) {
    if (!Number.isFinite(value)) throw this.#fault(RangeError, String(value));
    if (!Number.isSafeInteger(value)) return this.#float(value);
    if (value >= 0) this.#unsigned(value);
    else this.#negative(value);
  }

  /** @param {number} value */
  #float(value) {
    this.#byte(0xcb);
    const at = this.#room(8);
    this.#view.setFloat64(at, value);
  }

  /** @param {number} value */
  #unsigned(value) {
    if (value < 0x80) return this.#byte(value);
    if (value < 0x100) return this.#uint8(0xcc, value);
    if (value < 0x10000) return this.#uint16(0xcd, value);
    if (value < 0x100000000) return this.#uint32(0xce, value);
    this.#byte(0xcf);
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt(value));
  }

  /** @param {number} value */
  #negative(value) {
    if (value >= -0x20) return this.#byte(value & 0xff);
    if (value >= -0x80) return this.#uint8(0xd0, value & 0xff);
    if (value >= -0x8000) return this.#uint16(0xd1, value & 0xffff);
    if (value >= -0x80000000) return this.#uint32(0xd2, value);
    this.#byte(0xd3);
    const at = this.#room(8);
    this.#view.setBigInt64(at, BigInt(value));
  }

  /** @param {string} text */
  #text(text) {
    if (LONE_SURROGATE.test(text)) {
      throw this.#fault(
        RangeError,
        "text with half of a surrogate pair, as of an emoji cut in two",
      );
    }
    const bytes = TO_UTF8.encode(text);
    this.#head(bytes.length, 0xa0, 32, 0xd9, 0xda, 0xdb);
    const at = this.#room(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** @param {Uint8Array} bytes */
  #bin(bytes) {
    this.#head(bytes.length, 0, 0, 0xc4, 0xc5, 0xc6);
    const at = this.#room(bytes.length);
    this.bytes.set(bytes, at);
  }

  /**
   * Writes a length in its shortest form.
   *
   * @param {number} count
   * @param {number} fixed first byte of the form that holds lengths below `fixedBelow`
   * @param {number} fixedBelow
   * @param {number} form8 first byte of the form with one byte of length; 0: there is none
   * @param {number} form16
   * @param {number} form32
   */
  #head(count, fixed, fixedBelow, form8, form16, form32) {
    if (count < fixedBelow) this.#byte(fixed | count);
    else if (form8 !== 0 && count < 0x100) this.#uint8(form8, count);
    else if (count < 0x10000) this.#uint16(form16, count);
    else this.#uint32(form32, count);
  }

  /** @param {number} byte */
  #byte(byte) {
    const at = this.#room(1);
    this.bytes[at] = byte;
  }

  /** @param {number} head @param {number} value */
  #uint8(head, value) {
    this.#byte(head);
    this.#byte(value);
  }

  /** @param {number} head @param {number} value */
  #uint16(head, value) {
    this.#byte(head);
    const at = this.#room(2);
    this.#view.setUint16(at, value);
  }

  /** @param {number} head @param {number} value */
  #uint32(head, value) {
    this.#byte(head);
    const at = this.#room(4);
    this.#view.setUint32(at, value);
  }

  /** Makes room for `count` more bytes. @param {number} count @returns {number} where they begin */
  #room(count) {
    const from = this.at;
    this.at = from + count;
    if (this.at > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.at, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return from;
  }

  /** @param {TypeErrorConstructor | RangeErrorConstructor} Kind @param {string} what */
  #fault(Kind, what) {
    const [first = "", ...more] = this.#path;
    const name = this.#names[/** @type {number} */ (first)] ?? `[${first}]`;
    return new Kind(`${name}${more.map(step).join("")} is ${what}`);
  }
}

/** @param {string | number} part */
function step(part) {
  return typeof part === "number" ? `[${part}]` : `.${part}`;
}
