"""Clients that read slowly, not at all, or vanish: they cost a bounded amount of memory, and others no time."""

from __future__ import annotations

import gc
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack
import pytest
import trio

from gameserver.net.link import Link
from gameserver.protocol.constants import ClientMessage, Limits, ServerMessage
from tests.support.live.process import open_files
from tests.support.live.server import TRANSPORTS, GoodPlayer, Meadow, Wire, playing, serving, until
from tests.support.websocket_frames import PING, PONG, client_frame

if TYPE_CHECKING:
    from gameserver.net.settings import TransportMode

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)

ACK_ALL = Limits(max_unacked_snapshots=1_000_000, dead_after_s=60)
"""The window is wide open, so that the link's own bound is what is measured."""


def resident_bytes() -> int:
    """This process's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


async def join_and_stop_reading(port: int) -> Wire:
    """A client that joins, and whose kernel takes only a few KiB for it."""
    wire = await Wire.open(port, buffer=4_096)
    await wire.send(ClientMessage.JOIN, "meadow", None, 0, {})
    return wire


async def test_links_that_nobody_reads_hold_one_batch_each_and_others_play_on(transport: TransportMode) -> None:
    async with serving(transport, limits=ACK_ALL) as server, playing(server.port) as player:
        for _ in range(40):
            await join_and_stop_reading(server.port)
        await player.sees(20)
        gc.collect()
        before, out_before = resident_bytes(), server.totals().bytes_out
        await player.sees(60)
        gc.collect()
        assert resident_bytes() - before < 2_000_000
        per_slow_link = (server.totals().bytes_out - out_before) / 40
        assert per_slow_link < 100_000, "the kernel takes no more either"
        held = [link.transport.outbox_bytes for link in server.links if isinstance(link, Link)]
        assert max(held) < 4_000
        ticks = [tick for _, tick in player.states[-60:]]
        steps = sorted(after - before for before, after in pairwise(ticks))
        assert steps[len(steps) // 2] == 1, "a state comes each tick"
        assert steps[-3] <= 2


async def test_a_client_that_reads_again_is_up_to_date_at_once(transport: TransportMode) -> None:
    async with serving(transport, limits=ACK_ALL) as server, playing(server.port) as other:
        for _ in range(60):
            await join_and_stop_reading(server.port)  # many dots, so that frames are large
        wire = await Wire.open(server.port, buffer=4_096)
        late = GoodPlayer(wire)
        await wire.send(ClientMessage.JOIN, "meadow", None, 0, {})
        await other.sees(60)
        resumed_at_tick = other.states[-1][1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(late.follow)
            await until(lambda: bool(late.states) and late.states[-1][1] >= other.states[-1][1] - 1)
            assert other.states[-1][1] - resumed_at_tick < Meadow.tick_hz, "a second"
            nursery.cancel_scope.cancel()


async def test_a_ping_is_answered_within_a_tick_to_a_link_in_a_room(transport: TransportMode) -> None:
    async with serving(transport) as server:
        wire = await Wire.open(server.port)
        await wire.send(ClientMessage.JOIN, "meadow", None, 0, {})
        for number in range(10):
            await wire.write(client_frame(b"%d" % number, PING))
            before = []
            while (frame := await wire.next_frame()) is not None and frame.opcode != PONG:
                before.append(msgpack.unpackb(frame.payload)[0])
            assert frame is not None
            assert before.count(ServerMessage.STATE) <= 2, "one that was on its way, and that of the tick"


async def test_links_that_break_leave_nothing_behind(transport: TransportMode) -> None:
    """Tasks, file descriptors and links are back to what they were."""
    async with serving(transport, limits=Limits(resume_grace_s=0.2)) as server, playing(server.port) as player:
        await player.sees(2)
        files = open_files()
        tasks = trio.lowlevel.current_statistics().tasks_living
        for number in range(60):
            wire = await join_and_stop_reading(server.port)
            if number % 3 == 0:
                wire.reset()
            elif number % 3 == 1:
                await wire.stream.aclose()
            else:
                await wire.write(client_frame(b"half a frame")[:5])
                await wire.stream.aclose()
        await until(lambda: len(server.links) == 1 and not len(server.pending))
        await player.sees(8)
        assert open_files() <= files + 1
        assert trio.lowlevel.current_statistics().tasks_living <= tasks + 1
        assert server.counters.errors == 0
        assert server.hub.statistics()["sessions"] == 1
