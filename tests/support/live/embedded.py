"""A server inside of a program, with handlers that note what happens to them, and requests as bytes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from gameserver import open_server
from tests.support.live.server import FAST, Meadow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gameserver.server import GameServer, Reply, Request


class Field(Meadow):
    """The meadow, which also takes commands."""

    kind = "meadow"

    def on_create(self, options: Any) -> None:
        self.got: list[tuple[int, str, Any]] = []

    def on_command(self, name: str, payload: Any) -> None:
        self.got.append((self.tick, name, payload))


class Handlers:
    """Notes what happens to its requests."""

    def __init__(self) -> None:
        self.got: list[Request] = []
        self.began = self.cancelled = 0

    async def note(self, request: Request) -> Reply:
        self.got.append(request)
        return {"got": len(request.body)}

    async def fail(self, _request: Request) -> Reply:
        raise RuntimeError("a bug of the author's")

    async def hang(self, _request: Request) -> Reply:
        self.began += 1
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            self.cancelled += 1
            raise


@asynccontextmanager
async def embedded(handlers: Handlers, **settings: Any) -> AsyncIterator[GameServer]:
    async with open_server(Field, **{"port": 0, "net_limits": FAST, "host": "127.0.0.1", **settings}) as server:
        server.route("POST", "/hooks/score")(handlers.note)
        server.route("GET", "/fail")(handlers.fail)
        server.route("GET", "/hang")(handlers.hang)
        yield server


async def post(port: int, path: str, body: bytes, *lines: str, method: str = "POST") -> tuple[int, bytes, bytes]:
    """Send a request with a body. Return the status, the head and the body of the response."""
    return await exchange(port, request_bytes(port, path, body, *lines, "Connection: close", method=method))


def request_bytes(port: int, path: str, body: bytes, *lines: str, method: str = "POST") -> bytes:
    head = (f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}", *lines, "", "")
    return "\r\n".join(head).encode() + body


async def exchange(port: int, raw: bytes) -> tuple[int, bytes, bytes]:
    """Send bytes, and read to the end of the connection."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(raw)
        with trio.fail_after(5):
            answer = b"".join([bytes(data) async for data in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head, body
