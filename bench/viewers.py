"""Viewers for `bench.transports`: raw sockets that note how old each change is when it arrives."""

from __future__ import annotations

import os
import re
import time
from abc import ABC, abstractmethod
from typing import Final

import msgpack
import trio

from gameserver.net.frames import BINARY
from gameserver.protocol.constants import ClientMessage, ServerMessage

TICKS_PER_S: Final = 10_000
RETRY_S: Final = 0.1
_PAYLOAD: Final = re.compile(rb'"name":"t","payload":(\d+)')
_NEXT: Final = re.compile(rb'"next":"([^"]+)"')
_ID: Final = re.compile(rb"id: (\S+)")
_SHORT_FRAME: Final = 126
_LONG_FRAME: Final = 127


def now_ticks() -> int:
    """Return the moment now, on a clock that all processes of this machine have."""
    return int(time.monotonic() * TICKS_PER_S)


class Viewer(ABC):
    """Watches a room until cancelled, and comes back when it is cut off."""

    def __init__(self, port: int, room: str, kind: str) -> None:
        self._port = port
        self._room = room
        self._kind = kind
        self._stream: trio.SocketStream | None = None
        self.forget()

    def forget(self) -> None:
        """Count from 0."""
        self.ages: list[float] = []
        self.up = self.down = 0

    def cut(self) -> None:
        """Break the connection."""
        if self._stream is not None:
            self._stream.socket.close()

    async def watch(self) -> None:
        """Connect again and again."""
        while True:
            try:
                self._stream = await trio.open_tcp_stream("127.0.0.1", self._port)
            except OSError:
                await trio.sleep(RETRY_S)
                continue
            try:
                async with self._stream:
                    await self._run(self._stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
                continue

    @abstractmethod
    async def _run(self, stream: trio.SocketStream) -> None:
        """Watch over a connection that is new, until it ends."""

    async def _send(self, stream: trio.SocketStream, data: bytes) -> None:
        self.up += len(data)
        await stream.send_all(data)

    async def _receive(self, stream: trio.SocketStream) -> bytes:
        data = bytes(await stream.receive_some(65_536))
        if not data:
            raise trio.BrokenResourceError
        self.down += len(data)
        return data

    def _note(self, moment: int) -> None:
        self.ages.append((now_ticks() - moment) / TICKS_PER_S)

    def _request(self, what: str, *lines: str) -> bytes:
        head = (f"GET /api/rooms/{self._room}/{what} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", *lines, "", "")
        return "\r\n".join(head).encode()


class WebSocketViewer(Viewer):
    """Acks each state, as the protocol asks for."""

    token: bytes | None = None
    tick = event = 0

    async def _run(self, stream: trio.SocketStream) -> None:
        lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        more = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: gameserver.v1", "", "")
        head = ("GET /ws HTTP/1.1", f"Host: 127.0.0.1:{self._port}", *lines, *more)
        await self._send(stream, "\r\n".join(head).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self._receive(stream)
        data = data.partition(b"\r\n\r\n")[2]
        if self.token is None:
            first: list[object] = [ClientMessage.JOIN, self._kind, self._room, 1, {}]
        else:
            first = [ClientMessage.RESUME, self.token, self.tick, self.event]
        await self._say(stream, *first)
        while True:
            while (frame := _frame_of(data)) is not None:
                opcode, payload, data = frame
                if opcode == BINARY:
                    await self._take(stream, payload)
            data += await self._receive(stream)

    async def _take(self, stream: trio.SocketStream, payload: bytes) -> None:
        message = msgpack.unpackb(payload)
        match message[0]:
            case ServerMessage.WELCOME:
                self.token = message[1]["token"]
            case ServerMessage.STATE:
                self.tick = message[1]
                await self._say(stream, ClientMessage.ACK, self.tick)
            case ServerMessage.EVENTS:
                self.event = message[2]
                for _, name, moment in message[3]:
                    if name == "t":
                        self._note(moment)
            case ServerMessage.PING:
                await self._say(stream, ClientMessage.PONG, message[1])

    async def _say(self, stream: trio.SocketStream, *items: object) -> None:
        payload, key = msgpack.packb(items), os.urandom(4)
        masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
        await self._send(stream, bytes((0x80 | BINARY, 0x80 | len(payload))) + key + masked)


def _frame_of(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Return the first whole frame's opcode and payload, and the rest; None if there is none."""
    if len(data) < 2:
        return None
    size, at = data[1], 2
    if size == _SHORT_FRAME:
        size, at = int.from_bytes(data[2:4]), 4
    elif size == _LONG_FRAME:
        size, at = int.from_bytes(data[2:10]), 10
    if len(data) < at + size:
        return None
    return data[0] & 0x0F, data[at : at + size], data[at + size :]


class StreamViewer(Viewer):
    """Reads Server-Sent Events."""

    last_id = b""

    async def _run(self, stream: trio.SocketStream) -> None:
        known = (f"Last-Event-ID: {self.last_id.decode()}",) if self.last_id else ()
        await self._send(stream, self._request("stream", "Accept: text/event-stream", *known))
        data = b""
        while True:
            data += await self._receive(stream)
            whole, _, data = data.rpartition(b"\n\n")
            for found in _PAYLOAD.findall(whole):
                self._note(int(found))
            ids = _ID.findall(whole)
            if ids:
                self.last_id = ids[-1]


class PollViewer(Viewer):
    """Asks again and again, over a connection that it keeps."""

    wait_s = 0.0
    every_s = 0.0
    next = b""

    async def _run(self, stream: trio.SocketStream) -> None:
        while True:
            began_s = trio.current_time()
            query = f"?since={self.next.decode()}&wait={self.wait_s:g}" if self.next else ""
            await self._send(stream, self._request(f"state{query}"))
            body, keeps = await self._answer(stream)
            for found in _PAYLOAD.findall(body):
                self._note(int(found))
            found_next = _NEXT.search(body)
            if found_next is not None:
                self.next = found_next[1]
            if self.every_s:
                await trio.sleep_until(began_s + self.every_s)
            if not keeps:
                return

    async def _answer(self, stream: trio.SocketStream) -> tuple[bytes, bool]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self._receive(stream)
        head, _, body = data.partition(b"\r\n\r\n")
        size = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
        while len(body) < size:
            body += await self._receive(stream)
        return body, b"Connection: keep-alive" in head


class LongPollViewer(PollViewer):
    """Waits for each change."""

    wait_s = 20.0


class SlowPollViewer(PollViewer):
    """Asks once a second."""

    every_s = 1.0


class FastPollViewer(PollViewer):
    """Asks five times a second."""

    every_s = 0.2


TRANSPORTS: Final[dict[str, type[Viewer]]] = {
    "WebSocket": WebSocketViewer,
    "SSE": StreamViewer,
    "long polls": LongPollViewer,
    "polls, 1 s": SlowPollViewer,
    "polls, 0.2 s": FastPollViewer,
}
