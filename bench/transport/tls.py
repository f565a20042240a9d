"""Measures what TLS adds to a polled link: each tick 24 bytes come in and 400 go out, plain and encrypted in turns.

    python -m bench.transport.tls [--links 100] [--ticks 200]

Only the server's side is measured: the poll that reads all links, and the offers that send to each. Clients are in the
same process, on socket pairs. Processor time, in microseconds for each link and tick; medians of rounds that alternate.
"""

from __future__ import annotations

import argparse
import socket
import ssl
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
import trustme

from gameserver.net.poller import RoomPoller
from gameserver.net.socket_transport import SocketTransport
from gameserver.net.tls import TlsStream
from gameserver.net.tls_transport import TlsTransport
from gameserver.net.turnstile import PacedStream, Turnstile

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOAD: Final = bytes(i & 127 for i in range(400))
INPUT: Final = b"\x82\x98\0\0\0\0" + bytes(24)
"""A whole masked frame of 24 bytes."""
ROUNDS: Final = 5


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of client and server."""
    authority = trustme.CA()
    client, server = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(client)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leaf.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(path))
        server.load_cert_chain(path)
    return client, server


class Links:
    """So many links that one poller reads, with their clients."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.poller = RoomPoller()
        self.transports: list[SocketTransport] = []
        self.clients: list[trio.abc.Stream] = []
        self.received = 0

    def _take(self, _message: bytes, _at_s: float) -> None:
        self.received += 1

    async def add(self, encrypted: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> None:
        """Connect one more client."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        near = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        client: trio.abc.Stream = trio.SocketStream(trio.socket.from_stdlib_socket(theirs))
        make: Callable[..., SocketTransport] = SocketTransport
        stream: trio.abc.Stream = near
        if encrypted is not None:
            tls_client = trio.SSLStream(client, encrypted[0], server_hostname="localhost", https_compatible=True)
            stream = tls = TlsStream(PacedStream(near, Turnstile()), encrypted[1])
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tls_client.do_handshake)
                nursery.start_soon(tls.do_handshake)
            client, make = tls_client, TlsTransport
        transport = make(stream, ours, self._nursery, max_message_bytes=4_096, head=b"", tail=b"")
        transport.receive = self._take
        transport.attach(self.poller)
        self.transports.append(transport)
        self.clients.append(client)

    async def round(self, ticks: int) -> float:
        """Return the processor time of the server's side, in seconds."""
        took_s = 0.0
        for _ in range(ticks):
            for client in self.clients:
                await client.send_all(INPUT)
            began_s = time.process_time()
            self.poller.poll(trio.current_time())
            for transport in self.transports:
                transport.offer(PAYLOAD)
            took_s += time.process_time() - began_s
            for client in self.clients:
                await client.receive_some(4_096)
        return took_s


async def main(links: int, ticks: int) -> None:
    """Measure, and print."""
    async with AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        kinds = {"plain": Links(nursery), "TLS": Links(nursery)}
        both = contexts()
        for name, group in kinds.items():
            for _ in range(links):
                await group.add(both if name == "TLS" else None)
            await group.round(ticks // 10)
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, group in kinds.items():
                found[name].append(await group.round(ticks) / links / ticks * 1e6)
        for name, group in kinds.items():
            assert group.received == links * (ticks // 10 + ROUNDS * ticks), "messages were lost"
            low, high = min(found[name]), max(found[name])
            print(f"{name:6} {statistics.median(found[name]):5.1f} µs a link and tick ({low:.1f} to {high:.1f})")
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What TLS adds to a polled link.")
    parser.add_argument("--links", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=200)
    arguments = parser.parse_args()
    trio.run(main, arguments.links, arguments.ticks)
