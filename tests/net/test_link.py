"""A link behaves the same on each transport."""

from __future__ import annotations

import dataclasses

import pytest
import trio
import trio.testing

from gameserver.protocol.constants import CloseCode
from tests.support.link_rig import LIMITS, TRANSPORTS, TransportName, linked
from tests.support.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    client_close,
    client_frame,
)

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)


# -- messages ----------------------------------------------------------------------------------------------------------


async def test_messages_come_in_whole_and_in_order(transport: TransportName) -> None:
    async with linked(transport) as rig:
        await rig.send(client_frame(b"one") + client_frame(b"") + client_frame(bytes(500)))
        await rig.send(client_frame(b"four"))
        assert rig.peer.heard == [b"one", b"", bytes(500), b"four"]


async def test_a_message_cut_at_every_byte_comes_in_once(transport: TransportName) -> None:
    data = client_frame(b"first") + client_frame(bytes(range(130)))
    async with linked(transport) as rig:
        for cut in range(len(data) + 1):
            await rig.send(data[:cut])
            await rig.send(data[cut:])
        assert rig.peer.heard == [b"first", bytes(range(130))] * (len(data) + 1)


async def test_fragments_text_and_whole_messages_keep_their_order(transport: TransportName) -> None:
    fragments = client_frame(b"fr", fin=False) + client_frame(b"ag", CONTINUATION, fin=False)
    async with linked(transport) as rig:
        await rig.send(client_frame(b"one") + fragments)
        await rig.send(client_frame(b"!", PING) + client_frame(b"ments", CONTINUATION) + client_frame(b"two"))
        await rig.send(client_frame("tëxt".encode(), TEXT) + client_frame(b"three"))
        assert rig.peer.heard == [b"one", b"fragments", b"two", "tëxt", b"three"]
        assert await rig.frames() == [Frame(PONG, b"!")]


async def test_what_the_kernel_does_not_take_at_once_leaves_without_another_send(transport: TransportName) -> None:
    async with linked(transport) as rig:
        rig.stop_reading()
        assert rig.link.offer(bytes(200_000))
        frames: list[Frame] = []
        for _ in range(200):
            frames += await rig.frames()
        assert frames == [Frame(BINARY, bytes(200_000))]


async def test_a_batch_goes_out_whole_and_in_order(transport: TransportName) -> None:
    async with linked(transport) as rig:
        assert rig.link.ready
        assert rig.link.offer(b"one", b"two")
        assert await rig.frames() == [Frame(BINARY, b"one"), Frame(BINARY, b"two")]
        rig.link.send(b"three")
        rig.link.send(b"four")
        assert await rig.frames() == [Frame(BINARY, b"three"), Frame(BINARY, b"four")]
        assert rig.link.ready


async def test_pings_are_answered(transport: TransportName) -> None:
    async with linked(transport) as rig:
        await rig.send(client_frame(b"a", PING) + client_frame(b"message") + client_frame(b"b", PING))
        assert await rig.frames() == [Frame(PONG, b"a"), Frame(PONG, b"b")]
        assert rig.peer.heard == [b"message"]


@pytest.mark.parametrize("opcode", [BINARY, PING])
async def test_payload_that_looks_like_a_frame_is_payload_however_it_is_cut(
    transport: TransportName, opcode: int
) -> None:
    inner = client_frame(b"injected")
    outer = client_frame(b"payload " + inner, opcode, key=bytes(4))
    async with linked(transport) as rig:
        await rig.send(outer[: -len(inner)])
        await rig.send(outer[-len(inner) :])
        await rig.send(client_frame(b"next"))
        assert rig.peer.heard == ([b"payload " + inner, b"next"] if opcode == BINARY else [b"next"])


