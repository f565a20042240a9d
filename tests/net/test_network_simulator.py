"""Added latency: when bytes arrive and in which order, and that none is lost and memory is bounded. On a fake clock."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.network_simulator import (
    MAX_HELD_BYTES,
    NetworkConditions,
    NetworkSimulator,
    SimulatedStream,
    read_conditions,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SLOW = NetworkConditions(lag_s=0.1)


def make_simulator(**conditions: float) -> NetworkSimulator:
    return NetworkSimulator(NetworkConditions(**conditions), random.Random(1), 1000.0)


def test_a_piece_arrives_after_the_latency() -> None:
    simulator = make_simulator(lag_s=0.08)
    assert [simulator.arrival_s(at) - at for at in (1000.0, 1000.5, 1002.0)] == pytest.approx([0.08] * 3)


def test_jitter_varies_up_and_down_to_near_its_bounds() -> None:
    simulator = make_simulator(lag_s=0.08, jitter_s=0.03)
    delays = [simulator.arrival_s(1000.0 + at) - 1000.0 - at for at in range(500)]
    assert min(delays) == pytest.approx(0.05, abs=0.002)
    assert max(delays) == pytest.approx(0.11, abs=0.002)


def test_nothing_arrives_during_a_stall_and_everything_at_its_end() -> None:
    simulator = make_simulator(lag_s=0.05, stall_s=0.5, stall_every_s=10.0)
    out = {at: simulator.arrival_s(1000.0 + at) - 1000.0 for at in (0.1, 9.9, 9.96, 10.2, 10.44, 10.46, 15.0, 20.1)}
    assert out == pytest.approx(
        {0.1: 0.15, 9.9: 9.95, 9.96: 10.5, 10.2: 10.5, 10.44: 10.5, 10.46: 10.51, 15.0: 15.05, 20.1: 20.5}
    )


@given(
    lag_s=st.floats(0, 1),
    jitter_s=st.floats(0, 1),
    stalls=st.tuples(st.floats(0.01, 1), st.floats(1, 20)),
    gaps=st.lists(st.floats(0, 3), max_size=50),
)
def test_nothing_arrives_before_it_was_sent_or_before_the_piece_ahead_of_it(
    lag_s: float, jitter_s: float, stalls: tuple[float, float], gaps: list[float]
) -> None:
    simulator = make_simulator(lag_s=lag_s, jitter_s=jitter_s, stall_s=stalls[0], stall_every_s=stalls[1])
    now_s = last_s = 1000.0
    for gap in gaps:
        now_s += gap
        out_s = simulator.arrival_s(now_s)
        assert out_s >= max(now_s, last_s)
        last_s = out_s


@pytest.mark.parametrize(
    "times_s", [{"lag_s": -0.1}, {"jitter_s": -1.0}, {"stall_s": 1.0}, {"stall_s": 2.0, "stall_every_s": 1.0}]
)
def test_conditions_that_make_no_sense_are_refused(times_s: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"times are from 0|a stall is MS/EVERY_S"):
        NetworkConditions(**times_s)


@pytest.mark.parametrize(
    ("asked", "conditions"),
    [
        ((0, 0, None), None),
        ((80, 20, None), NetworkConditions(lag_s=0.08, jitter_s=0.02)),
        ((0, 0, "500/10"), NetworkConditions(stall_s=0.5, stall_every_s=10.0)),
    ],
)
def test_options_are_in_milliseconds(
    asked: tuple[float, float, str | None], conditions: NetworkConditions | None
) -> None:
    assert read_conditions(*asked) == conditions


@pytest.mark.parametrize("stall", ["500", "fast/10", "500/", "-1/3", "500/0.1", "nan/nan", "/"])
def test_a_bad_stall_option_is_refused(stall: str) -> None:
    with pytest.raises(ValueError, match=f"stall {stall}"):
        read_conditions(0, 0, stall)


def test_conditions_are_printed_in_words() -> None:
    assert str(NetworkConditions(lag_s=0.08, jitter_s=0.02)) == "80 ± 20 ms each way"
    stalls = NetworkConditions(stall_s=0.5, stall_every_s=10)
    assert str(stalls) == "0 ± 0 ms each way, and a stall of 500 ms every 10 s"


@asynccontextmanager
async def slowed(conditions: NetworkConditions = SLOW) -> AsyncIterator[tuple[SimulatedStream, trio.abc.Stream]]:
    """A simulated stream, and the far end of the stream that it delays."""
    near, far = trio.testing.memory_stream_pair()
    stream = SimulatedStream(near, conditions, random.Random(1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.carry)
        yield stream, far
        nursery.cancel_scope.cancel()


async def test_both_directions_are_delayed_and_sending_does_not_wait(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        start_s = trio.current_time()
        await stream.send_all(b"down")
        assert trio.current_time() == start_s
        assert await far.receive_some() == b"down"
        assert trio.current_time() - start_s == pytest.approx(0.1)
        await far.send_all(b"up")
        assert await stream.receive_some() == b"up"
        assert trio.current_time() - start_s == pytest.approx(0.2)


async def test_many_pieces_on_their_way_keep_their_order(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed(NetworkConditions(lag_s=0.2, jitter_s=0.15)) as (stream, far):
        for number in range(50):
            await stream.send_all(bytes([number]))
            await trio.sleep(0.01)
        with trio.fail_after(0.4):
            got = b""
            while len(got) < 50:
                got += await far.receive_some()
        assert got == bytes(range(50))


async def test_a_sender_waits_when_too_many_bytes_are_on_their_way(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed(NetworkConditions(lag_s=1.0)) as (stream, _far):
        sent = 0
        with trio.move_on_after(0.5):
            while True:
                await stream.send_all(bytes(10_000))
                sent += 10_000
        assert MAX_HELD_BYTES <= sent <= MAX_HELD_BYTES + 20_000


async def test_the_end_of_the_stream_arrives_after_the_data(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        await far.send_all(b"bye")
        await far.aclose()
        assert await stream.receive_some() == b"bye"
        assert await stream.receive_some() == b""
        assert await stream.receive_some() == b""


async def test_bytes_on_their_way_can_be_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        await stream.send_all(b"last message")
        await stream.wait_until_sent()
        await stream.aclose()
        assert await far.receive_some() == b"last message"


async def test_a_broken_stream_raises_in_both_directions(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        await trio.aclose_forcefully(far)
        await stream.send_all(b"into the void")
        await trio.sleep(1)
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"?")
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()
