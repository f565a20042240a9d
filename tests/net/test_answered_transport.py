"""A WebSocket whose handshake was answered before, and frames that come before trio-websocket answers."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from gameserver.net.answered_transport import AnsweredTransport, switching_protocols
from gameserver.net.connection import shake_hands
from gameserver.net.http.upgrade import Accepted
from gameserver.net.socket_transport import SocketTransport
from tests.support.websocket_frames import PING, PONG, Frame, client_frame, read_frames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from trio_websocket import WebSocketConnection as WebSocket

ACCEPTED = Accepted("dGhlIHNhbXBsZSBub25jZQ==", "gameserver.v1", None)


def test_the_response_to_the_rfc_s_example() -> None:
    lines = switching_protocols(ACCEPTED).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
    assert b"Sec-WebSocket-Protocol: gameserver.v1" in lines
    assert lines[-2:] == [b"", b""]


@asynccontextmanager
async def shaken(make: Callable[..., SocketTransport], tail: bytes) -> AsyncIterator[tuple[WebSocket, trio.abc.Stream]]:
    """A WebSocket that is up, and its client. `tail` came with the request."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    client = trio.SocketStream(trio.socket.from_stdlib_socket(theirs))
    async with stream, client, trio.open_nursery() as nursery:
        transport = make(stream, ours, nursery, max_message_bytes=1_000, head=ACCEPTED.request_head(), tail=tail)
        with trio.fail_after(5):
            yield await shake_hands(nursery, transport, ACCEPTED, 1_000), client
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("make", [SocketTransport, AnsweredTransport])
async def test_a_frame_that_came_before_the_answer_is_not_kept_waiting(make: Callable[..., SocketTransport]) -> None:
    """trio-websocket would keep such bytes until more come, so it must not see them so early."""
    async with shaken(make, client_frame(b"join")) as (websocket, _):
        assert await websocket.get_message() == b"join"


async def test_an_answered_handshake_is_not_answered_again() -> None:
    async with shaken(AnsweredTransport, client_frame(b"?", PING)) as (_, client):
        assert read_frames(bytes(await client.receive_some(1_000))) == ([Frame(PONG, b"?")], b"")
