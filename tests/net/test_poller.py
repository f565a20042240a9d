"""What a room drains, and when it says that it arrived."""

from __future__ import annotations

import dataclasses
import os
import socket
import struct

import pytest
import trio
import trio.testing

from gameserver.net.arrival import ArrivalClock
from gameserver.net.poller import RoomPoller
from gameserver.net.transport import MAX_UNREAD_BYTES, READ_BYTES
from tests.support.link_rig import LIMITS, linked
from tests.support.websocket_frames import BINARY, CONTINUATION, PING, Frame, client_frame, read_frames


def stamp(wall_s: float) -> list[tuple[int, int, bytes]]:
    """What the kernel says of bytes that arrived at `wall_s`."""
    seconds, fraction = divmod(wall_s, 1)
    return [(socket.SOL_SOCKET, 35, struct.pack("@ll", int(seconds), int(fraction * 1e9)))]


def test_the_kernel_s_time_of_arrival_is_told_on_trio_s_clock() -> None:
    clock = ArrivalClock()
    clock.set(100.0, 1_700_000_000.0)
    clock.set(100.05, 1_700_000_000.05)
    assert clock.convert(stamp(1_700_000_000.02)) == pytest.approx(100.02, abs=1e-5)


@pytest.mark.parametrize("step_s", [-3_600.0, -0.03, 0.03, 3_600.0])
def test_a_step_of_the_wall_clock_moves_no_arrival_out_of_its_drain(step_s: float) -> None:
    clock = ArrivalClock()
    clock.set(100.0, 1_700_000_000.0)
    arrived = stamp(1_700_000_000.02)
    clock.set(100.05, 1_700_000_000.05 + step_s)
    assert 100.0 <= clock.convert(arrived) <= 100.05
    clock.set(100.1, 1_700_000_000.1 + step_s)
    assert clock.convert(stamp(1_700_000_000.07 + step_s)) == pytest.approx(100.07, abs=1e-5)


async def test_a_drain_reads_each_link_that_has_bytes_and_no_other() -> None:
    async with linked("drained") as one, linked("drained") as two:
        await one.client.send_all(client_frame(b"hello"))
        assert one.room is not None
        assert two.room is not None
        for rig in (one, two):
            assert rig.room is not None
            rig.room.drain(trio.current_time())
        assert one.peer.heard == [b"hello"]
        assert two.peer.heard == []


async def test_a_guest_that_fails_ends_its_own_link_and_the_drain_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with linked("drained") as bad, linked("drained") as good:
        assert bad.room is not None
        assert good.room is not None
        good.link.leave_room()
        good.room.close()
        good.room = bad.room
        good.link.transport.adopt(bad.room)  # type: ignore[attr-defined]
        bad.peer.fails = True
        await bad.client.send_all(client_frame(b"x"))
        await good.client.send_all(client_frame(b"y"))
        bad.room.drain(trio.current_time())
        await bad.over.wait()
        assert good.peer.heard == [b"y"]
        assert bad.peer.lost_with == [None]
        assert "a link failed" in caplog.text
        good.link.leave_room()


async def test_a_link_that_a_guest_ends_during_the_drain_is_not_read_any_more() -> None:
    async with linked("drained") as one, linked("drained") as two:
        assert one.room is not None
        two.link.leave_room()
        two.link.transport.adopt(one.room)  # type: ignore[attr-defined]
        for rig, other in ((one, two), (two, one)):
            rig.peer.receive = lambda _data, _at_s, link=other.link: link.close(4022, "bye")  # type: ignore[method-assign, misc]
            rig.link.transport.deliver = rig.peer.receive  # type: ignore[attr-defined]
            await rig.client.send_all(client_frame(b"kick the other"))
        one.room.drain(trio.current_time())
        assert len(one.room) <= 1
        codes = [rig.link.close_code for rig in (one, two)]
        assert codes.count(4022) >= 1
        two.link.leave_room()


async def test_a_room_that_ends_gives_its_links_back_to_themselves() -> None:
    async with linked("drained") as rig:
        room, rig.room = rig.room, None
        assert isinstance(room, RoomPoller)
        room.close()
        await rig.send(client_frame(b"still heard") + client_frame(b"?", PING))
        assert rig.peer.heard == [b"still heard"]
        assert rig.link.offer(b"still told")
        assert Frame(BINARY, b"still told") in await rig.frames()


async def test_a_link_whose_pongs_nobody_reads_is_read_on_only_within_a_bound() -> None:
    limits = dataclasses.replace(LIMITS, max_partial_frames_burst=1e9)
    flood = client_frame(bytes(100), PING) * 100
    async with linked("drained", limits) as rig:
        rig.stop_reading()
        while rig.link.offer(bytes(900)):
            pass
        assert rig.room is not None
        for _ in range(60):
            with trio.move_on_after(0.02):
                await rig.client.send_all(flood)
            rig.room.drain(trio.current_time())
        assert rig.link.close_code is None
        assert MAX_UNREAD_BYTES / 2 < rig.link.transport.unread_bytes < 2 * MAX_UNREAD_BYTES


async def test_what_is_sent_while_a_batch_is_half_out_waits_even_when_there_is_room() -> None:
    async with linked("drained") as rig:
        rig.stop_reading()
        assert isinstance(rig.client, trio.SocketStream)
        client = socket.socket(fileno=os.dup(rig.client.socket.fileno()))
        try:
            batch = bytes(100_000)
            assert rig.link.offer(batch)
            data = client.recv(1_000_000)  # now the kernel has room, and no task has run that could use it
            rig.link.send(b"event")
        finally:
            client.close()
        rest = b""
        while len(data) + len(rest) < len(batch) + 10 + 7:
            rest += await rig.client.receive_some(1_000_000)
        assert read_frames(data + rest) == ([Frame(BINARY, batch), Frame(BINARY, b"event")], b"")


@pytest.mark.parametrize("fin", [True, False])
async def test_a_short_message_overtakes_none_that_the_library_still_holds(fin: bool) -> None:
    """In one drain: a read full of fragments, then a read with nothing but one short message."""
    first = client_frame(bytes(500), fin=False)
    rest = client_frame(bytes(READ_BYTES - len(first) - 8), CONTINUATION, fin=fin)
    assert len(first + rest) == READ_BYTES
    limits = dataclasses.replace(LIMITS, max_wire_message_bytes=10_000)
    async with linked("drained", limits) as rig:
        await rig.send(first + rest + client_frame(b"short", BINARY if fin else CONTINUATION))
        whole = bytes(500 + len(rest) - 8)
        assert rig.peer.heard == ([whole, b"short"] if fin else [whole + b"short"])
