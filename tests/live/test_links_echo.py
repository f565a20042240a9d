"""The echo server of `make conformance` answers every type of message and frame."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio

from tests.support.live.echo_server import serve_echo
from tests.support.live.server import TRANSPORTS, Wire
from tests.support.websocket_frames import BINARY, CONTINUATION, PING, PONG, TEXT, Frame, client_close, client_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gameserver.net.settings import TransportMode

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)


@asynccontextmanager
async def connected(transport: TransportMode) -> AsyncIterator[Wire]:
    """A plain WebSocket to the echo: no subprotocol is offered."""
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_echo, transport))
        request = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        wire = await Wire.open(server.port, request.encode())
        assert wire.status == 101
        assert b"websocket-protocol" not in wire.answer.lower()
        yield wire
        await trio.aclose_forcefully(wire.stream)
        nursery.cancel_scope.cancel()
    Wire.opened.clear()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
async def test_messages_come_back(transport: TransportMode, opcode: int, size: int) -> None:
    async with connected(transport) as wire:
        await wire.write(client_frame(b"x" * size, opcode))
        assert await wire.next_frame() == Frame(opcode, b"x" * size)


async def test_fragments_come_back_as_one_with_a_ping_answered_between_them(transport: TransportMode) -> None:
    async with connected(transport) as wire:
        await wire.write(client_frame(b"half ", TEXT, fin=False) + client_frame(b"?", PING))
        assert await wire.next_frame() == Frame(PONG, b"?")
        await wire.write(client_frame(b"a message", CONTINUATION))
        assert await wire.next_frame() == Frame(TEXT, b"half a message")


async def test_a_close_is_answered(transport: TransportMode) -> None:
    async with connected(transport) as wire:
        await wire.write(client_close(1000))
        assert await wire.close_code() == 1000
