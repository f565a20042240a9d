"""Which links a room polls, and the times of arrival that it passes on."""

from __future__ import annotations

import dataclasses
import os
import socket
import struct

import pytest
import trio
import trio.testing

from gameserver.net.poller import ReadingBudget, RoomPoller
from gameserver.net.receive_clock import ReceiveClock
from gameserver.net.transport import MAX_UNREAD_BYTES, READ_BYTES
from tests.support.link_rig import LIMITS, linked
from tests.support.websocket_frames import BINARY, CONTINUATION, PING, Frame, client_frame, read_frames


def stamp(wall_s: float) -> list[tuple[int, int, bytes]]:
    """The kernel's control message for bytes that arrived at `wall_s`."""
    seconds, fraction = divmod(wall_s, 1)
    return [(socket.SOL_SOCKET, 35, struct.pack("@ll", int(seconds), int(fraction * 1e9)))]


def test_the_kernel_s_timestamp_is_converted_to_trio_s_clock() -> None:
    clock = ReceiveClock()
    clock.begin_poll(100.0, 1_700_000_000.0)
    clock.begin_poll(100.05, 1_700_000_000.05)
    assert clock.received_at_s(stamp(1_700_000_000.02)) == pytest.approx(100.02, abs=1e-5)


@pytest.mark.parametrize("step_s", [-3_600.0, -0.03, 0.03, 3_600.0])
def test_after_a_step_of_the_wall_clock_times_stay_between_two_polls(step_s: float) -> None:
    clock = ReceiveClock()
    clock.begin_poll(100.0, 1_700_000_000.0)
    arrived = stamp(1_700_000_000.02)
    clock.begin_poll(100.05, 1_700_000_000.05 + step_s)
    assert 100.0 <= clock.received_at_s(arrived) <= 100.05
    clock.begin_poll(100.1, 1_700_000_000.1 + step_s)
    assert clock.received_at_s(stamp(1_700_000_000.07 + step_s)) == pytest.approx(100.07, abs=1e-5)


async def test_a_poll_reads_each_link_that_has_bytes_and_no_other() -> None:
    async with linked("polled") as one, linked("polled") as two:
        await one.client.send_all(client_frame(b"hello"))
        assert one.room is not None
        assert two.room is not None
        for rig in (one, two):
            assert rig.room is not None
            rig.room.poll(trio.current_time())
        assert one.peer.heard == [b"hello"]
        assert two.peer.heard == []


async def test_a_peer_that_raises_ends_its_own_link_and_the_poll_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with linked("polled") as bad, linked("polled") as good:
        assert bad.room is not None
        assert good.room is not None
        good.link.stop_polling()
        good.room.close()
        good.room = bad.room
        good.link.transport.attach(bad.room)  # type: ignore[attr-defined]
        bad.peer.fails = True
        await bad.client.send_all(client_frame(b"x"))
        await good.client.send_all(client_frame(b"y"))
        bad.room.poll(trio.current_time())
        await bad.over.wait()
        assert good.peer.heard == [b"y"]
        assert bad.peer.lost_with == [None]
        assert "a link failed" in caplog.text
        good.link.stop_polling()


async def test_a_link_that_another_peer_ends_during_the_poll_is_not_read() -> None:
    async with linked("polled") as one, linked("polled") as two:
        assert one.room is not None
        two.link.stop_polling()
        two.link.transport.attach(one.room)  # type: ignore[attr-defined]
        for rig, other in ((one, two), (two, one)):
            rig.peer.receive = lambda _data, _at_s, link=other.link: link.close(4022, "bye")  # type: ignore[method-assign, misc]
            rig.link.transport.receive = rig.peer.receive  # type: ignore[attr-defined]
            await rig.client.send_all(client_frame(b"kick the other"))
        one.room.poll(trio.current_time())
        assert len(one.room) <= 1
        codes = [rig.link.close_code for rig in (one, two)]
        assert codes.count(4022) >= 1
        two.link.stop_polling()


async def test_a_heap_of_one_link_does_not_hold_up_the_others() -> None:
    async with linked("polled") as one, linked("polled") as two:
        poller = RoomPoller(tick_s=0.0)
        for rig in (one, two):
            rig.link.stop_polling()
            rig.link.transport.attach(poller)  # type: ignore[attr-defined]
        messages = [b"%d" % number for number in range(300)]
        await one.client.send_all(b"".join(map(client_frame, messages)))
        await two.client.send_all(client_frame(b"hello"))
        poller.poll(trio.current_time())
        assert 0 < len(one.peer.heard) < 250
        assert two.peer.heard == [b"hello"]
        for _ in range(10):
            poller.poll(trio.current_time())
        assert one.peer.heard == messages
        poller.close()