async def test_leaving_and_joining_rooms_loses_nothing(transport: TransportName) -> None:
    message = client_frame(bytes(range(50)))
    async with linked(transport) as rig:
        for cut in range(len(message)):
            await rig.send(message[:cut])
            rig.link.stop_polling()
            await rig.send(message[cut:] + message[:cut])
            rig.link.start_polling("room")
            await rig.send(message[cut:])
        assert rig.peer.heard == [bytes(range(50))] * 2 * len(message)


# -- a client that reads slowly ----------------------------------------------------------------------------------------


async def test_a_client_that_does_not_read_is_offered_no_more_than_one_batch(transport: TransportName) -> None:
    async with linked(transport) as rig:
        rig.stop_reading()
        taken = 0
        while rig.link.offer(bytes(900)):
            taken += 1
        assert taken < 100
        assert rig.link.transport.outbox_bytes <= 904, "at most one batch is kept"
        await rig.settle()
        assert not rig.link.ready
        assert not rig.link.offer(b"stale")
        assert await rig.frames() == [Frame(BINARY, bytes(900))] * taken
        await rig.settle()
        assert rig.link.ready
        assert rig.link.offer(b"newest")
        assert await rig.frames() == [Frame(BINARY, b"newest")]


async def test_frames_never_interleave(transport: TransportName) -> None:
    """While a batch is half sent, pongs and messages that must not be lost wait behind its last byte."""
    async with linked(transport) as rig:
        rig.stop_reading()
        large = [bytes([number]) * 40_000 for number in range(5)]
        taken = [message for message in large if rig.link.offer(message)]
        await rig.send(client_frame(b"?", PING))
        rig.link.send(b"event")
        await rig.send(client_frame(b"still heard"))
        assert not rig.link.offer(b"no")
        frames = []
        for _ in range(50):
            frames += await rig.frames()
        assert 1 <= len(taken) < len(large)
        assert frames[: len(taken)] == [Frame(BINARY, message) for message in taken]
        assert sorted(frames[len(taken) :]) == [Frame(BINARY, b"event"), Frame(PONG, b"?")]
        assert rig.peer.heard == [b"still heard"]


async def test_messages_that_must_not_be_lost_wait_up_to_a_bound(transport: TransportName) -> None:
    async with linked(transport, dataclasses.replace(LIMITS, close_timeout_s=0.05)) as rig:
        rig.stop_reading()
        sent = 0
        while rig.link.close_code is None:
            rig.link.send(bytes(500))
            sent += 1
            assert sent < 1_000
        assert rig.link.close_code == CloseCode.TOO_SLOW
        assert rig.link.transport.queued_bytes <= LIMITS.max_queued_bytes + 600
        await rig.over.wait()
        assert rig.peer.lost_with == [CloseCode.TOO_SLOW]


# -- the end of a link -------------------------------------------------------------------------------------------------


async def test_a_closed_link_sends_its_reason_and_ends_when_the_client_closes_too(transport: TransportName) -> None:
    async with linked(transport) as rig:
        rig.link.send(b"last message")
        rig.link.close(4022, "bye")
        rig.link.close(4000, "twice")
        *messages, close = await rig.frames()
        assert messages == [Frame(BINARY, b"last message")]
        assert (close.opcode, close.close_code, close.payload[2:]) == (CLOSE, 4022, b"bye")
        assert not rig.link.ready
        assert not rig.link.offer(b"too late")
        await rig.client.send_all(client_close(4022))
        await rig.over.wait()
        assert rig.peer.lost_with == [4022]
        assert await rig.frames_to_end() == []


async def test_the_peer_may_close_the_link_while_it_handles_a_message(transport: TransportName) -> None:
    async with linked(transport) as rig:
        await rig.send(client_frame(b"close me") + client_frame(b"and more"))
        assert [frame.close_code for frame in await rig.frames()] == [4013]
        await rig.client.send_all(client_close(4013))
        await rig.over.wait()


