"""Links that have not joined read in turns, so that thousands that end together do not hold up a tick."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import trio
import trio.testing

from gameserver.net.listeners import tune
from gameserver.net.poller import RoomPoller
from gameserver.net.socket_transport import SocketTransport
from gameserver.net.turnstile import Turnstile
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FRAME = client_frame(b"hi")


class Waiting(NamedTuple):
    """A transport that waits for its turn to read `FRAME`, and what it has read."""

    transport: SocketTransport
    pieces: list[bytes]


@asynccontextmanager
async def waiting(turnstile: Turnstile) -> AsyncIterator[Waiting]:
    """A transport whose client has sent something while it was somebody else's turn; in the end the turn is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        sock, _ = listener.accept()
        sock.setblocking(False)
        async with tune(sock, 4_096) as stream, trio.open_nursery() as nursery:
            transport = SocketTransport(stream, sock, nursery, max_message_bytes=1_000, head=b"", tail=b"")
            transport._greeted.set()
            transport.wait_turn = turnstile.wait_turn
            pieces: list[bytes] = []

            async def read() -> None:
                pieces.append(await transport.receive_some())

            nursery.start_soon(read)
            client.send(FRAME)
            await trio.lowlevel.wait_readable(sock)
            await trio.testing.wait_all_tasks_blocked()
            yield Waiting(transport, pieces)
            nursery.cancel_scope.cancel()


async def test_a_link_that_has_not_joined_is_read_in_its_turn() -> None:
    turnstile = Turnstile()
    await turnstile._lock.acquire()
    async with waiting(turnstile) as (transport, pieces):
        assert pieces == []
        assert transport.bytes_in == 0
        turnstile._lock.release()
        await trio.testing.wait_all_tasks_blocked()
        assert b"".join(pieces) == FRAME


async def test_one_that_joins_while_it_waits_is_read_by_its_room() -> None:
    turnstile = Turnstile()
    heard: list[bytes] = []
    room = RoomPoller()
    async with turnstile._lock, waiting(turnstile) as (transport, pieces):
        transport.receive = lambda message, _at_s: heard.append(message)
        transport.attach(room)
        await trio.testing.wait_all_tasks_blocked()
        room.poll(trio.current_time())
        assert heard == [b"hi"]
        assert pieces == []
        transport.detach()
    room.close()