async def test_what_came_in_heaps_is_read_in_one_poll_where_there_is_time() -> None:
    async with linked("polled") as one, linked("polled") as two:
        poller = RoomPoller(tick_s=60.0)
        messages = [b"%d" % number for number in range(300)]
        for rig in (one, two):
            rig.link.stop_polling()
            rig.link.transport.attach(poller)  # type: ignore[attr-defined]
            await rig.client.send_all(b"".join(map(client_frame, messages)))
        poller.poll(trio.current_time())
        assert one.peer.heard == two.peer.heard == messages
        poller.close()


async def test_rooms_share_the_time_for_heaps_so_many_rooms_cost_no_more_than_one() -> None:
    now_s = 1000.0
    budget = ReadingBudget(lambda: now_s)
    async with linked("polled") as rig:
        room = RoomPoller(tick_s=60.0, budget=budget)
        rig.link.stop_polling()
        rig.link.transport.attach(room)  # type: ignore[attr-defined]
        messages = [b"%d" % number for number in range(300)]
        await rig.client.send_all(b"".join(map(client_frame, messages)))
        assert budget.take(60.0) == 12.0
        budget.spend(20.0)  # another room has used it up
        room.poll(trio.current_time())
        assert 0 < len(rig.peer.heard) < 250
        now_s += 60.0
        room.poll(trio.current_time())
        assert rig.peer.heard == messages
        room.close()


def test_the_time_for_heaps_grows_back_and_is_a_fifth_of_the_tick_at_most() -> None:
    now_s = 5.0
    budget = ReadingBudget(lambda: now_s)
    assert budget.take(0.05) == pytest.approx(0.01)
    budget.spend(0.01)
    assert budget.take(0.05) == pytest.approx(0.0)
    now_s += 0.025
    assert budget.take(0.05) == pytest.approx(0.005)
    now_s += 9.0
    assert budget.take(0.05) == pytest.approx(0.01)


async def test_links_of_a_closed_poller_read_for_themselves() -> None:
    async with linked("polled") as rig:
        room, rig.room = rig.room, None
        assert isinstance(room, RoomPoller)
        room.close()
        await rig.send(client_frame(b"still heard") + client_frame(b"?", PING))
        assert rig.peer.heard == [b"still heard"]
        assert rig.link.offer(b"still sent")
        assert Frame(BINARY, b"still sent") in await rig.frames()


async def test_a_client_that_reads_no_pongs_is_read_within_a_bound(autojump_clock: trio.testing.MockClock) -> None:
    limits = dataclasses.replace(LIMITS, max_partial_frames_burst=1e9)
    flood = client_frame(bytes(100), PING) * 100
    async with linked("polled", limits) as rig:
        rig.stop_reading()
        while rig.link.offer(bytes(900)):
            pass
        assert rig.room is not None
        for _ in range(60):
            with trio.move_on_after(0.02):
                await rig.client.send_all(flood)
            rig.room.poll(trio.current_time())
        assert rig.link.close_code is None
        assert MAX_UNREAD_BYTES / 2 < rig.link.transport.unread_bytes < 2 * MAX_UNREAD_BYTES


async def test_a_message_waits_behind_a_half_sent_batch_even_if_the_kernel_has_room() -> None:
    async with linked("polled") as rig:
        rig.stop_reading()
        assert isinstance(rig.client, trio.SocketStream)
        client = socket.socket(fileno=os.dup(rig.client.socket.fileno()))
        try:
            batch = bytes(100_000)
            assert rig.link.offer(batch)
            data = client.recv(1_000_000)  # now the kernel has room, and no task has run since
            rig.link.send(b"event")
        finally:
            client.close()
        rest = b""
        while len(data) + len(rest) < len(batch) + 10 + 7:
            rest += await rig.client.receive_some(1_000_000)
        assert read_frames(data + rest) == ([Frame(BINARY, batch), Frame(BINARY, b"event")], b"")


@pytest.mark.parametrize("fin", [True, False])
async def test_a_short_message_overtakes_none_that_trio_websocket_holds(fin: bool) -> None:
    """In one poll: a read full of fragments, then a read with nothing but one short message."""
    first = client_frame(bytes(500), fin=False)
    rest = client_frame(bytes(READ_BYTES - len(first) - 8), CONTINUATION, fin=fin)
    assert len(first + rest) == READ_BYTES
    limits = dataclasses.replace(LIMITS, max_wire_message_bytes=10_000)
    async with linked("polled", limits) as rig:
        await rig.send(first + rest + client_frame(b"short", BINARY if fin else CONTINUATION))
        whole = bytes(500 + len(rest) - 8)
        assert rig.peer.heard == ([whole, b"short"] if fin else [whole + b"short"])
