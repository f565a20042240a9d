"""Added latency: when bytes come out, in which order, and that nothing is lost or without bound. On a fake clock."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.network_simulator import MAX_HELD_BYTES, Lag, NetworkSimulator, SimulatedStream, read_lag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SLOW = Lag(lag_s=0.1)


def make_line(**lag: float) -> NetworkSimulator:
    return NetworkSimulator(Lag(**lag), random.Random(1), 1000.0)


def test_a_piece_comes_out_as_much_later_as_was_asked_for() -> None:
    line = make_line(lag_s=0.08)
    assert [line.out_at_s(at) - at for at in (1000.0, 1000.5, 1002.0)] == pytest.approx([0.08] * 3)


def test_jitter_is_more_and_less_and_reaches_its_bounds_nearly() -> None:
    line = make_line(lag_s=0.08, jitter_s=0.03)
    delays = [line.out_at_s(1000.0 + at) - 1000.0 - at for at in range(500)]
    assert min(delays) == pytest.approx(0.05, abs=0.002)
    assert max(delays) == pytest.approx(0.11, abs=0.002)


def test_nothing_moves_in_a_stall_and_all_of_it_comes_at_its_end() -> None:
    line = make_line(lag_s=0.05, stall_s=0.5, stall_every_s=10.0)
    out = {at: line.out_at_s(1000.0 + at) - 1000.0 for at in (0.1, 9.9, 9.96, 10.2, 10.44, 10.46, 15.0, 20.1)}
    assert out == pytest.approx(
        {0.1: 0.15, 9.9: 9.95, 9.96: 10.5, 10.2: 10.5, 10.44: 10.5, 10.46: 10.51, 15.0: 15.05, 20.1: 20.5}
    )


@given(
    lag_s=st.floats(0, 1),
    jitter_s=st.floats(0, 1),
    stalls=st.tuples(st.floats(0.01, 1), st.floats(1, 20)),
    gaps=st.lists(st.floats(0, 3), max_size=50),
)
def test_nothing_comes_out_before_it_went_in_nor_before_what_was_in_front(
    lag_s: float, jitter_s: float, stalls: tuple[float, float], gaps: list[float]
) -> None:
    line = make_line(lag_s=lag_s, jitter_s=jitter_s, stall_s=stalls[0], stall_every_s=stalls[1])
    now_s = last_s = 1000.0
    for gap in gaps:
        now_s += gap
        out_s = line.out_at_s(now_s)
        assert out_s >= max(now_s, last_s)
        last_s = out_s


@pytest.mark.parametrize(
    "lag", [{"lag_s": -0.1}, {"jitter_s": -1.0}, {"stall_s": 1.0}, {"stall_s": 2.0, "stall_every_s": 1.0}]
)
def test_a_lag_that_makes_no_sense_is_refused(lag: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"times are from 0|a stall is MS/EVERY_S"):
        Lag(**lag)


@pytest.mark.parametrize(
    ("asked", "lag"),
    [
        ((0, 0, None), None),
        ((80, 20, None), Lag(lag_s=0.08, jitter_s=0.02)),
        ((0, 0, "500/10"), Lag(stall_s=0.5, stall_every_s=10.0)),
    ],
)
def test_a_command_line_asks_in_milliseconds(asked: tuple[float, float, str | None], lag: Lag | None) -> None:
    assert read_lag(*asked) == lag


@pytest.mark.parametrize("stall", ["500", "fast/10", "500/", "-1/3", "500/0.1", "nan/nan", "/"])
def test_a_stall_that_is_none_is_refused(stall: str) -> None:
    with pytest.raises(ValueError, match=f"stall {stall}"):
        read_lag(0, 0, stall)


def test_it_says_in_words_how_slow_it_is() -> None:
    assert str(Lag(lag_s=0.08, jitter_s=0.02)) == "80 ± 20 ms each way"
    assert str(Lag(stall_s=0.5, stall_every_s=10)) == "0 ± 0 ms each way, and a stall of 500 ms every 10 s"


@asynccontextmanager
async def slowed(lag: Lag = SLOW) -> AsyncIterator[tuple[SimulatedStream, trio.abc.Stream]]:
    """A slow stream, and the peer's end of it."""
    near, far = trio.testing.memory_stream_pair()
    stream = SimulatedStream(near, lag, random.Random(1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.carry)
        yield stream, far
        nursery.cancel_scope.cancel()


async def test_both_directions_are_slow_and_sending_does_not_wait(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        start_s = trio.current_time()
        await stream.send_all(b"down")
        assert trio.current_time() == start_s
        assert await far.receive_some() == b"down"
        assert trio.current_time() - start_s == pytest.approx(0.1)
        await far.send_all(b"up")
        assert await stream.receive_some() == b"up"
        assert trio.current_time() - start_s == pytest.approx(0.2)


async def test_many_may_be_on_their_way_at_once_and_keep_their_order(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed(Lag(lag_s=0.2, jitter_s=0.15)) as (stream, far):
        for number in range(50):
            await stream.send_all(bytes([number]))
            await trio.sleep(0.01)
        with trio.fail_after(0.4):
            got = b""
            while len(got) < 50:
                got += await far.receive_some()
        assert got == bytes(range(50))


async def test_a_network_whose_buffers_are_full_takes_no_more(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed(Lag(lag_s=1.0)) as (stream, _far):
        sent = 0
        with trio.move_on_after(0.5):
            while True:
                await stream.send_all(bytes(10_000))
                sent += 10_000
        assert MAX_HELD_BYTES <= sent <= MAX_HELD_BYTES + 20_000


async def test_the_end_comes_behind_what_was_sent_before_it(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        await far.send_all(b"bye")
        await far.aclose()
        assert await stream.receive_some() == b"bye"
        assert await stream.receive_some() == b""
        assert await stream.receive_some() == b""


async def test_what_is_on_its_way_can_be_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        await stream.send_all(b"last words")
        await stream.flushed()
        await stream.aclose()
        assert await far.receive_some() == b"last words"


async def test_a_stream_that_breaks_says_so_to_both_who_use_it(autojump_clock: trio.testing.MockClock) -> None:
    async with slowed() as (stream, far):
        await trio.aclose_forcefully(far)
        await stream.send_all(b"into the void")
        await trio.sleep(1)
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"?")
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()
