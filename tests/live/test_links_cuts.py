"""Connections that end at any byte: of the request for a WebSocket, of a client's frame, of a server's. Other links
are not affected, and nothing is left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack
import pytest
import trio

from gameserver.protocol.constants import ClientMessage, Limits
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import open_files
from tests.support.live.server import TRANSPORTS, playing, serving, until, upgrade_request
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    from gameserver.net import Server
    from gameserver.net.settings import TransportMode
    from tests.support.live.fault_proxy import Cut, FaultProxy

pytestmark = [
    pytest.mark.parametrize("transport", TRANSPORTS),
    pytest.mark.parametrize("cut", ["reset", "half-close"]),
]

SHORT_GRACE = Limits(resume_grace_s=0.2)
JOIN = client_frame(msgpack.packb([ClientMessage.JOIN, "meadow", None, 0, {}]))
LONG = client_frame(msgpack.packb([ClientMessage.MESSAGE, "say", "x" * 300]))  # a header of the longer form
SPREAD = 40
"""Byte by byte where it is short; a long run of the same bytes is cut at so many places."""


def places(size: int) -> list[int]:
    """Where to cut."""
    return sorted({*range(min(size, SPREAD)), *range(0, size, max(1, size // SPREAD)), size - 1, size})


async def attempt(network: FaultProxy, *data: bytes) -> None:
    """Connect through the network, send everything, and read to the end, clean or not."""
    stream = await trio.open_tcp_stream("127.0.0.1", network.port)
    try:
        for chunk in data:
            await stream.send_all(chunk)
        await stream.send_eof()
        while await stream.receive_some():
            pass
    except trio.BrokenResourceError:
        pass
    finally:
        await trio.aclose_forcefully(stream)


async def all_attempts(network: FaultProxy, cuts: list[int], way: str, *data: bytes) -> None:
    """One attempt for each place to cut at, one after the other: the network is the same for all."""
    for count in cuts:
        getattr(network, way).cut_after_bytes = count
        with trio.fail_after(5):
            await attempt(network, *data)


async def nothing_is_left(server: Server, files: int, tasks: int) -> None:
    """Only the good player is there."""
    await until(lambda: len(server.links) == 1 and not len(server.pending))
    await until(lambda: server.hub.statistics()["sessions"] == 1)
    await until(lambda: open_files() <= files + 1)
    await until(lambda: trio.lowlevel.current_statistics().tasks_living <= tasks + 1)
    assert server.counters.errors == 0


async def test_a_handshake_that_ends_at_any_byte(transport: TransportMode, cut: Cut) -> None:
    async with serving(transport, limits=SHORT_GRACE) as server, playing(server.port), faulty(server.port) as network:
        files, tasks = open_files(), trio.lowlevel.current_statistics().tasks_living
        network.up.cut = cut
        request = upgrade_request(server.port)
        await all_attempts(network, places(len(request)), "up", request)
        await nothing_is_left(server, files, tasks)


async def test_a_clients_frame_that_ends_at_any_byte(transport: TransportMode, cut: Cut) -> None:
    async with serving(transport, limits=SHORT_GRACE) as server, playing(server.port), faulty(server.port) as network:
        files, tasks = open_files(), trio.lowlevel.current_statistics().tasks_living
        network.up.cut = cut
        request = upgrade_request(server.port)
        for frames in (JOIN, JOIN + LONG):
            before = len(request) + len(frames) - len(LONG if LONG in frames else JOIN)
            cuts = [before + place for place in places(len(request) + len(frames) - before)]
            await all_attempts(network, cuts, "up", request, frames)
        await nothing_is_left(server, files, tasks)


async def test_an_answer_that_ends_at_any_byte(transport: TransportMode, cut: Cut) -> None:
    """Of the handshake, WELCOME, EVENTS and the first STATEs."""
    async with serving(transport, limits=SHORT_GRACE) as server, playing(server.port), faulty(server.port) as network:
        files, tasks = open_files(), trio.lowlevel.current_statistics().tasks_living
        network.down.cut = cut
        await all_attempts(network, places(700), "down", upgrade_request(server.port) + JOIN)
        await nothing_is_left(server, files, tasks)
