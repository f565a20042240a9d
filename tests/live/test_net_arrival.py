"""When bytes arrived, though they are read only at the tick."""

from __future__ import annotations

import socket

import trio

from gameserver.net.listeners import tune
from gameserver.net.poller import RoomPoller
from gameserver.net.socket_transport import SocketTransport
from tests.support.websocket_frames import client_frame


async def test_a_message_comes_with_the_time_at_which_the_kernel_received_it() -> None:
    heard: list[tuple[bytes, float]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        sock, _ = listener.accept()
        sock.setblocking(False)
        room = RoomPoller()
        async with tune(sock, 4_096) as stream, trio.open_nursery() as nursery:
            transport = SocketTransport(stream, sock, nursery, max_message_bytes=1_000, head=b"", tail=b"")
            transport.receive = lambda message, at_s: heard.append((message, at_s))
            transport.attach(room)
            room.poll(trio.current_time())
            sent: list[tuple[float, float]] = []
            for number in range(5):
                await trio.sleep(0.02 + 0.01 * number)
                before_s = trio.current_time()
                client.send(client_frame(b"%d" % number))
                sent.append((before_s, trio.current_time()))
                await trio.sleep(0.05)
                room.poll(trio.current_time())
            transport.detach()
        room.close()
    assert [message for message, _ in heard] == [b"0", b"1", b"2", b"3", b"4"]
    for (_, at_s), (before_s, after_s) in zip(heard, sent, strict=True):
        assert before_s - 0.01 < at_s < after_s + 0.01
