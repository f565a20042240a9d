"""The bad network that the other tests use is as bad as it says, and no worse."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import pytest
import trio
import trio.testing

from tests.support.live.fault_proxy import Connection, FaultProxy, faulty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATA = bytes(range(256)) * 400
MemoryStream: TypeAlias = "trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]"


class Echo:
    """A server that sends back what it receives, and notes how each connection ended."""

    def __init__(self) -> None:
        self.port = 0
        self.got = b""
        self.ends: list[str] = []

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, self._serve, 0, host="127.0.0.1"))
            self.port = listeners[0].socket.getsockname()[1]
            task_status.started()

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            async for data in stream:
                self.got += data
                await stream.send_all(data)
        except trio.BrokenResourceError:
            self.ends.append("reset")
        else:
            self.ends.append("end")


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[Echo, FaultProxy, trio.SocketStream]]:
    """An echo, the network before it, and a connection through that."""
    echo = Echo()
    async with trio.open_nursery() as nursery:
        await nursery.start(echo.run)
        async with faulty(echo.port) as network:
            stream = await trio.open_tcp_stream("127.0.0.1", network.port)
            async with stream:
                yield echo, network, stream
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[FaultProxy, MemoryStream, MemoryStream]]:
    """A network in memory, and both ends of a connection through it: a clock that jumps measures it exactly."""
    network = FaultProxy(0, random.Random(1))
    client, near = trio.testing.memory_stream_pair()
    far, server = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(near, far).run, network)
        yield network, client, server
        nursery.cancel_scope.cancel()


async def pass_on(source: trio.abc.SendStream, target: trio.abc.ReceiveStream, data: bytes) -> tuple[bytes, float]:
    """Send at one end, and read as much at the other.

    Returns:
        What was read, and how many seconds that took.
    """
    began_s = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.send_all, data)
        got = b""
        while len(got) < len(data):
            got += await target.receive_some()
    return got, trio.current_time() - began_s


async def ask(stream: trio.SocketStream, data: bytes) -> bytes:
    """Send to the echo, and read as much back."""
    return (await pass_on(stream, stream, data))[0]


async def read_to_end(stream: trio.SocketStream) -> tuple[bytes, str]:
    got = b""
    try:
        async for data in stream:
            got += data
    except trio.BrokenResourceError:
        return got, "reset"
    return got, "end"


async def test_without_faults_everything_passes_in_order() -> None:
    async with echoing() as (_, network, stream):
        assert await ask(stream, DATA) == DATA
        assert network.up.passed_bytes == network.down.passed_bytes == len(DATA)


async def test_both_directions_are_delayed_over_sockets() -> None:
    async with echoing() as (_, network, stream):
        network.up.update(delay_s=0.05)
        network.down.update(delay_s=0.05)
        got, took_s = await pass_on(stream, stream, DATA)
        assert got == DATA
        assert took_s >= 0.1


@pytest.mark.parametrize("way", ["up", "down"])
async def test_each_chunk_is_delayed_within_the_jitter_and_none_overtakes_another(
    way: str, autojump_clock: trio.testing.MockClock
) -> None:
    async with connected() as (network, client, server):
        source, target = (client, server) if way == "up" else (server, client)
        getattr(network, way).update(delay_s=0.05, jitter_s=0.04)
        waits_s = [(await pass_on(source, target, b"?"))[1] for _ in range(50)]
        assert 0.01 <= min(waits_s) < 0.02
        assert 0.08 < max(waits_s) <= 0.09
        got, took_s = await pass_on(source, target, DATA)
        assert got == DATA
        assert 0.01 <= took_s <= 2 * 0.09, "no more than a window is on its way at once"


async def test_a_rate_bounds_what_passes_in_a_second(autojump_clock: trio.testing.MockClock) -> None:
    async with connected() as (network, client, server):
        network.up.update(bytes_per_s=200_000)
        _, took_s = await pass_on(client, server, DATA)
        assert took_s == pytest.approx(len(DATA) / 200_000)


async def test_a_stall_blocks_the_sender_and_loses_nothing() -> None:
    async with echoing() as (echo, network, stream):
        network.up.stall()
        many = DATA * 100
        with trio.move_on_after(0.2) as given_up:
            await stream.send_all(many)
        assert given_up.cancelled_caught, "the window is bounded"
        assert echo.got == b""
        network.up.resume()
        with trio.fail_after(2):
            while not echo.got:  # noqa: ASYNC110 - nobody announces it
                await trio.sleep(0.01)
        assert many.startswith(echo.got)


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("count", [0, 1, 7])
async def test_a_cut_passes_so_many_bytes_and_resets(way: str, count: int) -> None:
    async with echoing() as (echo, network, stream):
        getattr(network, way).cut_after_bytes = count
        await stream.send_all(b"0123456789")
        got, end = await read_to_end(stream)
        assert end == "reset"
        assert (echo.got if way == "up" else got) == b"0123456789"[:count]


async def test_a_half_close_passes_so_many_bytes_and_the_other_direction_lives() -> None:
    async with echoing() as (echo, network, stream):
        network.up.cut_after_bytes, network.up.cut = 4, "half-close"
        await stream.send_all(b"0123456789")
        assert await read_to_end(stream) == (b"0123", "end")
        assert echo.ends == ["end"]


async def test_a_reset_breaks_both_ends_and_later_connections_pass() -> None:
    async with echoing() as (echo, network, stream):
        await ask(stream, b"?")
        network.reset_all()
        assert (await read_to_end(stream))[1] == "reset"
        async with await trio.open_tcp_stream("127.0.0.1", network.port) as again:
            assert await ask(again, b"!") == b"!"
        assert echo.ends[0] == "reset"
        assert network.accepted == 2


async def test_a_vanished_connection_is_silent_and_stays_open() -> None:
    async with echoing() as (echo, network, stream):
        await ask(stream, b"?")
        network.vanish_all()
        await stream.send_all(b"!")
        with trio.move_on_after(0.1) as waited:
            await stream.receive_some()
        assert waited.cancelled_caught
        assert (echo.got, echo.ends) == (b"?", [])


async def test_a_network_that_accepts_nobody_closes_new_connections() -> None:
    async with echoing() as (_, network, _):
        network.accepting = False
        async with await trio.open_tcp_stream("127.0.0.1", network.port) as refused:
            assert (await read_to_end(refused))[0] == b""
        assert network.accepted == 1