async def test_a_close_of_the_client_is_answered_and_its_code_passed_on(transport: TransportName) -> None:
    async with linked(transport) as rig:
        await rig.client.send_all(client_frame(b"bye") + client_close(1000))
        (answer,) = await rig.frames_to_end()
        assert (answer.opcode, answer.close_code) == (CLOSE, 1000)
        assert rig.peer.heard == [b"bye"]
        assert rig.peer.lost_with == [1000]


async def test_a_stream_that_just_ends_is_a_lost_link(transport: TransportName) -> None:
    async with linked(transport) as rig:
        await rig.send(client_frame(b"one") + client_frame(b"half")[:4])
        await rig.client.aclose()
        await rig.settle()
        await rig.over.wait()
        assert rig.peer.heard == [b"one"]
        assert rig.peer.lost_with == [None]
        rig.link.close(4000, "too late")
        rig.link.send(b"too late")
        assert not rig.link.offer(b"too late")


async def test_a_client_that_never_answers_a_close_is_dropped_at_the_deadline(
    transport: TransportName, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(transport) as rig:
        began = trio.current_time()
        rig.link.close(4022, "bye")
        await rig.over.wait()
        assert trio.current_time() - began == pytest.approx(LIMITS.close_timeout_s, abs=0.1)
        assert [frame.close_code for frame in await rig.frames_to_end()] == [4022]


async def test_a_client_that_answers_a_close_with_a_flood_is_dropped_before_the_deadline(
    transport: TransportName, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(transport) as rig:
        began = trio.current_time()
        rig.link.close(4022, "bye")
        for _ in range(40):
            await rig.send(client_frame(bytes(60_000)))
        await rig.over.wait()
        assert trio.current_time() - began < LIMITS.close_timeout_s


async def test_a_client_that_answers_a_close_with_many_small_frames_is_dropped_before_the_deadline(
    transport: TransportName, autojump_clock: trio.testing.MockClock
) -> None:
    """Each frame costs time, however small it is."""
    async with linked(transport) as rig:
        began = trio.current_time()
        rig.link.close(4022, "bye")
        for _ in range(10):
            await rig.send(client_frame(b"") * 600)
        await rig.over.wait()
        assert trio.current_time() - began < LIMITS.close_timeout_s


async def test_messages_that_a_client_sent_before_it_saw_the_close_do_not_cut_it_off(
    transport: TransportName,
) -> None:
    async with linked(transport) as rig:
        rig.link.close(4007, "too many")
        for _ in range(10):
            await rig.send(client_frame(b"x" * 100) * 60)
        await rig.send(client_close(4007))
        assert [frame.close_code for frame in await rig.frames_to_end()] == [4007]
        assert rig.peer.lost_with == [4007]


async def test_a_client_that_reads_nothing_is_dropped_at_the_deadline(
    transport: TransportName, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(transport) as rig:
        rig.stop_reading()
        while rig.link.offer(bytes(900)):
            pass
        began = trio.current_time()
        rig.link.close(4026, "too slow")
        await rig.over.wait()
        assert trio.current_time() - began == pytest.approx(LIMITS.close_timeout_s, abs=0.1)
        assert rig.peer.lost_with == [4026]


async def test_a_client_that_closes_and_reads_nothing_is_dropped_at_the_deadline(
    transport: TransportName, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(transport) as rig:
        rig.stop_reading()
        while rig.link.offer(bytes(900)):
            pass
        await rig.send(client_close(1000))
        began = trio.current_time()
        await rig.over.wait()
        assert trio.current_time() - began == pytest.approx(LIMITS.close_timeout_s, abs=0.1)


# -- what ends a process that uses trio-websocket alone ----------------------------------------------------------------


async def test_pings_while_closing_are_not_answered_and_do_no_harm(transport: TransportName) -> None:
    async with linked(transport) as rig:
        rig.link.close(4022, "bye")
        await rig.settle()
        await rig.send(client_frame(b"?", PING) * 3 + client_frame(b"more"))
        await rig.client.send_all(client_close(4022))
        assert [frame.opcode for frame in await rig.frames_to_end()] == [CLOSE]
        assert rig.peer.lost_with == [4022]


OVERSIZED = client_frame(bytes(1_001))


@pytest.mark.parametrize(
    "rest",
    [client_frame(b"?", PING), OVERSIZED * 3, client_frame(b"more") * 50, client_frame(bytes(70_000))],
    ids=["a ping", "several oversized", "messages", "a huge one"],
)
async def test_an_oversized_message_closes_with_1009_whatever_follows_in_its_chunk(
    transport: TransportName, rest: bytes
) -> None:
    async with linked(transport) as rig:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.client.send_all, client_frame(b"good") + OVERSIZED + rest + client_close(1009))
            frames = await rig.frames_to_end()
        assert [frame.close_code for frame in frames] == [CloseCode.MESSAGE_TOO_BIG]
        assert rig.peer.heard == [b"good"]
        assert rig.peer.lost_with == [CloseCode.MESSAGE_TOO_BIG]


async def test_after_1009_the_client_cannot_keep_the_link_open(
    transport: TransportName, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(transport) as rig:
        await rig.send(OVERSIZED)
        began = trio.current_time()
        await rig.over.wait()
        assert trio.current_time() - began <= LIMITS.close_timeout_s + 0.1


async def test_fragments_that_are_too_large_together_close_with_1009(transport: TransportName) -> None:
    part = client_frame(bytes(100), CONTINUATION, fin=False)
    async with linked(transport) as rig:
        await rig.send(client_frame(bytes(100), fin=False) + part * 11)
        assert [frame.close_code for frame in await rig.frames()] == [CloseCode.MESSAGE_TOO_BIG]
        assert rig.peer.heard == []


@pytest.mark.parametrize(
    "frame",
    [client_frame(b"", CONTINUATION, fin=False), client_frame(b"?", PING), client_frame(b"!", PONG)],
    ids=["empty fragments", "pings", "pongs"],
)
async def test_control_frames_and_fragments_are_limited(transport: TransportName, frame: bytes) -> None:
    limits = dataclasses.replace(LIMITS, max_partial_frames_burst=20, max_partial_frames_per_s=0.01)
    async with linked(transport, limits) as rig:
        await rig.send(client_frame(b"x", fin=False) + frame * 19)
        assert rig.link.close_code is None
        await rig.send(frame * 2)
        assert rig.link.close_code == CloseCode.RATE_LIMITED
        assert rig.peer.closed_with[0] == (CloseCode.RATE_LIMITED, "too many pings and fragments")
        assert rig.peer.heard == []


@pytest.mark.parametrize(
    "data",
    [
        client_frame(b"", fin=False),
        client_frame(b"x", masked=False),
        client_frame(b"x", rsv=4),
        client_frame(b"x", 3),
        client_frame(b"x", CONTINUATION),
        client_frame(b"\xff", TEXT),
        client_frame(bytes(126), PING),
        client_frame(b"x", PING, fin=False),
        client_close(999),
        client_frame(b"\x03", CLOSE),
        bytes([0x82, 0xFF, *[0xFF] * 8, *bytes(4)]),
    ],
    ids=[
        "a message within a message",
        "unmasked",
        "reserved bits",
        "unknown opcode",
        "nothing to continue",
        "no UTF-8",
        "a long ping",
        "a fragmented ping",
        "a bad close code",
        "half a close code",
        "a length of 64 bits",
    ],
)
async def test_a_violation_of_the_websocket_protocol_ends_that_link_alone(
    transport: TransportName, data: bytes
) -> None:
    async with linked(transport, dataclasses.replace(LIMITS, close_timeout_s=0.05)) as rig:
        await rig.send(client_frame(b"good"))
        await rig.send(data)
        await rig.send(client_frame(b"not heard"))
        await rig.settle()
        await rig.over.wait()
        assert rig.peer.heard == [b"good"]
        assert len(rig.peer.lost_with) == 1
