"""Measures the transport alone: each tick, every link is sent the same 400 bytes, and incoming messages are counted.

    python -m bench.transport.broadcast polled|ordinary

There are no rooms, no protocol and no sessions, so the figures compare with the floors in `bench/peers`. Any WebSocket
client may connect, at any path and without a subprotocol, as the load generator does with floors.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import trio
import trio_websocket

from bench.control import obey, say
from gameserver.net.counters import Counters
from gameserver.net.http.head import END_OF_HEAD, parse_head
from gameserver.net.http.upgrade import Accepted, websocket_key
from gameserver.net.link import Link
from gameserver.net.listeners import accept_forever, open_listeners, tune
from gameserver.net.poller import RoomPoller
from gameserver.net.settings import NetSettings
from gameserver.net.socket_transport import SocketTransport
from gameserver.net.tick_loop import TickLoop
from gameserver.protocol.constants import SUBPROTOCOL

if TYPE_CHECKING:
    import socket

    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import CloseCode

TICK_S = 0.05
PAYLOAD = bytes(i & 127 for i in range(400))


class CountingPeer:
    """Counts messages and drops them."""

    input_handler = None

    def __init__(self) -> None:
        self.received = 0

    def receive(self, _data: bytes | str, _at_s: float) -> None:
        """Count a message."""
        self.received += 1

    def lost(self, _now_s: float, _code: int | None) -> None:
        """Do nothing: the peer holds nothing."""


class Broadcast:
    """A room without rules."""

    id = "broadcast"
    tick_s = TICK_S
    closed = False

    def __init__(self) -> None:
        self.links: set[Link] = set()
        self.refused = 0
        self.ticks = 0

    def tick(self, _now_s: float) -> None:
        """Offer the payload to each link."""
        self.ticks += 1
        for link in self.links:
            self.refused += not link.offer(PAYLOAD)

    def skip(self, ticks: int) -> None:
        """Print that ticks were skipped: on a machine that slow, the figures mean nothing."""
        print(f"skipped {ticks} ticks", file=sys.stderr)

    def note_pace(self, _now_s: float, _late_s: float, _took_s: float) -> None:
        """Do nothing: this room has no load to shed."""

    def close(self, code: CloseCode, reason: str) -> None:
        """End the room."""
        self.closed = True


async def handle(sock: socket.socket, room: Broadcast, room_poller: RoomPoller | None, settings: NetSettings) -> None:
    """Serve one client from its handshake to its end."""
    stream = tune(sock, settings.notsent_lowat_bytes)
    raw = b""
    while not raw.endswith(END_OF_HEAD):
        raw += await stream.receive_some(4096)
    accepted = Accepted(websocket_key(parse_head(raw)[0]), SUBPROTOCOL, None)
    limits = settings.limits
    async with trio.open_nursery() as nursery:
        size = limits.max_wire_message_bytes
        transport = SocketTransport(
            stream, sock, nursery, max_message_bytes=size, head=accepted.request_head(), tail=b""
        )
        request = await trio_websocket.wrap_server_stream(
            nursery, cast("trio.abc.Stream", transport), max_message_size=size
        )
        link = Link(transport, await request.accept(), nursery, limits, lambda _room: room_poller)
        room.links.add(link)
        link.start_polling(room.id)
        try:
            await link.run(cast("Peer", CountingPeer()))
        finally:
            room.links.discard(link)
            nursery.cancel_scope.cancel()
    await trio.aclose_forcefully(stream)


async def main(transport: str) -> None:
    """Listen and tick until a signal says to stop."""
    settings = NetSettings(port=0)
    room, poller = Broadcast(), RoomPoller() if transport == "polled" else None

    def stats(_command: dict[str, Any]) -> dict[str, Any]:
        inputs = sum(link.transport.messages_in for link in room.links)
        return {"t": trio.current_time(), "ticks": room.ticks, "inputs": inputs, "refused": room.refused}

    async with trio.open_nursery() as nursery:

        def take(sock: socket.socket, _address: str) -> None:
            nursery.start_soon(handle, sock, room, poller, settings)

        listeners = await open_listeners(settings)
        for listener in listeners:
            nursery.start_soon(accept_forever, listener, take)
        tick_loop = TickLoop(room.tick_s, 0.0, Counters())
        tick_loop.add(room, poller)
        nursery.start_soon(tick_loop.run)
        port = listeners[0].getsockname()[1]
        say({"re": "ready", "port": port, "name": "transport", "versions": {"trio": version("trio")}})
        await obey({"stats": stats})
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
