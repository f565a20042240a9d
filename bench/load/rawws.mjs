/**
 * A deliberately cheap WebSocket client: it writes the handshake itself, reads frame headers only, does not unmask
 * (server frames are not masked), and shares one read buffer among all clients. The load generator must not be what is
 * measured.
 */
import { randomBytes } from "node:crypto";
import net from "node:net";

const SHARED = Buffer.allocUnsafeSlow(256 * 1024);
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * @callback OnFrame gets a buffer that is valid only during the call
 * @param {Buffer} buffer
 * @param {number} start of the payload
 * @param {number} end
 * @returns {void}
 */

export class RawWebSocket {
  wireBytes = 0;
  skipped = 0;
  closed = false;
  closeCode = 0;
  /** Called when the socket is closed. */
  onClose = () => {};
  #open = false;
  #head = "";
  /** The first part of a frame that a read cut in two. */
  #partial = Buffer.alloc(0);
  #partialLength = 0;
  #writeBuffers = [Buffer.allocUnsafeSlow(160), Buffer.allocUnsafeSlow(160)];
  #nextBuffer = 0;
  #mask = randomBytes(4);

  /**
   * @param {{port: number, path: string, protocol?: string, onFrame: OnFrame}} options
   */
  constructor({ port, path, protocol, onFrame }) {
    this.onFrame = onFrame;
    /** Resolved when the upgrade is done. */
    this.opened = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const read = { buffer: SHARED, callback: (count, buffer) => this.#data(buffer, count) };
    this.socket = net.connect({ host: "127.0.0.1", port, noDelay: true, onread: read });
    const key = randomBytes(16).toString("base64");
    const offer = protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : "";
    this.socket.on("connect", () =>
      this.socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${offer}\r\n`,
      ),
    );
    this.socket.on("error", (error) => this.reject(error));
    this.socket.on("close", () => {
      this.closed = true;
      this.reject(new Error(`closed, code ${this.closeCode}`));
      this.onClose();
    });
  }

  #data(buffer, count) {
    this.wireBytes += count;
    let at = this.#open ? 0 : this.#readHead(buffer, count);
    if (this.#partialLength > 0) at = this.#completePartial(buffer, at, count);
    while (at < count) {
      const length = frameLength(buffer, at, count);
      if (length === 0 || at + length > count) {
        this.#keepPartial(buffer, at, count, length);
        return;
      }
      this.#frame(buffer, at, at + length);
      at += length;
    }
  }

  /** Returns the offset at which frames begin. */
  #readHead(buffer, count) {
    this.#head += buffer.latin1Slice(0, count);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return count;
    if (!this.#head.startsWith("HTTP/1.1 101")) {
      this.reject(new Error(this.#head.slice(0, 200)));
      this.socket.destroy();
      return count;
    }
    this.#open = true;
    this.resolve(this);
    return count - (this.#head.length - (end + 4));
  }

  #keepPartial(buffer, start, end, length) {
    const rest = end - start;
    if (this.#partial.length < Math.max(length, rest)) {
      this.#partial = Buffer.allocUnsafeSlow(Math.max(2 * length, 2 * rest, 1024));
    }
    buffer.copy(this.#partial, 0, start, end);
    this.#partialLength = rest;
  }

  /** Returns the offset at which the next frame begins. */
  #completePartial(buffer, start, end) {
    let at = start;
    while (at < end) {
      const length = frameLength(this.#partial, 0, this.#partialLength);
      const wanted = length === 0 ? 1 : length - this.#partialLength;
      const take = Math.min(wanted, end - at);
      if (this.#partial.length < this.#partialLength + wanted) {
        this.#partial = Buffer.concat([this.#partial], 2 * (this.#partialLength + wanted));
      }
      buffer.copy(this.#partial, this.#partialLength, at, at + take);
      this.#partialLength += take;
      at += take;
      if (length !== 0 && this.#partialLength === length) {
        this.#partialLength = 0;
        this.#frame(this.#partial, 0, length);
        return at;
      }
    }
    return at;
  }

  #frame(buffer, start, end) {
    const opcode = buffer[start] & 15;
    const short = buffer[start + 1] & 127;
    const payload = start + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (opcode === BINARY) this.onFrame(buffer, payload, end);
    else if (opcode === PING) this.send(Buffer.from(buffer.subarray(payload, end)), PONG);
    else if (opcode === CLOSE && end - payload >= 2) this.closeCode = buffer.readUInt16BE(payload);
  }

  /**
   * Sends a payload of at most 125 bytes, unless the previous one is still in the socket's buffer.
   *
   * @param {Uint8Array} payload
   * @returns {boolean} whether it was sent
   */
  send(payload, opcode = BINARY) {
    if (this.closed || this.socket.writableLength > 0) {
      this.skipped += 1;
      return false;
    }
    this.#nextBuffer ^= 1;
    const out = this.#writeBuffers[this.#nextBuffer];
    const count = payload.length;
    out[0] = 0x80 | opcode;
    out[1] = 0x80 | count;
    this.#mask.copy(out, 2);
    for (let i = 0; i < count; i += 1) out[6 + i] = payload[i] ^ this.#mask[i & 3];
    this.socket.write(out.subarray(0, 6 + count));
    return true;
  }

  close() {
    this.socket.destroy();
  }
}

/** Length of the whole frame at `start`, 0 if its header is incomplete. */
function frameLength(buffer, start, end) {
  const have = end - start;
  if (have < 2) return 0;
  const short = buffer[start + 1] & 127;
  if (short < 126) return 2 + short;
  if (short === 126) return have < 4 ? 0 : 4 + buffer.readUInt16BE(start + 2);
  return have < 10 ? 0 : 10 + buffer.readUInt32BE(start + 6);
}
