"""A blocking WebSocket (RFC 6455) over a plain socket, just enough for the foreign client; nothing of the server."""

import base64
import hashlib
import os
import socket
from typing import Self

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
MAX_HEAD_BYTES = 65_536


class Closed(Exception):
    """The other side closed; 1006 if it sent no Close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class WebSocket:
    """One link. Every wait is bounded by `timeout_s`, which raises `TimeoutError`."""

    def __init__(self, host: str, port: int, path: str, subprotocol: str, timeout_s: float = 5) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._buffer = b""
        key = base64.b64encode(os.urandom(16))
        lines = (
            f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {subprotocol}", "", "",
        )  # fmt: skip
        self._socket.sendall("\r\n".join(lines).encode())
        self._check_upgrade(key, subprotocol)

    def _check_upgrade(self, key: bytes, subprotocol: str) -> None:
        while b"\r\n\r\n" not in self._buffer and len(self._buffer) < MAX_HEAD_BYTES:
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        wanted = status.split()[1], headers.get("sec-websocket-accept"), headers.get("sec-websocket-protocol")
        if wanted != ("101", accept, subprotocol):
            raise Closed(1006, status)

    def send(self, data: bytes, opcode: int = BINARY) -> None:
        """Send one message, masked as a client must."""
        mask = os.urandom(4)
        size = len(data)
        length = bytes((0x80 | size,)) if size < 126 else bytes((0xFE,)) + size.to_bytes(2, "big")
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self._socket.sendall(bytes((0x80 | opcode,)) + length + mask + masked)

    def receive(self) -> bytes:
        """Return the next binary message; answers pings; raises `Closed`."""
        parts = b""
        while True:
            final, opcode, data = self._frame()
            if opcode == CLOSE:
                self._socket.close()
                raise Closed(int.from_bytes(data[:2], "big") if data else 1005, data[2:].decode())
            if opcode == PING:
                self.send(data, PONG)
            elif opcode != PONG:
                parts += data
                if final:
                    return parts

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._take(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        return first >= 0x80, first & 0x0F, self._take(size)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _fill(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise Closed(1006, "the link broke")
        self._buffer += data

    def close(self, code: int = 1000) -> None:
        """Close in good order."""
        self.send(code.to_bytes(2, "big"), CLOSE)
        self._socket.close()

    def drop(self) -> None:
        """Break the link without a Close frame."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
