"""Links that have not joined read in turns, so that thousands that end together do not hold up a tick."""

from __future__ import annotations

import socket

import trio
import trio.testing

from gameserver.net.listeners import tune
from gameserver.net.poller import RoomPoller
from gameserver.net.socket_transport import SocketTransport
from gameserver.net.turnstile import Turnstile
from tests.support.websocket_frames import client_frame


async def test_a_link_that_has_not_joined_is_read_in_its_turn() -> None:
    turnstile = Turnstile()
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

            async with turnstile._lock:  # somebody else's turn
                nursery.start_soon(read)
                client.send(client_frame(b"hi"))
                await trio.lowlevel.wait_readable(sock)
                await trio.testing.wait_all_tasks_blocked()
                assert pieces == []
                assert transport.bytes_in == 0
            await trio.testing.wait_all_tasks_blocked()
            assert b"".join(pieces) == client_frame(b"hi")
            nursery.cancel_scope.cancel()


async def test_one_that_joins_while_it_waits_is_read_by_its_room() -> None:
    turnstile = Turnstile()
    heard: list[bytes] = []
    room = RoomPoller()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        sock, _ = listener.accept()
        sock.setblocking(False)
        async with tune(sock, 4_096) as stream, trio.open_nursery() as nursery:
            transport = SocketTransport(stream, sock, nursery, max_message_bytes=1_000, head=b"", tail=b"")
            transport._greeted.set()
            transport.wait_turn = turnstile.wait_turn
            transport.receive = lambda message, _at_s: heard.append(message)
            async with turnstile._lock:
                nursery.start_soon(transport.receive_some)
                client.send(client_frame(b"hi"))
                await trio.lowlevel.wait_readable(sock)
                await trio.testing.wait_all_tasks_blocked()
                transport.attach(room)
                await trio.testing.wait_all_tasks_blocked()
                room.poll(trio.current_time())
                assert heard == [b"hi"]
            transport.detach()
            nursery.cancel_scope.cancel()
    room.close()
